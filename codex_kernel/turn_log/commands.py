"""What is asked of an owner from outside its process, as rows that it claims and answers.

Whoever asks gets an id and finds the outcome there. A command is claimed once; one whose turn
has ended, or that waited too long, is answered with an error instead of being done late. Knows
no verb: those are between who asks and who claims.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import sqlite3
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Literal

from codex_kernel.turn.events import ago, now
from codex_kernel.turn.state import is_final
from codex_kernel.turn_log.log import TurnLog
from codex_kernel.turn_log.writing import ANSWERED

TargetKind = Literal["turn", "session", "notebook", "approval"]
Target = tuple[TargetKind, str]

MAX_AGE_SECONDS = 2 * 3600.0
"""What was asked longer ago is not what the user expects to happen now."""


@dataclass(frozen=True)
class CommandRow:
    """Something asked of a target; `by` is who asked, as the server knows them."""

    command_id: str
    target_kind: TargetKind
    target_id: str
    verb: str
    args: dict[str, Any]
    by: str
    asked_at: str


async def ask(
    log: TurnLog,
    target_kind: TargetKind,
    target_id: str,
    verb: str,
    args: dict[str, Any],
    by: str,
    *,
    key: str | None = None,
) -> str:
    """Write a command and return its id; with a `key` that was used before: that command's id.

    A command to a turn that has ended is answered with an error at once.
    """
    command_id = key or secrets.token_hex(16)
    turn_id = _turn_of(target_kind, target_id)

    def write(connection: sqlite3.Connection) -> None:
        found = connection.execute("SELECT state FROM turns WHERE turn_id = ?", (turn_id,))
        ended = [row["state"] for row in found if is_final(row["state"])]
        outcome = json.dumps({"error": f"The turn has ended ({ended[0]})."}) if ended else None
        connection.execute(
            "INSERT OR IGNORE INTO commands (command_id, target_kind, target_id, turn_id, verb, "
            "args, by, asked_at, outcome, finished_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                command_id,
                target_kind,
                target_id,
                turn_id,
                verb,
                "{}" if ended and target_kind == "approval" else json.dumps(args),
                by,
                now(),
                outcome,
                now() if ended else None,
            ),
        )

    await log.database.transaction(write)
    return command_id


@dataclass(frozen=True)
class News:
    """What others have done about our turns and session."""

    has_commands: bool
    taken_over: frozenset[str]
    """Those of our turns that another process has ended."""


async def news(log: TurnLog, targets: Collection[Target]) -> News:
    """What there is to `claim`, and which of the targets that are turns are ours no more."""
    turns = [target_id for kind, target_id in targets if kind == "turn"]
    wanted = (json.dumps(list(targets)), log.owner.owner, json.dumps(turns))
    found = [row["turn_id"] for row in await log.database.rows(_NEWS, wanted)]
    return News(None in found, frozenset(filter(None, found)))


async def claim(log: TurnLog, targets: Collection[Target]) -> list[CommandRow]:
    """The open commands to these targets, in the order they were asked; each is had once.

    Cheap when there are none.
    """
    wanted = (json.dumps(list(targets)),)
    if not await log.database.rows(_OPEN, wanted):
        return []

    def take_all(connection: sqlite3.Connection) -> list[sqlite3.Row]:
        connection.execute(_EXPIRE, (_TOO_LATE, now(), ago(MAX_AGE_SECONDS)))
        found = list(connection.execute(_OPEN, wanted))
        connection.executemany(
            "UPDATE commands SET claimed_by = ? WHERE command_id = ?",
            [(log.owner.owner, row["command_id"]) for row in found],
        )
        return found

    found = await log.database.transaction(take_all)
    return [CommandRow(**{**dict(row), "args": json.loads(row["args"])}) for row in found]


async def take(log: TurnLog, command_id: str) -> CommandRow | None:
    """Claim this one command; None when it is not open (any more)."""

    def take_it(connection: sqlite3.Connection) -> sqlite3.Row | None:
        taken = connection.execute(
            "UPDATE commands SET claimed_by = ? "
            "WHERE command_id = ? AND outcome IS NULL AND claimed_by IS NULL",
            (log.owner.owner, command_id),
        )
        if taken.rowcount != 1:
            return None
        [row] = connection.execute(
            "SELECT command_id, target_kind, target_id, verb, args, by, asked_at "
            "FROM commands WHERE command_id = ?",
            (command_id,),
        )
        return row

    row = await log.database.transaction(take_it)
    if row is None:
        return None
    return CommandRow(**{**dict(row), "args": json.loads(row["args"])})


async def withdraw(log: TurnLog, command_id: str) -> bool:
    """Take back a command that nobody has claimed; False when somebody has."""
    gone = await log.database.write(
        "DELETE FROM commands WHERE command_id = ? AND outcome IS NULL AND claimed_by IS NULL",
        (command_id,),
    )
    return gone == 1


async def forget(log: TurnLog, command_id: str) -> None:
    """Remove a command whose outcome was read and is of no use to anybody else."""
    await log.database.write("DELETE FROM commands WHERE command_id = ?", (command_id,))


async def target(log: TurnLog, command_id: str) -> Target | None:
    """What a command is for; None when there is none of that id."""
    row = await log.database.row(
        "SELECT target_kind, target_id FROM commands WHERE command_id = ?", (command_id,)
    )
    return None if row is None else (row["target_kind"], row["target_id"])


async def finish(log: TurnLog, command_id: str, outcome: dict[str, Any]) -> None:
    """Answer a command; only the first answer counts."""
    await log.database.write(
        f"{ANSWERED} AND command_id = ?", (json.dumps(outcome), now(), command_id)
    )


async def abandon(log: TurnLog, owner: str) -> None:
    """Answer what an owner that is gone had claimed: nobody knows how far it came."""
    claimed = "SELECT 1 FROM commands WHERE outcome IS NULL AND claimed_by = ?"
    if await log.database.row(claimed, (owner,)):
        await log.database.write(f"{ANSWERED} AND claimed_by = ?", (_ABANDONED, now(), owner))


async def is_known(log: TurnLog, command_id: str) -> bool:
    """Whether there is such a command, answered or not."""
    found = await log.database.row("SELECT 1 FROM commands WHERE command_id = ?", (command_id,))
    return found is not None


async def is_claimed(log: TurnLog, command_id: str) -> bool:
    """Whether somebody has taken the command up."""
    row = await log.database.row(
        "SELECT claimed_by FROM commands WHERE command_id = ?", (command_id,)
    )
    return row is not None and row["claimed_by"] is not None


async def outcome(log: TurnLog, command_id: str) -> dict[str, Any] | None:
    """The answer to a command; None while there is none."""
    row = await log.database.row("SELECT outcome FROM commands WHERE command_id = ?", (command_id,))
    return json.loads(row["outcome"]) if row is not None and row["outcome"] else None


async def wait(log: TurnLog, command_id: str, seconds: float) -> dict[str, Any] | None:
    """Wait for the answer to a command; None when there is none within `seconds`."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    async with log.tail() as tail:
        while (answer := await outcome(log, command_id)) is None:
            if not await tail.changed(max(deadline - loop.time(), 0)):
                return await outcome(log, command_id)
    return answer


def _turn_of(target_kind: TargetKind, target_id: str) -> str | None:
    """The turn whose end makes a command pointless."""
    if target_kind == "approval":
        return target_id.rpartition(".")[0]  # see ids.approval_id
    return target_id if target_kind == "turn" else None


_ABANDONED = json.dumps(
    {
        "error": "The process that took this up is gone; it may have been done in part.",
        "next_step": "Look whether it was done, and ask again if not.",
        "kind": "Abandoned",
    }
)
_TOO_LATE = json.dumps({"error": "Nobody took this up in time."})
_OPEN = """
    SELECT command_id, target_kind, target_id, verb, args, by, asked_at
    FROM json_each(?) AS target JOIN commands
    ON target_kind = json_extract(target.value, '$[0]')
    AND target_id = json_extract(target.value, '$[1]')
    WHERE outcome IS NULL AND claimed_by IS NULL
    ORDER BY number
"""
_NEWS = f"""
    SELECT NULL AS turn_id WHERE EXISTS ({_OPEN})
    UNION ALL
    SELECT turn_id FROM turns
    WHERE owner IS NOT ? AND turn_id IN (SELECT value FROM json_each(?))
"""
_EXPIRE = f"{ANSWERED} AND claimed_by IS NULL AND asked_at < ?"
