"""Our end of a JSON-RPC connection.

Owns request ids, deadlines, retries, the one task that reads, and the promise that everything
that waits is told when the connection ends. Refuses to know methods and what messages mean:
notifications and the server's requests go up as they came, in order, a batch per read.

Answers settle futures, so a caller of `request` goes on after `on_batch` has seen what came in
the same read: what belongs to an answer can be there before it. Who needs both together keeps
early messages aside by thread and turn id.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
from collections.abc import Callable
from types import TracebackType
from typing import Any, Protocol, Self

from codex_kernel.errors import AppServerGone, Overloaded, RequestRefused, RequestTimedOut
from codex_kernel.rpc.framing import Message, decode_all, encode

REQUEST_SECONDS = 30.0
"""Answers take milliseconds; an unanswered request must not hold a cell for ever."""
MAX_IN_FLIGHT = 8
"""The app-server drops requests when hundreds are in flight (measured at 1,000)."""
OVERLOADED = -32001
"""The one error code that means "again, later"."""
FIRST_BACKOFF_SECONDS = 0.05
LONGEST_BACKOFF_SECONDS = 2.0
NOISE_CHARACTERS = 200
"""What an error quotes of a line that was no message."""

OnBatch = Callable[[list[Message]], None]
OnClose = Callable[[AppServerGone], None]
_Answer = asyncio.Future[Message | AppServerGone]


class Transport(Protocol):
    """What carries frames; `stdio` and `websocket` have one each."""

    @property
    def ending(self) -> str:
        """How it ended, in a sentence, once `receive` has returned nothing."""
        ...

    async def send(self, frame: bytes) -> None:
        """Send one frame; without effect after the end, which `receive` reports."""
        ...

    async def receive(self) -> list[bytes]:
        """Frames as they arrived, at least one; empty when there will be no more."""
        ...

    async def aclose(self) -> None:
        """End it, bounded in time; again is harmless."""
        ...


class Peer:
    """Requests, notifications and answers over one transport; `async with` owns both.

    `on_batch` gets notifications and server requests in order of arrival, from the reading
    task: it must not block, and how much it keeps is its own affair. `on_close` is called
    exactly once, when the connection has ended for whatever reason.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        on_batch: OnBatch,
        on_close: OnClose | None = None,
        max_in_flight: int = MAX_IN_FLIGHT,
    ) -> None:
        self._transport = transport
        self._on_batch = on_batch
        self._on_close = on_close
        self._slots = asyncio.Semaphore(max_in_flight)
        self._ids = itertools.count(1)
        self._pending: dict[int, _Answer] = {}
        self._reader: asyncio.Task[None] | None = None
        self._gone: AppServerGone | None = None
        self._noise_count = 0
        self._last_noise = ""

    @property
    def gone(self) -> AppServerGone | None:
        """How the connection ended, or None while it lives."""
        return self._gone

    @property
    def noise_count(self) -> int:
        """How many lines were no messages; they are skipped."""
        return self._noise_count

    def start(self) -> None:
        """Begin to read; `async with` does it."""
        if self._reader is None:
            self._reader = asyncio.create_task(self._read())

    async def aclose(self) -> None:
        """End the transport and the reading task; whoever still waits gets AppServerGone."""
        await self._transport.aclose()
        if self._reader is not None:
            await asyncio.shield(self._reader)
        self._end(AppServerGone("The connection to the app-server was closed."))

    async def __aenter__(self) -> Self:
        self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def request(
        self,
        method: str,
        params: Any = None,
        *,
        timeout_seconds: float = REQUEST_SECONDS,
        urgent: bool = False,
    ) -> Any:
        """The result of `method`, within `timeout_seconds` all in all.

        At most `max_in_flight` wait for answers at once; `urgent` is for those that must not
        queue behind others (an interrupt) or that take long (a command).

        Raises RequestTimedOut, RequestRefused, Overloaded, AppServerGone.
        """
        refusals: list[Overloaded] = []
        deadline = asyncio.timeout(timeout_seconds)
        try:
            async with deadline:
                return await self._ask_until_taken(method, params, urgent, refusals)
        except TimeoutError:
            if not deadline.expired():
                raise
            if refusals:
                raise refusals[-1] from None
            raise RequestTimedOut(
                f"The app-server did not answer {method} within {timeout_seconds:g} s."
            ) from None

    async def notify(self, method: str, params: Any = None) -> None:
        """Send a notification."""
        await self._send(_with_params({"method": method}, params))

    async def respond(self, request_id: int | str, result: Any) -> None:
        """Answer a request of the server; harmless after the end."""
        await self._send({"id": request_id, "result": result})

    async def respond_error(self, request_id: int | str, code: int, message: str) -> None:
        """Refuse a request of the server; harmless after the end."""
        await self._send({"id": request_id, "error": {"code": code, "message": message}})

    async def _ask_until_taken(
        self, method: str, params: Any, urgent: bool, refusals: list[Overloaded]
    ) -> Any:
        longest = FIRST_BACKOFF_SECONDS
        while True:
            async with contextlib.nullcontext() if urgent else self._slots:
                answer = await self._ask(method, params)
            error = answer.get("error")
            if error is None:
                refusals.clear()
                return answer.get("result")
            refusal = _refusal(method, error)
            if not isinstance(refusal, Overloaded):
                raise refusal
            refusals.append(refusal)
            # Half fixed, half chance: clients that were refused together come back apart.
            await asyncio.sleep(longest * (0.5 + random.random() / 2))
            longest = min(longest * 2, LONGEST_BACKOFF_SECONDS)

    async def _ask(self, method: str, params: Any) -> Message:
        if self._gone is not None:
            raise _own(self._gone)
        request_id = next(self._ids)
        answer: _Answer = asyncio.get_running_loop().create_future()
        self._pending[request_id] = answer
        try:
            await self._send(_with_params({"id": request_id, "method": method}, params))
            settled = await answer
        finally:
            self._pending.pop(request_id, None)
        if isinstance(settled, AppServerGone):
            raise _own(settled)
        return settled

    async def _send(self, message: Message) -> None:
        await self._transport.send(encode(message))

    async def _read(self) -> None:
        gone: AppServerGone | None = None
        try:
            while frames := await self._transport.receive():
                self._take(frames)
            gone = AppServerGone(self._transport.ending + self._noise_note())
        except AppServerGone as error:
            gone = error
        except Exception as error:  # who waits must hear of it: nothing will be read any more
            gone = AppServerGone(f"Reading from the app-server failed: {error!r}.")
            gone.__cause__ = error
        finally:
            try:
                self._end(gone or AppServerGone("Reading from the app-server was cancelled."))
            finally:
                await self._transport.aclose()

    def _take(self, frames: list[bytes]) -> None:
        batch: list[Message] = []
        for message, frame in zip(decode_all(frames), frames, strict=True):
            if type(message) is not dict:
                self._note_noise(frame)
            elif "method" in message:
                batch.append(message)
            else:
                self._settle(message, frame)
        if batch:
            self._on_batch(batch)

    def _settle(self, message: Message, frame: bytes) -> None:
        request_id = message.get("id")
        if type(request_id) is not int:
            self._note_noise(frame)
            return
        answer = self._pending.pop(request_id, None)
        if answer is not None and not answer.done():
            answer.set_result(message)

    def _note_noise(self, frame: bytes) -> None:
        self._noise_count += 1
        self._last_noise = frame[: 4 * NOISE_CHARACTERS].decode(errors="replace")

    def _noise_note(self) -> str:
        if not self._noise_count:
            return ""
        noise = self._last_noise[:NOISE_CHARACTERS]
        return f" Lines that were no messages: {self._noise_count}, the last: {noise}"

    def _end(self, gone: AppServerGone) -> None:
        if self._gone is not None:
            return
        self._gone = gone
        pending, self._pending = self._pending, {}
        for answer in pending.values():
            if not answer.done():
                answer.set_result(gone)
        if self._on_close is not None:
            self._on_close(gone)


def _own(gone: AppServerGone) -> AppServerGone:
    # Each waiter gets an exception of its own: a shared one would collect tracebacks.
    own = AppServerGone(gone.message, next_step=gone.next_step)
    own.__cause__ = gone.__cause__
    return own


def _with_params(message: Message, params: Any) -> Message:
    if params is not None:
        message["params"] = params
    return message


def _refusal(method: str, error: Any) -> RequestRefused:
    fields: Message = error if isinstance(error, dict) else {"message": str(error)}
    code = fields.get("code")
    number = code if isinstance(code, int) else 0
    kind = Overloaded if number == OVERLOADED else RequestRefused
    message = str(fields.get("message") or "The app-server refused without a reason.")
    return kind(method, number, message, fields.get("data"))
