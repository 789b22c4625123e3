"""Notices that something was committed, by whichever process.

One poller per log serves all who watch; it runs only while somebody does.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from codex_kernel.errors import LogUnavailable
from codex_kernel.turn_log.database import Database

POLL_SECONDS = 0.02
"""How often `data_version` is read while someone watches: 1 to 2 % of a core."""
SLOW_POLL_SECONDS = 0.5
"""Without WAL every look takes a lock of the file."""
_AFTER_ERROR_SECONDS = 1.0


class Tail:
    """One watcher's view. Open it first, then read: no commit falls between."""

    def __init__(self, poll_seconds: float) -> None:
        """`poll_seconds`: how soon this watcher wants to know."""
        self.poll_seconds = poll_seconds
        self._event = asyncio.Event()

    async def changed(self, seconds: float | None = None) -> bool:
        """Wait for a commit since the last call, or since the tail was opened.

        True also now and then without need; False after `seconds` without one.
        """
        try:
            async with asyncio.timeout(seconds):
                await self._event.wait()
        except TimeoutError:
            return False
        self._event.clear()
        return True

    def wake(self) -> None:
        """Something was committed."""
        self._event.set()


class Poller:
    """Reads the version of a database for all tails that are open."""

    def __init__(self, database: Database) -> None:
        """Nothing runs before the first `tail()`."""
        self._database = database
        self._tails: set[Tail] = set()
        self._task: asyncio.Task[None] | None = None
        self._sooner = asyncio.Event()

    @asynccontextmanager
    async def tail(self, poll_seconds: float = POLL_SECONDS) -> AsyncIterator[Tail]:
        """Watch while the block lasts."""
        is_slow = self._database.journal_mode == "truncate"
        tail = Tail(max(poll_seconds, SLOW_POLL_SECONDS) if is_slow else poll_seconds)
        self._tails.add(tail)
        self._sooner.set()
        try:
            if self._task is None:
                self._task = asyncio.create_task(self._poll(), name="turn log poller")
            yield tail
        finally:
            self._tails.discard(tail)
            if not self._tails:
                await self.aclose()

    async def aclose(self) -> None:
        """End the poller; tails that are still open hear nothing more."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait({task})

    async def _poll(self) -> None:
        seen: int | None = None
        while True:
            pause = min((tail.poll_seconds for tail in self._tails), default=SLOW_POLL_SECONDS)
            try:
                version = await self._database.version()
            except LogUnavailable:
                version, pause = seen, _AFTER_ERROR_SECONDS
            if version != seen:
                # The first look counts as a change: commits since the tail was opened and
                # before this look cannot be told from earlier ones.
                seen = version
                for tail in self._tails:
                    tail.wake()
            self._sooner.clear()
            try:
                async with asyncio.timeout(pause):
                    await self._sooner.wait()
            except TimeoutError:
                continue
