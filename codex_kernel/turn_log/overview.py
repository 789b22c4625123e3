"""Lists over many turns: sessions with what was done in them, questions that are open, and the
audit of a session. Reads only.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Any

from codex_kernel.ids import CellId, NotebookPath, SessionId, TurnId
from codex_kernel.turn.events import Event
from codex_kernel.turn_log.log import TurnLog
from codex_kernel.turn_log.rows import IS_AUDITED, IS_LIVE, event

Cursor = tuple[str, str]
"""Where a page of sessions ended: last activity and id."""


@dataclass(frozen=True)
class SessionOverview:
    """A session with what its turns add: `tokens` of all of them, the state of a live one.

    `preview` is how its first prompt begins.
    """

    session_id: SessionId
    title: str | None
    preview: str | None
    cwd: str | None
    model: str | None
    forked_from: str | None
    is_fresh: bool
    turns: int
    tokens: int | None
    running: bool
    archived: bool
    created_at: str
    last_activity: str


@dataclass(frozen=True)
class OpenQuestion:
    """An approval or input that waits for an answer; `event` is the one that asked."""

    turn_id: TurnId
    session_id: SessionId | None
    notebook: NotebookPath | None
    cell_id: CellId | None
    event: Event


async def session_overviews(
    log: TurnLog,
    *,
    session_id: str | None = None,
    cwd: str | None = None,
    search: str | None = None,
    archived: bool | None = None,
    before: Cursor | None = None,
    limit: int = 50,
) -> list[SessionOverview]:
    """Sessions, the last active first. `search` is looked for in title, first prompt,
    folder and id.

    `archived` None: those that were put away as well as the others.
    """
    last_activity, last_id = before or (None, None)
    rows = await log.database.rows(
        _SESSIONS,
        {
            "id": session_id,
            "cwd": cwd,
            "search": search,
            "archived": archived,
            "before": last_activity,
            "before_id": last_id,
            "limit": limit,
        },
    )
    return [_overview(row) for row in rows]


async def open_questions(
    log: TurnLog, *, notebook: NotebookPath | None = None, session_id: str | None = None
) -> list[OpenQuestion]:
    """The questions of live turns that nobody has answered, the oldest first."""
    rows = await log.database.rows(_QUESTIONS, {"notebook": notebook, "session": session_id})
    found: dict[str, OpenQuestion] = {}
    for row in rows:
        happened = event(row)
        asked = happened.get("approval") or happened.get("input")
        if asked is not None:
            found[asked["id"]] = OpenQuestion(
                row["turn_id"], row["session_id"], row["notebook"], row["cell_id"], happened
            )
        else:
            found.pop(happened.get("approval_id") or happened["input_id"], None)
    return list(found.values())


async def audited_events(
    log: TurnLog, session_id: str, *, after: tuple[str, int] = ("", 0), limit: int = 500
) -> list[tuple[Event, dict[str, Any]]]:
    """What was done in a session, the oldest first: events with their turn's notebook and cell.

    `after` is the (turn id, seq) where the last page ended.
    """
    turn_id, seq = after
    rows = await log.database.rows(
        _AUDIT, {"session": session_id, "turn": turn_id, "seq": seq, "limit": limit}
    )
    return [
        (event(row), {name: row[name] for name in ("notebook", "cell_id", "client")})
        for row in rows
    ]


def _overview(row: sqlite3.Row) -> SessionOverview:
    fields = {name: row[name] for name in SessionOverview.__dataclass_fields__}
    for flag in ("is_fresh", "running", "archived"):
        fields[flag] = bool(fields[flag])
    return SessionOverview(**fields)


_SESSIONS = f"""
    WITH listed AS (
        SELECT sessions.*, max(last_at, coalesce(
            (SELECT max(updated_at) FROM turns WHERE turns.session_id = sessions.session_id), ''
        )) AS last_activity,
        (SELECT prompt FROM turns WHERE turns.session_id = sessions.session_id
            ORDER BY turn_id LIMIT 1) AS preview
        FROM sessions
        WHERE (:id IS NULL OR session_id = :id) AND (:cwd IS NULL OR cwd = :cwd)
        AND (:archived IS NULL OR :archived = (archived_at IS NOT NULL))
    )
    SELECT *, archived_at IS NOT NULL AS archived,
        (SELECT max(session_tokens) FROM turns
            WHERE turns.session_id = listed.session_id) AS tokens,
        EXISTS (SELECT 1 FROM turns WHERE {IS_LIVE}
            AND turns.session_id = listed.session_id) AS running
    FROM listed
    WHERE (:before IS NULL OR (last_activity, session_id) < (:before, :before_id))
    AND (:search IS NULL OR instr(lower(coalesce(title, '') || char(10) || coalesce(preview, '')
        || char(10) || coalesce(cwd, '') || char(10) || session_id), lower(:search)))
    ORDER BY last_activity DESC, session_id DESC LIMIT :limit
"""
_QUESTIONS = f"""
    SELECT turns.session_id, notebook, cell_id, events.turn_id, events.seq, at, body
    FROM turns JOIN events INDEXED BY events_questions ON events.turn_id = turns.turn_id
    WHERE {IS_LIVE} AND type IN
    ('approval.requested', 'approval.decided', 'input.requested', 'input.answered')
    AND (:notebook IS NULL OR notebook = :notebook)
    AND (:session IS NULL OR turns.session_id = :session)
    ORDER BY events.turn_id, events.seq
"""
_AUDIT = f"""
    SELECT notebook, cell_id, client, events.turn_id, events.seq, at, body
    FROM turns JOIN events ON events.turn_id = turns.turn_id
    WHERE turns.session_id = :session AND (events.turn_id, events.seq) > (:turn, :seq)
    AND {IS_AUDITED}
    ORDER BY events.turn_id, events.seq LIMIT :limit
"""
