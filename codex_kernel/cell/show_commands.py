"""Commands that only show: the state of the session, what turns changed and cost, what runs."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import Any

from codex_kernel._version import __version__
from codex_kernel.cell.account_commands import account_rows, limit_rows
from codex_kernel.cell.command import Argument, Arguments, Command, Context, Value, known_session
from codex_kernel.cell.output import Output, joined, pairs, printed, prose, shortened, table
from codex_kernel.cell.settings_commands import full_path
from codex_kernel.engine.report import MCP_SECONDS, mcp_servers
from codex_kernel.engine.session import Session
from codex_kernel.errors import BadArgument, CodexError, NotLoggedIn
from codex_kernel.render import diff, pieces, words
from codex_kernel.render.escape import visible
from codex_kernel.turn.transcript import Transcript
from codex_kernel.turn_log import bindings

TURNS = 200
"""Turns of a session that are looked through."""
DIFF_BYTES = 256 * 1024

Rows = list[tuple[str, object]]


async def _status(context: Context, _arguments: Arguments) -> Output:
    session = context.session
    await session.attach()
    rows: Rows = [*await _codex_rows(context), *await _session_rows(context)]
    settings = {**session.reported, **{k: v for k, v in session.requested().items() if v}}
    rows += [
        ("Model", settings.get("model") or "Codex's own choice"),
        ("Effort", settings.get("effort") or "the default of the model"),
        ("Sandbox", settings["sandbox"] + (", with network" if _has_network(context) else "")),
        ("Approvals", settings["approval_policy"]),
        ("Folder", full_path(session.settings.cwd)),
        ("Variables", ", ".join(sorted(session.settings.env)) or "none"),
        ("Background", _count(len(session.background.running), "command")),
        ("Record", _record(context)),
    ]
    return pairs(rows)


def _has_network(context: Context) -> bool:
    settings = context.session.settings
    return settings.network_access or settings.sandbox == "danger-full-access"


async def _codex_rows(context: Context) -> Rows:
    ours = f"codex-kernel {__version__}"
    try:
        server = await context.session.connect()
    except CodexError as failure:
        return [("Codex", f"not running: {failure}"), ("Version", ours)]
    kind = "shared app-server" if server.is_shared else "app-server"
    rows: Rows = [("Version", f"Codex {server.version or '(unknown)'} ({kind}), {ours}")]
    # One after the other: Codex answers the second wrongly while it does the first.
    rows += await account_rows(server)
    return rows + await limit_rows(server)


async def _session_rows(context: Context) -> Rows:
    session = context.session
    if session.id is None:
        return [("Session", "none yet: the next prompt begins one")]
    known = await bindings.session(session.log, session.id)
    rows: Rows = [("Session", session.id)]
    if known is not None:
        rows += [("Title", known.title)] if known.title else []
        rows.append(("Turns", known.turns))
    usage = await _last_usage(context)
    left = words.context_left(usage)
    if usage and left is not None:
        rows.append(("Context", f"{_context(usage)}, {left} % left"))
    return rows


def _record(context: Context) -> str:
    health = context.session.log.health()
    return health["path"] if health["is_recorded"] else f"not recorded: {health['problem']}"


def _count(number: int, noun: str) -> str:
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"


async def _transcripts(context: Context) -> AsyncIterator[Transcript]:
    """The turns of the session, the last first."""
    log, session_id = context.session.log, context.session.id
    if session_id is None:
        return
    for row in await log.turns(session_id=session_id, limit=TURNS):
        transcript = await log.transcript(row.turn_id)
        if transcript is not None:
            yield transcript


async def _last_usage(context: Context) -> dict[str, Any] | None:
    async for transcript in _transcripts(context):
        if words.token_count(transcript.data["usage"]):
            return transcript.data["usage"]
    return None


def _context(usage: dict[str, Any]) -> str:
    used = words.thousands(words.token_count(usage) or 0)
    return f"{used} of {words.thousands(usage['context_window'])} tokens"


async def _usage(context: Context, _arguments: Arguments) -> Output:
    await context.session.attach()
    usage = await _last_usage(context)
    shown = prose("This session has used nothing yet.")
    if usage:
        left = words.context_left(usage)
        rows = [(label, *_counts(usage, key)) for key, label in _USES]
        shown = table(("Tokens", "Last request", "Session"), rows)
        if left is not None:
            shown = joined(shown, prose(f"Context: {_context(usage)}, {left} % left."))
    return joined(shown, pairs(await limit_rows(await context.session.connect())))


_USES = (
    ("input_tokens", "Input"),
    ("cached_input_tokens", "of these cached"),
    ("output_tokens", "Output"),
    ("reasoning_output_tokens", "of these reasoning"),
    ("total_tokens", "Total"),
)


def _counts(usage: dict[str, Any], key: str) -> tuple[str, ...]:
    return tuple(f"{usage[of].get(key, 0):,}" for of in ("last", "total"))


async def _diff(context: Context, arguments: Arguments) -> Output:
    await context.session.attach()
    is_all = arguments.get("turns") == "session"
    found: list[Transcript] = []
    async for transcript in _transcripts(context):
        if transcript.data["diff"]:
            found.append(transcript)
            if not is_all:
                break
    if not found:
        return prose("No turn of this session has changed a file by a patch.")
    return joined(*(_turn_diff(transcript) for transcript in reversed(found)))


def _turn_diff(transcript: Transcript) -> Output:
    unified: str = transcript.data["diff"]
    title = prose(f"Turn: {shortened(transcript.data['prompt'])}")
    if len(unified) > DIFF_BYTES:
        note = f"The diff is too long to show ({words.size(len(unified))})."
        turn_id = transcript.data["turn_id"]
        return joined(title, prose(f"{note} `jupyter codex show {turn_id}` has it."))
    html = "".join(
        f"<div>{pieces.path(each.path)} <small>+{each.added} -{each.removed}</small></div>"
        f"{diff.to_html(each.lines)}"
        for each in diff.file_changes_from_diff(unified)
    )
    return joined(title, Output(visible(unified), html))


async def _ps(context: Context, _arguments: Arguments) -> Output:
    await known_session(context.session)
    running = await context.session.background.refresh()
    if not running:
        return prose("No command runs in the background.")
    rows = [
        (each.process_id, shortened(each.command), shortened(each.output[-200:]))
        for each in running
    ]
    return joined(table(("Id", "Command", "Last output"), rows), prose("`/stop ID` ends one."))


async def _stop(context: Context, arguments: Arguments) -> Output:
    await known_session(context.session)
    wanted = arguments.get("command", "all")
    stopped = await context.session.background.stop(None if wanted == "all" else wanted)
    if not stopped and wanted != "all":
        raise BadArgument(f"No command {wanted!r} runs in the background.", next_step="See `/ps`.")
    if not stopped:
        return prose("No command runs in the background.")
    return prose("\n".join(f"Stopped: {shortened(each.command)}" for each in stopped))


async def _stop_values(session: Session, _arguments: Arguments) -> Sequence[Value]:
    running = session.background.running
    known = [Value(each.process_id or "", shortened(each.command)) for each in running]
    return [Value("all", "every one of them"), *known]


async def _mcp(context: Context, _arguments: Arguments) -> Output:
    session = context.session
    with contextlib.suppress(NotLoggedIn):  # then there is no thread, and servers of none
        await session.open()
    thread = session.id if session.is_open else None
    servers = await mcp_servers(await session.connect(), thread)
    if servers is None:
        return prose(f"The MCP servers did not tell about themselves within {MCP_SECONDS:g} s.")
    if not servers:
        return prose("No MCP server is configured. `codex mcp add` adds one.")
    rows = [
        (each["name"], each["state"], each["login"], ", ".join(each["tools"]) or "none")
        for each in servers
    ]
    return table(("Server", "State", "Login", "Tools"), rows)


CONTEXTS = (
    Value("cells", "the cells that ran since Codex was last told, with their text outputs"),
    Value("vars", "the names and types of the variables"),
)


async def _offered(context: Context, arguments: Arguments) -> Output:
    if context.preview is None:
        raise BadArgument(
            "Nothing goes to Codex here but the prompts and what it reads itself.",
            next_step="In a Python notebook `%codex --context cells` sends the cells that ran.",
        )
    kinds = [arguments["kind"]] if "kind" in arguments else [value.text for value in CONTEXTS]
    shown: list[Output] = []
    for kind in kinds:
        text = context.preview(kind)
        what = f"`--context {kind}` would send {len(text):,} characters with the prompt"
        shown += [prose(f"{what}:" if text else f"`--context {kind}` has nothing to send.")]
        shown += [printed(text)] if text else []
    return joined(*shown)


COMMANDS = (
    Command("status", "Show account, session, settings and versions", _status),
    Command("usage", "Show what the session has used and what is left", _usage),
    Command(
        "diff",
        "Show what the last turn that changed files changed",
        _diff,
        (
            Argument(
                "turns",
                "which turns",
                (Value("last", "the last one"), Value("session", "all of the session")),
            ),
        ),
    ),
    Command("ps", "List the commands that run in the background", _ps),
    Command(
        "stop",
        "Stop the commands that run in the background, or one of them",
        _stop,
        (Argument("command", "its id in `/ps`, or all", _stop_values, is_open=True),),
    ),
    Command(
        "context",
        "Show what --context would send with a prompt; nothing is sent without it",
        _offered,
        (Argument("kind", "cells or vars; both when left out", CONTEXTS),),
        is_for_python=True,
    ),
    Command("mcp", "List the MCP servers and their tools", _mcp),
)
