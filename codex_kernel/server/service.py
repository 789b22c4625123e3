"""What all handlers share: the open log, who follows it, where notebooks lie.

Owns the log's opening, its retries and its end, and the sockets that are open. A log that cannot
be opened is a sentence in `health` and in every answer, never a server that does not start.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from typing import Any, Protocol

from codex_kernel.errors import CodexError, LogUnavailable
from codex_kernel.ids import NotebookPath, api_path, notebook_from_api_path, plain_api_path
from codex_kernel.server.clerk import Clerk
from codex_kernel.server.follower import Follower
from codex_kernel.server.logins import Logins
from codex_kernel.server.routes import bad_request
from codex_kernel.settings import Settings
from codex_kernel.turn_log import presence
from codex_kernel.turn_log.log import TurnLog

KEPT_LINKS = 1000
RETRY_SECONDS = 5.0
"""A log that could not be opened is tried again by a request, at most this often."""

logger = logging.getLogger(__name__)


class OpenSocket(Protocol):
    """A WebSocket as far as its end concerns us."""

    def close(self, code: int | None = None, reason: str | None = None) -> None:
        """Say goodbye."""
        ...


class Service:
    """The extension at work, from `start` to `aclose`."""

    def __init__(
        self,
        settings: Settings,
        root_dir: str,
        *,
        base_url: str = "/",
        poll_seconds: float,
        heartbeat_seconds: float,
        clerk_seconds: float = 300.0,
        problem: CodexError | None = None,
    ) -> None:
        """`problem`: why this server goes without a log from the start (its configuration)."""
        self.settings = settings
        self.root_dir = root_dir
        self.base_url = base_url
        self.poll_seconds = poll_seconds
        self.heartbeat_seconds = heartbeat_seconds
        self.problem = problem
        self.clerk = Clerk(settings, clerk_seconds)
        self.logins = Logins(self.clerk)
        self.sockets: set[OpenSocket] = set()
        self._links: dict[NotebookPath, str] = {}
        """How pages name notebooks that lie elsewhere, behind a link."""
        self.pages: set[str] = set()
        """Pages on the feed, whose presence is refreshed."""
        self._configured_wrong = problem is not None
        self._stack = AsyncExitStack()
        self._opened: tuple[TurnLog, Follower] | None = None
        self._opening = asyncio.Lock()
        self._tried_at = float("-inf")
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_closed = False

    async def start(self) -> None:
        """Open the log; a failure is kept as `problem`."""
        try:
            await self.opened()
        except CodexError as error:
            logger.warning("Codex: %s", error)
        self.spawn(self._refresh_presence(), "codex presence")

    async def aclose(self) -> None:
        """End the sockets, the tasks and the log. May be called twice."""
        self._is_closed = True
        for socket in list(self.sockets):
            socket.close(1001, "The server is shutting down.")
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.logins.cancel()
        await self.clerk.aclose()
        async with self._opening:
            self._opened = None
            await self._stack.aclose()

    async def opened(self) -> tuple[TurnLog, Follower]:
        """The log and its follower; raises `LogError` with why there is none."""
        if self._opened is not None:
            return self._opened
        async with self._opening:
            if self._opened is None:
                self._opened = await self._open()
            return self._opened

    async def log(self) -> TurnLog:
        """The log; raises `LogError` with why there is none."""
        return (await self.opened())[0]

    def spawn(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """A task that ends with the service."""
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def notebook(self, path: str) -> NotebookPath:
        """The stored path of a notebook that a client names; raises `Refusal`. Opens nothing."""
        try:
            notebook = notebook_from_api_path(self.root_dir, path)
        except (ValueError, OSError) as error:
            raise bad_request(f"That is no path of a notebook: {error}") from None
        named = plain_api_path(self.root_dir, path)
        self._links.pop(notebook, None)
        if named != api_path(self.root_dir, notebook):
            self._links[notebook] = named
            if len(self._links) > KEPT_LINKS:
                del self._links[next(iter(self._links))]
        return notebook

    def api_path(self, notebook: NotebookPath | None) -> str | None:
        """How a page names a notebook; None when it cannot."""
        if notebook is None:
            return None
        return self._links.get(notebook) or api_path(self.root_dir, notebook)

    async def _open(self) -> tuple[TurnLog, Follower]:
        if self._is_closed:
            raise LogUnavailable("The server is shutting down.")
        now = asyncio.get_running_loop().time()
        if self.problem is not None and (
            self._configured_wrong or now < self._tried_at + RETRY_SECONDS
        ):
            raise self.problem
        self._tried_at = now
        try:
            log = await self._stack.enter_async_context(
                TurnLog.open(self.settings.log, kind="server")
            )
        except CodexError as error:
            self.problem = error
            raise
        self.problem = None
        follower = Follower(log, self.api_path, self.poll_seconds)
        self.spawn(follower.run(), "codex follower")
        return log, follower

    async def _refresh_presence(self) -> None:
        while True:
            await asyncio.sleep(self.heartbeat_seconds)
            if self.pages and self._opened is not None:
                try:
                    await presence.refresh(self._opened[0])
                except LogUnavailable as error:
                    logger.warning("Codex: presence was not noted: %s", error)
