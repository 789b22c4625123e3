"""What the kernel's process holds in memory: idle, after a huge turn, and after ten more."""

from __future__ import annotations

from benchmarks.kernel import Kernel, start_kernel
from benchmarks.place import new_place
from benchmarks.table import Row
from benchmarks.throughput import CHARACTERS_PER_DELTA
from benchmarks.worker import WARM

HUGE, LARGE, TURNS = 100_000, 10_000, 10
GROWTH_TARGET_MIB = 0.5


def memory_rows(*, quick: bool) -> list[Row]:
    """Resident memory in MiB, and what each further turn adds."""
    with new_place() as place, start_kernel(place) as kernel:
        kernel.run(WARM)
        idle = _resident(kernel)
        kernel.run(_prompt(LARGE if quick else HUGE))
        huge = _resident(kernel)
        after = [huge]
        for _ in range(TURNS):
            kernel.run(_prompt(LARGE))
            after.append(_resident(kernel))
    growth = _slope(after[len(after) // 2 :])
    return [
        Row("memory after a short turn", "MiB", [idle]),
        Row(f"memory after a turn of {LARGE if quick else HUGE:,} deltas", "MiB", [huge]),
        Row(f"memory after {TURNS} more of {LARGE:,}", "MiB", after[-1:], details={"each": after}),
        Row(
            "growth per turn of the last five",
            "MiB",
            [growth],
            target=GROWTH_TARGET_MIB,
            target_of="value",
        ),
    ]


def _prompt(deltas: int) -> str:
    return f'Write @@ [["text", {deltas * CHARACTERS_PER_DELTA}, {CHARACTERS_PER_DELTA}]]'


def _resident(kernel: Kernel) -> float:
    return kernel.process.memory_info().rss / 2**20


def _slope(values: list[float]) -> float:
    """Of the line that fits best."""
    middle = (len(values) - 1) / 2
    mean = sum(values) / len(values)
    spread = sum((number - middle) ** 2 for number in range(len(values)))
    return sum((n - middle) * (value - mean) for n, value in enumerate(values)) / spread
