"""A long turn: its wall time and what a delta costs the reader, against the bare reader.

The contestants take turns, so that whatever else the machine does hits all of them alike.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from benchmarks.kernel import start_kernel
from benchmarks.place import Place, new_place
from benchmarks.sdk import sdk_command
from benchmarks.table import Row
from benchmarks.worker import Contestant, Figures, start_worker

CHARACTERS_PER_DELTA = 5
SIZES = {2_000: 7, 20_000: 2}
"""Deltas of a turn, and how often it is run at each start."""
STARTS = 5
"""What one pair of processes measures is up to 0.1 away from what the next one does."""
WALL_TARGET = 1.10
CPU_TARGET_MICROSECONDS = 22.0

Samples = dict[str, list[Figures]]
"""The figures of each contestant."""


def kernel_rows(*, quick: bool) -> list[Row]:
    """The kernel with its log, its rendering and a client, against the bare reader."""
    sizes, starts = _sizes(quick)
    samples: dict[int, Samples] = {deltas: {"bare": [], "it": []} for deltas in sizes}
    for _ in range(starts):
        with new_place() as place, _bare(place, "tools") as bare, start_kernel(place) as kernel:
            for deltas, rounds in sizes.items():
                for name, figures in race({"bare": bare, "it": kernel}, deltas, rounds).items():
                    samples[deltas][name] += figures
    return [row for deltas in sizes for row in _rows("kernel", deltas, samples[deltas])]


def sdk_rows(*, quick: bool) -> list[Row]:
    """The official Python SDK against the bare reader; no rows when it cannot be installed."""
    sizes, _ = _sizes(quick)
    with new_place() as place:
        command = sdk_command(place)
        if command is None:
            return []
        with _bare(place) as bare, start_worker(command, place) as sdk:
            return [
                row
                for deltas, rounds in sizes.items()
                for row in _rows(
                    "SDK", deltas, race({"bare": bare, "it": sdk}, deltas, rounds), is_ours=False
                )
            ]


@contextmanager
def _bare(place: Place, *more: str) -> Iterator[Contestant]:
    command = [sys.executable, "-m", "benchmarks.bare", str(place.root), *more]
    with start_worker(command, place) as worker:
        yield worker


def _sizes(quick: bool) -> tuple[dict[int, int], int]:
    """Rounds by size, and how often the contestants are started."""
    return (dict.fromkeys(SIZES, 2), 1) if quick else (SIZES, STARTS)


def race(contestants: Mapping[str, Contestant], deltas: int, rounds: int) -> Samples:
    """The figures of a turn of so many deltas, in turns, each contestant first every other time."""
    length = deltas * CHARACTERS_PER_DELTA
    prompt = f'Write @@ [["text", {length}, {CHARACTERS_PER_DELTA}]]'
    figures: Samples = {name: [] for name in contestants}
    for number in range(rounds):
        order = list(contestants)[:: -1 if number % 2 else 1]
        for name in order:
            figures[name].append(contestants[name].turn(prompt, deltas))
    return figures


def _rows(
    who: str, deltas: int, figures: Mapping[str, list[Figures]], *, is_ours: bool = True
) -> list[Row]:
    def walls(name: str) -> list[float]:
        return [each.wall * 1e3 for each in figures[name]]

    def per_delta(name: str) -> list[float]:
        return [each.cpu * 1e6 / deltas for each in figures[name]]

    return [
        Row(
            f"{who}: wall of a turn of {deltas:,} deltas",
            "ms",
            walls("it"),
            walls("bare"),
            target=WALL_TARGET if is_ours else None,
        ),
        Row(
            f"{who}: CPU per delta of {deltas:,}",
            "us",
            per_delta("it"),
            per_delta("bare"),
            target=CPU_TARGET_MICROSECONDS if is_ours else None,
            target_of="value",
        ),
    ]
