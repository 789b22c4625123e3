"""Which session a notebook is bound to, what is known of sessions, what notebooks ask for.

A path alone identifies no notebook: `Untitled.ipynb` comes again and again. So a binding also
knows in which cells its turns ran, and a file that has none of these is another notebook. Paths
are stored paths (`ids.stored_path`).
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from codex_kernel.ids import NotebookPath, SessionId
from codex_kernel.turn.events import now
from codex_kernel.turn_log.log import TurnLog

NO_SESSION = "new"
"""The wish for a session that is none: the next turn begins a new one."""


@dataclass(frozen=True)
class Binding:
    """The session of a notebook. `is_foreign`: the file now at its path is another notebook."""

    notebook: NotebookPath
    session_id: SessionId
    cell_ids: frozenset[str]
    is_foreign: bool


@dataclass(frozen=True)
class SessionRow:
    """A session. `is_fresh`: Codex knows its id, but nothing was run in it yet."""

    session_id: SessionId
    title: str | None
    cwd: str | None
    model: str | None
    forked_from: str | None
    is_fresh: bool
    turns: int
    created_at: str
    last_at: str
    archived_at: str | None


async def bind(
    log: TurnLog, notebook: NotebookPath, session_id: str, *, cell_id: str | None = None
) -> None:
    """Bind a notebook to a session, or note one more cell in which it ran.

    Bound to another session, a notebook is known by new cells only.
    """
    await log.database.transaction(_bind, notebook, session_id, cell_id)


def _bind(
    connection: sqlite3.Connection, notebook: NotebookPath, session_id: str, cell_id: str | None
) -> None:
    connection.execute(
        "DELETE FROM notebook_cells WHERE path = ? AND EXISTS (SELECT 1 FROM notebooks "
        "WHERE notebooks.path = notebook_cells.path AND session_id IS NOT ?)",
        (notebook, session_id),
    )
    connection.execute(
        "INSERT INTO notebooks (path, session_id, updated_at) VALUES (?, ?, ?) "
        "ON CONFLICT (path) DO UPDATE SET session_id = excluded.session_id, "
        "updated_at = excluded.updated_at",
        (notebook, session_id, now()),
    )
    if cell_id is not None:
        connection.execute(
            "INSERT OR IGNORE INTO notebook_cells VALUES (?, ?)", (notebook, cell_id)
        )


async def unbind(log: TurnLog, notebook: NotebookPath) -> None:
    """The notebook goes on without a session; what it asks for stays."""
    await log.database.transaction(_unbind, notebook)


def _unbind(connection: sqlite3.Connection, notebook: NotebookPath) -> None:
    connection.execute(
        "UPDATE notebooks SET session_id = NULL, updated_at = ? WHERE path = ?",
        (now(), notebook),
    )
    connection.execute("DELETE FROM notebook_cells WHERE path = ?", (notebook,))


async def ask_for_session(
    log: TurnLog, notebook: NotebookPath, session_id: str | None, *, by: str | None = None
) -> None:
    """Bind a notebook, by hand, to a session or to none, also when a kernel of it runs.

    The wish among its settings is for that kernel, which takes it up with its next turn.
    """
    if session_id is None:
        await unbind(log, notebook)
    else:
        await bind(log, notebook, session_id)
    await set_notebook_settings(log, notebook, {"session": session_id or NO_SESSION}, by=by)


async def bound_session(
    log: TurnLog, notebook: NotebookPath, cell_ids: Collection[str] | None
) -> Binding | None:
    """The binding of a notebook whose file holds these cells; None: the cells are not known.

    A binding without cells was made by hand: it is never foreign.
    """
    row = await log.database.row(
        "SELECT session_id FROM notebooks WHERE path = ? AND session_id IS NOT NULL", (notebook,)
    )
    if row is None:
        return None
    rows = await log.database.rows("SELECT cell_id FROM notebook_cells WHERE path = ?", (notebook,))
    known = frozenset(row["cell_id"] for row in rows)
    is_foreign = bool(known) and cell_ids is not None and known.isdisjoint(cell_ids)
    return Binding(notebook, row["session_id"], known, is_foreign)


async def session_of_cells(
    log: TurnLog, cell_ids: Collection[str], *, other_than: NotebookPath
) -> SessionId | None:
    """The session that ran last in some of these cells of another notebook."""
    row = await log.database.row(
        "SELECT session_id FROM notebook_cells JOIN notebooks USING (path) "
        "WHERE cell_id IN (SELECT value FROM json_each(?)) AND path <> ? "
        "AND session_id IS NOT NULL ORDER BY updated_at DESC",
        (json.dumps(sorted(cell_ids)), other_than),
    )
    return None if row is None else SessionId(row["session_id"])


async def notebooks_of(log: TurnLog, session_id: str) -> list[NotebookPath]:
    """The notebooks that are bound to a session."""
    rows = await log.database.rows(
        "SELECT path FROM notebooks WHERE session_id = ? ORDER BY path", (session_id,)
    )
    return [row["path"] for row in rows]


async def move(log: TurnLog, old: NotebookPath, new: NotebookPath) -> None:
    """A notebook, or a folder with notebooks, was renamed: bindings, turns, kernels go along."""
    if old == new:
        return
    places = {"old": old, "new": new, "below": old + os.sep}

    def rename(connection: sqlite3.Connection) -> None:
        connection.execute("DELETE FROM notebooks WHERE path = :new", places)
        connection.execute("DELETE FROM notebook_cells WHERE path = :new", places)
        for table, column in (
            ("notebooks", "path"),
            ("notebook_cells", "path"),
            ("kernels", "path"),
            ("turns", "notebook"),
        ):
            connection.execute(
                f"UPDATE OR REPLACE {table} SET {column} = "
                f":new || substr({column}, length(:old) + 1) WHERE {column} = :old "
                f"OR substr({column}, 1, length(:below)) = :below",
                places,
            )

    await log.database.transaction(rename)


async def forget_notebook(log: TurnLog, notebook: NotebookPath) -> None:
    """The file was deleted, or is another one now: drop its binding and what it asks for.

    Of a folder: those of all notebooks in it.
    """
    await log.database.transaction(_forget, notebook)


def _forget(connection: sqlite3.Connection, path: NotebookPath) -> None:
    gone = {"path": path, "below": path + os.sep}
    for table in ("notebooks", "notebook_cells"):
        connection.execute(
            f"DELETE FROM {table} WHERE path = :path OR substr(path, 1, length(:below)) = :below",
            gone,
        )


async def notebook_settings(log: TurnLog, notebook: NotebookPath) -> dict[str, Any]:
    """What the notebook asks for (model, effort, sandbox, ...), as set in the page."""
    row = await log.database.row("SELECT settings FROM notebooks WHERE path = ?", (notebook,))
    return {} if row is None else json.loads(row["settings"])


async def who_asked(log: TurnLog, notebook: NotebookPath) -> dict[str, str]:
    """By whom each of the notebook's settings was last changed, as far as that is known."""
    row = await log.database.row("SELECT asked_by FROM notebooks WHERE path = ?", (notebook,))
    return {} if row is None else json.loads(row["asked_by"])


async def set_notebook_settings(
    log: TurnLog, notebook: NotebookPath, changes: dict[str, Any], *, by: str | None = None
) -> dict[str, Any]:
    """Change what the notebook asks for (None takes a wish back); all of it, afterwards.

    `by` is who changed it, for the audit of the turns that heed it.
    """

    def merge(connection: sqlite3.Connection) -> dict[str, Any]:
        connection.execute(
            "INSERT OR IGNORE INTO notebooks (path, updated_at) VALUES (?, ?)", (notebook, now())
        )
        [row] = connection.execute(
            "SELECT settings, asked_by FROM notebooks WHERE path = ?", (notebook,)
        )
        asked_by = {**json.loads(row["asked_by"]), **dict.fromkeys(changes, by)}
        merged = {**json.loads(row["settings"]), **changes}
        settings = {key: value for key, value in merged.items() if value is not None}
        connection.execute(
            "UPDATE notebooks SET settings = ?, asked_by = ?, updated_at = ? WHERE path = ?",
            (json.dumps(settings), json.dumps(asked_by), now(), notebook),
        )
        return settings

    return await log.database.transaction(merge)


async def remember_session(
    log: TurnLog,
    session_id: str,
    *,
    title: str | None = None,
    cwd: str | None = None,
    model: str | None = None,
    forked_from: str | None = None,
    is_fresh: bool = True,
    turns: int = 0,
) -> None:
    """Note a session as soon as Codex names it; None leaves what is known, and a session
    that was used once is never fresh again. `turns`: at least so many were run in it."""
    await log.database.write(
        "INSERT INTO sessions (session_id, title, cwd, model, forked_from, is_fresh, turns, "
        "created_at, last_at) "
        "VALUES (:id, :title, :cwd, :model, :forked_from, :is_fresh, :turns, :now, :now) "
        "ON CONFLICT (session_id) DO UPDATE SET title = coalesce(:title, title), "
        "cwd = coalesce(:cwd, cwd), model = coalesce(:model, model), "
        "forked_from = coalesce(:forked_from, forked_from), "
        "is_fresh = min(is_fresh, :is_fresh), turns = max(turns, :turns), last_at = :now",
        {
            "id": session_id,
            "title": title,
            "cwd": cwd,
            "model": model,
            "forked_from": forked_from,
            "is_fresh": is_fresh,
            "turns": turns,
            "now": now(),
        },
    )


async def mark_used(
    log: TurnLog,
    session_id: str,
    notebook: NotebookPath | None = None,
    cell_id: str | None = None,
) -> None:
    """One more turn was accepted in the session: in this cell of this notebook, if in any."""

    def note(connection: sqlite3.Connection) -> None:
        connection.execute(
            "UPDATE sessions SET is_fresh = 0, turns = turns + 1, last_at = ? WHERE session_id = ?",
            (now(), session_id),
        )
        if notebook is not None:
            _bind(connection, notebook, session_id, cell_id)

    await log.database.transaction(note)


async def session(log: TurnLog, session_id: str) -> SessionRow | None:
    """What is known of one session."""
    row = await log.database.row("SELECT * FROM sessions WHERE session_id = ?", (session_id,))
    return None if row is None else _session(row)


async def sessions(
    log: TurnLog, *, cwd: str | None = None, search: str | None = None, limit: int = 50
) -> list[SessionRow]:
    """Sessions, the last used first. `search` is looked for in title, folder and id."""
    rows = await log.database.rows(
        "SELECT * FROM sessions WHERE (:cwd IS NULL OR cwd = :cwd) AND (:search IS NULL OR "
        "instr(lower(coalesce(title, '') || char(10) || coalesce(cwd, '') || char(10) || "
        "session_id), lower(:search))) ORDER BY last_at DESC LIMIT :limit",
        {"cwd": cwd, "search": search, "limit": limit},
    )
    return [_session(row) for row in rows]


async def archive_session(log: TurnLog, session_id: str) -> None:
    """The session was put away: it stays in the record, its notebooks go on without it."""

    def put_away(connection: sqlite3.Connection) -> None:
        connection.execute(
            "UPDATE sessions SET archived_at = ? WHERE session_id = ?", (now(), session_id)
        )
        _unbind_all(connection, session_id)

    await log.database.transaction(put_away)


async def unarchive_session(log: TurnLog, session_id: str) -> None:
    """The session can be taken up again; no notebook is bound to it."""
    await log.database.write(
        "UPDATE sessions SET archived_at = NULL WHERE session_id = ?", (session_id,)
    )


async def forget_session(log: TurnLog, session_id: str) -> None:
    """Drop a session and the bindings to it; its turns are `retention`'s to delete."""

    def drop(connection: sqlite3.Connection) -> None:
        _unbind_all(connection, session_id)
        connection.execute("DELETE FROM sessions WHERE session_id = ?", (session_id,))

    await log.database.transaction(drop)


def _unbind_all(connection: sqlite3.Connection, session_id: str) -> None:
    for statement in (
        "DELETE FROM notebook_cells WHERE path IN "
        "(SELECT path FROM notebooks WHERE session_id = ?)",
        "UPDATE notebooks SET session_id = NULL WHERE session_id = ?",
    ):
        connection.execute(statement, (session_id,))


def _session(row: sqlite3.Row) -> SessionRow:
    return SessionRow(**{**dict(row), "is_fresh": bool(row["is_fresh"])})
