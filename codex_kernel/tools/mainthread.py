"""Running functions on the main thread for whoever is not on it.

A user's objects belong to the thread that made them, and only there Python code can be
interrupted. Between cells the host's own loop runs what waits here; while a cell of the user's
waits for a turn (`%codex`), that waiting does. Knows no tool and no IPython.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import queue
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, TypeVar

from codex_kernel.errors import KernelBusy, ToolStopped

T = TypeVar("T")

BEGIN_SECONDS = 10.0
"""How long a call waits for the main thread."""
STOP_SECONDS = 2.0
"""What was interrupted ends within this, or it is left to itself."""
SLICE_SECONDS = 1.0
"""A nested wait may have taken the wake-up of an outer one."""

Wake = Callable[[Callable[[], None]], None]
"""Calls a function on the main thread, soon, between cells. Called from other threads."""


class MainThread:
    """The main thread of this process, as a place to run functions."""

    def __init__(self, wake: Wake) -> None:
        self._wake = wake
        self._waiting: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._loops: list[asyncio.AbstractEventLoop] = []

    async def run(self, function: Callable[[], T], seconds: float) -> T:
        """The function's value. Cancelling interrupts it.

        Raises `KernelBusy` when the main thread does not come to it, `ToolStopped` when it took
        longer than `seconds` or the user interrupted it, and whatever the function raises.
        """
        job = _Job(function)
        self._waiting.put(job)
        self._wake(self.run_waiting)
        for loop in list(self._loops):
            loop.call_soon_threadsafe(self.run_waiting)
        try:
            await self._begun(job)
            await _settled(job.ended, seconds)
        except asyncio.CancelledError:
            job.stop()
            raise
        if not job.ended.done():
            job.stop()
            await _settled(job.ended, STOP_SECONDS)
            late = "" if job.ended.done() else " It does not react to an interrupt and still runs."
            raise ToolStopped(f"Stopped after {seconds:g} s.{late}")
        return job.result()

    def serve(self, until: concurrent.futures.Future[Any]) -> None:
        """Wait for a future, and run on this thread what waits for the main one, if it is that."""
        if threading.current_thread() is not threading.main_thread():
            concurrent.futures.wait((until,))
            return
        until.add_done_callback(lambda _: self._waiting.put(None))
        while not until.done():
            try:
                job = self._waiting.get(timeout=SLICE_SECONDS)
            except queue.Empty:
                continue
            if job is not None:
                _execute(job)

    @contextmanager
    def open_on(self, loop: asyncio.AbstractEventLoop) -> Iterator[None]:
        """While the block lasts, this loop of the main thread runs what waits, too."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        self._loops.append(loop)
        try:
            yield
        finally:
            self._loops.remove(loop)

    def run_waiting(self) -> None:
        """Run what waits now."""
        while True:
            try:
                job = self._waiting.get_nowait()
            except queue.Empty:
                return
            if job is not None:
                _execute(job)

    async def _begun(self, job: _Job) -> None:
        await _settled(job.begun, BEGIN_SECONDS)
        if job.withdraw():
            raise KernelBusy(f"The kernel has been busy with something else for {BEGIN_SECONDS} s.")


class _Job:
    def __init__(self, function: Callable[[], Any]) -> None:
        self.function = function
        self.begun: concurrent.futures.Future[None] = concurrent.futures.Future()
        self.ended: concurrent.futures.Future[Any] = concurrent.futures.Future()
        self.is_running = False
        self.is_ending = False
        self.is_stopping = False
        self.before: Any = None
        """Whose SIGINT it is otherwise."""
        self._lock = threading.Lock()

    def begin(self) -> bool:
        """Whether it is to run: it may have been withdrawn."""
        with self._lock:
            if self.begun.done():
                return False
            self.is_running = True
            self.begun.set_result(None)
            return True

    def withdraw(self) -> bool:
        """Whether it had not begun: now it will not."""
        with self._lock:
            if self.is_running or self.is_ending:
                return False
            if not self.begun.done():
                self.begun.cancel()
            return self.begun.cancelled()

    def stop(self) -> None:
        """Interrupt it where it is, or see to it that it does not begin."""
        if self.withdraw():
            return
        with self._lock:
            if self.is_running and not self.is_ending:
                self.is_stopping = True
                signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    def on_signal(self, number: int, frame: FrameType | None) -> None:
        """SIGINT, on the main thread: of ours, or the user's, who means the whole turn."""
        is_users = not self.is_stopping
        if is_users and callable(self.before) and self.before is not signal.default_int_handler:
            self.before(number, frame)
        if not self.is_ending:
            raise KeyboardInterrupt

    def end(self) -> None:
        """It can be interrupted no more."""
        self.is_ending = True
        with self._lock:  # a signal that `stop` has sent arrives before this is had
            self.is_running = False

    def result(self) -> Any:
        """Its value; raises what it raised."""
        return self.ended.result(0)


def _execute(job: _Job) -> None:
    job.before = signal.signal(signal.SIGINT, job.on_signal)
    try:
        if not job.begin():
            return
        try:
            value, failure = job.function(), None
            job.is_ending = True
        except Exception as raised:  # raised again where the call came from
            job.is_ending = True
            value, failure = None, raised
        except KeyboardInterrupt:
            job.is_ending = True
            value, failure = None, ToolStopped("The user interrupted it.")
        except BaseException as raised:  # SystemExit would end the loop that waits for this
            job.is_ending = True
            value, failure = None, ToolStopped(f"It ended by {type(raised).__name__}.")
        job.end()
        if failure is None:
            job.ended.set_result(value)
        else:
            job.ended.set_exception(failure)
    finally:
        signal.signal(signal.SIGINT, job.before)


async def _settled(future: concurrent.futures.Future[Any], seconds: float) -> None:
    """Wait for a future, but not for long, and without cancelling it."""
    done = asyncio.Event()
    loop = asyncio.get_running_loop()
    future.add_done_callback(lambda _: _set(loop, done))
    try:
        async with asyncio.timeout(seconds):
            await done.wait()
    except TimeoutError:
        return


def _set(loop: asyncio.AbstractEventLoop, event: asyncio.Event) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(event.set)
