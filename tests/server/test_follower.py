"""Following is done once for all, and nobody who is slow makes it more."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from codex_kernel.errors import LogUnavailable
from codex_kernel.ids import TurnId
from codex_kernel.server import follower as follower_module
from codex_kernel.server.follower import BUFFER_BYTES, FEED, Follower, Frame, Subscription
from codex_kernel.server.stream import Reading
from codex_kernel.settings import LogSettings
from codex_kernel.turn_log.log import TurnLog
from codex_kernel.turn_log.retention import delete_turns
from tests.turn_log.turns import ended, ending, running, text

from .place import SECONDS, eventually


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[TurnLog]:
    async with TurnLog.open(LogSettings(folder=tmp_path, commit_seconds=60)) as opened:
        yield opened


@pytest.fixture
async def follower(log: TurnLog) -> AsyncIterator[Follower]:
    """One at work; at the end nothing of it is left."""
    before = asyncio.all_tasks()
    made = Follower(log, lambda notebook: notebook, 0.005)
    task = asyncio.create_task(made.run())
    yield made
    assert not made._topics
    task.cancel()
    await asyncio.wait({task})
    assert asyncio.all_tasks() <= before | {asyncio.current_task()}


def frames(*numbers: int, size: int = 1) -> list[Frame]:
    return [Frame(number, b"x" * size) for number in numbers]


async def collected(follower: Follower, log: TurnLog, turn_id: TurnId) -> list[dict[str, Any]]:
    reading = Reading(log, turn_id, 0)
    return [json.loads(text) async for text in reading.all(follower, SECONDS)]


async def test_a_new_subscription_reads_the_log_first_and_then_gets_frames() -> None:
    reader = Subscription()
    reader.offer(frames(1))
    assert await reader.take(SECONDS) is None
    reader.offer(frames(2, 3))
    assert await reader.take(SECONDS) == frames(2, 3)
    assert await reader.take(0.01) == []


async def test_who_does_not_keep_up_loses_the_frames_and_is_told_so() -> None:
    reader = Subscription()
    await reader.take(SECONDS)
    for number in range(1000):
        reader.offer(frames(number, size=BUFFER_BYTES // 10))
        assert reader._bytes <= BUFFER_BYTES
    assert await reader.take(SECONDS) is None
    reader.offer(frames(1001))
    assert await reader.take(SECONDS) == frames(1001)


async def test_fifty_readers_of_a_turn_cost_one_query_a_commit(
    log: TurnLog, follower: Follower, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = await running(log)
    reading = [asyncio.create_task(collected(follower, log, record.turn_id)) for _ in range(50)]
    rows, asked = log.database.rows, 0

    async def counted(sql: str, parameters: Any = ()) -> Any:
        nonlocal asked
        asked += 1
        return await rows(sql, parameters)

    monkeypatch.setattr(log.database, "rows", counted)
    await eventually(lambda: _is_followed_by(follower, record.turn_id, 50))
    before = asked
    for _ in range(10):
        await record.append([text("x")])
    # Each time one look at the turn's number, one at its events, one whether it is compacted.
    assert asked - before <= 10 * 3
    await record.append(ending("done"))
    async with asyncio.timeout(SECONDS):
        streams = await asyncio.gather(*reading)
    assert all(stream == streams[0] for stream in streams)
    assert [item["event"]["seq"] for item in streams[0][:-1]] == list(
        range(1, record.transcript.seq + 1)
    )


def _is_followed_by(follower: Follower, turn_id: TurnId, readers: int) -> bool:
    """Whether so many have read the log and wait for what comes."""
    topic = follower._topics.get(turn_id)
    return (
        topic is not None
        and topic.position is not None
        and len(topic.readers) == readers
        and all(reader._wake._waiters for reader in topic.readers)  # type: ignore[attr-defined]  # no public way
    )


async def test_a_reader_that_fell_behind_goes_on_without_gap_or_repeat(
    log: TurnLog, follower: Follower
) -> None:
    record = await running(log)
    reading = Reading(log, record.turn_id, 0)
    found: list[dict[str, Any]] = []
    number = 0
    async with asyncio.timeout(SECONDS):
        async for message in reading.all(follower, SECONDS):
            found.append(json.loads(message))
            # While this reader thinks, more comes than may wait for it.
            if number < 8:
                number += 1
                await record.append([text("x" * (BUFFER_BYTES // 3))] * 2)
            elif not record.transcript.is_final:
                await record.append(ending("z"))
    numbers = [item["event"]["seq"] for item in found[:-1]]
    assert numbers == list(range(1, record.transcript.seq + 1))


async def test_a_turn_deleted_while_it_is_read_ends_the_reading(
    log: TurnLog, follower: Follower
) -> None:
    record = await ended(log)
    reading = Reading(log, record.turn_id, 0)
    found: list[dict[str, Any]] = []
    async with asyncio.timeout(SECONDS):
        async for message in reading.all(follower, 0.1):
            found.append(json.loads(message))
            if len(found) == 1:
                await delete_turns(log, [record.turn_id])
    assert found[-1]["type"] == "end"


async def test_nothing_is_polled_while_nobody_watches(log: TurnLog, follower: Follower) -> None:
    assert not log._poller._tails
    with follower.follow(FEED) as reader:
        assert await reader.take(SECONDS) is None
        await eventually(lambda: bool(log._poller._tails))
    await ended(log)
    await eventually(lambda: not log._poller._tails)


async def test_a_log_that_fails_for_a_while_costs_nobody_an_event(
    log: TurnLog, follower: Follower, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follower_module, "_PAUSE_SECONDS", 0.01)
    record = await running(log)
    reading = asyncio.create_task(collected(follower, log, record.turn_id))
    positions = log.positions
    failures = 0

    async def failing(turn_ids: Any) -> Any:
        nonlocal failures
        failures += 1
        if failures % 2:
            raise LogUnavailable("The disk reports an error.")
        return await positions(turn_ids)

    monkeypatch.setattr(log, "positions", failing)
    for _ in range(10):
        await record.append([text("x")])
    await record.append(ending("z"))
    async with asyncio.timeout(SECONDS):
        found = await reading
    assert failures
    assert [item["event"]["seq"] for item in found[:-1]] == list(
        range(1, record.transcript.seq + 1)
    )
