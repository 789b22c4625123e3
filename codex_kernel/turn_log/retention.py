"""Forgets old turns: never a live one, never long with the lock.

A turn disappears at once, by its row; its events go afterwards, in chunks, and `deleted_turns`
remembers what is still to go when that is cut short. Sessions and bindings stay.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from codex_kernel.ids import TurnId
from codex_kernel.turn.events import ago
from codex_kernel.turn_log import bindings
from codex_kernel.turn_log.log import CHUNK_ROWS, TurnLog
from codex_kernel.turn_log.rows import IS_LIVE

SHRINK_PAGES = 1000
COMMAND_DAYS = 7
"""Answered commands are of no use later."""
CHANGE_DAYS = 2
"""A page that was away for longer begins anew, see `feed`."""


@dataclass(frozen=True)
class Report:
    """What was pruned, or in a dry run would be. `bytes` counts content, not pages."""

    turns: int
    bytes: int
    is_dry_run: bool


async def prune(
    log: TurnLog,
    max_age_days: float | None = None,
    max_bytes: int | None = None,
    *,
    dry_run: bool = False,
) -> Report:
    """Delete ended turns older than `max_age_days`, then the oldest until the rest fits into
    `max_bytes`; None = as in the settings of the log."""
    days = log.settings.max_age_days if max_age_days is None else max_age_days
    bound = log.settings.max_bytes if max_bytes is None else max_bytes
    chosen = await _choose(log, ago(days=days), await _used(log) - bound)
    if not dry_run:
        for turn_id, _ in chosen:
            await _hide(log, turn_id)
        await log.database.write(
            "DELETE FROM commands WHERE finished_at < ?", (ago(days=COMMAND_DAYS),)
        )
        await log.database.write("DELETE FROM kernels WHERE updated_at < ?", (ago(days=days),))
        await _forget_changes(log, ago(days=CHANGE_DAYS))
        await log.compact_ended()
        await _sweep(log)
    return Report(len(chosen), sum(size for _, size in chosen), dry_run)


async def delete_turns(log: TurnLog, turn_ids: Iterable[TurnId]) -> list[TurnId]:
    """Delete turns that have ended; those that were deleted."""
    deleted = [turn_id for turn_id in turn_ids if await _hide(log, turn_id)]
    await _sweep(log)
    return deleted


async def delete_turns_of(log: TurnLog, session_id: str) -> list[TurnId]:
    """Delete the ended turns of a session."""
    rows = await log.database.rows(
        "SELECT turn_id FROM turns WHERE session_id = ? ORDER BY turn_id", (session_id,)
    )
    return await delete_turns(log, [row["turn_id"] for row in rows])


async def delete_session(log: TurnLog, session_id: str) -> bool:
    """Delete a session with its turns and the bindings to it; False, and nothing is done, while
    one of its turns lives."""
    if await log.turns(session_id=session_id, state="live", limit=1):
        return False
    await bindings.forget_session(log, session_id)
    await delete_turns_of(log, session_id)
    return True


async def _choose(log: TurnLog, before: str, excess: int) -> list[tuple[TurnId, int]]:
    """Turns with their size, the oldest first: all from `before`, then until `excess` is gone."""
    rows = await log.database.rows(
        "SELECT turn_id, bytes, finished_at FROM turns WHERE finished_at IS NOT NULL "
        "ORDER BY finished_at, turn_id"
    )
    chosen: list[tuple[TurnId, int]] = []
    for row in rows:
        if row["finished_at"] >= before and excess <= 0:
            break
        chosen.append((row["turn_id"], row["bytes"]))
        excess -= row["bytes"]
    return chosen


async def _hide(log: TurnLog, turn_id: TurnId) -> bool:
    """Take the turn out of sight; False for a live or unknown one."""

    def hide(connection: sqlite3.Connection) -> bool:
        gone = connection.execute(
            f"DELETE FROM turns WHERE turn_id = ? AND NOT {IS_LIVE}", (turn_id,)
        )
        if gone.rowcount != 1:
            return False
        connection.execute("INSERT OR IGNORE INTO deleted_turns VALUES (?)", (turn_id,))
        connection.execute("DELETE FROM compacted_turns WHERE turn_id = ?", (turn_id,))
        return True

    return await log.database.transaction(hide)


async def _forget_changes(log: TurnLog, before: str) -> None:
    """Delete changes from before a moment, the newest excepted: cursors end there."""
    while (
        await log.database.write(
            "DELETE FROM changes WHERE number IN (SELECT number FROM changes WHERE at < ? "
            "AND number < (SELECT max(number) FROM changes) ORDER BY number LIMIT ?)",
            (before, CHUNK_ROWS),
        )
        == CHUNK_ROWS
    ):
        continue


async def _sweep(log: TurnLog) -> None:
    """Delete what belongs to hidden turns, then give free pages back to the file system."""
    for row in await log.database.rows("SELECT turn_id FROM deleted_turns"):
        turn = {"turn": row["turn_id"], "rows": CHUNK_ROWS}
        for delete in _DELETES:
            while await log.database.write(delete, turn) == CHUNK_ROWS:
                continue
        await log.database.write("DELETE FROM deleted_turns WHERE turn_id = :turn", turn)
    free = await _number(log, "freelist_count")
    for _ in range(0, free, SHRINK_PAGES):
        await log.database.shrink(SHRINK_PAGES)


_DELETES = (
    "DELETE FROM events WHERE turn_id = :turn AND seq IN "
    "(SELECT seq FROM events WHERE turn_id = :turn ORDER BY seq LIMIT :rows)",
    "DELETE FROM before_images WHERE rowid IN "
    "(SELECT rowid FROM before_images WHERE turn_id = :turn LIMIT :rows)",
    "DELETE FROM commands WHERE number IN "
    "(SELECT number FROM commands WHERE turn_id = :turn LIMIT :rows)",
)


async def _used(log: TurnLog) -> int:
    pages = await _number(log, "page_count") - await _number(log, "freelist_count")
    return pages * await _number(log, "page_size")


async def _number(log: TurnLog, pragma: str) -> int:
    [row] = await log.database.pragma(pragma)
    return row[0]
