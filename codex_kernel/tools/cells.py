"""Cells of a notebook as text and images for Codex. Pure; nbformat 4 as it is on the wire."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from codex_kernel.errors import ToolRefused
from codex_kernel.render import terminal
from codex_kernel.tools.tool import Content, Image, Text, cut

SOURCE_CHARS, OUTPUT_CHARS = 8_000, 4_000
IMAGE_TYPES = ("image/png", "image/jpeg")
TEXT_TYPES = ("text/markdown", "text/plain")

Cell = dict[str, Any]


def shown(cell: Cell) -> list[Content]:
    """A cell with its outputs."""
    facts = [cell["cell_type"], f"id {cell['id']}"]
    if cell.get("execution_count"):
        facts.append(f"In [{cell['execution_count']}]")
    if cell.get("state") not in (None, "idle"):
        facts.append(str(cell["state"]))
    text = f"\n--- cell {cell['index']}: {', '.join(facts)}\n{cut(cell['source'], SOURCE_CHARS)}"
    parts: list[Content] = [Text(text)]
    for output in cell.get("outputs") or ():
        parts += _output(output)
    return parts


def _output(output: dict[str, Any]) -> Iterator[Content]:
    kind = output.get("output_type")
    if kind == "stream":
        yield Text(f"[{output.get('name')}]\n{_plain(output.get('text'))}")
    elif kind == "error":
        lines = _plain("\n".join(output.get("traceback") or ()))
        yield Text(f"[error] {output.get('ename')}: {output.get('evalue')}\n{lines}")
    else:
        yield from _bundle(output.get("data") or {})


def _bundle(data: dict[str, Any]) -> Iterator[Content]:
    image = next((kind for kind in IMAGE_TYPES if data.get(kind)), None)
    if image is not None:
        yield Image(image, "".join(_joined(data[image]).split()))
        return
    text = next((kind for kind in TEXT_TYPES if data.get(kind)), None)
    if text is not None:
        yield Text(f"[output]\n{_plain(data[text])}")
    elif data:
        yield Text(f"[output of type {', '.join(data)}]")


def _plain(text: Any) -> str:
    return cut(terminal.strip(_joined(text)), OUTPUT_CHARS)


def _joined(text: Any) -> str:
    return "".join(map(str, text)) if isinstance(text, list) else str(text or "")


def from_file(
    notebook: dict[str, Any], cells: list[str] | None, first: int, count: int
) -> dict[str, Any]:
    """Cells of a notebook's file, in the form in which a page answers `read`.

    Raises `ToolRefused` for what is no notebook.
    """
    metadata = notebook.get("metadata") or {}
    found = [_numbered(cell, index) for index, cell in enumerate(notebook.get("cells") or ())]
    if notebook.get("nbformat") != 4:
        raise ToolRefused("That is no notebook of nbformat 4.")
    chosen = [cell for cell in found if cells is None or cell["id"] in cells]
    return {
        "cells": chosen if cells is not None else chosen[first : first + count],
        "total": len(found),
        "kernel": (metadata.get("kernelspec") or {}).get("name"),
        "language": (metadata.get("language_info") or {}).get("name"),
        "active_cell": None,
    }


def _numbered(cell: Cell, index: int) -> Cell:
    source = _joined(cell.get("source"))
    # Before nbformat 4.5 cells have no ids.
    return {**cell, "id": cell.get("id") or f"#{index}", "index": index, "source": source}
