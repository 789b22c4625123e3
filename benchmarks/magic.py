"""`%%codex` in a Python notebook against the Codex kernel, and what loading the magic costs."""

from __future__ import annotations

import subprocess
import sys

from benchmarks.kernel import start_kernel
from benchmarks.place import Place, new_place
from benchmarks.table import Row
from benchmarks.throughput import race

DELTAS = 20_000
ROUNDS, LOADS = 7, 9
WALL_TARGET = 1.2
IMPORT = "import codex_kernel"
ASK = "from codex_kernel import ask"
LOAD = "shell.run_line_magic('load_ext', 'codex_kernel')"
SHELL = "from IPython.core.interactiveshell import InteractiveShell; shell = InteractiveShell()"
TIMED = (
    "{setup}\nimport time\nbegan = time.perf_counter()\n{code}\nprint(time.perf_counter() - began)"
)


def magic_rows(*, quick: bool) -> list[Row]:
    """A turn of 20,000 deltas; imports; `%load_ext`."""
    with new_place() as place:
        return [_turn(place, 2 if quick else ROUNDS), *_loading(place, 3 if quick else LOADS)]


def _turn(place: Place, rounds: int) -> Row:
    with start_kernel(place) as kernel, start_kernel(place, spec="python3") as python:
        python.run("%load_ext codex_kernel")
        python.before = "%%codex\n"
        figures = race({"bare": kernel, "it": python}, DELTAS, rounds)
    walls = {name: [each.wall * 1e3 for each in figures[name]] for name in figures}
    name = f"%%codex: wall of a turn of {DELTAS:,} deltas, against the Codex kernel"
    return Row(name, "ms", walls["it"], walls["bare"], target=WALL_TARGET)


def _loading(place: Place, rounds: int) -> list[Row]:
    rows = {"import codex_kernel": ("pass", IMPORT), "from codex_kernel import ask": ("pass", ASK)}
    rows["%load_ext codex_kernel"] = (SHELL, LOAD)
    return [
        Row(name, "ms", [_seconds(place, *code) * 1e3 for _ in range(rounds + 1)][1:])
        for name, code in rows.items()
    ]


def _seconds(place: Place, setup: str, code: str) -> float:
    """How long the code takes in a fresh interpreter."""
    command = [sys.executable, "-c", TIMED.format(setup=setup, code=code)]
    done = subprocess.run(
        command, env=place.environ(), capture_output=True, text=True, check=True, timeout=60
    )
    return float(done.stdout.split()[-1])
