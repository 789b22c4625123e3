"""Opening the log, recording turns, reading them back."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from codex_kernel.errors import InvalidTransition, LogTooNew, LogUnavailable
from codex_kernel.ids import log_path, new_turn_id
from codex_kernel.settings import LogSettings
from codex_kernel.turn.events import turn_ended, turn_queued
from codex_kernel.turn.transcript import fold
from codex_kernel.turn_log.log import TurnLog

from .turns import NOTEBOOK, SESSION, begin, beginning, ended, ending, running, text


async def test_folder_and_file_are_closed_to_others(settings: LogSettings) -> None:
    async with TurnLog.open(settings) as log:
        await begin(log)
        assert stat.S_IMODE(settings.folder.stat().st_mode) == 0o700
        files = list(settings.folder.iterdir())
        assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
        assert len(files) == 3


async def test_events_come_back_as_appended(log: TurnLog) -> None:
    record, events = await log.begin(new_turn_id(), turn_queued("hello"))
    events += await record.append(beginning())
    events += await record.append([text("4"), text("2")])
    events += await record.append(ending("42"))
    assert await log.events(record.turn_id) == events
    assert [event["seq"] for event in events] == list(range(1, 9))
    assert await log.events(record.turn_id, after=3, limit=2) == events[3:5]
    assert record.is_recorded


async def test_row_of_the_turn_says_what_the_fold_says(log: TurnLog) -> None:
    record = await begin(log)
    for drafts in (beginning(), [text("42")], ending("42")):
        await record.append(drafts)
        row = await log.turn(record.turn_id)
        assert row is not None
        data = record.transcript.data
        for key in ("state", "seq", "session_id", "codex_turn_id", "notebook", "cell_id"):
            assert getattr(row, key) == data[key]
        for key in ("queued_at", "started_at", "finished_at", "error"):
            assert getattr(row, key) == data[key]
        recorded = await log.transcript(record.turn_id)
        assert recorded is not None
        assert recorded.data == fold(await log.events(record.turn_id)) == data


async def test_event_that_cannot_follow_writes_nothing_of_its_batch(log: TurnLog) -> None:
    record = await running(log)
    before = record.transcript.snapshot()
    with pytest.raises(InvalidTransition):
        await record.append([text("x"), turn_queued("again")])
    assert record.transcript.data == before
    assert len(await log.events(record.turn_id)) == before["seq"]
    await record.append([text("y")])
    assert record.transcript.data["items"][0]["text"] == "y"


@pytest.mark.parametrize("late", [text("x"), turn_ended("failed"), {"type": "of.the.future"}])
async def test_nothing_follows_the_end(log: TurnLog, late: dict[str, str]) -> None:
    record = await running(log)
    with pytest.raises(InvalidTransition):
        await record.append([turn_ended("completed"), late])
    await record.append([turn_ended("completed")])
    with pytest.raises(InvalidTransition):
        await record.append([late])
    kinds = [event["type"] for event in await log.events(record.turn_id)]
    assert kinds.count("turn.ended") == 1
    assert kinds[-1] == "turn.ended"


async def test_draft_that_is_not_json_writes_nothing(log: TurnLog) -> None:
    record = await running(log)
    with pytest.raises(TypeError):
        await record.append([{**text("x"), "what": object()}])
    assert record.transcript.seq == len(await log.events(record.turn_id)) == 4


async def test_text_that_is_not_unicode_comes_back_as_it_was(log: TurnLog) -> None:
    broken = "half a pair: \ud83d, zero: \0, \u2028"
    record, events = await log.begin(new_turn_id(), turn_queued(broken, cell_id=broken))
    events += await record.append([*beginning(), text(broken)])
    assert record.is_recorded
    assert await log.events(record.turn_id) == events
    await record.append([turn_ended("failed")])
    assert await log.compact(record.turn_id)
    transcript = await log.transcript(record.turn_id)
    assert transcript is not None
    assert transcript.data == record.transcript.data


async def test_record_of_a_closed_log_goes_on_from_memory(settings: LogSettings) -> None:
    async with TurnLog.open(settings) as log:
        record = await running(log)
    events = await record.append([text("x")])
    assert events[0]["seq"] == record.transcript.seq == 5
    assert not record.is_recorded
    with pytest.raises(LogUnavailable, match="closed"):
        await log.turns()


async def test_appends_at_once_are_in_order(log: TurnLog) -> None:
    record = await running(log)
    batches = await asyncio.gather(*(record.append([text(f"{n} ")]) for n in range(50)))
    assert [batch[0]["seq"] for batch in batches] == list(range(5, 55))
    assert [event["seq"] for event in await log.events(record.turn_id)] == list(range(1, 55))


async def test_cancelled_append_is_recorded_all_the_same(log: TurnLog) -> None:
    record = await running(log)
    task = asyncio.create_task(record.append([text("x")]))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait({task})
    assert await record.aclose(5)
    await record.append([text("y")])
    assert [event["seq"] for event in await log.events(record.turn_id)] == list(range(1, 7))


async def test_a_turn_is_begun_once(log: TurnLog) -> None:
    record = await begin(log)
    with pytest.raises(InvalidTransition):
        await begin(log, turn_id=record.turn_id)


async def test_turns_are_found_by_what_is_known(log: TurnLog) -> None:
    ids = sorted(new_turn_id() for _ in range(3))
    first = await ended(log, cell_id="a", turn_id=ids[0])
    second = await running(log, cell_id="b", turn_id=ids[1])
    other = await begin(log, cell_id="a", notebook="/workspace/copy.ipynb", turn_id=ids[2])

    async def found(**query: object) -> list[str]:
        return [row.turn_id for row in await log.turns(**query)]  # type: ignore[arg-type]  # as given

    everything = [other.turn_id, second.turn_id, first.turn_id]
    assert await found() == everything
    assert await found(notebook=NOTEBOOK, cell_id="a") == [first.turn_id]
    assert await found(session_id=SESSION) == everything
    assert await found(state="live") == everything[:2]
    assert await found(state="running") == [second.turn_id]
    assert await found(state=("completed", "failed")) == [first.turn_id]
    assert await found(ids=[first.turn_id, new_turn_id()]) == [first.turn_id]
    assert await found(limit=1) == everything[:1]
    assert await found(before=second.turn_id) == [first.turn_id]
    assert await found(session_id="another") == []


async def test_unknown_turn_is_nothing(log: TurnLog) -> None:
    turn_id = new_turn_id()
    assert await log.turn(turn_id) is None
    assert await log.transcript(turn_id) is None
    assert await log.events(turn_id) == []


async def test_long_turn_is_folded_page_by_page(log: TurnLog) -> None:
    record = await running(log)
    await record.append([text("x") for _ in range(2500)])
    transcript = await log.transcript(record.turn_id)
    assert transcript is not None
    assert transcript.data == record.transcript.data


async def test_damaged_file_is_left_and_named(settings: LogSettings) -> None:
    settings.folder.mkdir()
    path = log_path(settings.folder)
    path.write_bytes(b"not a database " * 1000)
    with pytest.raises(LogUnavailable, match="damaged") as caught:
        async with TurnLog.open(settings):
            pass
    assert str(path) in caught.value.next_step
    assert path.read_bytes().startswith(b"not a database")


async def test_newer_file_is_refused_and_left(settings: LogSettings) -> None:
    async with TurnLog.open(settings):
        pass
    path = log_path(settings.folder)
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(LogTooNew):
        async with TurnLog.open(settings):
            pass
    assert path.read_bytes() == before


async def test_folder_that_cannot_be_made_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LogUnavailable, match="cannot be written"):
        async with TurnLog.open(LogSettings(folder=tmp_path / "file" / "log")):
            pass


async def test_without_a_file_everything_works_in_memory() -> None:
    async with TurnLog.unavailable("The disk is gone.") as log:
        record = await ended(log)
        assert not record.is_recorded
        assert record.problem == "The disk is gone."
        assert len(await log.events(record.turn_id)) == record.transcript.seq
        assert log.health()["problem"] == "The disk is gone."


def test_a_process_that_never_closes_the_log_can_end(settings: LogSettings) -> None:
    text = (
        "import asyncio, pathlib, sys\n"
        "from codex_kernel.settings import LogSettings\n"
        "from codex_kernel.turn_log.log import TurnLog\n"
        "loop = asyncio.new_event_loop()\n"
        "opened = TurnLog.open(LogSettings(folder=pathlib.Path(sys.argv[1])))\n"
        "loop.run_until_complete(opened.__aenter__())\n"
        "print('open')\n"
    )
    command = [sys.executable, "-W", "ignore", "-c", text, str(settings.folder)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout) == (0, "open\n"), ended.stderr
