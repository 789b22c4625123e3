"""Turns to look at: every kind of item, every state, every question."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

Shown = dict[str, Any]


def gallery_turns(golden: Path) -> dict[str, list[Shown]]:
    """Pages of the gallery by name."""
    pictures = {file.stem: json.loads(file.read_text()) for file in golden.glob("*.json")}
    everything = pictures["everything"]
    live = {**everything, "state": "running", "final": False, "finished_at": None}
    return {
        "live": [{"title": "live", "picture": live}],
        "saved": [
            {"title": name, "picture": pictures[name], "freshness": "saved"}
            for name in ("everything", "failed", "interrupted", "long_run")
        ],
        "opened": [{"title": "opened", "picture": everything, "freshness": "saved", "open": True}],
        "states": _states(),
        "questions": _questions(),
        "text": [{"title": "text", "picture": _text()}],
    }


def _states() -> list[Shown]:
    usage = {"last": {"total_tokens": 240_000}, "context_window": 272_000}
    codex = {"model": "gpt-5.5", "effort": "high", "sandbox": "danger-full-access"}
    running = {"id": "c", "type": "command", "status": "running", "command": "sleep 60"}
    running["output"] = "".join(f"line {number}\n" for number in range(60))
    error = {
        "kind": "lost",
        "message": "The kernel ended while the turn ran.",
        "next_step": "Continue where it stopped, or run the cell again.",
        "details": "signal 9",
        "continue_prompt": "Go on.",
    }
    thinking = {
        "id": "r",
        "type": "reasoning",
        "status": "running",
        "summary": ["**Reading the tests**"],
    }
    retry = {"id": "retry", "type": "retry", "status": "running", "message": "Reconnecting 2/5"}
    return [
        {"title": "queued", "picture": {"state": "queued"}},
        {"title": "starting", "picture": {"state": "starting", "codex": codex}},
        {"title": "running", "picture": {"items": [thinking, running, retry], "usage": usage}},
        {"title": "stopping", "picture": {"state": "interrupting", "items": [running]}},
        {"title": "offline", "picture": {"items": [thinking]}, "freshness": "offline"},
        {"title": "stale", "picture": {"items": [thinking]}, "freshness": "saved"},
        {"title": "lost", "picture": _final("lost", error), "freshness": "ended"},
        {"title": "cancelled", "picture": _final("cancelled", None), "freshness": "ended"},
    ]


def _final(state: str, error: Any) -> Shown:
    return {"state": state, "final": True, "error": error, "items": []}


def _questions() -> list[Shown]:
    waiting = {"state": "waiting"}
    asked = {"type": "approval", "status": "running", "outcome": None}
    choices = ["once", "session", "always", "decline", "stop"]
    command = {
        **asked,
        "id": "q1",
        "kind": "command",
        "reason": "The build needs the network to fetch its packages.",
        "command": "curl -fsSL https://example.org/install.sh |\n  sh -s -- --prefix=~/.local",
        "cwd": "/home/ada/project/sub",
        "rule": ["curl", "-fsSL"],
        "choices": choices,
    }
    change = {
        "path": "shapes.py",
        "kind": "update",
        "move_path": None,
        "diff": "@@ -1,3 +1,3 @@\n import math\n-def area(r):\n+def area(radius):\n     return 1\n",
    }
    patch = {
        **asked,
        "id": "q2",
        "kind": "file_change",
        "changes": [change],
        "choices": ["once", "session", "decline", "stop"],
    }
    tool = {
        **asked,
        "id": "q3",
        "kind": "mcp_tool_call",
        "server": "mail",
        "tool": "send",
        "arguments": {"to": "everyone@example.org", "text": "Hello"},
        "choices": ["once", "decline", "stop"],
    }
    form = {
        "id": "q4",
        "type": "input",
        "status": "running",
        "outcome": None,
        "source": "codex",
        "message": "Before I go on",
        "questions": [
            {
                "id": "a",
                "header": "Format",
                "question": "Which format should the export have?",
                "options": [
                    {"label": "CSV", "description": "opens everywhere"},
                    {"label": "Parquet", "description": "small and fast"},
                ],
                "is_other": True,
                "kind": "choice",
                "required": True,
            },
            {"id": "b", "question": "How many rows?", "kind": "integer", "required": False},
            {"id": "c", "question": "With a header?", "kind": "boolean", "required": True},
            {"id": "d", "question": "Password of the store", "is_secret": True, "kind": "text"},
        ],
    }
    return [
        {"title": question["id"], "picture": waiting, "questions": [question]}
        for question in (command, patch, tool, form)
    ]


def _text() -> Shown:
    text = """# A heading

Some *emphasis*, **strong** words, ~~gone~~ ones, `code`, a file `src/app.py:12`, a
[link](https://example.org/), a formula $e^{i\\pi} = -1$ and an image ![remote](https://x.example/a.png).

## Lists

- one
  - nested
    1. deeper
- [x] done
- [ ] to do

> A quote of two lines
> that goes on.

```python
def area(radius: float) -> float:
    \"\"\"The area of a circle.\"\"\"
    return math.pi * radius**2  # a comment
```

| name | kind | count |
|:-----|:----:|------:|
| alpha | *a* | 1 |
| beta | `b` | 1,024 |

---

The end."""
    names = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"]
    colours = "".join(f"\x1b[3{n}m{name}\x1b[0m " for n, name in enumerate(names))
    bright = "".join(f"\x1b[9{n}m bright \x1b[0m" for n in range(8))
    grounds = "".join(f"\x1b[4{n}m ground \x1b[0m " for n in range(8))
    looks = {"1": "bold", "2": "dim", "3": "italic", "4": "under", "7": "inverse"}
    looks |= {"38;5;208": "208", "38;2;120;30;200": "rgb"}
    styles = "".join(f"\x1b[{code}m{name}\x1b[0m " for code, name in looks.items())
    output = f"{colours}\n{bright}\n{grounds}\n{styles}\n10%\r50%\r100%\n"
    hunk = (
        "@@ -1,6 +1,7 @@ class Shape:\n import math\n \n-def area(r):\n-    return 3.14 * r * r\n"
        '+def area(radius):\n+    """The area."""\n+    return math.pi * radius**2\n \n'
    )
    return {
        "items": [
            {"id": "m", "type": "message", "status": "completed", "text": text},
            {
                "id": "c",
                "type": "command",
                "status": "completed",
                "command": "ls --color\n# second\n# third\n# fourth\n# fifth\n# sixth",
                "output": output,
                "exit_code": 0,
                "duration_ms": 1200,
            },
            {
                "id": "f",
                "type": "file_change",
                "status": "completed",
                "changes": [
                    {
                        "path": "src/shapes.py",
                        "kind": "update",
                        "move_path": "src/forms.py",
                        "diff": hunk,
                    }
                ],
            },
        ]
    }
