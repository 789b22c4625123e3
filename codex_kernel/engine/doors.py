"""Where a question of a turn is put: before a page of ours, or before the host's own user.

A page that shows the notebook finds the question in the log and answers by a command, so that
nothing has to be asked of it. Only when there is none the host asks, by a box below the cell.
"""

from __future__ import annotations

import asyncio
import logging

from codex_kernel.engine.broker import Door, Question, Reply
from codex_kernel.errors import LogError
from codex_kernel.ids import NotebookPath
from codex_kernel.turn_log import presence
from codex_kernel.turn_log.log import TurnLog

logger = logging.getLogger(__name__)


class Doors:
    """The ways to ask about a turn of `notebook`; `host` is None when the host cannot ask."""

    def __init__(self, log: TurnLog, notebook: NotebookPath | None, host: Door | None) -> None:
        """Nothing is looked up before there is a question."""
        self._log = log
        self._notebook = notebook
        self._host = host

    async def ask(self, question: Question) -> Reply | None:
        """Leave it to the page that is there, or ask; None when there is nobody."""
        if await self._is_shown():
            # The answer comes as a command, or the clock or the end of the turn closes it.
            await asyncio.Event().wait()
        return None if self._host is None else await self._host.ask(question)

    async def _is_shown(self) -> bool:
        if self._notebook is None:
            return False
        try:
            return await presence.is_present(self._log, self._notebook)
        except LogError as failure:
            logger.debug("Whether a page is there cannot be told: %s", failure)
            return False
