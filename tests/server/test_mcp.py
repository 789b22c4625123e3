"""`jupyter codex mcp`, driven by the official MCP client, on a notebook that a page shows."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from mcp import ClientSession, StdioServerParameters, types
from mcp.client.stdio import stdio_client

from codex_kernel.turn_log.log import TurnLog

from .page import Page
from .place import Server, environ
from .test_operations import PATH, a_page

Decide = Callable[[str], types.ElicitResult]


@asynccontextmanager
async def client(
    server: Server, decide: Decide | None = None, **settings: str
) -> AsyncIterator[ClientSession]:
    """A program that started `jupyter codex mcp` in the server's folder, with settings."""

    async def elicit(_context: Any, params: Any) -> types.ElicitResult:
        assert decide is not None
        return decide(params.message)

    start = StdioServerParameters(
        command=sys.executable,
        args=["-m", "codex_kernel", "mcp"],
        env=environ(server.folder)
        | {"http_proxy": "http://127.0.0.1:9"}  # of no use for this machine's own servers
        | {f"CODEX_KERNEL_{name.upper()}": value for name, value in settings.items()},
        cwd=server.root_dir,
    )
    callback = {} if decide is None else {"elicitation_callback": elicit}
    async with stdio_client(start) as streams, ClientSession(*streams, **callback) as session:
        await session.initialize()
        yield session


async def call(session: ClientSession, tool: str, **arguments: Any) -> tuple[str, bool]:
    """The text of an answer, and whether it is an error."""
    result = await session.call_tool(tool, {"path": PATH, **arguments})
    words = "".join(part.text for part in result.content if part.type == "text")
    return words, bool(result.is_error)


def allow(decision: str, asked: list[str]) -> Decide:
    def decide(message: str) -> types.ElicitResult:
        asked.append(message)
        return types.ElicitResult(action="accept", content={"decision": decision})

    return decide


async def test_a_program_reads_and_edits_the_notebook_on_the_screen(
    server: Server, log: TurnLog
) -> None:
    async with a_page(server, log) as page, client(server) as session:
        assert "# Sums" in (await call(session, "notebook_read"))[0]
        text, is_error = await call(session, "notebook_insert", source="1 + 1", after="one")
        assert not is_error, text
        new = page.cells[1]
        assert new["source"] == "1 + 1"
        assert "via" in new["metadata"]["codex"]["written_by"]
        await call(session, "notebook_replace", cell_id=new["id"], source="1 + 2")
        assert page.cells[1]["source"] == "1 + 2"
        page.cells[1]["source"] = "typed by the user"
        text, is_error = await call(session, "notebook_delete", cell_id=new["id"])
        assert is_error
        assert "has changed" in text
        await call(session, "notebook_read", cells=[new["id"]])
        await call(session, "notebook_delete", cell_id=new["id"])
        assert len(page.cells) == 1


async def test_a_cell_that_was_not_read_is_not_touched(server: Server, log: TurnLog) -> None:
    async with a_page(server, log) as page, client(server) as session:
        text, is_error = await call(session, "notebook_replace", cell_id="one", source="gone")
        assert is_error
        assert "notebook_read first" in text
        assert page.cells[0]["source"] == "# Sums"


async def _run(session: ClientSession, page: Page) -> tuple[str, bool]:
    page.cells[0] |= {"cell_type": "code", "outputs": [], "execution_count": None}
    await call(session, "notebook_read")
    return await call(session, "notebook_run", cell_id="one")


async def test_before_a_cell_runs_the_program_asks_its_user(server: Server, log: TurnLog) -> None:
    asked: list[str] = []
    async with a_page(server, log) as page, client(server, allow("once", asked)) as session:
        text, is_error = await _run(session, page)
        assert not is_error, text
        assert "ran\n" in text
        await call(session, "notebook_run", cell_id="one")
    assert len(asked) == 2
    assert "# Sums" in asked[0]


async def test_for_the_session_is_asked_once(server: Server, log: TurnLog) -> None:
    asked: list[str] = []
    async with a_page(server, log) as page, client(server, allow("session", asked)) as session:
        await _run(session, page)
        assert not (await call(session, "notebook_run", cell_id="one"))[1]
    assert len(asked) == 1


async def test_a_no_or_nobody_to_ask_runs_nothing(server: Server, log: TurnLog) -> None:
    def decline(_message: str) -> types.ElicitResult:
        return types.ElicitResult(action="decline")

    for decide, said in ((allow("no", []), "did not allow"), (decline, "did not allow"),
                         (None, "cannot ask its user")):  # fmt: skip
        async with a_page(server, log) as page, client(server, decide) as session:
            text, is_error = await _run(session, page)
            assert is_error
            assert said in text
            assert page.cells[0]["execution_count"] is None


@pytest.mark.parametrize(
    "settings", [{"sandbox": "read-only"}, {"approval_policy": "untrusted"}], ids=str
)
async def test_where_a_session_would_ask_before_an_edit_the_program_asks_its_user(
    server: Server, log: TurnLog, settings: dict[str, str]
) -> None:
    asked: list[str] = []
    async with a_page(server, log) as page:
        async with client(server, allow("no", asked), **settings) as session:
            text, is_error = await call(session, "notebook_insert", source="1 + 1", after="one")
            assert is_error
            assert "did not allow" in text
        assert len(page.cells) == 1
        async with client(server, allow("once", asked), **settings) as session:
            text, is_error = await call(session, "notebook_insert", source="1 + 1", after="one")
            assert not is_error, text
        assert len(page.cells) == 2
    assert len(asked) == 2
    assert "notebook_insert" in asked[0]
    assert "1 + 1" in asked[0]


async def test_the_policy_never_asks_nothing_and_runs_nothing_in_a_sandbox(
    server: Server, log: TurnLog
) -> None:
    never = {"approval_policy": "never"}
    async with a_page(server, log) as page, client(server, None, **never) as session:
        text, is_error = await _run(session, page)
        assert is_error
        assert "never" in text
        assert page.cells[0]["execution_count"] is None


async def test_without_a_page_reading_has_the_file_and_writing_is_not_done(server: Server) -> None:
    cell = {"id": "one", "cell_type": "markdown", "metadata": {}, "source": "# Saved"}
    book = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell]}
    path = server.root_dir / PATH
    path.write_text(json.dumps(book))
    try:
        async with client(server) as session:
            text, _ = await call(session, "notebook_read")
            assert "# Saved" in text
            assert "may be older" in text
            text, is_error = await call(session, "notebook_insert", source="1")
            assert is_error
            assert "Open it in JupyterLab" in text
            result = await session.call_tool("notebook_read", {"path": "../config/x.ipynb"})
            assert "no notebook below" in result.content[0].text
        assert json.loads(path.read_text()) == book
    finally:
        path.unlink()
