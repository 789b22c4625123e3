"""What is asked of an open notebook is done once, by the page that shows it, or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from codex_kernel.errors import NotebookNotShown, NotebookRefused
from codex_kernel.ids import NotebookPath
from codex_kernel.turn_log import commands, operations, presence
from codex_kernel.turn_log.log import TurnLog
from codex_kernel.turn_log.operations import Operation

from .page import Page, new_cell, shown
from .place import SECONDS, Server

PATH = "sums.ipynb"
FIRST = {"verb": "insert", "kind": "code", "source": "1 + 1", "place": "after", "anchor": "one"}
KEPT = "SELECT 1 FROM commands WHERE target_kind = 'notebook'"
OPEN = f"{KEPT} AND outcome IS NULL"


def stored(server: Server) -> NotebookPath:
    return NotebookPath(str(server.root_dir / PATH))


def operation(server: Server, verb: str, **args: Any) -> Operation:
    return Operation(stored(server), verb, args, "Codex", "a-turn")


@asynccontextmanager
async def a_page(server: Server, log: TurnLog, **more: Any) -> AsyncIterator[Page]:
    """A tab that shows the notebook with one cell."""

    def fetch(path: str, body: Any) -> Any:
        return server.fetch(path, method="POST", body=body).json

    page = Page(PATH, fetch, [new_cell("# Sums", "markdown", id="one")], **more)
    async with server.socket("feed") as socket, shown(socket, page):
        async with asyncio.timeout(SECONDS):
            while not await presence.is_present(log, stored(server), 0):  # noqa: ASYNC110 (no event tells)
                await asyncio.sleep(0.005)
        yield page


async def test_the_page_does_what_a_kernel_asks_and_marks_who_wrote(
    server: Server, log: TurnLog
) -> None:
    async with a_page(server, log) as page:
        args = {key: value for key, value in FIRST.items() if key != "verb"}
        done = await operations.perform(log, operation(server, "insert", **args), SECONDS)
        assert done == {"cell_id": page.cells[1]["id"], "index": 1}
        assert page.cells[1]["metadata"]["codex"] == {"written_by": "Codex", "turn_id": "a-turn"}
        assert await log.database.rows(KEPT) == []


async def test_an_edited_cell_is_not_overwritten(server: Server, log: TurnLog) -> None:
    async with a_page(server, log) as page:
        change = operation(server, "replace", cell_id="one", was="# Old", source="# New")
        with pytest.raises(NotebookRefused, match="has changed"):
            await operations.perform(log, change, SECONDS)
        assert page.cells[0]["source"] == "# Sums"


async def test_the_same_is_asked_by_rest(server: Server, log: TurnLog) -> None:
    async with a_page(server, log) as page:
        body = {"path": PATH, "operation": FIRST}
        answer = await asyncio.to_thread(server.fetch, "operations", method="POST", body=body)
        assert (answer.status, answer.json["done"]) == (200, True)
        assert answer.json["outcome"]["result"]["index"] == 1
        assert page.done[0]["by"].endswith("via HTTP")
        bad = {"path": PATH, "operation": {"verb": "delete", "cell_id": "two", "was": ""}}
        refused = await asyncio.to_thread(server.fetch, "operations", method="POST", body=bad)
        assert (refused.status, refused.json["kind"]) == (409, "NotebookRefused")


async def test_two_tabs_do_it_once(server: Server, log: TurnLog) -> None:
    async with a_page(server, log) as one, a_page(server, log) as other:
        await operations.perform(log, operation(server, "read"), SECONDS)
        assert len(one.done) + len(other.done) == 1


async def test_without_a_page_it_is_said_at_once_and_nothing_waits(
    server: Server, log: TurnLog
) -> None:
    with pytest.raises(NotebookNotShown, match="No page"):
        await operations.perform(log, operation(server, "read"), SECONDS)
    answer = server.fetch("operations", method="POST", body={"path": PATH, "operation": FIRST})
    assert (answer.status, answer.json["kind"]) == (409, "NotebookNotShown")


async def test_what_no_page_takes_up_is_taken_back(
    server: Server, log: TurnLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operations, "CLAIM_SECONDS", 0.1)
    await presence.note(log, "a page that hangs", {stored(server)})
    with pytest.raises(NotebookNotShown, match="does not answer"):
        await operations.perform(log, operation(server, "read"), SECONDS)
    await presence.forget(log, "a page that hangs")
    async with a_page(server, log) as page:
        await operations.perform(log, operation(server, "read"), SECONDS)
        assert len(page.done) == 1


async def test_who_gives_up_waiting_takes_it_back(server: Server, log: TurnLog) -> None:
    await presence.note(log, "a page that hangs", {stored(server)})
    asking = asyncio.create_task(operations.perform(log, operation(server, "read"), SECONDS))
    async with asyncio.timeout(SECONDS):
        while not await _open(log):  # noqa: ASYNC110 (no event tells)
            await asyncio.sleep(0.005)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    assert not await _open(log)


async def _open(log: TurnLog) -> bool:
    return bool(await log.database.rows(OPEN))


async def test_a_page_that_never_answers_is_not_waited_for_for_ever(
    server: Server, log: TurnLog
) -> None:
    async with a_page(server, log, is_deaf=True):
        with pytest.raises(NotebookRefused, match="did not answer in time"):
            await operations.perform(log, operation(server, "read"), 0.2)


async def test_an_operation_is_answered_once_and_only_when_it_was_taken_up(
    server: Server, log: TurnLog
) -> None:
    args = {"turn_id": None, "args": {"cells": None}}
    asked = await commands.ask(log, "notebook", stored(server), "read", args, "Codex")
    answer = f"operations/{asked}/outcome"
    result = {"result": {"cells": []}}
    for path, body, status in (
        (answer, result, 409),
        (f"operations/{asked}/claim", {}, 200),
        (f"operations/{asked}/claim", {}, 409),
        (answer, {}, 400),
        (answer, result, 200),
        (answer, result, 409),
        ("operations/unknown/claim", {}, 404),
    ):
        got = await asyncio.to_thread(server.fetch, path, method="POST", body=body)
        assert got.status == status, (path, got.body)
