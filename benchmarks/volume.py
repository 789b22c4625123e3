"""What a turn costs on iopub, against its text: prose and code, watched live and headless.

The text comes at a pace at which there is time for every update that the display wants to make.
"""

from __future__ import annotations

from benchmarks.kernel import Kernel, start_kernel
from benchmarks.place import new_place
from benchmarks.table import Row

PACE = 3_000.0
"""Characters per second; a fast model gives 500."""
SIZES = (3_000, 10_000, 30_000)
PROPORTIONAL_CHARACTERS = 10_000
"""From here on there is a target: each message has a fixed part, which a short text cannot pay."""
TARGETS = {"prose": 5.0, "code": 7.0}

PROSE = """\
## What the measurements say

The readings of the **third week** are lower than those before, and the cause is in the file, not \
in the instrument: after the clock was set back, an hour of `measurements.csv` was written twice.

- The mean falls from 21.4 to 20.9 degrees, because the *coldest* hour counts double.
- The median does not move, so the summary on [page two](https://example.org/two) still holds.
- Nothing else depends on it.

I removed the repeated hour, ran the summary again and compared both: only the mean has changed. \
If the raw file must stay as it is, the same can be done while reading, in one line.

"""
CODE = '''\
```python
def hours(rows: list[dict[str, str]]) -> dict[int, list[float]]:
    """The readings by hour; `rows` as csv.DictReader gives them."""
    found: dict[int, list[float]] = {}
    for row in rows:
        if not row["degrees"] or row["degrees"] == "<none>":
            continue
        hour = int(row["at"][11:13])
        found.setdefault(hour, []).append(float(row["degrees"]) + OFFSET & ~MASK)
    return {hour: sorted(values) for hour, values in found.items() if len(values) > 3}
```

'''
TEXTS = {"prose": PROSE, "code": CODE}


def volume_rows(*, quick: bool) -> list[Row]:
    """Bytes of all frames of the turn's displays over the bytes of its text."""
    sizes = SIZES[:2] if quick else SIZES
    texts = {
        f"{kind} of {size} characters": (TEXTS[kind] * (size // len(TEXTS[kind]) + 1))[:size]
        for kind in TEXTS
        for size in sizes
    }
    scripts = {name: [["say", text]] for name, text in texts.items()}
    with new_place(scripts=scripts, pace=PACE) as place, start_kernel(place) as kernel:
        return [
            _row(kernel, name, text, live) for live in (True, False) for name, text in texts.items()
        ]


def _row(kernel: Kernel, name: str, text: str, live: bool) -> Row:
    cell = kernel.run(f"Give me {name}", live=live)
    [answer] = [it["text"] for it in cell.bundle["items"] if it["type"] == "message"]
    if answer != text:
        raise ValueError(f"{len(answer)} characters were shown, not {len(text)}.")
    kind, _, size, _ = name.split()
    return Row(
        f"iopub bytes per byte of {kind}, {int(size):,}, {'live' if live else 'final only'}",
        "x",
        [cell.wire_bytes / len(text.encode())],
        target=TARGETS[kind] if len(text) >= PROPORTIONAL_CHARACTERS else None,
        target_of="value",
        details={"messages": len(cell.messages), "content_bytes": cell.content_bytes},
    )
