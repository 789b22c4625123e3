"""Reading a line from the frontend without blocking the kernel.

A box that was left open (its question was answered elsewhere, or the turn was stopped) stays on
the page, and what is typed there later arrives like an answer to the next question. So a reply
counts only when it names our present request as its parent, or names none and no request of
this kernel was ever left open.
"""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass
from typing import Any

import zmq

POLL_MILLISECONDS = 50
"""How quickly a withdrawn question lets go of the socket."""


@dataclass(frozen=True)
class Asker:
    """The execute_request on whose behalf is asked: only its frontend sees the box."""

    parent: dict[str, Any]
    ident: Any


class Stdin:
    """The stdin channel of a kernel; one question at a time."""

    def __init__(self, kernel: Any) -> None:
        """`kernel`: an ipykernel `Kernel` with `session` and `stdin_socket`."""
        self._kernel = kernel
        self._order = asyncio.Lock()
        self._has_abandoned = False

    async def read_line(self, asker: Asker, prompt: str, is_password: bool) -> str | None:
        """The line that the user typed; None at the end of input. Cancel to withdraw.

        Questions are put one after the other, in the order in which they came.
        """
        async with self._order:
            withdrawn = threading.Event()
            reading = asyncio.get_running_loop().run_in_executor(
                None, self._read, asker, prompt, is_password, withdrawn
            )
            try:
                return await asyncio.shield(reading)
            except asyncio.CancelledError:
                withdrawn.set()
                await asyncio.wait((reading,))
                raise

    def _read(
        self, asker: Asker, prompt: str, is_password: bool, withdrawn: threading.Event
    ) -> str | None:
        session, socket = self._kernel.session, self._kernel.stdin_socket
        content = {"prompt": prompt, "password": is_password}
        request = session.send(socket, "input_request", content, asker.parent, ident=asker.ident)
        while not withdrawn.is_set():
            if not socket.poll(POLL_MILLISECONDS, zmq.POLLIN):
                continue
            _, reply = session.recv(socket)
            if reply is not None and self._is_ours(reply, request):
                value = str(reply["content"].get("value", ""))
                return None if value == "\x04" else value
        self._has_abandoned = True
        return None

    def _is_ours(self, reply: dict[str, Any], request: dict[str, Any]) -> bool:
        answered = (reply.get("parent_header") or {}).get("msg_id")
        if not answered:
            return not self._has_abandoned
        return answered == request["header"]["msg_id"]
