"""Everything a host needs to run turns: the portal, the log and the session, from start to end.

Starting does not wait: the log is opened and Codex started while the host says hello to its
frontend; the first turn waits for what is not ready yet.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import TypeVar

from codex_kernel.engine.inbox import Inbox
from codex_kernel.engine.portal import Portal
from codex_kernel.engine.recovery import recover
from codex_kernel.engine.session import Session
from codex_kernel.errors import CodexError, LogError
from codex_kernel.ids import KernelId, NotebookPath
from codex_kernel.settings import Settings
from codex_kernel.turn_log.log import TurnLog
from codex_kernel.turn_log.retention import prune

logger = logging.getLogger(__name__)

T = TypeVar("T")

Offer = Callable[[Session], AbstractAsyncContextManager[Mapping[str, object]]]
"""Serves something to a session's threads; yields the configuration that tells them of it."""

CLOSE_SECONDS = 4.5
"""Jupyter kills a kernel that takes 5 s to shut down; the ladder of the app-server is shorter."""


class Engine:
    """The engine of one host. Methods are called from the host's threads."""

    def __init__(
        self,
        settings: Settings,
        *,
        notebook: NotebookPath | None = None,
        kernel_id: KernelId | None = None,
        kind: str = "kernel",
        offer: Offer | None = None,
    ) -> None:
        """Begin to start; returns at once. `offer`: what the session's threads get from us."""
        self.settings = settings
        self._notebook = notebook
        self._kernel_id = kernel_id
        self._kind = kind
        self._offer = offer
        self._portal = Portal()
        self._stack = AsyncExitStack()
        self._ready: concurrent.futures.Future[Session] = self._portal.submit(self._start())
        self._warm = self._portal.submit(self._connect())
        self._tidy = self._portal.submit(self._prune())
        self._inbox = self._portal.submit(self._serve())

    def run(self, work: Callable[[Session], Awaitable[T]]) -> concurrent.futures.Future[T]:
        """Run work with the session, on the engine's loop."""
        return self._portal.submit(self._with_session(work))

    def post(self, function: Callable[[Session], object]) -> None:
        """Call a function with the session soon, on the engine's loop, from any thread."""

        def call(ready: concurrent.futures.Future[Session]) -> None:
            if not ready.cancelled() and ready.exception() is None:
                self._portal.post(function, ready.result())

        self._ready.add_done_callback(call)

    async def aclose(self) -> None:
        """`close()`, without blocking the caller's loop."""
        await asyncio.to_thread(self.close)

    def close(self) -> None:
        """End the turns, the app-server and the log, then the thread. May be called twice."""
        if self._portal.loop.is_closed():
            return
        try:
            self._portal.submit(self._stop()).result(CLOSE_SECONDS)
        except TimeoutError:
            logger.error("The engine did not stop within %g s", CLOSE_SECONDS)
        finally:
            self._portal.close()

    async def _with_session(self, work: Callable[[Session], Awaitable[T]]) -> T:
        return await work(await self._session())

    async def _session(self) -> Session:
        if self._ready.done() and not self._ready.cancelled():
            return self._ready.result()
        # Shielded: whoever gives up waiting must not cancel the start itself.
        return await asyncio.shield(asyncio.wrap_future(self._ready))

    async def _start(self) -> Session:
        log = await self._open_log()
        session = Session(self.settings, log, notebook=self._notebook, kernel_id=self._kernel_id)
        self._stack.push_async_callback(session.aclose)
        if self._offer is not None:
            try:
                session.offered = await self._stack.enter_async_context(self._offer(session))
            except OSError as failure:
                logger.warning("Codex gets no tools of ours: %s", failure)
        try:
            await recover(log, session.lend)
        except CodexError as failure:
            logger.warning("Turns of ended kernels could not be closed: %s", failure)
        return session

    async def _open_log(self) -> TurnLog:
        try:
            return await self._stack.enter_async_context(
                TurnLog.open(self.settings.log, self._kind)
            )
        except LogError as failure:
            logger.warning("Turns are not recorded: %s", failure)
            return await self._stack.enter_async_context(
                TurnLog.unavailable(str(failure), self.settings.log, self._kind)
            )

    async def _connect(self) -> None:
        """Have an app-server before the first turn asks for it; a failure is its to tell."""
        session = await self._session()
        try:
            await session.connect()
        except CodexError as failure:
            logger.info("Codex is not started yet: %s", failure)

    async def _prune(self) -> None:
        """Keep the log within its bounds."""
        session = await self._session()
        try:
            await prune(session.log)
        except LogError as failure:
            logger.warning("Old turns are not removed: %s", failure)

    async def _serve(self) -> None:
        await Inbox(await self._session()).run()

    async def _stop(self) -> None:
        self._warm.cancel()
        self._tidy.cancel()
        self._inbox.cancel()
        try:
            await asyncio.wait((asyncio.wrap_future(self._ready),))  # also when it fails
        finally:
            await self._stack.aclose()
