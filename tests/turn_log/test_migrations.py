"""The schema, from blank and from every earlier version."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import AsyncExitStack, closing

import pytest

from codex_kernel.ids import log_path
from codex_kernel.settings import LogSettings
from codex_kernel.turn_log.log import TurnLog
from codex_kernel.turn_log.migrations import MIGRATIONS

from .process import other
from .turns import ended


def _schema(settings: LogSettings) -> tuple[int, list[tuple[str, str]]]:
    with closing(sqlite3.connect(log_path(settings.folder))) as connection:
        [version] = connection.execute("PRAGMA user_version").fetchone()
        tables = connection.execute("SELECT name, sql FROM sqlite_master ORDER BY name")
        return version, tables.fetchall()


@pytest.mark.parametrize("version", range(len(MIGRATIONS)))
async def test_every_earlier_version_becomes_the_newest(
    settings: LogSettings, tmp_path_factory: pytest.TempPathFactory, version: int
) -> None:
    blank = LogSettings(folder=tmp_path_factory.mktemp("blank"))
    async with TurnLog.open(blank):
        pass
    settings.folder.mkdir()
    with closing(sqlite3.connect(log_path(settings.folder))) as connection:
        for statements in MIGRATIONS[:version]:
            for statement in statements:
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {version}")
        connection.commit()
    async with TurnLog.open(settings) as log:
        record = await ended(log)
        assert record.is_recorded
    assert _schema(settings) == _schema(blank)
    assert _schema(settings)[0] == len(MIGRATIONS)


async def test_turns_survive_a_migration(settings: LogSettings) -> None:
    old = MIGRATIONS[:1]
    settings.folder.mkdir()
    with closing(sqlite3.connect(log_path(settings.folder))) as connection:
        for statement in old[0]:
            connection.execute(statement)
        connection.execute("PRAGMA user_version = 1")
        connection.execute(
            "INSERT INTO turns (turn_id, prompt, state, seq, owner, epoch, updated_at) "
            "VALUES ('t', 'p', 'queued', 1, 'o', 1, '2026-01-01T00:00:00.000Z')"
        )
        connection.execute(
            "INSERT INTO events VALUES ('t', 1, '2026-01-01T00:00:00.000Z', 'turn.queued', "
            '\'{"type":"turn.queued","prompt":"p"}\')'
        )
        connection.commit()
    async with TurnLog.open(settings) as log:
        [row] = await log.turns()
        transcript = await log.transcript(row.turn_id)
    assert transcript is not None
    assert transcript.data["prompt"] == row.prompt == "p"


async def test_processes_that_open_a_blank_log_at_once_all_get_it(settings: LogSettings) -> None:
    async with AsyncExitStack() as stack:
        others = await asyncio.gather(
            *(stack.enter_async_context(other(settings.folder)) for _ in range(4))
        )
        turns = await asyncio.gather(*(process.do("run") for process in others))
        async with TurnLog.open(settings) as log:
            assert {row.turn_id for row in await log.turns()} == set(turns)
    assert _schema(settings)[0] == len(MIGRATIONS)


async def test_opening_waits_for_a_process_that_reads_a_file_without_wal(
    settings: LogSettings,
) -> None:
    settings.folder.mkdir()
    with closing(sqlite3.connect(log_path(settings.folder), isolation_level=None)) as reader:
        for statement in MIGRATIONS[0]:
            reader.execute(statement)
        reader.execute("PRAGMA user_version = 1")
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM turns").fetchall()

        async def open_and_write() -> bool:
            async with TurnLog.open(settings) as log:
                return (await ended(log)).is_recorded

        opening = asyncio.create_task(open_and_write())
        assert not (await asyncio.wait({opening}, timeout=0.2))[0]
        reader.execute("COMMIT")
        assert await opening
