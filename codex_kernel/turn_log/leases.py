"""Ends turns whose owner is gone, and names the app-servers it left behind.

A take-over is one transaction: it looks once more at (owner, epoch, state), raises the epoch and
writes the end. So of two processes that recover at once one ends the turn, and an owner that
was only suspended loses its next append.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection
from dataclasses import dataclass, field

from codex_kernel.errors import InvalidTransition, TurnLost
from codex_kernel.ids import TurnId
from codex_kernel.turn.continuing import continue_prompt
from codex_kernel.turn.events import TurnErrorInfo, now, stamp, turn_ended
from codex_kernel.turn.transcript import Transcript, closing_drafts
from codex_kernel.turn_log import commands
from codex_kernel.turn_log.log import TurnLog
from codex_kernel.turn_log.owners import Owner, owner_is_dead, process_lives
from codex_kernel.turn_log.rows import IS_LIVE, batch, encode, event
from codex_kernel.turn_log.writing import answer_commands, write_batches

_GONE = "The process that ran this turn is gone."


@dataclass(frozen=True)
class AppServer:
    """An app-server whose owner is dead; `is_alive`: this very process still runs."""

    owner: str
    pid: int
    started: int | None
    thread_ids: list[str]
    is_alive: bool


@dataclass(frozen=True)
class Recovery:
    """What `recover` did, and the app-servers that the caller must end and then `forget`."""

    turns: list[TurnId] = field(default_factory=list[TurnId])
    app_servers: list[AppServer] = field(default_factory=list[AppServer])


async def recover(log: TurnLog) -> Recovery:
    """End as lost every live turn whose owner is proven dead; safe at any time, by anybody.

    What such an owner had taken up and not answered is answered: it may have been done in part.
    """
    done = Recovery()
    dead = [owner for owner in await _owners(log) if owner_is_dead(owner)]
    for owner in dead:
        done.turns.extend(await _recover_turns(log, owner))
        done.app_servers.extend(await _app_servers(log, owner))
        await commands.abandon(log, owner.owner)
    if dead:
        ids = json.dumps([owner.owner for owner in dead])
        await log.database.write(f"DELETE FROM owners {_IDLE}", (ids,))
    return done


async def forget(log: TurnLog, app_server: AppServer) -> None:
    """The app-server of a dead owner has been ended."""
    await log.database.write(
        "DELETE FROM app_servers WHERE owner = ? AND pid = ?", (app_server.owner, app_server.pid)
    )


async def mark_lost(log: TurnLog, turn_id: TurnId, by: str) -> bool:
    """End a turn as lost because a user says so, when its owner cannot be reached from here.

    False, and nothing is done, when the turn has ended or its owner lives.
    """
    turn = await log.turn(turn_id)
    owner = await owner_of(log, turn_id)
    if turn is None or (owner is not None and owner_is_dead(owner) is False):
        return False
    return await _take_over(log, turn_id, turn.owner, turn.epoch, f"Marked as lost by {by}.")


async def owner_of(log: TurnLog, turn_id: TurnId) -> Owner | None:
    """The owner of a turn; None when it, or the turn, is not known."""
    row = await log.database.row(
        "SELECT owners.* FROM owners JOIN turns ON turns.owner = owners.owner WHERE turn_id = ?",
        (turn_id,),
    )
    return None if row is None else owner_from(row)


async def live_owners(log: TurnLog) -> list[Owner]:
    """The owners of live turns that are proven alive, on this machine."""
    rows = await log.database.rows(
        f"SELECT * FROM owners WHERE owner IN (SELECT owner FROM turns WHERE {IS_LIVE})"
    )
    return [owner for row in rows if owner_is_dead(owner := owner_from(row)) is False]


async def taken_over(log: TurnLog, turn_ids: Collection[TurnId]) -> list[TurnId]:
    """Those of our turns that another process has ended meanwhile."""
    rows = await log.database.rows(
        "SELECT turn_id FROM turns WHERE owner IS NOT ? "
        "AND turn_id IN (SELECT value FROM json_each(?))",
        (log.owner.owner, json.dumps(list(turn_ids))),
    )
    return [row["turn_id"] for row in rows]


async def is_held(log: TurnLog, session_id: str) -> bool:
    """Whether a process that is not proven dead runs a turn of the session, or has it open."""
    found = await log.database.rows(_HOLDERS, {"session": session_id})
    return any(owner_is_dead(owner_from(row)) is not True for row in found)


async def _owners(log: TurnLog) -> list[Owner]:
    found = await log.database.rows("SELECT * FROM owners WHERE owner <> ?", (log.owner.owner,))
    return [owner_from(row) for row in found]


async def _recover_turns(log: TurnLog, owner: Owner) -> list[TurnId]:
    live = await log.database.rows(
        f"SELECT turn_id, epoch FROM turns WHERE {IS_LIVE} AND owner = ? ORDER BY turn_id",
        (owner.owner,),
    )
    return [
        row["turn_id"]
        for row in live
        if await _take_over(log, row["turn_id"], owner.owner, row["epoch"], _GONE)
    ]


async def _app_servers(log: TurnLog, owner: Owner) -> list[AppServer]:
    found = await log.database.rows("SELECT * FROM app_servers WHERE owner = ?", (owner.owner,))
    return [
        AppServer(
            row["owner"],
            row["pid"],
            row["started"],
            json.loads(row["thread_ids"]),
            is_alive=process_lives(row["pid"], row["started"]) is True,
        )
        for row in found
    ]


async def _take_over(log: TurnLog, turn_id: TurnId, owner: str, epoch: int, message: str) -> bool:
    """End a turn in place of its owner; False when it is not as it was any more."""
    async with log.database.transaction() as connection:
        taken = await connection.execute(
            f"UPDATE turns SET owner = ?, epoch = epoch + 1 "
            f"WHERE turn_id = ? AND owner = ? AND epoch = ? AND {IS_LIVE}",
            (log.owner.owner, turn_id, owner, epoch),
        )
        if taken.rowcount != 1:
            return False
        rows = await connection.execute_fetchall(
            "SELECT turn_id, seq, at, body FROM events WHERE turn_id = ? ORDER BY seq", (turn_id,)
        )
        transcript = _folded(list(rows))
        was_sent = transcript.data["codex_turn_id"] is not None
        error = TurnErrorInfo(
            kind="lost",
            message=message,
            next_step=TurnLost.next_step,
            continue_prompt=continue_prompt(None if was_sent else transcript.data["prompt"]),
        )
        drafts = [*closing_drafts(transcript, status="lost"), turn_ended("lost", error)]
        events = stamp(turn_id, transcript.seq, drafts, now())
        transcript.apply(events)
        written = batch(encode(events), transcript)
        await write_batches(connection, [written], log.owner.owner, epoch + 1)
        await answer_commands(connection, turn_id, message, claimed_too=True)
    return True


def _folded(rows: list[sqlite3.Row]) -> Transcript:
    """The transcript as far as it can be folded: a damaged record must not live for ever."""
    transcript = Transcript()
    for row in rows:
        try:
            transcript.apply([event(row)])
        except (InvalidTransition, KeyError, TypeError, ValueError):
            transcript.data["seq"] = row["seq"]
    return transcript


def owner_from(row: sqlite3.Row) -> Owner:
    """A row of `owners`."""
    return Owner(
        row["owner"],
        row["kind"],
        row["boot_id"],
        row["pid_namespace"],
        row["pid"],
        row["started"],
        is_closed=row["closed_at"] is not None,
    )


_HOLDERS = f"""
    SELECT * FROM owners WHERE owner IN (
        SELECT owner FROM turns WHERE {IS_LIVE} AND session_id = :session
        UNION SELECT owner FROM app_servers
        WHERE EXISTS (SELECT 1 FROM json_each(thread_ids) WHERE value = :session)
    )
"""
_IDLE = f"""
    WHERE owner IN (SELECT value FROM json_each(?))
    AND owner NOT IN (SELECT owner FROM turns WHERE {IS_LIVE})
    AND owner NOT IN (SELECT owner FROM app_servers)
"""
