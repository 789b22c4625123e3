"""What the demo notebook plays: one scenario for each of its prompts.

The commands, the patches and the sandbox are real and run in a copy of `demo/`; only what the
model would have thought of is written here. Commands need nothing but `python3`. Running a cell
again must read well too: a patch that is already applied changes nothing.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .scenarios import Scenario
from .script import parse_script

DEMO_FOLDER = Path(__file__).parent / "demo"
"""The demo notebook and the files it works on; copy it before use."""

_COMMENTARY = {"phase": "commentary"}
_ANSWER = {"phase": "final_answer"}

_COUNT = """\
python3 - <<'END'
import csv
rows = list(csv.DictReader(open("measurements.csv")))
print(len(rows), "rows from", rows[0]["time"], "to", rows[-1]["time"])
for sensor in ("inside", "outside", "cellar"):
    values = [row[sensor] for row in rows]
    print(f"{sensor}: {values.count('')} missing, {values.count('-127.0')} times -127.0")
END"""

_TOUR: list[Any] = [
    [
        [
            "think",
            "**Looking around**\n\nThe user wants a short tour. First the names, then what "
            "the files hold.",
        ],
        [
            "plan",
            [
                ["List the files", "in_progress"],
                ["Look into them", "pending"],
                ["Describe what is here", "pending"],
            ],
        ],
        ["run", "ls"],
    ],
    [
        ["say", "A notebook, a table and a script. I look into both.", _COMMENTARY],
        ["run", "head -n 12 measurements.csv"],
        ["run", "cat summary.py"],
    ],
    [
        [
            "think",
            "**Checking the data**\n\nThere are empty cells near the top. Better "
            "count them than guess.",
        ],
        [
            "plan",
            [
                ["List the files", "completed"],
                ["Look into them", "in_progress"],
                ["Describe what is here", "pending"],
            ],
        ],
        ["run", _COUNT],
    ],
    [
        [
            "plan",
            [
                ["List the files", "completed"],
                ["Look into them", "completed"],
                ["Describe what is here", "completed"],
            ],
        ],
    ],
    [
        "say",
        """\
Three days of temperatures, and a script that is meant to sum them up:

| file | what it is |
|---|---|
| `measurements.csv` | 72 hourly readings of three sensors (`inside`, `outside`, `cellar`), 2 to 4 \
March 2026, in °C |
| `summary.py` | prints count, mean, lowest and highest value of each sensor |
| `demo.ipynb` | this notebook |

Two things to know before you trust a number:

- **10 values are missing**: 3 of `inside`, 5 of `outside`, 2 of `cellar`.
- **`cellar` reads -127.0 five times in a row.** No cellar is that cold: many digital probes \
report exactly this value when their wire is loose.
""",
        _ANSWER,
    ],
]

_FIX = """\
*** Begin Patch
*** Update File: summary.py
@@
 SENSORS = ("inside", "outside", "cellar")
+PROBE_LOST = -127.0  # what a probe reports when its wire is loose
@@
         return list(csv.DictReader(file))
 
 
+def values_of(rows, sensor):
+    \"\"\"The temperatures of a sensor, without gaps and failed readings.\"\"\"
+    values = [float(row[sensor]) for row in rows if row[sensor]]
+    return [value for value in values if value != PROBE_LOST]
+
+
 def main():
@@
-        values = [float(row[sensor]) for row in rows]
+        values = values_of(rows, sensor)
*** End Patch
"""

_REPAIR: list[Any] = [
    [
        [
            "think",
            "**Reproducing the crash**\n\nSee it fail first, then change as little as possible.",
        ],
        ["run", "python3 summary.py"],
    ],
    [
        [
            "think",
            "**Finding the cause**\n\n`float('')` fails on an empty cell. Skipping empty "
            "cells would stop the crash, but -127.0 would still spoil the mean of `cellar`. Both "
            "belong into one small function.",
        ],
        [
            "say",
            "An empty cell reaches `float()`. I leave gaps and failed readings out in one place.",
            _COMMENTARY,
        ],
        ["patch", _FIX],
    ],
    ["run", "python3 summary.py"],
    [
        "say",
        """\
`summary.py` works now. It stumbled over `float('')`; gaps and failed readings are left out here:

```python
def values_of(rows, sensor):
    \"\"\"The temperatures of a sensor, without gaps and failed readings.\"\"\"
    values = [float(row[sensor]) for row in rows if row[sensor]]
    return [value for value in values if value != PROBE_LOST]
```

The counts show that it works: 69 of 72 values for `inside`, 67 for `outside` and 65 for `cellar`, \
where the five readings of -127.0 are left out besides the two gaps. Without that, the cellar's \
mean would have been about ten degrees too low.
""",
        _ANSWER,
    ],
]

_PLOT = '''\
"""Draw the three sensors into sensors.png, with nothing but the standard library."""

import csv
import struct
import zlib

WIDTH, HEIGHT, MARGIN = 720, 320, 16
COLOURS = {"inside": (214, 80, 60), "outside": (52, 120, 200), "cellar": (70, 150, 90)}
GRID = (226, 226, 226)
PROBE_LOST = -127.0


def read_series():
    with open("measurements.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    return {name: [value_of(row[name]) for row in rows] for name in COLOURS}


def value_of(cell):
    return None if cell == "" or float(cell) == PROBE_LOST else float(cell)


def draw(series):
    pixels = [[(255, 255, 255)] * WIDTH for _ in range(HEIGHT)]
    known = [value for values in series.values() for value in values if value is not None]
    low, high = min(known), max(known)

    def place(index, count, value):
        x = MARGIN + index * (WIDTH - 2 * MARGIN) / (count - 1)
        y = HEIGHT - MARGIN - (value - low) * (HEIGHT - 2 * MARGIN) / (high - low)
        return x, y

    for degrees in range(-50, 60, 5):
        if low <= degrees <= high:
            line(pixels, place(0, 2, degrees), place(1, 2, degrees), GRID, 1)
    for name, values in series.items():
        points = [place(i, len(values), v) if v is not None else None for i, v in enumerate(values)]
        for begin, end in zip(points, points[1:]):
            if begin and end:
                line(pixels, begin, end, COLOURS[name], 3)
    return pixels


def line(pixels, begin, end, colour, width):
    steps = int(max(abs(end[0] - begin[0]), abs(end[1] - begin[1]), 1)) * 2
    for step in range(steps + 1):
        x = round(begin[0] + (end[0] - begin[0]) * step / steps)
        y = round(begin[1] + (end[1] - begin[1]) * step / steps)
        for row in range(y - width // 2, y + width // 2 + 1):
            for column in range(x - width // 2, x + width // 2 + 1):
                pixels[row][column] = colour


def png(pixels):
    def chunk(kind, content):
        check = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + check

    lines = b"".join(b"\\0" + bytes(part for pixel in row for part in pixel) for row in pixels)
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(lines, 9)) + chunk(b"IEND", b"")
    return b"\\x89PNG\\r\\n\\x1a\\n" + body


with open("sensors.png", "wb") as file:
    file.write(png(draw(read_series())))
print("sensors.png written")
'''

_ADD_PLOT = "\n".join(
    [
        "*** Begin Patch",
        "*** Add File: plot.py",
        *(f"+{line}" for line in _PLOT.splitlines()),
        "*** End Patch",
        "",
    ]
)

_DRAWING: list[Any] = [
    [
        [
            "think",
            "**Choosing the means**\n\nThere may be no plotting library here. A PNG is "
            "simple enough to write with `zlib` and `struct`.",
        ],
        [
            "plan",
            [
                ["Write plot.py", "in_progress"],
                ["Draw sensors.png", "pending"],
                ["Look at the picture", "pending"],
            ],
        ],
        ["patch", _ADD_PLOT],
    ],
    ["run", "python3 plot.py"],
    [
        [
            "plan",
            [
                ["Write plot.py", "completed"],
                ["Draw sensors.png", "completed"],
                ["Look at the picture", "in_progress"],
            ],
        ],
        ["view_image", "sensors.png"],
    ],
    [
        [
            "plan",
            [
                ["Write plot.py", "completed"],
                ["Draw sensors.png", "completed"],
                ["Look at the picture", "completed"],
            ],
        ],
    ],
    [
        "say",
        """\
`plot.py` draws **`sensors.png`** with nothing but Python's standard library:

| line | sensor | what it shows |
|---|---|---|
| red | `inside` | steady around 20 °C, a little warmer in the evening |
| blue | `outside` | the daily swing, and each day warmer than the one before |
| green | `cellar` | almost flat at 12 °C; the gap in the middle is the loose probe |

A grey line is 5 °C. Where a value is missing, the line is left open rather than bridged.
""",
        _ANSWER,
    ],
]

_COPY: list[Any] = [
    [
        [
            "think",
            "**Outside of the workspace**\n\nThe home folder is not in the folder that I "
            "may write to, so this needs the user's permission.",
        ],
        [
            "escalate",
            "cp -n sensors.png ~/codex-demo-sensors.png",
            "May I copy sensors.png to your home folder, as codex-demo-sensors.png?",
        ],
    ],
    [
        "say",
        """\
Your home folder lies outside of this notebook's folder, so I had to ask first. With your \
permission the picture is now `~/codex-demo-sensors.png`; without it nothing was copied, and \
`sensors.png` is still here beside the notebook.
""",
        _ANSWER,
    ],
]

_SCENARIOS: dict[str, tuple[str, list[Any]]] = {
    "tour": (r"what is in this folder", _TOUR),
    "repair": (r"summary\.py crashes", _REPAIR),
    "drawing": (r"plot the three sensors", _DRAWING),
    "copy": (r"copy the result to my home folder", _COPY),
}


def demo_scenarios() -> tuple[Scenario, ...]:
    """The scenarios of the demo notebook's prompts, in their order there."""
    return tuple(
        Scenario(name, pattern, parse_script(script))
        for name, (pattern, script) in _SCENARIOS.items()
    )
