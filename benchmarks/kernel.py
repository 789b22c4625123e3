"""A kernel in its own process and a client that counts what arrives.

The client reads iopub from the socket itself, because only frames have a size on the wire.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import zmq
from jupyter_client.connect import ConnectionFileMixin
from jupyter_client.manager import KernelManager

from benchmarks.place import Place
from benchmarks.worker import SETTLE_SECONDS, WARM, Figures

MIME = "application/vnd.codex.turn.v1+json"
SECONDS = 60.0
START_ATTEMPTS = 3
_CPUCLOCK_SCHED = 2
"""What `clock_getcpuclockid` puts beside a process id, see include/linux/posix-timers.h."""
RECONNECT_MILLISECONDS = 1
"""By default ZeroMQ tries again after 100 ms, which is all one would see of a kernel's start."""


class NoAnswer(Exception):
    """Nothing came within SECONDS, or the kernel has ended."""


@dataclass
class Cell:
    """What one cell gave."""

    wall: float
    """Seconds from sending the request to idle."""
    sent: float = 0.0
    """When it was sent, as `time.time()`."""
    wire_bytes: int = 0
    """All frames on iopub, without the statuses and the echo of the input."""
    content_bytes: int = 0
    """Their content alone."""
    messages: list[tuple[float, dict[str, Any]]] = field(default_factory=list)
    """Displays with the `time.time()` they came."""

    @property
    def bundle(self) -> dict[str, Any]:
        """The final bundle of the turn."""
        return self.messages[-1][1]["content"]["data"][MIME]

    def first_text(self) -> float:
        """When the first display that shows text of an answer came."""
        return next(at for at, message in self.messages if shows_text(message))


def shows_text(message: dict[str, Any]) -> bool:
    """Whether a display's bundle has text of a message."""
    items = message["content"]["data"].get(MIME, {}).get("items", [])
    return any(item["type"] == "message" and item.get("text") for item in items)


class Kernel:
    """A running kernel; made by `start_kernel`."""

    def __init__(self, manager: KernelManager) -> None:
        """Connect to a kernel that was started."""
        self._manager = manager
        self.start_seconds = 0.0
        self.start_cpu_seconds = 0.0
        self.before = ""
        """What stands before a prompt: nothing in a Codex notebook."""
        self.session = manager.session
        self.process = psutil.Process(manager.provisioner.process.pid)  # type: ignore[union-attr]  # local
        self._iopub = _connect(manager, "iopub", zmq.SUB)
        self._iopub.setsockopt(zmq.SUBSCRIBE, b"")
        self._shell = _connect(manager, "shell", zmq.DEALER)

    def wait_until_ready(self, began: float) -> None:
        """Wait for the reply to a kernel_info request; `began` is when the process was."""
        self.session.send(self._shell, "kernel_info_request", {})
        self._receive(self._shell)
        self.start_seconds = time.perf_counter() - began
        self.start_cpu_seconds = self.cpu_seconds()

    def close(self) -> None:
        """Close the sockets and shut the kernel down."""
        for socket in (self._iopub, self._shell):
            socket.close(linger=0)
        self._manager.shutdown_kernel(now=self._has_ended())
        self._manager.cleanup_resources()

    def run(self, code: str, *, live: bool = True) -> Cell:
        """Run a cell as a notebook does, or (`live` false) as a headless runner."""
        content = {
            "code": code,
            "silent": False,
            "store_history": True,
            "user_expressions": {},
            "allow_stdin": live,
            "stop_on_error": True,
        }
        metadata = {"cellId": "benchmark"} if live else {}
        request = self.session.msg("execute_request", content, metadata=metadata)
        cell = Cell(0.0, time.time())
        began = time.perf_counter()
        self.session.send(self._shell, request)
        while not self._take(cell, request["msg_id"]):
            pass
        cell.wall = time.perf_counter() - began
        self._expect_ok(request["msg_id"])
        return cell

    def turn(self, prompt: str, deltas: int) -> Figures:
        """Run the turn in a new session that has had a short one."""
        self.run(f"{self.before}/new")
        self.run(f"{self.before}{WARM}")
        time.sleep(SETTLE_SECONDS)
        before = self.cpu_seconds()
        cell = self.run(f"{self.before}{prompt}")
        used = self.cpu_seconds() - before
        [answer] = (item for item in cell.bundle["items"] if item["type"] == "message")
        if len(answer["text"]) < deltas and "truncated" not in str(answer):
            raise ValueError(f"Only {len(answer['text'])} characters of {deltas} deltas came.")
        return Figures(cell.wall, used)

    def cpu_seconds(self) -> float:
        """User and system time of the kernel's process, all its threads, no children."""
        if sys.platform == "linux":  # in nanoseconds; psutil counts in hundredths of a second
            return time.clock_gettime(~self.process.pid << 3 | _CPUCLOCK_SCHED)
        times = self.process.cpu_times()
        return times.user + times.system

    def _take(self, cell: Cell, request: str) -> bool:
        """Read one message of iopub; whether it was the end of the request."""
        frames = self._receive(self._iopub)
        at = time.time()
        _, parts = self.session.feed_identities(frames)
        message = self.session.deserialize(parts)
        if message["parent_header"].get("msg_id") != request:
            return False
        if message["msg_type"] == "status":
            return message["content"]["execution_state"] == "idle"
        if message["msg_type"] != "execute_input":
            cell.wire_bytes += sum(map(len, frames))
            cell.content_bytes += len(parts[4])
        if message["msg_type"] in ("display_data", "update_display_data"):
            cell.messages.append((at, message))
        return False

    def _expect_ok(self, request: str) -> None:
        while True:
            _, parts = self.session.feed_identities(self._receive(self._shell))
            reply = self.session.deserialize(parts)
            if reply["parent_header"].get("msg_id") == request:
                break
        if reply["content"]["status"] != "ok":
            raise ValueError(f"The cell failed: {reply['content']}")

    def _has_ended(self) -> bool:
        return not self.process.is_running() or self.process.status() == psutil.STATUS_ZOMBIE

    def _receive(self, socket: zmq.Socket[bytes]) -> list[bytes]:
        deadline = time.monotonic() + SECONDS
        while not socket.poll(1000):
            if time.monotonic() > deadline or self._has_ended():
                raise NoAnswer
        return socket.recv_multipart()


@contextmanager
def start_kernel(place: Place, *, spec: str = "codex", **environ: str) -> Iterator[Kernel]:
    """A kernel started as a Jupyter server would, ready to run cells; shut down at the end."""
    log = place.root / "kernel.log"
    kernel = _started(place, spec, environ, log)
    try:
        yield kernel
    except Exception as error:  # the kernel's last words go with it
        error.add_note(log.read_text(errors="replace")[-4000:])
        raise
    finally:
        kernel.close()


def _started(place: Place, spec: str, environ: dict[str, str], log: Path) -> Kernel:
    """Start it; again when it ends before it answers, for its ports may just have been taken."""
    notebook = str(place.workspace / "benchmark.ipynb")
    environment = place.environ(JPY_SESSION_NAME=notebook, **environ)
    for attempt in range(START_ATTEMPTS):
        manager = KernelManager(kernel_name=spec)
        with open(log, "ab") as output:
            began = time.perf_counter()
            manager.start_kernel(
                cwd=str(place.workspace), env=environment, stdout=output, stderr=subprocess.STDOUT
            )
        kernel = Kernel(manager)
        try:
            kernel.wait_until_ready(began)
            return kernel
        except NoAnswer as error:
            kernel.close()
            if attempt == START_ATTEMPTS - 1:
                error.add_note(log.read_text(errors="replace")[-4000:])
                raise
    raise AssertionError


def _connect(files: ConnectionFileMixin, channel: str, kind: int) -> zmq.Socket[bytes]:
    socket = zmq.Context.instance().socket(kind)
    socket.setsockopt(zmq.RECONNECT_IVL, RECONNECT_MILLISECONDS)
    socket.setsockopt(zmq.RCVHWM, 0)
    socket.connect(files._make_url(channel))
    return socket
