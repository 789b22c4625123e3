"""What the server does by itself, without anybody asking: close what dead processes left, keep
the record within its bounds, count running turns as activity, tell telemetry.

Every step is safe at any time and at any number of servers at once. A step that fails is tried
again with the next round; the server goes on.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from codex_kernel.engine.recovery import recover
from codex_kernel.errors import CodexError
from codex_kernel.server.activity import Activity
from codex_kernel.server.documents import Documents
from codex_kernel.server.telemetry import Telemetry
from codex_kernel.turn_log.log import TurnLog
from codex_kernel.turn_log.retention import prune

if TYPE_CHECKING:
    from jupyter_server.serverapp import ServerApp

    from codex_kernel.server.service import Service

PRUNE_SECONDS = 24 * 3600.0

logger = logging.getLogger(__name__)


class Upkeep:
    """The standing tasks of one server; they end with its service."""

    def __init__(self, service: Service, server: ServerApp, seconds: float) -> None:
        """`seconds` between two rounds. Nothing is done before `start()`."""
        self.activity = Activity(server)
        self._service = service
        self._server = server
        self._seconds = seconds
        self._told: dict[str, str] = {}

    def start(self) -> None:
        """Begin, on the server's loop."""
        documents = Documents(self._service, self._server)
        documents.listen()
        events: Any = self._server.event_logger
        telemetry = Telemetry(events)
        self._service.spawn(documents.run(), "codex documents")
        steps = (self._recover, self.activity.note, telemetry.tell)
        self._service.spawn(self._repeat(self._seconds, *steps), "codex recovery")
        self._service.spawn(self._repeat(PRUNE_SECONDS, prune), "codex retention")

    async def _recover(self, log: TurnLog) -> None:
        await recover(log, self._service.clerk.server)

    async def _repeat(self, seconds: float, *steps: Callable[[TurnLog], Awaitable[Any]]) -> None:
        while True:
            for step in steps:
                await self._try(step)
            await asyncio.sleep(seconds)

    async def _try(self, step: Callable[[TurnLog], Awaitable[Any]]) -> None:
        name = getattr(step, "__qualname__", "step")
        problem = ""
        try:
            await step(await self._service.log())
        except CodexError as error:
            problem = str(error)
        except Exception as error:  # a bug in one step must not end the others
            problem = f"{type(error).__name__}: {error}"
        if problem and self._told.get(name) != problem:
            logger.warning("Codex: %s failed: %s", name, problem)
        self._told[name] = problem
