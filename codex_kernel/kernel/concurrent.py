"""A kernel that answers while a cell runs.

ipykernel handles shell messages one after the other. A turn runs for minutes, and meanwhile a
reloaded page waits for `kernel_info`, Tab waits for completions and widgets wait for their
comms. This mixin dispatches such requests beside the running cell, each with its own busy and
idle, and says busy again for the cell afterwards, because JupyterLab takes the last status it
sees as the kernel's. It builds on the internals of ipykernel 7.4 (`shell_main`).
"""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import logging
from typing import Any

logger = logging.getLogger(__name__)

ANSWERED_MEANWHILE = frozenset(
    {
        "kernel_info_request",
        "connect_request",
        "comm_info_request",
        "comm_open",
        "comm_msg",
        "comm_close",
        "complete_request",
        "inspect_request",
        "is_complete_request",
        "history_request",
    }
)


class AnswersWhileRunning:
    """Mixin before `ipykernel.kernelbase.Kernel`; set `running_parent` while a cell runs."""

    running_parent: dict[str, Any] | None = None
    """The execute_request whose cell runs on the main shell."""

    async def shell_main(self: Any, subshell_id: str | None, msg: list[Any]) -> None:
        """Dispatch a shell message: beside the running cell when it may be, else in turn."""
        is_busy = subshell_id is None and self._main_asyncio_lock.locked()
        peeked = self._peek(msg) if subshell_id is None else {}
        kind = peeked.get("header", {}).get("msg_type")
        if kind == "execute_request":
            self.cell_received(peeked["header"]["msg_id"])
            if is_busy:
                self.cell_queued(peeked | {"content": self.session.unpack(peeked["content"])})
        if is_busy and kind in ANSWERED_MEANWHILE:
            kept = self._shell_context  # what threads without a context of their own publish under
            try:
                context = contextvars.copy_context()
                await asyncio.create_task(self._answer_meanwhile(msg), context=context)
            finally:
                self._shell_context = kept
            return
        await super().shell_main(subshell_id, msg)  # type: ignore[misc]  # mixin  # the kernel's

    def cell_received(self, msg_id: str) -> None:
        """An execute_request came; called in the order in which they were sent."""

    def cell_queued(self, message: dict[str, Any]) -> None:
        """An execute_request came while a cell runs; it will run after it, or be aborted."""

    def _peek(self: Any, frames: list[Any]) -> dict[str, Any]:
        """A message with its content still packed: unpacking counts as having received it."""
        try:
            _, frames = self.session.feed_identities(frames, copy=False)
            return self.session.deserialize(frames, content=False, copy=False)
        except Exception:  # whatever a broken message raises, the kernel's own path reports it
            return {}

    async def _answer_meanwhile(self: Any, frames: list[Any]) -> None:
        idents, frames = self.session.feed_identities(frames, copy=False)
        msg = self.session.deserialize(frames, content=True, copy=False)
        self.set_parent(idents, msg, channel="shell")
        self._publish_status("busy", "shell", msg)
        stream = self.shell_stream
        if self.shell_channel_thread:
            manager = self.shell_channel_thread.manager
            stream = manager.get_subshell_to_shell_channel_socket(None)
        try:
            result = self.shell_handlers[msg["header"]["msg_type"]](stream, idents, msg)
            if inspect.isawaitable(result):
                await result
        except Exception:  # as in ipykernel: a failing handler must not end the dispatching
            logger.exception("Handling %s failed", msg["header"]["msg_type"])
        finally:
            self._publish_status("idle", "shell", msg)

    def _publish_status(
        self: Any, status: str, channel: str, parent: dict[str, Any] | None = None
    ) -> None:
        super()._publish_status(status, channel, parent)  # type: ignore[misc]  # mixin  # the kernel's
        running = self.running_parent
        if status == "idle" and running is not None:
            about = parent or self.get_parent(channel)
            if about.get("header", {}).get("msg_id") != running["header"]["msg_id"]:
                super()._publish_status("busy", "shell", running)  # type: ignore[misc]  # mixin
