"""What a transcript of a long session costs, against nbconvert's own page of the same notebook."""

from __future__ import annotations

import json
import time
from typing import Any

import nbformat
from nbconvert.exporters import get_exporter

from benchmarks.table import Row
from codex_kernel.ids import TurnId
from codex_kernel.render.bundle import mime_bundle
from codex_kernel.settings import ViewSettings
from codex_kernel.turn import events
from codex_kernel.turn.transcript import fold

TURNS = 300
ROUNDS = 3
TARGET = 1.0
ANSWER = "The **mean** fell from `21.4` to `20.9`.\n\n| day | mean |\n|---|---:|\n| 1 | 20.9 |\n"


def export_rows(*, quick: bool) -> list[Row]:
    """Both exporters on the same notebook, one after the other."""
    turns = 30 if quick else TURNS
    notebook = _notebook(turns)
    took: dict[str, list[float]] = {"codex_html": [], "codex_markdown": [], "html": []}
    for _ in range(2 if quick else ROUNDS):
        for name, samples in took.items():
            exporter = get_exporter(name)()
            began = time.perf_counter()
            exporter.from_notebook_node(notebook)
            samples.append((time.perf_counter() - began) * 1e3)
    size = {"notebook_bytes": len(json.dumps(notebook))}
    return [
        Row(
            f"{name} of {turns} turns, against nbconvert's html",
            "ms",
            took[name],
            took["html"],
            TARGET,
            details=size,
        )
        for name in ("codex_html", "codex_markdown")
    ]


def _notebook(turns: int) -> Any:
    made = nbformat.v4.new_notebook()
    for number in range(turns):
        data = mime_bundle(_turn(number), ViewSettings(), final=True)
        output = nbformat.v4.new_output("display_data", data=data)
        made.cells.append(nbformat.v4.new_code_cell(f"Prompt {number}", outputs=[output]))
    return made


def _turn(number: int) -> dict[str, Any]:
    """A turn of three commands, a patch and an answer."""
    lines = "".join(f"2026-03-{number % 28 + 1:02} row {at}, 20.{at % 10}\n" for at in range(40))
    hunks = "@@ -1,2 +1,3 @@\n a\n-b\n+c\n+d\n"
    change = {"path": "a.py", "kind": "update", "move_path": None, "diff": hunks}
    items: list[dict[str, Any]] = [
        {"type": "reasoning", "summary": ["**Looking**\n\nfirst"], "content": []},
        *({"type": "command", "command": f"cat {at}.csv", "output": lines} for at in range(3)),
        {"type": "file_change", "changes": [change]},
        {"type": "message", "text": ANSWER * 3, "phase": "final_answer"},
    ]
    drafts = [
        events.turn_queued(f"Prompt {number}"),
        events.settings_updated({"model": "gpt-5.5"}, session_id="session"),
        events.turn_started("session", f"codex-{number}"),
        *(
            events.item_completed({"id": f"item-{at}", "status": "completed", **item})
            for at, item in enumerate(items)
        ),
        events.turn_ended("completed"),
    ]
    turn_id = TurnId(f"01900000-0000-7000-8000-{number:012}")
    return fold(events.stamp(turn_id, 0, drafts, events.now()))
