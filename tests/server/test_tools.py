"""A kernel's Codex works on the notebook that a page shows: real server, kernel and binary."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from websockets.asyncio.client import connect

from codex_kernel.engine.portal import Portal
from codex_kernel.ids import NotebookPath
from codex_kernel.settings import LogSettings
from codex_kernel.turn_log import presence
from codex_kernel.turn_log.log import TurnLog

from ..end_to_end.place import Result
from ..end_to_end.script import cell, say
from .page import Page, new_cell, shown
from .place import SECONDS
from .running import API, Jupyter, ServerKernel

PATH = "test.ipynb"


def call(tool: str, **arguments: Any) -> list[Any]:
    return ["mcp", "codex_kernel", tool, arguments]


@contextmanager
def a_page(jupyter: Jupyter) -> Iterator[Page]:
    """A tab at work on a thread of its own."""
    portal = Portal("page")
    tab = _a_page(jupyter)
    page = portal.submit(tab.__aenter__()).result(SECONDS)  # type: ignore[arg-type]  # as given
    try:
        yield page
    finally:
        portal.submit(tab.__aexit__(None, None, None)).result(SECONDS)  # type: ignore[arg-type]  # as given
        portal.close()


@asynccontextmanager
async def _a_page(jupyter: Jupyter) -> AsyncIterator[Page]:
    """A tab that shows the notebook: the cell that runs, and one of code."""

    def fetch(path: str, body: Any) -> Any:
        return jupyter.request("POST", API + path, body)

    cells = [new_cell("a prompt", id="a-cell"), new_cell("1 + 1", id="sum")]
    page = Page(PATH, fetch, cells)
    url = f"{jupyter.url.replace('http', 'ws', 1)}{API}feed"
    notebook = NotebookPath(str(jupyter.place.workspace / PATH))
    async with connect(url, max_size=None) as socket, shown(socket, page):
        async with TurnLog.open(LogSettings(folder=jupyter.place.data), "test") as log:
            async with asyncio.timeout(SECONDS):
                while not await presence.is_present(log, notebook, 0):  # noqa: ASYNC110 (no event tells)
                    await asyncio.sleep(0.01)
        yield page


def run(kernel: ServerKernel, *script: Any) -> Result:
    return kernel.run(cell(*script), cell_id="a-cell")


def said(result: Result) -> list[str]:
    """What the tools of a turn answered."""
    return [
        "".join(part.get("text", "") for part in item["content"])
        for item in result.items("mcp_tool_call")
    ]


def test_codex_writes_cells_below_the_one_that_asked(jupyter: Jupyter) -> None:
    with jupyter.kernel() as kernel, a_page(jupyter) as page:
        result = run(
            kernel, call("notebook_read"), call("notebook_insert", source="# New"), say("Ok.")
        )
        assert [each["status"] for each in result.items("mcp_tool_call")] == ["completed"] * 2
        new = page.cells[1]
        assert new["source"] == "# New"
        turn_id = result.bundle["turn_id"]
        assert new["metadata"]["codex"] == {"written_by": "Codex", "turn_id": turn_id}
        read, _ = said(result)
        assert "1 + 1" in read
        assert "From the file" not in read
        # What Codex has read in an earlier turn still counts, what the user changed does not.
        page.cells[2]["source"] = "2 + 2"
        change = call("notebook_replace", cell_id="sum", source="3 + 3")
        result = run(kernel, change, say("Ok."))
        assert "has changed" in said(result)[0]
        assert page.cells[2]["source"] == "2 + 2"


def test_cells_of_a_codex_notebook_are_run_by_the_user_only(jupyter: Jupyter) -> None:
    with jupyter.kernel() as kernel, a_page(jupyter) as page:
        script = (call("notebook_read"), call("notebook_run", cell_id="sum"), say("Ok."))
        result = run(kernel, *script)
        assert "only the user runs them" in said(result)[1]
        assert not any(done["operation"]["verb"] == "run" for done in page.done)


def test_a_cell_of_another_notebook_runs_after_the_user_allowed_it(jupyter: Jupyter) -> None:
    jupyter.write("other.ipynb")
    with jupyter.kernel("other.ipynb") as kernel, a_page(jupyter) as page:
        script = (
            call("notebook_read", path=PATH),
            call("notebook_run", path=PATH, cell_id="sum"),
            say("Ok."),
        )
        asked: list[str] = []

        def allow(prompt: str) -> str:
            asked.append(prompt)
            return "y"

        result = kernel.run(cell(*script), answer=allow)
        assert "1 + 1" in asked[0]
        assert "ran\n" in said(result)[1]
        [done] = [done for done in page.done if done["operation"]["verb"] == "run"]
        assert done["operation"]["wait"] is True
        [approval] = result.items("approval")
        assert (approval["kind"], approval["decision"]) == ("code", "once")
