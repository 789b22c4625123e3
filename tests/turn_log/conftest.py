"""A real log in a folder of its own, and the proof that nothing of it stays behind."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from codex_kernel.settings import LogSettings
from codex_kernel.turn_log.log import TurnLog


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    """The database's threads end with the log (those of the loop's executor are the loop's)."""
    before = set(threading.enumerate())
    yield
    for thread in set(threading.enumerate()) - before:
        if not thread.name.startswith("asyncio"):
            thread.join(5)
            assert not thread.is_alive(), thread


@pytest.fixture(autouse=True)
async def no_task_is_left() -> AsyncIterator[None]:
    """Neither a poller nor a writer outlives its log."""
    before = asyncio.all_tasks()
    yield
    assert asyncio.all_tasks() <= before | {asyncio.current_task()}


@pytest.fixture
def settings(tmp_path: Path) -> LogSettings:
    """Settings of a log that does not exist yet, and that a busy machine does not give up."""
    return LogSettings(folder=tmp_path / "codex_kernel", commit_seconds=60)


@pytest.fixture
async def log(settings: LogSettings) -> AsyncIterator[TurnLog]:
    """An open log."""
    async with TurnLog.open(settings) as opened:
        yield opened
