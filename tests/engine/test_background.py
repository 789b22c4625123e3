"""Commands of a turn that is stopped."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from codex_kernel.engine.background import Background

from ..cell.bench import Bench


class NothingRuns:
    """A session whose app-server lists no running command."""

    async def ask(self, method: str, **_params: Any) -> dict[str, Any]:
        assert method == "thread/backgroundTerminals/list"
        return {"data": []}


async def test_a_command_that_waited_for_an_approval_is_not_waited_for() -> None:
    session: Any = NothingRuns()
    command: Any = {"id": "call_1", "type": "command", "status": "running"}
    async with asyncio.timeout(10):
        await Background(session).end([command], seconds=3600)


class SlowlyListed:
    """A session whose app-server takes its time to list the one running command."""

    def __init__(self) -> None:
        self.thread = self
        self.may_list = asyncio.Event()
        self.terminated = asyncio.Event()

    async def ask(self, method: str, **_params: Any) -> dict[str, Any]:
        if method == "thread/backgroundTerminals/terminate":
            self.terminated.set()
            return {}
        await self.may_list.wait()
        return {"data": [{"itemId": "call_1", "processId": "7", "command": "sleep 600"}]}


async def test_a_command_is_killed_also_when_that_takes_longer_than_anybody_waits() -> None:
    session: Any = SlowlyListed()
    command: Any = {"id": "call_1", "type": "command", "status": "running"}
    background = Background(session)
    await background.end([command], seconds=0)
    assert not session.terminated.is_set()
    session.may_list.set()
    async with asyncio.timeout(10):
        await session.terminated.wait()
    background.take({"method": "item/completed", "params": {"item": {"id": "call_1"}}})
    left = asyncio.all_tasks() - {asyncio.current_task()}
    async with asyncio.timeout(10):
        await asyncio.gather(*left)


@pytest.mark.parametrize("end", ["new", "death"])
async def test_commands_of_a_session_that_was_left_or_has_died_are_not_the_next_ones(
    bench: Bench, end: str
) -> None:
    await bench.play(["run", "echo up; sleep 60", {"yield_time_ms": 250}], ["say", "started"])
    assert bench.session.background.running
    if end == "new":
        await bench.run("/new")
    else:
        assert bench.session.server
        bench.session.connection.kill()
        await bench.session.server.gone
    await bench.play(["say", "here"])
    assert not bench.session.background.commands
