"""A turn goes on whatever happens to its log, and the log catches up."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from typing import Any

import pytest

from codex_kernel.errors import OwnershipLost
from codex_kernel.ids import NotebookPath, log_path
from codex_kernel.settings import LogSettings
from codex_kernel.turn.events import turn_ended
from codex_kernel.turn_log.bindings import bind
from codex_kernel.turn_log.log import TurnLog
from codex_kernel.turn_log.retention import delete_turns

from .turns import begin, beginning, ended, ending, running, text


@pytest.fixture
async def impatient(settings: LogSettings) -> AsyncIterator[TurnLog]:
    """A log that is given up on soon."""
    async with TurnLog.open(replace(settings, commit_seconds=0.05)) as log:
        yield log


@contextmanager
def locked(settings: LogSettings) -> Iterator[None]:
    """Another connection holds the file's write lock."""
    with closing(sqlite3.connect(log_path(settings.folder), isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        yield
        connection.execute("ROLLBACK")


async def test_turn_goes_on_under_a_lock_and_is_recorded_after_it(
    settings: LogSettings, impatient: TurnLog
) -> None:
    log = impatient
    record = await running(log)
    assert await record.aclose(30)
    with locked(settings):
        events = await record.append([text("a")])
        assert not record.is_recorded
        assert record.problem == "The turn log did not take the turn's events within 0.05 s."
        for part in "bcd":
            events += await record.append([text(part)])
        assert record.transcript.data["items"][0]["text"] == "abcd"
        assert len(await log.events(record.turn_id)) == 4
        health = log.health()
        assert health["is_recorded"] is False
        assert health["problem"] == record.problem
    assert await record.aclose(30)
    assert record.problem is None
    assert log.health()["is_recorded"] is True
    assert await log.events(record.turn_id, after=4) == events
    events = await record.append(ending("abcd"))
    assert await record.aclose(30)
    assert await log.events(record.turn_id, after=8) == events


async def test_turn_begun_and_ended_under_a_lock_is_recorded_after_it(
    settings: LogSettings, impatient: TurnLog
) -> None:
    log = impatient
    with locked(settings):
        record = await ended(log)
        assert record.transcript.is_final
        assert await log.turns() == []
    assert await record.aclose(30)
    row = await log.turn(record.turn_id)
    assert row is not None
    assert (row.state, row.seq) == ("completed", record.transcript.seq)
    recorded = await log.transcript(record.turn_id)
    assert recorded is not None
    assert recorded.data == record.transcript.data


async def test_full_disk_is_named_and_caught_up_with(settings: LogSettings) -> None:
    async with TurnLog.open(settings) as log:
        record = await running(log)
        [[pages]] = await log.database.pragma("page_count")
        await log.database.pragma(f"max_page_count = {pages}")
        events = await record.append([text("x" * 100_000)])
        events += await record.append([text("y")])
        full = "The disk or quota that holds the turn log is full."
        assert record.problem == full
        assert log.health()["last_error"] == full
        await log.database.pragma("max_page_count = 1000000")
        assert await record.aclose(30)
        assert await log.events(record.turn_id, after=4) == events


async def test_write_that_is_cancelled_under_a_lock_leaves_the_log_usable(
    settings: LogSettings, log: TurnLog
) -> None:
    record = await running(log)
    with locked(settings):
        writing = asyncio.create_task(bind(log, NotebookPath("/workspace/a.ipynb"), "s"))
        assert not (await asyncio.wait({writing}, timeout=0.05))[0]
        writing.cancel()
    await asyncio.wait({writing})
    assert writing.cancelled()
    assert await log.database.rows("SELECT * FROM notebooks") == []
    await record.append([text("x")])
    assert await record.aclose(30)


async def test_long_backlog_is_written_in_order(settings: LogSettings, impatient: TurnLog) -> None:
    log = impatient
    record = await running(log)
    assert await record.aclose(30)
    with locked(settings):
        for number in range(1200):
            await record.append([text(f"{number} ")])
    assert await record.aclose(30)
    transcript = await log.transcript(record.turn_id)
    assert transcript is not None
    assert transcript.data == record.transcript.data


async def test_closing_the_log_takes_what_is_owed(settings: LogSettings) -> None:
    async with TurnLog.open(settings) as log:
        record = await begin(log)
        waiting = asyncio.create_task(record.append(beginning()))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait({waiting})
    async with TurnLog.open(settings) as log:
        assert len(await log.events(record.turn_id)) == 4


async def test_closing_a_locked_log_gives_up(settings: LogSettings) -> None:
    with ExitStack() as stack:
        async with TurnLog.open(replace(settings, commit_seconds=0.05)) as log:
            record = await running(log)
            assert await record.aclose(30)
            stack.enter_context(locked(settings))
            await record.append([text("never written")])
            assert not await record.aclose(0)
    async with TurnLog.open(settings) as log:
        assert len(await log.events(record.turn_id)) == 4


async def test_owner_that_lost_its_epoch_writes_no_more(log: TurnLog) -> None:
    record = await running(log)
    await log.database.write("UPDATE turns SET epoch = epoch + 1")
    for _ in range(2):
        with pytest.raises(OwnershipLost, match="taken this turn over"):
            await record.append([text("x")])
    assert not record.is_recorded
    assert len(await log.events(record.turn_id)) == 4
    row = await log.turn(record.turn_id)
    assert row is not None
    assert row.seq == 4


async def test_record_that_was_deleted_is_not_begun_again(log: TurnLog) -> None:
    record = await running(log)
    await log.database.write("UPDATE turns SET state = 'failed'")
    assert await delete_turns(log, [record.turn_id]) == [record.turn_id]
    with pytest.raises(OwnershipLost, match="deleted"):
        await record.append([turn_ended("completed")])
    assert await log.turns() == []


async def test_commit_whose_answer_was_lost_is_not_repeated(
    log: TurnLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An I/O error may come after the commit: then the same batch is tried once more."""
    record = await running(log)
    failures = iter([sqlite3.OperationalError("disk I/O error")])

    class Failing:
        def __init__(self, connection: sqlite3.Connection) -> None:
            self._connection = connection

        def __getattr__(self, name: str) -> Any:
            return getattr(self._connection, name)

        def commit(self) -> None:
            self._connection.commit()
            for failure in failures:
                raise failure

    writer = log.database._writer
    monkeypatch.setattr(writer, "_connection", Failing(writer._connection))
    events = await record.append([text("x")])
    assert await record.aclose(30)
    assert await log.events(record.turn_id, after=4) == events
