"""The script language: what a scripted model is told to do, and whether that is well formed.

A *script* is a list of *responses*, one per round trip of a turn: Codex asks the model, the model
answers with text and tool calls, Codex runs the tools and asks again. A response is a list of
*steps*; a response of one step may be that step alone. A step is a JSON array, its kind first:

    [["think", "**Look first**"], ["run", "ls -la"]],      the first response
    ["say", "Nothing but a **README**."]                    the second and last one

Text
    ["say", text, {"phase", "chunk"}]       a message; phase "commentary" or "final_answer";
                                            `chunk` characters per delta (16)
    ["think", part, ...]                    a summary of reasoning in one or more parts
    ["think_raw", text]                     raw reasoning
    ["words", n, per_delta]                 a message of n generated words (1 word per delta)
    ["text", n, per_delta]                  a message of n characters (in one delta)

Tools
    ["run", cmd, {"yield_time_ms", "workdir", "tty", ...}]      any argument of exec_command
    ["escalate", cmd, justification, {"prefix_rule": [...]}]    the same, outside the sandbox
    ["type", chars, {"yield_time_ms"}]      into the newest command that is still running
    ["patch", "*** Begin Patch\\n..."]      apply_patch
    ["plan", [[step, status], ...], explanation]    update_plan; pending, in_progress, completed
    ["view_image", path]
    ["call", tool, arguments, namespace]    any other tool: of Codex, or the client's
    ["mcp", server, tool, arguments]        a tool of an MCP server
    ["custom", tool, input]                 a custom (free-form) tool as it is, in either style
    ["spawn", name, task]                   a sub-agent; its task may carry its own script
    ["join", {"timeout_ms"}]                wait for the sub-agents of this turn
    ["search", query]                       a web search that the provider has done
    ["item", {...}]                         any finished item of the Responses API

Time
    ["pause", seconds]
    ["wait", name]                          until someone releases `name`
    ["stall"]                               silence, until Codex hangs up

Failure
    ["fail", status, body, {"headers": {...}}]      the whole request is answered by this error
    ["failed", code, message]               response.failed, for example "rate_limit_exceeded"
    ["incomplete", reason]                  response.incomplete, for example "max_output_tokens"
    ["drop"]                                the connection is cut here

    These four and "stall" take {"times": n}: they happen in the first n attempts at this
    response, and are passed over when Codex tries again after that. Without it, always.

Bookkeeping
    ["usage", {"input_tokens", "output_tokens", ...}]       what this response cost

A script that has run out says "Done.". A script travels in a prompt after the mark `@@`:

    Fix the bug @@ [["run", "pytest"], ["say", "All green."]]

The tools are named the same for every model; how a model calls them is the business of `tools`.
This module knows neither HTTP nor the Responses API.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

_MARK = re.compile(r"(?:^|(?<=\s))@@\s*(?=\[)")
_NUMBER = (int, float)


class ScriptError(ValueError):
    """A script is not what this module describes; the message says where."""


@dataclass(frozen=True)
class Step:
    """One step: `kind`, its positional `values`, and its `options`."""

    kind: str
    values: tuple[Any, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)

    def value(self, index: int, default: Any = None) -> Any:
        """The positional value at `index` (0 is the one after the kind), or `default`."""
        return self.values[index] if index < len(self.values) else default

    def is_active(self, attempt: int) -> bool:
        """Whether a step that may be limited by `times` happens in this attempt (0, 1, ...)."""
        times = self.options.get("times")
        return times is None or attempt < times


Response = tuple[Step, ...]
Script = tuple[Response, ...]


@dataclass(frozen=True)
class _Form:
    """What may follow the kind of a step."""

    required: tuple[Any, ...] = ()
    optional: tuple[Any, ...] = ()
    rest: Any = None
    options: dict[str, Any] | None = None
    any_option: bool = False


_TIMES: dict[str, Any] = {"times": int}

FORMS: dict[str, _Form] = {
    "say": _Form((str,), options={"phase": str, "chunk": int}),
    "think": _Form((str,), rest=str),
    "think_raw": _Form((str,)),
    "words": _Form((int,), (int,), options={"phase": str}),
    "text": _Form((int,), (int,), options={"phase": str}),
    "run": _Form((str,), options={}, any_option=True),
    "escalate": _Form((str, str), options={}, any_option=True),
    "type": _Form((str,), options={}, any_option=True),
    "patch": _Form((str,)),
    "plan": _Form((list,), (str,)),
    "view_image": _Form((str,)),
    "call": _Form((str, dict), (str,)),
    "mcp": _Form((str, str, dict)),
    "custom": _Form((str, str)),
    "spawn": _Form((str, str)),
    "join": _Form(options={"timeout_ms": int}),
    "search": _Form((str,)),
    "item": _Form((dict,)),
    "pause": _Form((_NUMBER,)),
    "wait": _Form((str,)),
    "stall": _Form(options=_TIMES),
    "fail": _Form((int,), (object,), options={"headers": dict, **_TIMES}),
    "failed": _Form((str, str), options=_TIMES),
    "incomplete": _Form((str,), options=_TIMES),
    "drop": _Form(options=_TIMES),
    "usage": _Form((dict,)),
}


def parse_script(value: object) -> Script:
    """The script that a JSON value describes; ScriptError when it describes none."""
    if not isinstance(value, list | tuple):
        raise ScriptError(f"A script is a list of responses, not {_shown(value)}.")
    return tuple(_parse_response(response, number) for number, response in enumerate(value, 1))


def find_script(text: str) -> Script | None:
    """The script after the mark `@@` in a prompt, or None; ScriptError when it is malformed."""
    mark = _MARK.search(text)
    if mark is None:
        return None
    try:
        value, _end = json.JSONDecoder().raw_decode(text, mark.end())
    except json.JSONDecodeError as error:
        raise ScriptError(f"The script after @@ is not JSON: {error}.") from error
    return parse_script(value)


def _parse_response(value: object, number: int) -> Response:
    if not isinstance(value, list | tuple):
        raise ScriptError(f"Response {number} is not a list of steps: {_shown(value)}.")
    if value and isinstance(value[0], str):
        value = [value]
    return tuple(_parse_step(step, f"response {number}") for step in value)


def _parse_step(value: object, where: str) -> Step:
    if not isinstance(value, list | tuple) or not value or not isinstance(value[0], str):
        raise ScriptError(
            f"In {where}: a step is a list that begins with its kind, not {_shown(value)}."
        )
    kind, values = value[0], list(value[1:])
    form = FORMS.get(kind)
    if form is None:
        raise ScriptError(f"In {where}: there is no step {kind!r}; there are {', '.join(FORMS)}.")
    where = f"{where}, step {kind!r}"
    options = _take_options(form, values)
    _check_values(form, values, where)
    _check_options(form, options, where)
    if kind == "plan":
        _check_plan(values[0], where)
    return Step(kind, tuple(values), options)


def _take_options(form: _Form, values: list[Any]) -> dict[str, Any]:
    """Remove the options from the end of `values`.

    A failure's body may be an object too: it counts as options only when it looks like them.
    """
    if form.options is None or len(values) <= len(form.required):
        return {}
    last = values[-1]
    if not isinstance(last, dict):
        return {}
    is_optional_value = object in form.optional and len(values) == len(form.required) + 1
    if is_optional_value and not (last and last.keys() <= form.options.keys()):
        return {}
    return values.pop()


def _check_values(form: _Form, values: Sequence[Any], where: str) -> None:
    if len(values) < len(form.required):
        raise ScriptError(
            f"In {where}: {len(form.required)} values are needed, {len(values)} given."
        )
    types = [*form.required, *form.optional]
    if form.rest is not None:
        types += [form.rest] * (len(values) - len(types))
    if len(values) > len(types):
        raise ScriptError(f"In {where}: at most {len(types)} values, {len(values)} given.")
    for value, expected in zip(values, types, strict=False):
        _check_type(value, expected, where)


def _check_options(form: _Form, options: dict[str, Any], where: str) -> None:
    for name, value in options.items():
        if form.options and name in form.options:
            _check_type(value, form.options[name], f"{where}, option {name!r}")
        elif not form.any_option:
            raise ScriptError(f"In {where}: there is no option {name!r}.")


def _check_plan(plan: list[Any], where: str) -> None:
    for entry in plan:
        if not (isinstance(entry, list | tuple) and len(entry) == 2):
            raise ScriptError(f"In {where}: {_shown(entry)} is not [step, status].")


def _check_type(value: object, expected: Any, where: str) -> None:
    if isinstance(value, bool) and expected is not object:
        raise ScriptError(f"In {where}: {_shown(value)} is out of place.")
    if not isinstance(value, expected):
        raise ScriptError(f"In {where}: {_shown(value)} is out of place.")


def _shown(value: object) -> str:
    text = json.dumps(value, default=repr)
    return text if len(text) <= 60 else f"{text[:57]}..."
