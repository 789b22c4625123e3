"""The engine from its start to its end, with the real binary."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterator

import pytest

from codex_kernel.engine.engine import Engine
from codex_kernel.engine.session import Session
from codex_kernel.settings import AppServerSettings, LogSettings, Settings

from ..end_to_end.place import Place, new_place, processes_of, scripted, wait_until


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


def threads() -> set[str]:
    """The names of the threads that run, but those of asyncio's own pool."""
    return {each.name for each in threading.enumerate() if not each.name.startswith("asyncio_")}


async def test_an_engine_that_is_closed_while_it_starts_leaves_nothing_behind(place: Place) -> None:
    before = threads()
    engine = engine_in(place)
    await engine.aclose()
    await engine.aclose()
    assert [p for p in processes_of(place) if p.pid != os.getpid()] == []
    wait_until(lambda: threads() <= before)


async def test_an_engine_whose_end_fails_leaves_no_loop_behind(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    aclose = Session.aclose

    async def failing(session: Session) -> None:
        await aclose(session)
        raise OSError("disk full")

    monkeypatch.setattr(Session, "aclose", failing)
    before = threads()
    with pytest.raises(OSError, match="disk full"):
        await engine_in(place).aclose()
    wait_until(lambda: threads() <= before)


async def test_who_gives_up_waiting_does_not_stop_the_start(place: Place) -> None:
    engine = engine_in(place)

    async def journal_mode(session: Session) -> str:
        return session.log.database.journal_mode

    engine.run(journal_mode).cancel()
    assert await asyncio.wrap_future(engine.run(journal_mode)) == "wal"
    await engine.aclose()
