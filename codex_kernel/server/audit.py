"""The audit of a session: what was done, by whom, from where; as JSON and as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Callable
from typing import Any

from codex_kernel.server.models import Audit, AuditEntry, AuditQuery
from codex_kernel.server.routes import Call, Route, Text
from codex_kernel.server.sessions import known_session
from codex_kernel.turn.events import Event
from codex_kernel.turn_log import overview

CSV_TYPE = "text/csv; charset=utf-8"
_CSV_PAGE = 1000
Told = tuple[str, str | None]
"""What was done and what became of it."""


async def show_audit(call: Call) -> Audit | Text:
    """A page of entries, the oldest first; as CSV all of them."""
    query: AuditQuery = call.query
    session = await known_session(call)
    wants_csv = query.format == "csv" or (query.format is None and "text/csv" in call.accept)
    if wants_csv:
        return Text(_csv(call, session.session_id), CSV_TYPE, "codex-audit.csv")
    after = ("", 0) if query.after is None else _cursor(query.after)
    entries = await _entries(call, session.session_id, after, query.limit)
    is_full = len(entries) == query.limit
    return Audit(
        session_id=session.session_id,
        entries=entries,
        next=f"{entries[-1].turn_id} {entries[-1].seq}" if is_full else None,
    )


async def _entries(
    call: Call, session_id: str, after: tuple[str, int], limit: int
) -> list[AuditEntry]:
    found = await overview.audited_events(call.log, session_id, after=after, limit=limit)
    return [entry(event, where) for event, where in found]


def entry(event: Event, where: dict[str, Any]) -> AuditEntry:
    """An event as a line of the audit; `where` is its turn's notebook, cell and client.

    `by` in an event is a name, or `name via client` for what came from elsewhere.
    """
    kind = event["item"]["type"] if event["type"] == "item.completed" else event["type"]
    what, outcome = _TOLD[kind](event)
    who, _, client = (event.get("by") or "").partition(" via ")
    return AuditEntry(
        at=event["at"],
        turn_id=event["turn_id"],
        seq=event["seq"],
        kind=kind,
        who=who or None,
        client=client or where["client"],
        what=what,
        outcome=outcome,
        notebook=where["notebook"],
        cell_id=where["cell_id"],
    )


def _command(event: Event) -> Told:
    item = event["item"]
    code = item.get("exit_code")
    return str(item.get("command")), item["status"] if code is None else f"exit {code}"


def _file_change(event: Event) -> Told:
    item = event["item"]
    changes = [f"{change.get('kind')} {change.get('path')}" for change in item.get("changes") or []]
    return "\n".join(changes), item["status"]


def _tool_call(event: Event) -> Told:
    item = event["item"]
    return f"{item.get('server')}.{item.get('tool')}", item["status"]


def _asked(event: Event) -> Told:
    approval = event["approval"]
    paths = [str(change.get("path")) for change in approval.get("changes") or []]
    tool = f"{approval.get('server')}.{approval.get('tool')}"
    said = approval.get("command") or "\n".join(paths) or (tool if "tool" in approval else "")
    return f"{approval['id']}: {said or approval['kind']}", None


def _decided(event: Event) -> Told:
    reason = event.get("decision_reason")
    outcome = f"{event['decision']}, {event['outcome']}"
    return event["approval_id"], f"{outcome}: {reason}" if reason else outcome


def _settings(event: Event) -> Told:
    return "; ".join(f"{name}: {value}" for name, value in event["settings"].items()), None


_TOLD: dict[str, Callable[[Event], Told]] = {
    "turn.queued": lambda event: (event["prompt"], None),
    "turn.ended": lambda event: ("", event["state"]),
    "steer.sent": lambda event: (event["text"], None),
    "interrupt.requested": lambda event: ("", None),
    "input.answered": lambda event: (
        event["input_id"],
        "declined" if event["answers"] is None else "answered",
    ),
    "approval.requested": _asked,
    "approval.decided": _decided,
    "input.requested": lambda event: (f"{event['input']['id']}: {event['input']['source']}", None),
    "settings.updated": _settings,
    "command": _command,
    "file_change": _file_change,
    "mcp_tool_call": _tool_call,
}


async def _csv(call: Call, session_id: str) -> AsyncIterator[str]:
    names = list(AuditEntry.model_fields)
    yield _lines([names])
    after = ("", 0)
    while page := await _entries(call, session_id, after, _CSV_PAGE):
        yield _lines([[_cell(getattr(line, name)) for name in names] for line in page])
        after = (page[-1].turn_id, page[-1].seq)


def _cell(value: object) -> str:
    """Text that no spreadsheet takes for a formula: prompts and commands come from anywhere."""
    text = "" if value is None else str(value).encode("utf-8", "replace").decode()
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def _lines(rows: list[list[str]]) -> str:
    written = io.StringIO()
    csv.writer(written).writerows(rows)
    return written.getvalue()


def _cursor(text: str) -> tuple[str, int]:
    turn_id, _, seq = text.rpartition(" ")
    return turn_id, int(seq)


ROUTES = (
    Route(
        "GET",
        "sessions/{session_id}/audit",
        "What was done in a session",
        show_audit,
        Audit,
        AuditQuery,
        problems=(404,),
        other_type="text/csv",
    ),
)
