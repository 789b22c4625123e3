"""The notebooks of a session's folder, through the record of turns and the pages that follow it."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any

from codex_kernel.engine.session import Session
from codex_kernel.errors import ToolRefused
from codex_kernel.ids import NotebookPath
from codex_kernel.tools.tool import Caller
from codex_kernel.turn_log import operations
from codex_kernel.turn_log.operations import Operation

FILE_BYTES = 50_000_000


class SessionDocuments:
    """What `notebooks.Documents` asks for, for a kernel's session."""

    def __init__(self, session: Session, *, holds_prompts: bool) -> None:
        """`holds_prompts`: the cells of the session's own notebook are prompts."""
        self._session = session
        self.holds_prompts = holds_prompts

    @property
    def folder(self) -> str:
        """The folder of the notebook, or the one in which Codex works."""
        own = self._session.notebook
        return os.path.dirname(own) if own is not None else self._session.settings.cwd

    @property
    def own(self) -> NotebookPath | None:
        """The notebook of the session."""
        return self._session.notebook

    @property
    def own_cell(self) -> str | None:
        """The cell whose turn runs."""
        turn = self._session.current
        return turn.transcript.data["cell_id"] if turn is not None and turn.has_begun else None

    async def perform(
        self, path: NotebookPath, verb: str, args: dict[str, Any], seconds: float, caller: Caller
    ) -> dict[str, Any]:
        """Have the page that shows the notebook do it."""
        operation = Operation(path, verb, args, caller.name, caller.turn_id)
        return await operations.perform(self._session.log, operation, seconds)

    async def read_file(self, path: NotebookPath) -> dict[str, Any]:
        """The notebook as it was saved."""
        return await asyncio.to_thread(read_notebook, path)


def read_notebook(path: str) -> dict[str, Any]:
    """The JSON of a notebook's file; raises `ToolRefused`."""
    try:
        if os.path.getsize(path) > FILE_BYTES:
            raise ToolRefused(f"{path} is too large to be read.")
        found = json.loads(Path(path).read_bytes())
    except OSError as failure:
        raise ToolRefused(f"{path} cannot be read: {failure.strerror}.") from None
    except ValueError:
        raise ToolRefused(f"{path} is no notebook.") from None
    if not isinstance(found, dict):
        raise ToolRefused(f"{path} is no notebook.")
    return found
