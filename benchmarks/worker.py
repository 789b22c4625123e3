"""A reader in a process of its own: a prompt goes in as a line of JSON, its figures come out.

So its CPU time is its own, and nothing of the benchmark's process is in its way.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from benchmarks.place import Place

READY = "ready"
SETTLE_SECONDS = 0.5
"""After that turn: what the session before has left ends meanwhile, in Codex and in the kernel."""
WARM = 'Warm up @@ [["words", 20]]'


@dataclass(frozen=True)
class Figures:
    """What one turn cost."""

    wall: float
    """Seconds."""
    cpu: float
    """Seconds of the reader's process, user and system, without its children."""


class Contestant(Protocol):
    """Somebody who can run a turn; the thread is fresh and has had a short turn."""

    def turn(self, prompt: str, deltas: int) -> Figures:
        """Run the turn; raises ValueError when `deltas` is not what came."""
        ...


class Worker:
    """The process at the other end of two pipes."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        """Use `start_worker`."""
        self._process = process

    def turn(self, prompt: str, deltas: int) -> Figures:
        """Have the process run the turn."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(
            json.dumps({"warm": WARM, "settle": SETTLE_SECONDS, "prompt": prompt}) + "\n"
        )
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise ValueError(f"{self._process.args} ended.")
        figures = json.loads(line)
        if figures["deltas"] != deltas:
            raise ValueError(f"{figures['deltas']} deltas came instead of {deltas}.")
        return Figures(figures["wall"], figures["cpu"])


@contextmanager
def start_worker(command: Sequence[str], place: Place) -> Iterator[Worker]:
    """Start a worker and wait until it says that Codex is there; it ends with its stdin.

    Two app-servers that set up the same CODEX_HOME at once get in each other's way.
    """
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=place.environ())
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        if process.stdout.readline().strip() != READY:
            raise ValueError(f"{process.args} did not start.")
        yield Worker(process)
    finally:
        process.stdin.close()
        process.wait()
        process.stdout.close()
