"""Notebook files as an editor writes them."""

from __future__ import annotations

from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_notebook


def write(path: Path, *cell_ids: str, sources: tuple[str, ...] = ()) -> Path:
    """A notebook for the Codex kernel whose cells have these ids."""
    texts = sources or ("",) * len(cell_ids)
    cells = [new_code_cell(text, id=id) for id, text in zip(cell_ids, texts, strict=True)]
    spec = {"name": "codex", "display_name": "Codex", "language": "codex"}
    nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": spec}), path)
    return path
