"""A page counts while it is connected and its server lives."""

from __future__ import annotations

import signal

from codex_kernel.ids import NotebookPath
from codex_kernel.settings import LogSettings
from codex_kernel.turn_log import presence
from codex_kernel.turn_log.log import TurnLog

from .process import other

A, B = NotebookPath("/workspace/a.ipynb"), NotebookPath("/workspace/b.ipynb")


async def test_a_page_is_present_for_what_it_shows_and_nothing_else(log: TurnLog) -> None:
    await presence.note(log, "page", [A])
    assert await presence.is_present(log, A)
    assert not await presence.is_present(log, B)
    await presence.note(log, "page", [B])
    assert await presence.is_present(log, B)
    assert not await presence.is_present(log, A, within_seconds=-1)


async def test_two_pages_of_one_notebook_count_each(log: TurnLog) -> None:
    await presence.note(log, "one", [A])
    await presence.note(log, "two", [A])
    await presence.forget(log, "one")
    assert await presence.is_present(log, A, within_seconds=-1)
    await presence.forget(log, "two")
    assert not await presence.is_present(log, A, within_seconds=-1)


async def test_a_reload_is_no_absence(log: TurnLog) -> None:
    await presence.note(log, "page", [A])
    await presence.forget(log, "page")
    assert await presence.is_present(log, A, within_seconds=60)
    assert not await presence.is_present(log, A, within_seconds=-1)


async def test_pages_of_a_server_that_was_killed_are_gone(
    settings: LogSettings, log: TurnLog
) -> None:
    async with other(settings.folder) as server:
        assert await server.do("show /workspace/a.ipynb")
        assert await presence.is_present(log, A)
        server.signal(signal.SIGSTOP)
        assert await presence.is_present(log, A)
        await server.kill()
        assert not await presence.is_present(log, A)


async def test_pages_of_a_server_that_ended_are_gone_and_forgotten(
    settings: LogSettings, log: TurnLog
) -> None:
    async with TurnLog.open(settings, "server") as server:
        await presence.note(server, "page", [A])
    await log.database.write("DELETE FROM owners WHERE closed_at IS NOT NULL")
    assert not await presence.is_present(log, A)
    await presence.refresh(log)
    assert await log.database.rows("SELECT * FROM presence") == []


async def test_a_server_elsewhere_counts_while_it_gives_signs(log: TurnLog) -> None:
    await presence.note(log, "page", [A])
    await log.database.write("UPDATE owners SET boot_id = 'another machine'")
    assert await presence.is_present(log, A)
    await log.database.write("UPDATE presence SET seen_at = '2020-01-01T00:00:00.000Z'")
    assert not await presence.is_present(log, A)
    await presence.refresh(log)
    assert await presence.is_present(log, A)
