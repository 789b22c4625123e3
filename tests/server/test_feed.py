"""The page's one socket: everything that changes, behind a cursor; and that the page is there."""

from __future__ import annotations

import asyncio
from typing import Any

from websockets.asyncio.client import ClientConnection

from codex_kernel.ids import NotebookPath, stored_path
from codex_kernel.turn.approvals import Decision, approval_decided, approval_requested
from codex_kernel.turn_log import bindings, feed, presence
from codex_kernel.turn_log.log import TurnLog
from tests.turn_log.test_feed import approval
from tests.turn_log.turns import ended, ending, running

from .place import SECONDS, Server, frame, jupyter_server


async def until(socket: ClientConnection, cursor: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while not found or found[-1]["cursor"] < cursor:
        found.append(await frame(socket))
    return found


async def holds(log: TurnLog, notebook: NotebookPath, present: bool) -> None:
    """Wait until a page is, or is not, present for the notebook."""
    async with asyncio.timeout(SECONDS), log.tail() as tail:
        while await presence.is_present(log, notebook, within_seconds=-1) is not present:
            await tail.changed(0.5)


async def test_a_new_page_is_told_what_lives_and_then_what_changes(
    server: Server, log: TurnLog
) -> None:
    notebook = stored_path(server.root_dir / "page.ipynb")
    record = await running(log, notebook=notebook)
    await record.append([approval_requested(approval(record.turn_id))])
    async with server.socket("feed") as socket:
        state = await frame(socket)
        assert state["type"] == "state"
        assert [turn["turn_id"] for turn in state["turns"]] == [record.turn_id]
        assert [item["path"] for item in state["approvals"]] == ["page.ipynb"]
        await record.append([approval_decided(f"{record.turn_id}.1", Decision("once", "ada"))])
        await record.append(ending("x"))
        found = await until(socket, await feed.newest_cursor(log))
    assert [change["type"] for change in found] == ["question", "turn", "turn"]
    assert found[0]["event"]["by"] == "ada"
    assert [change["state"] for change in found[1:]] == ["running", "completed"]
    assert {change["path"] for change in found} == {"page.ipynb"}


async def test_a_page_that_was_cut_goes_on_where_it_was(server: Server, log: TurnLog) -> None:
    cursor = await feed.newest_cursor(log)
    told: list[dict[str, Any]] = []
    for number in range(10):
        record = await running(log)
        async with server.socket(f"feed?after={cursor}") as socket:
            if number % 2:
                told.append(await frame(socket))
                cursor = told[-1]["cursor"]
            socket.transport.abort()
        await record.append(ending("x"))
    async with server.socket(f"feed?after={cursor}") as socket:
        told += await until(socket, await feed.newest_cursor(log))
    numbers = [change["cursor"] for change in told]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


async def test_sessions_and_notebooks_are_told(server: Server, log: TurnLog) -> None:
    cursor = await feed.newest_cursor(log)
    async with server.socket(f"feed?after={cursor}") as socket:
        await bindings.remember_session(log, "fed", title="Fed")
        notebook = stored_path(server.root_dir / "fed.ipynb")
        await bindings.bind(log, notebook, "fed")
        session, bound = await until(socket, cursor + 2)
    assert (session["session_id"], session["title"]) == ("fed", "Fed")
    assert (bound["path"], bound["session_id"]) == ("fed.ipynb", "fed")


async def test_a_cursor_that_nobody_knows_begins_anew(server: Server, log: TurnLog) -> None:
    await ended(log)
    async with server.socket("feed?after=999999999") as socket:
        state = await frame(socket)
    assert (state["type"], state["cursor"]) == ("state", await feed.newest_cursor(log))


async def test_a_page_is_present_for_what_it_shows_while_it_is_connected(
    server: Server, log: TurnLog
) -> None:
    one = stored_path(server.root_dir / "one.ipynb")
    two = stored_path(server.root_dir / "two.ipynb")
    async with server.socket("feed") as socket:
        await frame(socket)
        await socket.send('{"type":"presence","notebooks":["one.ipynb"]}')
        await holds(log, one, True)
        await socket.send('{"type":"presence","notebooks":["two.ipynb","RTC:one.ipynb"]}')
        await holds(log, two, True)
        assert await presence.is_present(log, one)
        [seen] = await log.database.rows(
            "SELECT max(seen_at) AS at FROM presence WHERE gone_at IS NULL"
        )
        async with asyncio.timeout(SECONDS), log.tail() as tail:
            while True:
                [now] = await log.database.rows("SELECT min(seen_at) AS at FROM presence")
                if now["at"] > seen["at"]:
                    break
                await tail.changed(0.5)
        socket.transport.abort()
    await holds(log, one, False)
    await holds(log, two, False)


async def test_what_is_no_presence_is_told_and_the_feed_goes_on(
    server: Server, log: TurnLog
) -> None:
    cursor = await feed.newest_cursor(log)
    async with server.socket(f"feed?after={cursor}") as socket:
        for message in ("nonsense", '{"type":"presence","notebooks":[1]}', '{"type":"else"}'):
            await socket.send(message)
            assert (await frame(socket))["type"] == "problem"
        await ended(log)
        assert (await frame(socket))["type"] == "turn"


async def test_pages_of_a_server_that_was_shut_down_are_gone() -> None:
    with jupyter_server() as server:
        notebook = stored_path(server.root_dir / "a.ipynb")
        async with TurnLog.open(server.settings) as log, server.socket("feed") as socket:
            await frame(socket)
            await socket.send('{"type":"presence","notebooks":["a.ipynb"]}')
            await holds(log, notebook, True)
            server.process.terminate()
            await holds(log, notebook, False)
            async with asyncio.timeout(SECONDS):
                await socket.wait_closed()
            assert socket.close_code in (1001, 1006)
