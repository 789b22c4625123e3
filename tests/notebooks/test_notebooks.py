"""The notebooks of the documentation run, and what stands in them is what comes of it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest

from codex_kernel.render.bundle import MIME
from docs.notebooks import FOLDER, NAMES, executed


def essence(notebook: Any) -> list[Any]:
    """What does not change from run to run: states, kinds of items, decisions and answers."""
    return [
        [_of_output(output) for output in cell.outputs]
        for cell in notebook.cells
        if cell.cell_type == "code"
    ]


def _of_output(output: Any) -> Any:
    data = output.get("data", {})
    if MIME not in data:
        shown = data.get("text/markdown") or data.get("text/plain")
        return shown or output.get("text") or output.get("evalue")
    turn = data[MIME]
    items = [
        (item["type"], item["status"], *map(item.get, ("tool", "command", "output", "outcome")))
        for item in turn["items"]
    ]
    return turn["state"], turn["prompt"], items, data["text/plain"]


def without_ids(value: Any) -> str:
    """The value as JSON, whatever the sessions are called."""
    return re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "ID", json.dumps(value))


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_runs_as_it_stands(name: str) -> None:
    committed = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
    nbformat.validate(committed)
    again = executed(nbformat.read(FOLDER / f"{name}.ipynb", as_version=4), name)
    assert without_ids(essence(again)) == without_ids(essence(committed))


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_holds_nothing_of_the_machine_it_was_made_on(name: str) -> None:
    text = (FOLDER / f"{name}.ipynb").read_text(encoding="utf-8")
    assert str(Path.home()) not in text
    assert "/tmp/" not in text
    assert '"error"' not in [each["output_type"] for each in _outputs(json.loads(text))]


def _outputs(notebook: dict[str, Any]) -> list[dict[str, Any]]:
    return [output for cell in notebook["cells"] for output in cell.get("outputs", [])]
