"""What a turn costs when a page follows it through the Jupyter server: the same kernel, unwatched.

The page is a process of its own (`watcher`): what it does with what it gets is not the turn's.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from benchmarks.kernel import Kernel, start_kernel
from benchmarks.place import new_place
from benchmarks.server import TOKEN, Server, jupyter
from benchmarks.table import Row
from benchmarks.throughput import race
from benchmarks.worker import Figures

DELTAS = 2_000
ROUNDS = 9
TARGET = 1.05
LEAST_MESSAGES = 10
"""A page that got fewer has watched no turn."""


@dataclass(frozen=True)
class Watched:
    """The kernel while a page is on the feed and on its turn."""

    kernel: Kernel
    server: Server

    def turn(self, prompt: str, deltas: int) -> Figures:
        """Run the turn."""
        with _watcher(self.server):
            return self.kernel.turn(prompt, deltas)


def watching_rows(*, quick: bool) -> list[Row]:
    """Wall and the kernel's processor time of a turn, watched against unwatched."""
    with new_place() as place:
        (place.root / "root").mkdir()
        with jupyter(place.root, place.environ()) as server, start_kernel(place) as kernel:
            contestants = {"bare": kernel, "it": Watched(kernel, server)}
            figures = race(contestants, DELTAS, 3 if quick else ROUNDS)
    name = f"of a turn of {DELTAS:,} deltas with a page watching"
    walls = {who: [each.wall * 1e3 for each in found] for who, found in figures.items()}
    used = {who: [each.cpu * 1e3 for each in found] for who, found in figures.items()}
    return [
        Row(f"wall {name}", "ms", walls["it"], walls["bare"], target=TARGET),
        Row(f"kernel's CPU {name}", "ms", used["it"], used["bare"]),
    ]


@contextmanager
def _watcher(server: Server) -> Iterator[None]:
    url = f"{server.url.replace('http', 'ws', 1)}codex-kernel/api/"
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.watcher", url, TOKEN],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        if process.stdout.readline() != "watching\n":
            raise RuntimeError("The page could not watch.")
        yield
    finally:
        messages, _ = process.communicate("")
    if int(messages or 0) < LEAST_MESSAGES:
        raise RuntimeError(f"The page got {messages.strip() or 'no'} messages.")
