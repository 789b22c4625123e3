"""Where a question is put: before a page that shows the notebook, else before the host's user."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from codex_kernel.engine.broker import Broker, Door
from codex_kernel.engine.doors import Doors
from codex_kernel.ids import NotebookPath
from codex_kernel.settings import LogSettings
from codex_kernel.turn.approvals import EXPIRED, NOBODY, Decision
from codex_kernel.turn_log import presence
from codex_kernel.turn_log.log import TurnLog

from .test_broker import APPROVAL, YES
from .test_broker import Door as AskingDoor

NOTEBOOK = NotebookPath("/workspace/a.ipynb")


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[TurnLog]:
    async with TurnLog.open(LogSettings(folder=tmp_path / "data")) as opened:
        yield opened


def broker(
    log: TurnLog,
    host: Door | None,
    notebook: NotebookPath | None = NOTEBOOK,
    expiry_seconds: float = 60,
) -> Broker:
    return Broker(Doors(log, notebook, host), expiry_seconds=expiry_seconds)


async def chosen(log: TurnLog) -> None:
    """Until a question that was just put has found its way: the log answers in turn."""
    for _ in range(3):
        await presence.is_present(log, NOTEBOOK)


async def test_without_a_page_the_host_asks(log: TurnLog) -> None:
    assert await broker(log, AskingDoor(YES)).settle(APPROVAL) == YES


async def test_without_a_page_and_without_a_host_it_is_declined_at_once(log: TurnLog) -> None:
    await presence.note(log, "page", [NotebookPath("/workspace/another.ipynb")])
    assert await broker(log, None).settle(APPROVAL) == Decision("decline", NOBODY)


async def test_a_page_decides_and_the_host_does_not_ask(log: TurnLog) -> None:
    await presence.note(log, "page", [NOTEBOOK])
    host = AskingDoor(Decision("decline", "the box"))
    asked = broker(log, host)
    settling = asyncio.create_task(asked.settle(APPROVAL))
    await chosen(log)
    assert asked.answer("t.1", YES)
    assert await settling == YES
    assert not host.is_asking.is_set()


async def test_with_a_page_a_question_stays_open_though_the_host_cannot_ask(log: TurnLog) -> None:
    await presence.note(log, "page", [NOTEBOOK])
    asked = broker(log, None)
    settling = asyncio.create_task(asked.settle(APPROVAL))
    await chosen(log)
    assert asked.answer("t.1", YES)
    assert await settling == YES


async def test_a_page_that_is_just_reloaded_counts_and_does_not_keep_it_open_for_ever(
    log: TurnLog,
) -> None:
    await presence.note(log, "page", [NOTEBOOK])
    await presence.forget(log, "page")
    asked = broker(log, None, expiry_seconds=0.3)
    assert await asked.settle(APPROVAL) == Decision("decline", EXPIRED)


async def test_without_a_notebook_no_page_can_show_it(log: TurnLog) -> None:
    assert await broker(log, AskingDoor(YES), None).settle(APPROVAL) == YES


async def test_a_log_that_cannot_be_read_leaves_the_host_to_ask(tmp_path: Path) -> None:
    async with TurnLog.open(LogSettings(folder=tmp_path / "data")) as closed:
        await presence.note(closed, "page", [NOTEBOOK])
    assert await broker(closed, AskingDoor(YES)).settle(APPROVAL) == YES
