"""The engine from its start to its end, with the real binary."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator

import psutil
import pytest

from codex_kernel.engine.engine import Engine
from codex_kernel.engine.session import Session
from codex_kernel.settings import AppServerSettings, LogSettings, Settings

from ..end_to_end.place import Place, new_place, processes_of, scripted


@pytest.fixture
def place() -> Iterator[Place]:
    with new_place() as place, scripted(place):
        yield place


def engine_in(place: Place) -> Engine:
    return Engine(
        Settings(
            app_server=AppServerSettings(environ=place.environ()),
            log=LogSettings(folder=place.data),
        )
    )


async def test_an_engine_that_is_closed_while_it_starts_leaves_nothing_behind(place: Place) -> None:
    threads = psutil.Process().num_threads()
    engine = engine_in(place)
    await engine.aclose()
    await engine.aclose()
    assert [p for p in processes_of(place) if p.pid != os.getpid()] == []
    assert psutil.Process().num_threads() <= threads + 1  # one of asyncio's own pool stays


async def test_who_gives_up_waiting_does_not_stop_the_start(place: Place) -> None:
    engine = engine_in(place)

    async def journal_mode(session: Session) -> str:
        return session.log.database.journal_mode

    engine.run(journal_mode).cancel()
    assert await asyncio.wrap_future(engine.run(journal_mode)) == "wal"
    await engine.aclose()
