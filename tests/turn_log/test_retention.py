"""Old turns go, live ones stay."""

from __future__ import annotations

import pytest

from codex_kernel.settings import LogSettings
from codex_kernel.turn_log import bindings, commands, retention
from codex_kernel.turn_log.images import keep_before
from codex_kernel.turn_log.log import TurnLog
from codex_kernel.turn_log.record import TurnRecord

from .turns import SESSION, ended, ending, running, text


async def age(log: TurnLog, record: TurnRecord, day: str) -> None:
    """Have a turn end on a day of the past."""
    await log.database.write(
        "UPDATE turns SET finished_at = ? WHERE turn_id = ? AND finished_at IS NOT NULL",
        (f"{day}T00:00:00.000Z", record.turn_id),
    )


async def left(log: TurnLog) -> set[str]:
    """The turns that are still there."""
    return {row.turn_id for row in await log.turns()}


async def test_turns_beyond_the_age_are_deleted_with_all_that_is_theirs(log: TurnLog) -> None:
    old, new = await ended(log), await ended(log)
    await keep_before(log, old.turn_id, "/a", b"a")
    await commands.ask(log, "turn", old.turn_id, "steer", {}, "ada")
    await age(log, old, "2020-01-01")
    report = await retention.prune(log)
    assert report.turns == 1
    assert report.bytes > 0
    assert await left(log) == {new.turn_id}
    for table in ("events", "before_images", "commands", "deleted_turns", "compacted_turns"):
        rows = await log.database.rows(f"SELECT * FROM {table} WHERE turn_id = ?", (old.turn_id,))
        assert rows == []
    kept = await log.transcript(new.turn_id)
    assert kept is not None
    assert kept.data == new.transcript.data


async def test_dry_run_reports_the_same_and_deletes_nothing(log: TurnLog) -> None:
    old = await ended(log)
    await age(log, old, "2020-01-01")
    foreseen = await retention.prune(log, dry_run=True)
    assert await left(log) == {old.turn_id}
    report = await retention.prune(log)
    assert (foreseen.turns, foreseen.bytes) == (report.turns, report.bytes) == (1, report.bytes)
    assert foreseen.is_dry_run
    assert not report.is_dry_run


async def test_live_turns_are_never_deleted(log: TurnLog) -> None:
    live = await running(log)
    await log.database.write("UPDATE turns SET updated_at = '2020-01-01', queued_at = '2020'")
    assert (await retention.prune(log, max_age_days=0, max_bytes=0)).turns == 0
    assert await retention.delete_turns(log, [live.turn_id]) == []
    await live.append(ending("42"))
    assert await left(log) == {live.turn_id}


async def test_oldest_turns_go_until_the_rest_fits(log: TurnLog) -> None:
    records = [await running(log) for _ in range(4)]
    for record in records:
        await record.append([text("x" * 200_000)])
        await record.append(ending("done"))
    for day, record in enumerate(records, 1):
        await age(log, record, f"2026-01-0{day}")
    report = await retention.prune(log, max_age_days=1e4, max_bytes=600_000)
    assert report.turns == 2
    assert await left(log) == {record.turn_id for record in records[2:]}
    assert (await retention.prune(log, max_age_days=1e4, max_bytes=600_000)).turns == 0


async def test_long_turn_is_deleted_in_chunks_and_its_space_given_back(
    log: TurnLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = await running(log)
    await record.append([text("x" * 1000) for _ in range(2500)])
    await record.append(ending("done"))
    [[before]] = await log.database.pragma("page_count")
    sizes: list[int] = []
    write = log.database.write

    async def counted(sql: str, parameters: object = ()) -> int:
        sizes.append(await write(sql, parameters))  # type: ignore[arg-type]  # as given
        return sizes[-1]

    monkeypatch.setattr(log.database, "write", counted)
    assert await retention.delete_turns(log, [record.turn_id]) == [record.turn_id]
    assert max(sizes) == 1000
    [[after]] = await log.database.pragma("page_count")
    [[free]] = await log.database.pragma("freelist_count")
    assert free == 0
    assert after < before / 10


async def test_deletion_that_was_cut_short_is_completed_by_the_next(
    settings: LogSettings, log: TurnLog
) -> None:
    record = await ended(log)
    assert await retention._hide(log, record.turn_id)
    assert await log.turn(record.turn_id) is None
    assert await log.transcript(record.turn_id) is None
    async with TurnLog.open(settings) as later:
        await retention.prune(later)
        assert await later.database.rows("SELECT * FROM events") == []
        assert await later.database.rows("SELECT * FROM deleted_turns") == []


async def test_turns_of_a_session_are_deleted(log: TurnLog) -> None:
    over, live = await ended(log), await running(log)
    assert await retention.delete_turns_of(log, "another") == []
    assert await retention.delete_turns_of(log, SESSION) == [over.turn_id]
    assert await left(log) == {live.turn_id}


async def test_a_session_is_deleted_with_its_turns_but_not_under_a_live_one(log: TurnLog) -> None:
    await bindings.remember_session(log, SESSION)
    await ended(log)
    live = await running(log)
    assert not await retention.delete_session(log, SESSION)
    assert len(await left(log)) == 2
    await live.append(ending("42"))
    assert await retention.delete_session(log, SESSION)
    assert await left(log) == set()
    assert await bindings.session(log, SESSION) is None


async def test_turns_can_be_kept_for_ever(log: TurnLog) -> None:
    record = await ended(log)
    await age(log, record, "2020-01-01")
    assert (await retention.prune(log, max_age_days=float("inf"))).turns == 0
