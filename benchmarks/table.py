"""The rows of a run: what was measured, against what, and whether the target was met.

Refuses to know how anything is measured.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

HEADINGS = ("what", "measured", "bare", "ratio", "of bests", "target", "")


@dataclass(frozen=True)
class Row:
    """One claim: the median of `samples`, in `unit`, beside the median of `bare`.

    `target` is the most that is allowed: of the ratio, or of the value itself.
    """

    name: str
    unit: str
    samples: Sequence[float]
    bare: Sequence[float] = ()
    target: float | None = None
    target_of: Literal["ratio", "value"] = "ratio"
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def value(self) -> float:
        """The median."""
        return statistics.median(self.samples)

    @property
    def bare_value(self) -> float | None:
        """The median of what it is compared with."""
        return statistics.median(self.bare) if self.bare else None

    @property
    def ratio(self) -> float | None:
        """The value over what it is compared with."""
        return self.value / self.bare_value if self.bare_value else None

    @property
    def ratio_of_bests(self) -> float | None:
        """The same of the smallest samples: what a busy machine disturbs least."""
        return min(self.samples) / min(self.bare) if self.bare and min(self.bare) else None

    @property
    def is_met(self) -> bool | None:
        """Whether the target is met; None without one."""
        measured = self.ratio if self.target_of == "ratio" else self.value
        if self.target is None or measured is None:
            return None
        return measured <= self.target

    def cells(self) -> tuple[str, ...]:
        """The row as text."""
        target = "" if self.target is None else f"<= {_number(self.target)}"
        if self.target is not None and self.target_of == "value":
            target += f" {self.unit}"
        met = {None: "", True: "met", False: "MISSED"}[self.is_met]
        bare = "" if self.bare_value is None else f"{_number(self.bare_value)} {self.unit}"
        ratio = "" if self.ratio is None else f"{self.ratio:.2f}"
        bests = "" if self.ratio_of_bests is None else f"{self.ratio_of_bests:.2f}"
        return (self.name, f"{_number(self.value)} {self.unit}", bare, ratio, bests, target, met)

    def as_json(self) -> dict[str, Any]:
        """The row with its samples."""
        derived = {
            "value": self.value,
            "bare_value": self.bare_value,
            "ratio": self.ratio,
            "ratio_of_bests": self.ratio_of_bests,
            "met": self.is_met,
        }
        return asdict(self) | derived


def render(rows: Sequence[Row]) -> str:
    """A table for a terminal."""
    lines = [HEADINGS, *(row.cells() for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]
    drawn = [_line(line, widths) for line in lines]
    drawn.insert(1, "-" * len(drawn[0]))
    return "\n".join(drawn)


def write(path: Path, rows: Sequence[Row]) -> None:
    """The run as JSON, with every sample and what it ran on."""
    run = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "codex": version("openai-codex-cli-bin"),
        "codex_kernel": version("codex-kernel"),
        "python": platform.python_version(),
        "system": platform.system(),
        "cpus": os.cpu_count(),
        "rows": [row.as_json() for row in rows],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(run, indent=2) + "\n", encoding="utf-8")


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = cells
    drawn = [first.ljust(widths[0])]
    drawn += [cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True)]
    return "  ".join(drawn).rstrip()


def _number(value: float) -> str:
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"
