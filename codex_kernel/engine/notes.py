"""Writing to the turn log what is no event: bounded in time, and a failure is only logged.

The turn is more important than what is noted about it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

logger = logging.getLogger(__name__)


class Notes:
    """The writes that are under way; owns their tasks until `aclose()`."""

    def __init__(self, patience_seconds: float) -> None:
        """`patience_seconds`: how long a caller waits for a write that the log does not take."""
        self._patience_seconds = patience_seconds
        self._writing: set[asyncio.Task[object]] = set()

    async def write(self, writing: Coroutine[Any, Any, object]) -> bool:
        """Write, and wait for it, but not for long; whether it is written."""
        task = self.write_later(writing)
        await asyncio.wait((task,), timeout=self._patience_seconds)
        return task.done() and not task.cancelled() and task.exception() is None

    def write_later(self, writing: Coroutine[Any, Any, object]) -> asyncio.Task[object]:
        """Write without waiting."""
        task = asyncio.create_task(writing)
        self._writing.add(task)
        task.add_done_callback(self._written)
        return task

    async def aclose(self) -> None:
        """Give what is under way a last moment."""
        if self._writing:
            await asyncio.wait(self._writing, timeout=self._patience_seconds)
        for task in list(self._writing):
            task.cancel()
        await asyncio.gather(*self._writing, return_exceptions=True)

    def _written(self, task: asyncio.Task[object]) -> None:
        self._writing.discard(task)
        if not task.cancelled() and (failure := task.exception()) is not None:
            logger.warning("Not noted in the turn log: %s", failure)
