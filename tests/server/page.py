"""A page that shows a notebook, as far as operations concern it: the protocol's other side.

The document is a list of nbformat cells in memory. Running a cell only counts.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

Fetch = Callable[[str, Any], Any]
"""POSTs a body to one of our routes and returns the JSON of the answer."""


class Changed(Exception):
    """The cell is not as the asker believes."""


@dataclass
class Page:
    """One tab; `fetch` reaches its server."""

    path: str
    fetch: Fetch
    cells: list[dict[str, Any]]
    is_deaf: bool = False
    """Takes operations up and never answers."""
    done: list[dict[str, Any]] = field(default_factory=list)
    """The operations as they came."""

    async def serve(self, socket: Any) -> None:
        """Do what the feed tells."""
        await socket.send(json.dumps({"type": "presence", "notebooks": [self.path]}))
        async for text in socket:
            frame = json.loads(text)
            if frame["type"] == "operation" and frame["path"] == self.path:
                await self._take(frame["operation_id"])

    async def _take(self, operation_id: str) -> None:
        path = f"operations/{operation_id}"
        claimed = await asyncio.to_thread(self.fetch, f"{path}/claim", {})
        if "operation" not in claimed:
            return
        self.done.append(claimed)
        if self.is_deaf:
            return
        operation = claimed["operation"]
        try:
            outcome = {"result": getattr(self, f"_{operation['verb']}")(operation, claimed)}
        except Changed as changed:
            outcome = {"error": str(changed)}
        await asyncio.to_thread(self.fetch, f"{path}/outcome", outcome)

    def _find(self, cell_id: str, was: str | None = None) -> int:
        for index, cell in enumerate(self.cells):
            if cell["id"] == cell_id:
                if was is not None and cell["source"] != was:
                    raise Changed("The cell has changed.")
                return index
        raise Changed("There is no such cell.")

    def _shown(self, index: int) -> dict[str, Any]:
        return {**self.cells[index], "index": index, "state": "idle"}

    def _read(self, operation: dict[str, Any], _claimed: dict[str, Any]) -> dict[str, Any]:
        if operation["cells"] is None:
            first = operation["first"]
            chosen = range(first, min(first + operation["count"], len(self.cells)))
        else:
            chosen = [self._find(cell_id) for cell_id in operation["cells"]]
        return {
            "cells": [self._shown(index) for index in chosen],
            "total": len(self.cells),
            "kernel": "python3",
            "language": "python",
            "active_cell": self.cells[0]["id"] if self.cells else None,
        }

    def _insert(self, operation: dict[str, Any], claimed: dict[str, Any]) -> dict[str, Any]:
        is_after = operation["place"] == "after"
        if operation["anchor"] is None:
            index = len(self.cells) if is_after else 0
        else:
            index = self._find(operation["anchor"]) + is_after
        mark = {"written_by": claimed["by"], "turn_id": claimed["turn_id"]}
        cell = new_cell(operation["source"], operation["kind"], metadata={"codex": mark})
        self.cells.insert(index, cell)
        return {"cell_id": cell["id"], "index": index}

    def _replace(self, operation: dict[str, Any], _claimed: dict[str, Any]) -> dict[str, Any]:
        index = self._find(operation["cell_id"], operation["was"])
        self.cells[index]["source"] = operation["source"]
        return {"cell_id": operation["cell_id"], "index": index}

    def _delete(self, operation: dict[str, Any], _claimed: dict[str, Any]) -> dict[str, Any]:
        del self.cells[self._find(operation["cell_id"], operation["was"])]
        return {"cell_id": operation["cell_id"]}

    def _run(self, operation: dict[str, Any], _claimed: dict[str, Any]) -> dict[str, Any]:
        index = self._find(operation["cell_id"], operation["was"])
        cell = self.cells[index]
        cell["execution_count"] = (cell["execution_count"] or 0) + 1
        cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "ran\n"}]
        return {"cell": self._shown(index), "state": "completed" if operation["wait"] else "queued"}


def new_cell(source: str, kind: str = "code", **more: Any) -> dict[str, Any]:
    """A cell as nbformat has it."""
    code = {"execution_count": None, "outputs": []} if kind == "code" else {}
    cell_id = more.pop("id", secrets.token_hex(4))
    return {"id": cell_id, "cell_type": kind, "source": source, "metadata": {}, **code, **more}


@asynccontextmanager
async def shown(socket: Any, page: Page) -> AsyncIterator[Page]:
    """The page at work on an open feed, for as long as the block lasts."""
    working = asyncio.create_task(page.serve(socket))
    try:
        yield page
    finally:
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
