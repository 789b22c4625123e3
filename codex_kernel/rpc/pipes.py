"""The three pipes of a child process, as the event loop reports them.

Owns what has arrived and was not taken yet, and how much of it may wait. Refuses to know how the
child is started and ended, and what its lines mean.
"""

from __future__ import annotations

import asyncio
from typing import cast

from codex_kernel.rpc.framing import LineFramer

OUTPUT_SECONDS = 0.5
"""After the exit, for output in the pipe; a grandchild may keep stdout open for ever."""
STDERR_TAIL_BYTES = 16 * 1024
"""Enough for a backtrace; the rest of stderr is read and dropped."""
WAITING_BYTES = 8 * 1024 * 1024
"""Frames that nobody has taken yet: beyond this the pipe fills and the child waits."""
BURST_SECONDS = 0.001
"""Lines that follow each other faster are a burst: an answer comes as 40 of them a millisecond."""
ALIKE_BYTES = 32
"""And that begin alike, so that what follows an answer is not held up by it."""
GATHER_SECONDS = 0.003
"""In a burst the pipe is left to fill for so long: to wake up for every line would cost a third
of our time, and the child its processor."""
GATHERED_BYTES = 32 * 1024
"""Half of what a pipe holds: whoever finds more does not leave it to fill, for it would be full."""


class Pipes(asyncio.SubprocessProtocol):
    """What the event loop reports of the child: chunks become frames as they come."""

    def __init__(self) -> None:
        self.news = asyncio.Event()
        self.exited = asyncio.Event()
        self.lost = asyncio.Event()
        self.writable = asyncio.Event()
        self.writable.set()
        self.is_output_ended = False
        self.stderr = b""
        self._framer = LineFramer()
        self._frames: list[bytes] = []
        self._waiting_bytes = 0
        self._stdout: asyncio.ReadTransport | None = None
        self._loop = asyncio.get_running_loop()
        self._last_chunk = 0.0
        self._beginning = b""
        self._is_gathering = False
        self._is_paused = False
        self._is_closing = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        process = cast(asyncio.SubprocessTransport, transport)
        self._stdout = cast(asyncio.ReadTransport, process.get_pipe_transport(1))

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        if fd == 2:
            self.stderr = (self.stderr + data)[-STDERR_TAIL_BYTES:]
            return
        if self._is_closing and self._waiting_bytes > WAITING_BYTES:
            return  # nobody takes them any more, and the child must be able to leave
        if frames := self._framer.feed(data):
            self._frames += frames
            self._waiting_bytes += sum(map(len, frames))
            self.news.set()
            self._pause_if_full()
            self._gather_in_burst(frames, len(data))

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        if fd == 0:
            self.writable.set()
        elif fd == 1:
            self.end_output()

    def process_exited(self) -> None:
        self.exited.set()
        self._end_output_later()

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost.set()

    def pause_writing(self) -> None:
        self.writable.clear()

    def resume_writing(self) -> None:
        self.writable.set()

    def take(self) -> list[bytes]:
        """The frames that wait; `news` is set again when there are more."""
        frames, self._frames = self._frames, []
        self._waiting_bytes = 0
        if not self.is_output_ended:
            self.news.clear()
        self._resume()
        return frames

    def let_flow(self) -> None:
        """Never hold the child back again: it is asked to leave."""
        self._is_closing = True
        self._resume()

    def _pause_if_full(self) -> None:
        if self._waiting_bytes > WAITING_BYTES and not self._is_closing:
            self._is_paused = True
            self._flow()

    def _resume(self) -> None:
        if self._is_paused:
            self._is_paused = False
            self._flow()

    def _gather_in_burst(self, frames: list[bytes], size: int) -> None:
        before, last = (frame[:ALIKE_BYTES] for frame in [self._beginning, *frames][-2:])
        self._beginning = last
        now = self._loop.time()
        if before == last and now - self._last_chunk < BURST_SECONDS and size < GATHERED_BYTES:
            self._is_gathering = True
            self._flow()
            self._loop.call_later(GATHER_SECONDS, self._end_gathering)
            now += GATHER_SECONDS
        self._last_chunk = now

    def _end_gathering(self) -> None:
        self._is_gathering = False
        self._flow()

    def _flow(self) -> None:
        """Read, or do not; without effect on a pipe that is read, not read, or closed already."""
        if self._stdout is None:
            return
        if self._is_paused or self._is_gathering:
            self._stdout.pause_reading()
        else:
            self._stdout.resume_reading()

    def _end_output_later(self) -> None:
        asyncio.get_running_loop().call_later(OUTPUT_SECONDS, self._end_output_unless_paused)

    def _end_output_unless_paused(self) -> None:
        if self._is_paused:
            self._end_output_later()
        else:
            self.end_output()

    def end_output(self) -> None:
        """There is no more to read, whoever still holds the other end."""
        if not self.is_output_ended:
            self._frames += self._framer.close()
            self.is_output_ended = True
            self.news.set()
