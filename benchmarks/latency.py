"""From Codex's own time stamp of the first delta to the message that shows it to a client.

The kernel passes no time stamps on, so Codex's words are recorded on their way: CODEX_BIN is
`tee`, which copies stdout and nothing else. A second client of a shared app-server would disturb
more: Codex would serialise everything twice, and the kernel would speak WebSocket.
"""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path

from benchmarks.bare import DELTA, BareReader
from benchmarks.kernel import Kernel, start_kernel
from benchmarks.place import Place, new_place
from benchmarks.table import Row

TURNS, WARM_TURNS = 20, 2
TARGET_MILLISECONDS = 10.0
THOUGHT_SECONDS = 0.4
"""A model thinks before it answers. Without it the first delta meets the turn's own beginning."""
STAY_SECONDS = 0.3
"""The turn goes on after the text, so that it is not its end that shows it."""


def latency_rows(*, quick: bool) -> list[Row]:
    """With and without a pause before the first delta."""
    turns = 5 if quick else TURNS
    return [
        _row("first delta to client, at once", turns, 0.0),
        _row("first delta to client, after thought", turns, THOUGHT_SECONDS),
    ]


def _row(name: str, turns: int, thought: float) -> Row:
    words = ["words", 10]
    steps = [["pause", thought], words, ["pause", STAY_SECONDS], words]
    prompt = f"Say @@ {json.dumps([steps])}"
    with new_place() as place:
        shown = _shown(place, prompt, turns)
        came_at = emitted(place)
        with BareReader(place) as reader:
            thread = reader.new_thread()
            bare = [reader.turn(thread, prompt)["delay"] for _ in range(turns + WARM_TURNS)]
    if len(shown) != len(came_at):
        raise ValueError(f"{len(shown)} turns were shown, {len(came_at)} recorded.")
    delays = [at - came for at, came in zip(shown, came_at, strict=True)][WARM_TURNS:]
    return Row(
        f"{name} (p50 of {turns})",
        "ms",
        [delay * 1e3 for delay in delays],
        [delay * 1e3 for delay in bare[WARM_TURNS:]],
        target=TARGET_MILLISECONDS,
        target_of="value",
        details={"slowest": max(delays) * 1e3},
    )


def _shown(place: Place, prompt: str, turns: int) -> list[float]:
    with start_kernel(place, CODEX_BIN=str(tee(place))) as kernel:
        return [_first_text(kernel, prompt) for _ in range(turns + WARM_TURNS)]


def _first_text(kernel: Kernel, prompt: str) -> float:
    cell = kernel.run(prompt)
    at = cell.first_text()
    if at >= cell.messages[-1][0]:
        raise ValueError("The text was shown only with the end of the turn.")
    return at


def tee(place: Place) -> Path:
    program = place.root / "codex"
    words = [sys.executable, "-I", "-S", str(Path(__file__).with_name("tee.py"))]
    words += [str(place.codex), str(_record(place))]
    program.write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    return program


def _record(place: Place) -> Path:
    return place.root / "stdout.jsonl"


def emitted(place: Place) -> list[float]:
    """When Codex sent the first delta of each turn, in order."""
    first: dict[str, float] = {}
    for line in _record(place).read_bytes().splitlines():
        message = json.loads(line)
        if message.get("method") == DELTA:
            first.setdefault(message["params"]["turnId"], message["emittedAtMs"] / 1e3)
    return list(first.values())
