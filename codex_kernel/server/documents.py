"""Keeps the record true to the documents: renamed, copied and deleted ones, and their kernels.

Hears of files from the server's contents events, of sessions by listening in on the session
manager (it has no events), of kernels from their events. All of it goes through one queue, so
that what happened first is recorded first. A file that is moved in a terminal is heard of by
nobody: its cells tell (`turn_log.bindings`). Opens no document.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from jupyter_server.utils import ensure_async

from codex_kernel.errors import CodexError
from codex_kernel.ids import KernelId, NotebookPath
from codex_kernel.server.routes import Refusal
from codex_kernel.turn_log import bindings, kernels
from codex_kernel.turn_log.log import TurnLog

if TYPE_CHECKING:
    from jupyter_server.serverapp import ServerApp

    from codex_kernel.server.service import Service

CONTENTS = "https://events.jupyter.org/jupyter_server/contents_service/v1"
KERNEL_ACTIONS = "https://events.jupyter.org/jupyter_server/kernel_actions/v1"
PATIENCE_SECONDS = 1.0
"""A session is not held up longer by a log that cannot be written."""

logger = logging.getLogger(__name__)

Step = Callable[[TurnLog], Awaitable[None]]


class Documents:
    """What one server hears of documents, until its `run()` is cancelled."""

    def __init__(self, service: Service, server: ServerApp) -> None:
        """Nothing is heard before `listen()`."""
        self._service = service
        self._server = server
        self._steps: asyncio.Queue[Step] = asyncio.Queue()

    def listen(self) -> None:
        """Hear of everything from now on."""
        events: Any = self._server.event_logger
        events.add_listener(schema_id=CONTENTS, listener=self._on_contents)
        events.add_listener(schema_id=KERNEL_ACTIONS, listener=self._on_kernel)
        sessions: Any = self._server.session_manager
        sessions.save_session = partial(self._save_session, sessions.save_session)
        sessions.update_session = partial(self._update_session, sessions.update_session)

    async def run(self) -> None:
        """Record what was heard of, in order, for ever; what cannot be recorded is passed over."""
        while True:
            step = await self._steps.get()
            try:
                await step(await self._service.log())
            except CodexError as error:
                logger.warning("Codex: a change of a notebook is not recorded: %s", error)
            except Exception:  # one bad event must not deafen us to the next ones
                logger.exception("Codex: a change of a notebook is not recorded")
            finally:
                self._steps.task_done()

    # Files

    async def _on_contents(self, *, data: dict[str, Any], **_origin: Any) -> None:
        path = self._notebook(data["path"])
        source = self._notebook(data.get("source_path"))
        if path is None:
            return
        if data["action"] == "rename" and source is not None:
            self._steps.put_nowait(lambda log: bindings.move(log, source, path))
        elif data["action"] in ("delete", "copy"):  # a copy begins blank
            self._steps.put_nowait(lambda log: bindings.forget_notebook(log, path))

    def _notebook(self, path: str | None) -> NotebookPath | None:
        try:
            return self._service.notebook(path) if path else None
        except Refusal:
            return None

    # Kernels and the sessions that name their notebooks

    async def _on_kernel(self, *, data: dict[str, Any], **_origin: Any) -> None:
        kernel_id = data.get("kernel_id")
        if data["action"] == "shutdown" and data.get("status") == "success" and kernel_id:
            self._steps.put_nowait(lambda log: kernels.forget(log, KernelId(kernel_id)))

    async def _save_session(self, save: Callable[..., Any], *args: Any, **fields: Any) -> Any:
        model = await ensure_async(save(*args, **fields))
        await self._heard_of_session(model)
        return model

    async def _update_session(
        self, update: Callable[..., Any], session_id: str, **changes: Any
    ) -> Any:
        result = await ensure_async(update(session_id, **changes))
        manager = self._server.session_manager
        await self._heard_of_session(await ensure_async(manager.get_session(session_id=session_id)))
        return result

    async def _heard_of_session(self, model: dict[str, Any] | None) -> None:
        """Record it before the client hears of it, but do not wait for long."""
        kernel = (model or {}).get("kernel") or {}
        path = self._notebook((model or {}).get("path"))
        # A console may share a notebook's kernel: its path is none of a document.
        if path is None or not kernel.get("id") or (model or {}).get("type") != "notebook":
            return
        self._steps.put_nowait(partial(self._place, KernelId(kernel["id"]), path))
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_SECONDS):
                await self._steps.join()

    async def _place(self, kernel_id: KernelId, path: NotebookPath, log: TurnLog) -> None:
        before = await kernels.notebook_of(log, kernel_id)
        if before is not None and before != path and not await self._is_there(before):
            # Moved by something that emits no event; "Save as" leaves the file where it was.
            await bindings.move(log, before, path)
        await kernels.place(log, kernel_id, path)

    async def _is_there(self, notebook: NotebookPath) -> bool:
        path = self._service.api_path(notebook)
        if path is None:  # not below the server's root: its folder is a link
            return await asyncio.to_thread(os.path.exists, notebook)
        return await ensure_async(self._server.contents_manager.file_exists(path))
