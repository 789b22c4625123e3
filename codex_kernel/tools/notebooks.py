"""The tools on notebooks: read, insert, replace, delete, run.

Open documents are reached through the page that shows them, never through their files; only
reading falls back to the file, and says so. A cell is changed only as Codex has last read it, so
that what the user typed meanwhile is never lost. Knows neither the log nor REST: `Documents` does.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from codex_kernel.errors import NotebookNotShown, ToolRefused
from codex_kernel.ids import NotebookPath, relative_path, stored_path
from codex_kernel.tools.cells import from_file, shown
from codex_kernel.tools.tool import Answer, Caller, Content, Leave, Text, Tool, prop, schema, text

EDIT_SECONDS = 15.0
READ_SECONDS = 30.0
RUN_SECONDS, MOST_SECONDS = 60.0, 3600.0
CELLS = 50
KINDS = ("code", "markdown", "raw")


class Documents(Protocol):
    """The way to notebooks."""

    @property
    def folder(self) -> str:
        """Notebooks of this folder and below can be named."""
        ...

    @property
    def own(self) -> NotebookPath | None:
        """The notebook whose cell called Codex."""
        ...

    @property
    def own_cell(self) -> str | None:
        """That cell."""
        ...

    holds_prompts: bool
    """Whether the cells of the own notebook are prompts to Codex."""

    async def perform(
        self, path: NotebookPath, verb: str, args: dict[str, Any], seconds: float, caller: Caller
    ) -> dict[str, Any]:
        """Have the page do it, see `server.models`; raises `NotebookError`."""
        ...

    async def read_file(self, path: NotebookPath) -> dict[str, Any]:
        """The notebook as it was saved; raises `ToolRefused`."""
        ...


class Notebooks:
    """The tools of one connection, and what was read through it."""

    def __init__(self, documents: Documents) -> None:
        """Nothing is read yet."""
        self._documents = documents
        self._read: dict[tuple[str, str], str] = {}

    def tools(self) -> tuple[Tool, ...]:
        """All five."""
        calls: dict[str, Callable[[dict[str, Any], Caller], Awaitable[Answer]]] = {
            "read": self._show,
            "insert": self._insert,
            "replace": self._replace,
            "delete": self._delete,
            "run": self._run,
        }
        return tuple(
            Tool(f"notebook_{verb}", *_ABOUT[verb], call, reads_only=verb == "read")  # type: ignore[arg-type]  # a triple
            for verb, call in calls.items()
        )

    async def _show(self, arguments: dict[str, Any], caller: Caller) -> Answer:
        path = self._path(arguments)
        wanted = {"first": arguments["first"], "count": arguments["count"]}
        asked = {"cells": arguments["cells"], **wanted}
        try:
            found = await self._documents.perform(path, "read", asked, READ_SECONDS, caller)
            note = ""
        except NotebookNotShown as failure:
            found = from_file(await self._documents.read_file(path), **asked)
            note = f"(From the file, which may be older than what the user sees. {failure.message})"
        for cell in found["cells"]:
            self._read[path, cell["id"]] = cell["source"]
        parts: list[Content] = [Text(_heading(self._name(path), found, note))]
        for cell in found["cells"]:
            parts += shown(cell)
        return Answer(tuple(parts))

    async def _insert(self, arguments: dict[str, Any], caller: Caller) -> Answer:
        path = self._path(arguments)
        before, after = arguments["before"], arguments["after"]
        if before and after:
            raise ToolRefused("Give `before` or `after`, not both.")
        if not before and not after and path == self._documents.own:
            after = self._documents.own_cell
        anchor = before or after
        args = {
            "kind": arguments["kind"],
            "source": arguments["source"],
            "place": "before" if before else "after",
            "anchor": anchor,
        }
        await self._may_write("insert", arguments, caller)
        done = await self._documents.perform(path, "insert", args, EDIT_SECONDS, caller)
        self._read[path, done["cell_id"]] = arguments["source"]
        return text(f"Inserted cell {done['cell_id']} at index {done['index']}. It has not run.")

    async def _replace(self, arguments: dict[str, Any], caller: Caller) -> Answer:
        path, cell_id = self._path(arguments), arguments["cell_id"]
        source: str = arguments["source"]
        args = {
            "cell_id": cell_id,
            "was": self._was(path, cell_id),
            "source": source,
            "kind": arguments["kind"],
        }
        await self._may_write("replace", arguments, caller)
        await self._documents.perform(path, "replace", args, EDIT_SECONDS, caller)
        self._read[path, cell_id] = source
        return text(f"Replaced the text of cell {cell_id}. It has not run.")

    async def _delete(self, arguments: dict[str, Any], caller: Caller) -> Answer:
        path, cell_id = self._path(arguments), arguments["cell_id"]
        args = {"cell_id": cell_id, "was": self._was(path, cell_id)}
        await self._may_write("delete", arguments, caller)
        await self._documents.perform(path, "delete", args, EDIT_SECONDS, caller)
        del self._read[path, cell_id]
        return text(f"Deleted cell {cell_id}. The user can undo that.")

    async def _run(self, arguments: dict[str, Any], caller: Caller) -> Answer:
        path, cell_id = self._path(arguments), arguments["cell_id"]
        seconds = min(arguments["timeout_seconds"], MOST_SECONDS)
        is_own = path == self._documents.own
        if is_own and self._documents.holds_prompts:
            raise ToolRefused("The cells of this notebook are prompts: only the user runs them.")
        was = self._was(path, cell_id)
        why = f"Cell {cell_id} of {self._name(path)}; it runs in the kernel of that notebook."
        await caller.ask_leave(Leave("notebook_run", "notebook_run", why, was))
        # The kernel of the own notebook is busy with the cell that waits for this turn.
        args = {"cell_id": cell_id, "was": was, "wait": not is_own, "seconds": seconds}
        patience = seconds + EDIT_SECONDS
        done = await self._documents.perform(path, "run", args, patience, caller)
        said = Text(_RAN[done["state"]])
        outcome = shown(done["cell"]) if done["state"] != "queued" else []
        return Answer((said, *outcome), is_error=done["state"] == "error")

    async def _may_write(self, verb: str, arguments: dict[str, Any], caller: Caller) -> None:
        why = "It changes an open notebook; that can be undone."
        given = {name: value for name, value in arguments.items() if value is not None}
        leave = Leave(f"notebook_{verb}", f"notebook_{verb}", why, arguments=given)
        await caller.ask_leave_to_write(leave)

    def _was(self, path: str, cell_id: str) -> str:
        try:
            return self._read[path, cell_id]
        except KeyError:
            raise ToolRefused(f"Read the cell {cell_id} by notebook_read first.") from None

    def _path(self, arguments: dict[str, Any]) -> NotebookPath:
        """The notebook that is meant; raises `ToolRefused` for one that lies elsewhere."""
        named: str | None = arguments["path"]
        if not named:
            if self._documents.own is None:
                raise ToolRefused("Name the notebook by `path`.")
            return self._documents.own
        path = stored_path(os.path.join(self._documents.folder, named))
        if os.path.isabs(self._name(path)) or not path.endswith(".ipynb"):
            raise ToolRefused(f"{named} is no notebook below {self._documents.folder}.")
        return path

    def _name(self, path: NotebookPath) -> str:
        return relative_path(path, stored_path(self._documents.folder))


def _heading(name: str, found: dict[str, Any], note: str) -> str:
    kernel = f", kernel {found['kernel']}" if found.get("kernel") else ""
    lines = [f"{name}: {found['total']} cells{kernel}"]
    if found.get("active_cell"):
        lines.append(f"The user's cursor is in cell {found['active_cell']}.")
    return "\n".join([*lines, *([note] if note else [])])


_RAN = {
    "completed": "The cell ran.",
    "error": "The cell ended with an error.",
    "running": "The cell still runs; read it later.",
    "queued": "The cell is queued: it runs when this turn has ended. Do not wait for it.",
}

_PATH = prop("string", "The notebook, relative to the folder; without it the one that is open.")
_CELL = prop("string", "The id of the cell, as notebook_read shows it.")
_KIND = prop("string", "Kind of the cell.", enum=list(KINDS))
_ABOUT: dict[str, tuple[str, dict[str, Any]]] = {
    "read": (
        "Read the cells of a Jupyter notebook as they are on the user's screen: ids, kinds, text, "
        "outputs with images. Read a cell before changing or running it. A notebook that nobody "
        "shows is read from its file.",
        schema(
            path=_PATH,
            cells={
                "type": "array",
                "items": {"type": "string"},
                "description": "Ids of cells; without it a range.",
            },
            first=prop("integer", "Index of the first cell.", 0, minimum=0),
            count=prop("integer", "How many cells.", CELLS, minimum=1, maximum=1000),
        ),
    ),
    "insert": (
        "Insert a cell into a Jupyter notebook that is open in JupyterLab. The user sees it at "
        "once and can undo it. It does not run.",
        schema(
            ("source",),
            path=_PATH,
            source=prop("string", "The text of the cell."),
            kind={**_KIND, "default": "code"},
            after=prop("string", "Id of the cell above it; by default the cell that called you."),
            before=prop("string", "Id of the cell below it."),
        ),
    ),
    "replace": (
        "Replace the text of a cell of a Jupyter notebook that is open in JupyterLab. Refused when "
        "the user has changed the cell since you read it.",
        schema(
            ("cell_id", "source"),
            path=_PATH,
            cell_id=_CELL,
            source=prop("string", "The whole new text."),
            kind=_KIND,
        ),
    ),
    "delete": (
        "Delete a cell of a Jupyter notebook that is open in JupyterLab. The user can undo it.",
        schema(("cell_id",), path=_PATH, cell_id=_CELL),
    ),
    "run": (
        "Run a cell of a Jupyter notebook that is open in JupyterLab, in its kernel, and return "
        "its outputs. The user is asked first.",
        schema(
            ("cell_id",),
            path=_PATH,
            cell_id=_CELL,
            timeout_seconds=prop(
                "number", "How long to wait.", RUN_SECONDS, minimum=1, maximum=MOST_SECONDS
            ),
        ),
    ),
}
