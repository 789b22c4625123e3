"""Commands that change how Codex works in this session, and show how it does.

Everything takes effect with the next turn. Codex reads variables of commands when it opens a
thread, so that these make it be opened anew.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

from codex_kernel.cell.command import (
    Argument,
    Arguments,
    Command,
    Context,
    Value,
    suggestion,
)
from codex_kernel.cell.fields import FIELDS, read_field, show_field
from codex_kernel.cell.output import Output, joined, pairs, prose, shortened, table
from codex_kernel.cell.variables import NAME, read_value
from codex_kernel.engine.session import Session
from codex_kernel.errors import BadArgument
from codex_kernel.settings import SessionSettings
from codex_kernel.turn_log import bindings

SANDBOXES = (
    Value("read-only", "read everywhere, write nothing"),
    Value("workspace-write", "write in the working directory and in temporary folders"),
    Value("danger-full-access", "no sandbox: every command can do what you can do"),
)
APPROVALS = (
    Value("untrusted", "ask before every command that is not known to be harmless"),
    Value("on-request", "ask when Codex wants to leave the sandbox"),
    Value("never", "never ask; what needs leave is refused"),
)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

Model = dict[str, Any]


async def models(session: Session) -> list[Model]:
    """The models of Codex's catalogue, in its order."""
    server = await session.connect()
    found: list[Model] = []
    cursor: str | None = None
    while True:
        answer = await server.request("model/list", {"cursor": cursor} if cursor else {})
        found += [model for model in answer["data"] if not model.get("hidden")]
        cursor = answer.get("nextCursor")
        if not cursor:
            return found


def _efforts(model: Model) -> list[Value]:
    return [
        Value(each["reasoningEffort"], each.get("description") or "")
        for each in model["supportedReasoningEfforts"]
    ]


def current(session: Session, name: str) -> str | None:
    """A setting as it will be asked for, or as Codex reported it last."""
    return getattr(session.settings, name) or session.reported.get(name)


async def default_effort(session: Session) -> str | None:
    """The effort that the catalogue gives the session's model."""
    slug = current(session, "model")
    found = (each for each in await models(session) if each["model"] == slug)
    return next((each["defaultReasoningEffort"] for each in found), None)


async def _model_values(session: Session, _arguments: Arguments) -> Sequence[Value]:
    return [Value(each["model"], each["description"]) for each in await models(session)]


async def _effort_values(session: Session, arguments: Arguments) -> Sequence[Value]:
    found = await models(session)
    slug = arguments.get("model") or current(session, "model")
    chosen = [each for each in found if each["model"] == slug] or found
    return list({value.text: value for each in chosen for value in _efforts(each)}.values())


async def _model(context: Context, arguments: Arguments) -> Output:
    found = await models(context.session)
    slug, effort = arguments.get("model"), arguments.get("effort")
    if not slug:
        return _model_table(context, found)
    model = next((each for each in found if each["model"] == slug), None)
    if model is None:
        known = [each["model"] for each in found]
        raise BadArgument(
            f"Codex's catalogue has no model {slug!r}.",
            next_step=f"{suggestion(slug, known)} `/set model={slug}` takes any name.",
        )
    before = context.session.settings.effort
    note = ""
    if not effort and before and before not in {value.text for value in _efforts(model)}:
        # Left out, the thread would keep the one it was last told.
        effort = model["defaultReasoningEffort"]
        note = f" It has no effort {before!r}."
    await context.session.choose(model=slug, effort=effort or before)
    chosen = f" with effort {effort}" if effort else ""
    return prose(f"From the next turn on: model {slug}{chosen}.{note}")


def _model_table(context: Context, found: Sequence[Model]) -> Output:
    slug = current(context.session, "model")
    rows = [
        (
            each["model"],
            each["description"],
            ", ".join(value.text for value in _efforts(each)),
            "default" if each["isDefault"] else "",
        )
        for each in found
    ]
    marked = next((at for at, each in enumerate(found) if each["model"] == slug), None)
    shown = table(("Model", "", "Efforts", ""), rows, marked=marked)
    note = f"This session works with {slug}." if slug else "The model is Codex's own choice."
    effort = current(context.session, "effort")
    return joined(shown, prose(f"{note} Effort: {effort or 'the default of the model'}."))


async def _effort(context: Context, arguments: Arguments) -> Output:
    effort = arguments.get("effort")
    if not effort:
        values = await _effort_values(context.session, arguments)
        return _choices("Effort", values, current(context.session, "effort"))
    await context.session.choose(effort=effort)
    return prose(f"From the next turn on: effort {effort}.")


def _choices(name: str, values: Sequence[Value], chosen: str | None) -> Output:
    marked = next((at for at, value in enumerate(values) if value.text == chosen), None)
    return table((name, ""), values, marked=marked)


async def _sandbox(context: Context, arguments: Arguments) -> Output:
    sandbox = arguments.get("sandbox")
    if not sandbox:
        return _choices("Sandbox", SANDBOXES, context.session.settings.sandbox)
    await context.session.choose(sandbox=sandbox)
    return prose(f"From the next turn on: {sandbox}, {dict(SANDBOXES)[sandbox]}.")


async def _approvals(context: Context, arguments: Arguments) -> Output:
    policy = arguments.get("policy")
    if not policy:
        return _choices("Approvals", APPROVALS, context.session.settings.approval_policy)
    await context.session.choose(approval_policy=policy)
    return prose(f"From the next turn on: {policy}, {dict(APPROVALS)[policy]}.")


async def _cd(context: Context, arguments: Arguments) -> Output:
    session = context.session
    if "folder" not in arguments:
        return prose(f"Codex works in `{full_path(session.settings.cwd)}`.")
    path = _folder(arguments["folder"], session.settings.cwd)
    await session.choose(cwd=path)
    return prose(f"From the next turn on Codex works in `{path}`.")


def full_path(folder: str) -> str:
    """A folder of the settings, as Codex is told."""
    return os.path.abspath(folder)


def _folder(typed: str, cwd: str) -> str:
    if typed[0] in "\"'":
        try:
            typed = " ".join(shlex.split(typed))
        except ValueError:
            raise BadArgument("The quotes of `/cd` do not match.") from None
    path = os.path.abspath(os.path.join(cwd, os.path.expanduser(typed)))
    if not os.path.isdir(path):
        raise BadArgument(f"There is no folder {path}.")
    return path


async def _env(context: Context, arguments: Arguments) -> Output:
    settings = context.session.settings
    given = arguments.get("variable")
    if not given:
        names = sorted(settings.env)
        listed = f"Commands get: {', '.join(names)}." if names else "Commands get no variables."
        return prose(f"{listed} Values are never shown.")
    name, is_given, value = given.partition("=")
    if not _NAME.fullmatch(name):
        raise BadArgument("That is no name of a variable.", next_step="Write `/env NAME=value`.")
    if not is_given:
        value = await _ask_for(context, name)
    env = {key: val for key, val in settings.env.items() if key != name}
    context.session.configure(env={**env, name: value} if value else env)
    when = await open_anew(context)
    if not value:
        return prose(f"Commands do not get {name} any more{when}.")
    note = "" if not is_given else f" Its value stands in this cell: `/env {name}` asks for it."
    return prose(f"Commands get {name}{when}.{note}")


async def _ask_for(context: Context, name: str) -> str:
    value = await context.ask(f"Value of {name}: ", is_password=True)
    if value is None:
        raise BadArgument(
            f"Nobody can be asked for the value of {name}.", next_step="Write `/env NAME=value`."
        )
    return value


async def open_anew(context: Context) -> str:
    """Have Codex read its configuration again; returns from when on that counts."""
    session = context.session
    if session.id is None or not session.reported:
        return " from the next turn on"
    if session.background.running:
        return " when the session is opened again: commands run in the background now"
    async with session.order:
        known = await bindings.session(session.log, session.id)
        if known is None or known.is_fresh:
            await session.new()
        else:
            await session.resume(session.id)
    return " from the next turn on"


async def _set(context: Context, arguments: Arguments) -> Output:
    given = arguments.get("setting")
    settings = context.session.settings
    if not given:
        rows = [(name, show_field(settings, name)) for name in FIELDS]
        held = settings.variables.items()
        return pairs([*rows, *((f"{{{name}}}", text) for name, text in held if name not in FIELDS)])
    name, is_given, text = given.partition("=")
    name, text = name.strip(), read_value(text.strip())
    if not is_given or not NAME.fullmatch(name):
        return _shown(settings, name)
    if name not in FIELDS:
        _refuse_slip(name)
        _set_variable(context.session, name, text)
        return _variable_set(name, text)
    value = read_field(name, text)
    await context.session.choose(**{name: value})
    _set_variable(context.session, name, text)
    # A thread keeps the model and the effort that it was told last.
    if FIELDS[name].is_for_new_sessions or (name in ("model", "effort") and value is None):
        when = " in sessions that begin from now on; `/new` begins one"
    else:
        when = " from the next turn on"
    return prose(f"{name} = {show_field(context.session.settings, name)}{when}.")


def _shown(settings: SessionSettings, name: str) -> Output:
    if name in FIELDS:
        return pairs([(name, show_field(settings, name))])
    if name in settings.variables:
        return pairs([(f"{{{name}}}", settings.variables[name])])
    raise BadArgument(f"There is no setting {name!r}.", next_step=suggestion(name, list(FIELDS)))


def _refuse_slip(name: str) -> None:
    """A limit with a slip of the pen in its name must not become a variable, and hold nothing."""
    close = get_close_matches(name, list(FIELDS), n=1, cutoff=0.9)
    if close or name in _ELSEWHERE:
        hint = f"Did you mean `{close[0]}`?" if close else f"See `/{_ELSEWHERE[name]}`."
        raise BadArgument(
            f"There is no setting {name!r}.", next_step=f"{hint} Give a variable another name."
        )


_ELSEWHERE = {"cwd": "cd", "env": "env", "variables": "set"}
"""Settings that other commands change."""


def _set_variable(session: Session, name: str, text: str) -> None:
    others = {key: held for key, held in session.settings.variables.items() if key != name}
    session.configure(variables={**others, name: text} if text else others)


def _variable_set(name: str, text: str) -> Output:
    if not text:
        return prose(f"`{{{name}}}` stands for nothing any more.")
    return prose(f"From now on `{{{name}}}` in a prompt stands for: {shortened(text)}")


_SETTINGS = tuple(Value(f"{name}=", each.summary) for name, each in FIELDS.items())
_EFFORT = Argument("effort", "how hard the model thinks", _effort_values, asks_codex=True)

COMMANDS = (
    Command(
        "model",
        "Show the models, or choose one (and its effort)",
        _model,
        (Argument("model", "a model", _model_values, is_open=True, asks_codex=True), _EFFORT),
    ),
    Command("effort", "Show the efforts of the model, or choose one", _effort, (_EFFORT,)),
    Command(
        "sandbox",
        "Show or choose what commands may do",
        _sandbox,
        (Argument("sandbox", "a sandbox", SANDBOXES),),
    ),
    Command(
        "approvals",
        "Show or choose when Codex asks you",
        _approvals,
        (Argument("policy", "a policy", APPROVALS),),
    ),
    Command(
        "cd",
        "Show or change the folder that Codex works in",
        _cd,
        (Argument("folder", "a folder", takes_rest=True, is_path=True),),
    ),
    Command(
        "env",
        "List the variables that commands get, set one, or drop one",
        _env,
        (Argument("variable", "NAME=value, NAME= or NAME", takes_rest=True),),
        details="`/env NAME` asks for the value and hides it; `/env NAME=` drops the variable. "
        "Values are kept for this session only and never shown.",
    ),
    Command(
        "set",
        "Show the settings of the session, change one, or set what {name} in a prompt means",
        _set,
        (Argument("setting", "NAME=value", _SETTINGS, is_open=True, takes_rest=True),),
        details="An empty value (`NAME=`) goes back to the default. A name that is no setting is a "
        "variable: `{NAME}` in the prompts of this kernel stands for its value, and so does that "
        "of a setting that was set. All other braces stay as they are. A value that begins with "
        "a double quote is read as a JSON string.",
    ),
)
