"""Readers get every row once, whether it was there before or comes later."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from codex_kernel.errors import LogUnavailable
from codex_kernel.ids import TurnId, new_turn_id
from codex_kernel.settings import LogSettings
from codex_kernel.turn.events import item_started, item_text, turn_queued
from codex_kernel.turn_log import log as turn_log
from codex_kernel.turn_log.log import TurnLog

from .process import other
from .turns import begin, beginning, ended, ending, running, text


async def follow(log: TurnLog, turn_id: TurnId, after: int, limit: int) -> list[dict[str, Any]]:
    """Everything after a number until the turn has ended, as a stream reads it."""
    found: list[dict[str, Any]] = []
    async with log.tail() as tail:
        while not found or found[-1]["type"] != "turn.ended":
            page = await log.events(turn_id, after=after, limit=limit)
            found += page
            after = page[-1]["seq"] if page else after
            if not page:
                assert await tail.changed(30)
    return found


@given(
    before=st.lists(st.integers(1, 4), max_size=4),
    later=st.lists(st.integers(1, 4), max_size=4),
    limit=st.integers(1, 6),
    position=st.integers(0, 20),
)
@hypothesis_settings(max_examples=25, deadline=None)
def test_what_is_read_joins_what_comes_later(
    before: list[int], later: list[int], limit: int, position: int
) -> None:
    async def scenario() -> None:
        with tempfile.TemporaryDirectory() as folder:
            settings = LogSettings(folder=Path(folder))
            async with TurnLog.open(settings) as writer, TurnLog.open(settings) as reader:
                record, events = await writer.begin(new_turn_id(), turn_queued("hello"))
                events += await record.append(beginning())
                for count in before:
                    events += await record.append([text("x")] * count)
                after = min(position, len(events))
                reading = asyncio.create_task(follow(reader, record.turn_id, after, limit))
                for count in later:
                    events += await record.append([text("y")] * count)
                events += await record.append(ending("z"))
                assert await reading == events[after:]

    asyncio.run(scenario())


async def test_tail_hears_of_every_process_and_of_this_one(settings: Any, log: TurnLog) -> None:
    async with log.tail() as tail, other(settings.folder) as process:
        turn_id = await process.do("run")
        while await log.turn(turn_id) is None:
            assert await tail.changed(30)
        record = await running(log)
        assert await tail.changed(30)
        assert len(await log.events(record.turn_id)) == 4


async def test_tail_is_quiet_when_nothing_happens(log: TurnLog) -> None:
    async with log.tail(0.001) as tail:
        while await tail.changed(0.1):
            continue
        assert not await tail.changed(0.05)


async def test_several_tails_hear_the_same(log: TurnLog) -> None:
    async with log.tail() as one, log.tail(60) as two:
        for tail in (one, two):
            while await tail.changed(0.1):
                continue
        await running(log)
        assert await one.changed(30)
        assert await two.changed(30)


async def test_tail_of_a_log_in_memory_hears_of_commits() -> None:
    async with TurnLog.unavailable("gone") as log, log.tail() as tail:
        while await tail.changed(0.1):
            continue
        await begin(log)
        assert await tail.changed(30)


async def test_compacted_turn_is_answered_by_its_last_state(log: TurnLog) -> None:
    record = await ended(log, "a long answer")
    before = await log.turn(record.turn_id)
    assert before is not None
    last = record.transcript.seq
    assert await log.compact(record.turn_id)
    snapshot = {"type": "snapshot", "seq": last, "transcript": record.transcript.data}
    assert await log.events(record.turn_id) == [snapshot]
    assert await log.events(record.turn_id, after=last - 1) == [snapshot]
    assert await log.events(record.turn_id, after=last) == []
    transcript = await log.transcript(record.turn_id)
    assert transcript is not None
    assert transcript.data == record.transcript.data
    rows = await log.database.rows("SELECT type, body FROM events ORDER BY seq")
    kinds = [row["type"] for row in rows]
    assert kinds == ["turn.queued", "settings.updated", "turn.ended"]
    after = await log.turn(record.turn_id)
    assert after is not None
    assert after.is_compacted
    assert not before.is_compacted
    [row] = await log.database.rows("SELECT snapshot FROM turns")
    assert after.bytes == len(row["snapshot"]) + sum(len(row["body"]) for row in rows)


async def test_only_ended_turns_are_compacted_and_once(log: TurnLog) -> None:
    live = await running(log)
    assert not await log.compact(live.turn_id)
    assert not await log.compact(new_turn_id())
    over = await ended(log)
    assert await log.compact(over.turn_id)
    assert not await log.compact(over.turn_id)


async def test_all_that_has_ended_is_compacted_whatever_became_of_it(log: TurnLog) -> None:
    whole, damaged, deleted, live = [await ended(log) for _ in range(3)] + [await running(log)]
    await log.database.write(
        "UPDATE events SET body = '{' WHERE turn_id = ? AND seq = 3", (damaged.turn_id,)
    )
    await log.database.write("DELETE FROM turns WHERE turn_id = ?", (deleted.turn_id,))
    await log.compact_ended()
    rows = {row.turn_id: row for row in await log.turns()}
    assert [t for t in rows if rows[t].is_compacted] == [whole.turn_id]
    assert len(await log.events(live.turn_id)) == live.transcript.seq
    assert not await log.database.rows("SELECT turn_id FROM compacted_turns")
    kept = "SELECT * FROM events WHERE turn_id = ?"
    assert len(await log.database.rows(kept, (damaged.turn_id,))) == damaged.transcript.seq


async def test_reader_that_was_half_way_gets_the_rest_of_a_compacted_turn(log: TurnLog) -> None:
    record = await ended(log)
    half = await log.events(record.turn_id, limit=3)
    await log.compact(record.turn_id)
    [rest] = await log.events(record.turn_id, after=half[-1]["seq"])
    assert rest["transcript"] == record.transcript.data


async def test_the_transcript_is_the_fold_of_the_rows_however_texts_follow_each_other(
    log: TurnLog,
) -> None:
    record = await running(log)
    await record.append([text("a"), text("b")])
    thought = {"id": "r", "type": "reasoning", "status": "running", "summary": [], "content": []}
    await record.append([item_started(thought), text("c")])
    parts = [item_text("r", "summary", part, index=index) for index in (0, 1) for part in "xy"]
    await record.append([*parts, text("d"), text("e"), text("f")])
    transcript = await log.transcript(record.turn_id)
    assert transcript is not None
    assert transcript.data == record.transcript.data


async def test_events_of_a_compacted_turn_go_in_chunks_also_when_that_is_cut_short(
    log: TurnLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turn_log, "CHUNK_ROWS", 10)
    record = await ended(log, "a" * 25)
    write, deleted = log.database.write, []

    async def write_once(sql: str, parameters: Any = ()) -> int:
        if "DELETE" not in sql:
            return await write(sql, parameters)
        if deleted:
            raise LogUnavailable("The disk is full.")
        deleted.append(await write(sql, parameters))
        return deleted[-1]

    monkeypatch.setattr(log.database, "write", write_once)
    with pytest.raises(LogUnavailable):
        await log.compact(record.turn_id)
    assert deleted == [10]
    transcript = await log.transcript(record.turn_id)
    assert transcript is not None
    assert transcript.answer() == "a" * 25
    monkeypatch.setattr(log.database, "write", write)
    await log.compact_ended()
    kinds = await log.database.rows("SELECT type FROM events WHERE turn_id = ?", (record.turn_id,))
    assert "item.text" not in {row["type"] for row in kinds}
    assert not await log.database.rows("SELECT * FROM compacted_turns")
    assert await log.transcript(record.turn_id) is not None
