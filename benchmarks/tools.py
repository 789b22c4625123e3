"""What the tools of the live namespace cost: looking at it, and starting the process between."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import Any

import psutil

from benchmarks.table import Row
from codex_kernel.tools import relay
from codex_kernel.tools.python import MOST_NAMES, listing

NAMES = 1000
GIGABYTE = 10**9


def tools_rows(*, quick: bool = False) -> list[Row]:
    """The rows."""
    return [_variables(5 if quick else 30), _relay(5 if quick else 20)]


def _variables(rounds: int) -> Row:
    import numpy as np

    names = _namespace()
    names["array"] = np.zeros(GIGABYTE // 8)
    before = psutil.Process().memory_info().rss
    samples, text = [], ""
    for _ in range(rounds):
        began = time.thread_time()  # nothing is waited for, so this is what it takes
        text = listing(names, "*", MOST_NAMES)
        samples.append((time.thread_time() - began) * 1000)
    grown = psutil.Process().memory_info().rss - before
    assert len(text.splitlines()) >= NAMES
    return Row(
        "python_variables, 1,000 names, one an array of 1 GB",
        "ms",
        samples,
        target=100,
        target_of="value",
        details={"bytes_copied": grown},
    )


def _namespace() -> dict[str, Any]:
    """Names of every kind."""
    import pandas as pd

    kinds: list[Any] = [1, 1.5, "text" * 100, [1, 2, 3], {"a": {"b": [1]}}, object(), print]
    names = {f"name_{number}": kinds[number % len(kinds)] for number in range(NAMES - 11)}
    frame = pd.DataFrame({"number": range(1000), "word": ["word"] * 1000})
    return {**names, **{f"frame_{number}": frame.copy() for number in range(10)}}


def _relay(rounds: int) -> Row:
    """Until the relay would connect: without a socket to go to it says so and ends."""
    ours = [sys.executable, "-I", "-S", relay.__file__]
    bare = [sys.executable, "-I", "-S", "-c", "pass"]
    return Row(
        "start of the tools' relay, against an empty Python",
        "ms",
        [_run(ours) for _ in range(rounds)],
        [_run(bare) for _ in range(rounds)],
    )


def _run(command: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, env={}, stderr=subprocess.DEVNULL, check=False)
    return (time.perf_counter() - began) * 1000
