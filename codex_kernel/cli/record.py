"""Reading the turn log from a command: open it, read all there is, print it safely.

What is printed came from an agent: control characters never reach the terminal.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import asdict, is_dataclass
from typing import Any, TypeVar

from codex_kernel.errors import CodexError
from codex_kernel.ids import TurnId
from codex_kernel.settings import LogSettings
from codex_kernel.turn.events import Event
from codex_kernel.turn_log.log import TurnLog
from codex_kernel.turn_log.rows import TurnRow

T = TypeVar("T")


def with_log(settings: LogSettings, work: Callable[[TurnLog], Awaitable[T]]) -> T:
    """Open the log, do something with it, close it; raises LogError."""

    async def opened() -> T:
        async with TurnLog.open(settings, kind="cli") as log:
            return await work(log)

    return asyncio.run(opened())


async def find_turns(log: TurnLog, name: str) -> list[TurnRow]:
    """The turn of this id, or all turns of the session of this id; raises CodexError."""
    turns = await log.turns(ids=[name]) or await log.session_turns(name)
    if not turns:
        raise CodexError(
            f"Neither a turn nor a session {name!r} is in the record.",
            next_step="`jupyter codex sessions` lists what there is.",
        )
    return turns


async def events_of(log: TurnLog, turn_id: TurnId) -> AsyncIterator[Event]:
    """All events of a turn, or the one snapshot of a compacted turn."""
    seq = 0
    while page := await log.events(turn_id, after=seq):
        for event in page:
            yield event
        seq = page[-1]["seq"]


def print_json(value: object) -> None:
    """One JSON document on stdout; dataclasses are objects in it."""
    json.dump(value, sys.stdout, indent=2, default=_plain)
    print()


def _plain(value: object) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    return str(value)
