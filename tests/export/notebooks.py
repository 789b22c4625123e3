"""Notebooks for the tests of the exports, as a kernel leaves them."""

from __future__ import annotations

from typing import Any

import nbformat
from nbformat import v4

from codex_kernel.render.bundle import mime_bundle
from codex_kernel.settings import ViewSettings

from ..render import turns

KERNEL = {"name": "codex", "display_name": "Codex", "language": "codex"}


def turn_cell(data: dict[str, Any], source: str | None = None, number: int = 1) -> Any:
    """A cell in which a turn ran."""
    output = v4.new_output("display_data", data=mime_bundle(data, ViewSettings(), final=True))
    cell_id = f"cell-{number}"
    source = data["prompt"] if source is None else source
    return v4.new_code_cell(source, id=cell_id, execution_count=number, outputs=[output])


def text_output(text: str) -> Any:
    """What a command shows."""
    return v4.new_output("display_data", data={"text/plain": text, "text/html": "<b>never</b>"})


def notebook(*cells: Any) -> Any:
    """A valid notebook of the Codex kernel."""
    made = v4.new_notebook(cells=list(cells), metadata={"kernelspec": KERNEL})
    nbformat.validate(made)
    return made


def everything() -> Any:
    """Prose, a command, and every kind of turn."""
    status = v4.new_code_cell("/status", id="status", outputs=[text_output("Model  gpt-5.5")])
    prose = v4.new_markdown_cell("# A study of circles\n\nWhat was *asked*.", id="prose")
    cells = [turn_cell(make(), number=at) for at, make in enumerate(turns.TURNS.values(), 1)]
    return notebook(prose, status, *cells)


def read(made: Any) -> dict[str, Any]:
    """The notebook as plain JSON."""
    return nbformat.from_dict(made)
