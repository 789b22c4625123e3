"""What changed in the log, in the order of the commits, behind a cursor: for pages that follow
everything at once.

The rows are written by triggers (see `migrations`), so whoever changes a turn, a question, a
session or a notebook also tells it, in the same transaction. A row only names what changed, and
a turn's state then; what goes with it is looked up when it is read. Knows no socket.
"""

from __future__ import annotations

import json
from typing import Any

from codex_kernel.turn_log.log import TurnLog

Change = dict[str, Any]
"""`{"cursor", "at", "type", ...}`; `type` is turn, question, session, notebook or
operation."""

PAGE = 200


async def newest_cursor(log: TurnLog) -> int:
    """The cursor behind everything that has happened."""
    row = await log.database.row("SELECT coalesce(max(number), 0) AS newest FROM changes")
    return 0 if row is None else row["newest"]


async def is_known(log: TurnLog, cursor: int) -> bool:
    """Whether all that came after this cursor can still be told."""
    row = await log.database.row(
        "SELECT coalesce(min(number), 1) AS oldest, coalesce(max(number), 0) AS newest FROM changes"
    )
    return row is not None and row["oldest"] - 1 <= cursor <= row["newest"]


async def changes(log: TurnLog, after: int, limit: int = PAGE) -> list[Change]:
    """What changed after a cursor, the oldest first."""
    rows = await log.database.rows(_CHANGES, {"after": after, "limit": limit})
    return [_change(dict(row)) for row in rows]


def _change(row: dict[str, Any]) -> Change:
    change = {"type": row["kind"], "cursor": row["number"], "at": row["at"]}
    change |= {name: row[name] for name in _FIELDS[row["kind"]]}
    if row["kind"] == "question":
        change["event"] = row["event"] and {
            "turn_id": row["turn_id"],
            "seq": row["seq"],
            "at": row["event_at"],
            **json.loads(row["event"]),
        }
    if row["kind"] == "notebook":
        change["settings"] = json.loads(row["settings"] or "{}")
    if row["kind"] == "operation":
        change["operation_id"] = change.pop("command_id")
    if row["kind"] in ("session", "notebook"):
        change["is_gone"] = bool(row["is_gone"])
    return change


_FIELDS = {
    "turn": ("turn_id", "seq", "state", "session_id", "notebook", "cell_id"),
    "question": ("turn_id", "session_id", "notebook", "cell_id"),
    "session": ("session_id", "title", "cwd", "model", "turns"),
    "notebook": ("notebook", "session_id"),
    "operation": ("notebook", "command_id"),
}
_CHANGES = """
    SELECT number, changes.at, kind, changes.turn_id, changes.seq, changes.state,
        coalesce(changes.session_id, turns.session_id, notebooks.session_id) AS session_id,
        coalesce(turns.notebook, changes.notebook) AS notebook, turns.cell_id,
        changes.command_id, events.body AS event, events.at AS event_at,
        sessions.title, sessions.cwd, sessions.model, sessions.turns, notebooks.settings,
        CASE kind WHEN 'session' THEN sessions.session_id IS NULL
        WHEN 'notebook' THEN notebooks.path IS NULL END AS is_gone
    FROM changes
    LEFT JOIN turns ON turns.turn_id = changes.turn_id
    LEFT JOIN events ON kind = 'question' AND events.turn_id = changes.turn_id
        AND events.seq = changes.seq
    LEFT JOIN sessions ON kind = 'session' AND sessions.session_id = changes.session_id
    LEFT JOIN notebooks ON kind = 'notebook' AND notebooks.path = changes.notebook
    WHERE number > :after ORDER BY number LIMIT :limit
"""
