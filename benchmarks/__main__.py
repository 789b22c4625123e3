"""`python -m benchmarks`: run them, print the table, write it as JSON."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.browser import browser_rows
from benchmarks.export import export_rows
from benchmarks.latency import latency_rows
from benchmarks.magic import magic_rows
from benchmarks.memory import memory_rows
from benchmarks.server import server_rows
from benchmarks.start import start_rows
from benchmarks.table import Row, render, write
from benchmarks.throughput import kernel_rows, sdk_rows
from benchmarks.tools import tools_rows
from benchmarks.volume import volume_rows
from benchmarks.watching import watching_rows

BENCHMARKS: dict[str, Callable[..., list[Row]]] = {
    "turn": kernel_rows,
    "latency": latency_rows,
    "volume": volume_rows,
    "start": start_rows,
    "magic": magic_rows,
    "tools": tools_rows,
    "memory": memory_rows,
    "server": server_rows,
    "watching": watching_rows,
    "browser": browser_rows,
    "export": export_rows,
    "sdk": sdk_rows,
}
RESULTS = Path(__file__).parent / "results"


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser("python -m benchmarks", description=__doc__)
    parser.add_argument("--only", action="append", choices=BENCHMARKS, help="may be repeated")
    parser.add_argument("--quick", action="store_true", help="fewer rounds, rougher figures")
    parser.add_argument("--json", type=Path, help="write the JSON there too")
    options = parser.parse_args()
    rows: list[Row] = []
    for name in options.only or BENCHMARKS:
        began = time.perf_counter()
        rows += BENCHMARKS[name](quick=options.quick)
        print(f"{name}: {time.perf_counter() - began:.0f} s", flush=True)
    print(f"\n{render(rows)}")
    files = [RESULTS / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}.json", options.json]
    for file in filter(None, files):
        write(file, rows)
        print(f"\n{file}")


if __name__ == "__main__":
    main()
