"""Ends turns whose owner is gone, and names the app-servers it left behind.

A take-over is one transaction: it looks once more at (owner, epoch, state), raises the epoch and
writes the end. So of two processes that recover at once one ends the turn, and an owner that
was only suspended loses its next append.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from codex_kernel.errors import InvalidTransition, TurnLost
from codex_kernel.ids import TurnId
from codex_kernel.turn.continuing import continue_prompt
from codex_kernel.turn.events import Draft, TurnErrorInfo, now, stamp, turn_ended
from codex_kernel.turn.state import FinalState
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
class Outcome:
    """What a turn became without its owner: what was missed of it, and its end."""

    missed: list[Draft]
    state: FinalState
    error: TurnErrorInfo | None


Tell = Callable[[Transcript], Awaitable[Outcome | None]]
"""Looks up what a turn became, from its transcript; None when that is not known."""


async def left_behind(log: TurnLog) -> list[AppServer]:
    """The app-servers of dead owners, which whoever finds them must end and then `forget`."""
    rows = await log.database.rows(_APP_SERVERS)
    return [_app_server(row) for row in rows if owner_is_dead(owner_from(row))]


async def recover(log: TurnLog, tell: Tell | None = None) -> list[TurnId]:
    """End every live turn whose owner is proven dead; safe at any time, by anybody.

    It ends as `tell` says, else as lost. What such an owner had taken up and not answered is
    answered: it may have been done in part. Returns the turns that were ended here.
    """
    turns: list[TurnId] = []
    dead = [owner for owner in await _owners(log) if owner_is_dead(owner)]
    for owner in dead:
        turns.extend(await _recover_turns(log, owner, tell))
        await commands.abandon(log, owner.owner)
    if dead:
        ids = json.dumps([owner.owner for owner in dead])
        await log.database.write(f"DELETE FROM owners {_IDLE}", (ids,))
    return turns


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


async def is_held(log: TurnLog, session_id: str) -> bool:
    """Whether a process that is not proven dead runs a turn of the session, or has it open."""
    return await is_run(log, session_id) or await _lives(log, _WITH_IT_OPEN, session_id)


async def is_run(log: TurnLog, session_id: str) -> bool:
    """Whether a process that is not proven dead runs a turn of the session."""
    return await _lives(log, _RUNNING_IT, session_id)


async def _lives(log: TurnLog, owners: str, session_id: str) -> bool:
    found = await log.database.rows(owners, {"session": session_id})
    return any(owner_is_dead(owner_from(row)) is not True for row in found)


async def _owners(log: TurnLog) -> list[Owner]:
    found = await log.database.rows("SELECT * FROM owners WHERE owner <> ?", (log.owner.owner,))
    return [owner_from(row) for row in found]


async def _recover_turns(log: TurnLog, owner: Owner, tell: Tell | None) -> list[TurnId]:
    live = await log.database.rows(
        f"SELECT turn_id, epoch FROM turns WHERE {IS_LIVE} AND owner = ? ORDER BY turn_id",
        (owner.owner,),
    )
    ended: list[TurnId] = []
    for row in live:
        transcript = await _transcript(log, row["turn_id"])
        outcome = None if tell is None else await tell(transcript)
        if await _take_over(log, row["turn_id"], owner.owner, row["epoch"], _GONE, outcome):
            ended.append(row["turn_id"])
    return ended


def _app_server(row: sqlite3.Row) -> AppServer:
    pid, started = row["server_pid"], row["server_started"]
    return AppServer(
        row["owner"],
        pid,
        started,
        json.loads(row["thread_ids"]),
        is_alive=process_lives(pid, started) is True,
    )


async def _transcript(log: TurnLog, turn_id: TurnId) -> Transcript:
    rows = await log.database.rows(_EVENTS, (turn_id,))
    return _folded(rows)


async def _take_over(
    log: TurnLog,
    turn_id: TurnId,
    owner: str,
    epoch: int,
    message: str,
    outcome: Outcome | None = None,
) -> bool:
    """End a turn in place of its owner; False when it is not as it was any more."""

    def end(connection: sqlite3.Connection) -> bool:
        taken = connection.execute(
            f"UPDATE turns SET owner = ?, epoch = epoch + 1 "
            f"WHERE turn_id = ? AND owner = ? AND epoch = ? AND {IS_LIVE}",
            (log.owner.owner, turn_id, owner, epoch),
        )
        if taken.rowcount != 1:
            return False
        transcript = _folded(connection.execute(_EVENTS, (turn_id,)).fetchall())
        became = outcome or _lost(transcript, message)
        events = stamp(turn_id, transcript.seq, became.missed, now())
        transcript.apply(events)
        status = {"completed": "completed", "failed": "failed"}.get(became.state, "lost")
        closing = [
            *closing_drafts(transcript, status),
            turn_ended(became.state, became.error),
        ]
        ending = stamp(turn_id, transcript.seq, closing, now())
        transcript.apply(ending)
        written = batch(encode([*events, *ending]), transcript)
        write_batches(connection, [written], log.owner.owner, epoch + 1)
        answer_commands(connection, turn_id, message, claimed_too=True)
        return True

    return await log.database.transaction(end)


def _lost(transcript: Transcript, message: str) -> Outcome:
    was_sent = transcript.data["codex_turn_id"] is not None
    error = TurnErrorInfo(
        kind="lost",
        message=message,
        next_step=TurnLost.next_step,
        continue_prompt=continue_prompt(None if was_sent else transcript.data["prompt"]),
    )
    return Outcome([], "lost", error)


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


_EVENTS = "SELECT turn_id, seq, at, body FROM events WHERE turn_id = ? ORDER BY seq"
_APP_SERVERS = """
    SELECT owners.*, app_servers.pid AS server_pid, app_servers.started AS server_started,
        thread_ids
    FROM owners JOIN app_servers ON app_servers.owner = owners.owner
"""
_RUNNING_IT = f"""
    SELECT * FROM owners
    WHERE owner IN (SELECT owner FROM turns WHERE {IS_LIVE} AND session_id = :session)
"""
_WITH_IT_OPEN = """
    SELECT * FROM owners WHERE owner IN (
        SELECT owner FROM app_servers
        WHERE EXISTS (SELECT 1 FROM json_each(thread_ids) WHERE value = :session)
    )
"""
_IDLE = f"""
    WHERE owner IN (SELECT value FROM json_each(?))
    AND owner NOT IN (SELECT owner FROM turns WHERE {IS_LIVE})
    AND owner NOT IN (SELECT owner FROM app_servers)
"""
