"""Reading a line from a Jupyter frontend without blocking anything.

A box that was left open (its question was answered elsewhere, or the turn was stopped) stays on
the page, and what is typed there later arrives like an answer to the next question. So a reply
counts only when it names our present request as its parent, or names none and no request of
this kernel was ever left open.

The socket is looked at from the loop that awaits the line: as in all of ZeroMQ, no other thread
may use it meanwhile.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

POLL_SECONDS = 0.05
"""How quickly a line that was typed is seen."""


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
        self._line: deque[object] = deque()  # of askers on any loop: a Lock belongs to one
        self._has_abandoned = False

    async def read_line(self, asker: Asker, prompt: str, is_password: bool) -> str | None:
        """The line that the user typed; None at the end of input. Cancel to withdraw.

        Questions are put one after the other, in the order in which they came.
        """
        place = object()
        self._line.append(place)
        try:
            await _until(lambda: self._line[0] is place)
            return await self._put(asker, prompt, is_password)
        finally:
            self._line.remove(place)

    async def _put(self, asker: Asker, prompt: str, is_password: bool) -> str | None:
        content = {"prompt": prompt, "password": is_password}
        request = self._kernel.session.send(
            self._kernel.stdin_socket, "input_request", content, asker.parent, ident=asker.ident
        )
        try:
            value = await self._answer(request)
        except asyncio.CancelledError:
            self._has_abandoned = True
            raise
        return None if value == "\x04" else value

    async def _answer(self, request: dict[str, Any]) -> str:
        socket = self._kernel.stdin_socket
        while True:
            await _until(lambda: socket.poll(0) > 0)
            _, reply = self._kernel.session.recv(socket)
            if reply is not None and self._is_ours(reply, request):
                return str(reply["content"].get("value", ""))

    def _is_ours(self, reply: dict[str, Any], request: dict[str, Any]) -> bool:
        answered = (reply.get("parent_header") or {}).get("msg_id")
        if not answered:
            return not self._has_abandoned
        return answered == request["header"]["msg_id"]


async def _until(is_so: Callable[[], bool]) -> None:
    while not is_so():  # noqa: ASYNC110  # a socket and another loop have no event
        await asyncio.sleep(POLL_SECONDS)
