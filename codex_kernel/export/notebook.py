"""A notebook as a document, and a session as a notebook that goes on with it.

Notebooks are JSON objects as nbformat 4.5 has them. What a notebook says is not trusted: a bundle
that is none is shown as the plain text beside it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from codex_kernel.export.document import (
    Bundle,
    Cell,
    Document,
    Part,
    Prose,
    Turn,
    fitted,
    numbered,
)
from codex_kernel.export.page import page
from codex_kernel.export.redaction import Redaction
from codex_kernel.export.session import Session, Transcript, alone
from codex_kernel.export.text import text
from codex_kernel.ids import display_id
from codex_kernel.render.bundle import MIME, mime_bundle
from codex_kernel.render.pieces import image_source
from codex_kernel.settings import ExportSettings, ViewSettings

Complete = Callable[[Bundle], Bundle]
"""Gives a bundle what its notebook left out; the same bundle when there is no more."""

Source = Callable[[Transcript], str]

_HEADING = re.compile(r"\A\s*# +(.+?)\s*(?:\n|\Z)")
_CELL_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_IMAGES = ("image/png", "image/jpeg", "image/gif", "image/webp")
_COMPACT = ExportSettings(variant="compact")
_LANGUAGE = {
    "name": "codex",
    "mimetype": "text/markdown",
    "file_extension": ".md",
    "pygments_lexer": "markdown",
    "codemirror_mode": "markdown",
}


def read(
    notebook: Mapping[str, Any], name: str, redaction: Redaction, complete: Complete
) -> Document:
    """The document of a notebook; `name` is its title when it has none itself."""
    cells = [cell for cell in notebook.get("cells") or [] if isinstance(cell, dict)]
    shown = (_without_secrets(cell, redaction) for cell in cells)
    parts = list(numbered(part for cell in shown for part in _parts(cell, complete)))
    title = redaction.text(str((notebook.get("metadata") or {}).get("title") or ""))
    if not title and parts and isinstance(first := parts[0], Prose):
        found = _HEADING.match(first.markdown)
        if found:
            title, rest = found[1], first.markdown[found.end() :].strip()
            parts[:1] = [Prose(rest)] if rest else []
    return Document(str(title or name), tuple(parts))


def _without_secrets(cell: dict[str, Any], redaction: Redaction) -> dict[str, Any]:
    """What a document shows of a cell, without secrets; HTML is never shown, and often long."""
    kept = {key: cell.get(key) for key in ("cell_type", "source", "outputs")}
    kept["source"] = _joined(kept["source"])
    kept["outputs"] = [
        {**output, "data": {k: v for k, v in output["data"].items() if k != "text/html"}}
        if isinstance(output, dict) and isinstance(output.get("data"), dict)
        else output
        for output in kept["outputs"] or []
    ]
    return redaction.value(kept)


def turn_ids(notebook: Mapping[str, Any]) -> list[str]:
    """The ids of the turns in a notebook, as it says."""
    outputs = (output for cell in notebook["cells"] for output in cell.get("outputs") or [])
    bundles = (output.get("data", {}).get(MIME) for output in outputs)
    return [str(b["turn_id"]) for b in bundles if isinstance(b, dict) and b.get("turn_id")]


def _parts(cell: dict[str, Any], complete: Complete) -> Iterator[Part]:
    source = _joined(cell.get("source"))
    if cell.get("cell_type") != "code":
        if source.strip():
            yield Prose(source)
        return
    shown = [found for output in cell.get("outputs") or [] for found in _outputs(output)]
    bundles = [each for each in shown if isinstance(each, dict)]
    said = tuple(each for each in shown if isinstance(each, tuple))
    lines = _beside_prompt(source, bundles)
    has_failed = any(bundle["state"] != "completed" for bundle in bundles)
    outputs = tuple(each for each in said if not (has_failed and each[0] == "error"))
    if lines or outputs:
        yield Cell(lines, outputs)
    for bundle in bundles:
        yield Turn(0, complete(bundle))


def _beside_prompt(source: str, bundles: list[Bundle]) -> str:
    """The lines of a cell that are no prompt: all of them where no turn ran."""
    for bundle in bundles:
        source = source.strip().removesuffix(str(bundle["prompt"]).strip())
    return source.strip()


def _outputs(output: Any) -> Iterator[Bundle | tuple[str, str]]:
    """What an output shows: a turn, or texts and images."""
    kind = output.get("output_type") if isinstance(output, dict) else None
    if kind == "stream":
        yield "text", _joined(output.get("text"))
    elif kind == "error":
        yield "error", f"{output.get('ename')}: {output.get('evalue')}"
    elif kind in ("display_data", "execute_result"):
        yield from _shown(output.get("data") or {})


def _shown(data: dict[str, Any]) -> Iterator[Bundle | tuple[str, str]]:
    if MIME in data and (bundle := readable(data[MIME])) is not None:
        yield bundle
        return
    for kind in _IMAGES:
        source = image_source(_joined(data.get(kind)).replace("\n", ""))
        if source:
            yield "image", source
            return
    plain = _joined(data.get("text/plain"))
    if plain:
        yield "text", plain


def readable(value: Any) -> Bundle | None:
    """A bundle that can be drawn, or None for what is none, whoever wrote it."""
    try:
        bundle = json.loads(value) if isinstance(value, str) else value
        alone = Document("", (Turn(1, bundle),))
        page(alone)
        text(alone)
        fitted(alone, _COMPACT)
    except Exception:  # a forged or damaged bundle raises anything, and must not end the export
        return None
    return bundle


def _joined(text: Any) -> str:
    """A text that nbformat may keep as a list of lines."""
    if isinstance(text, list):
        return "".join(map(str, text))
    return text if isinstance(text, str) else ""


def written(session: Session, view: ViewSettings, source: Source) -> dict[str, Any]:
    """A session as a notebook for the Codex kernel.

    `source` makes the text of a cell out of a turn, whose prompt may look like a command.
    """
    used: set[str] = set()
    cells = [_title_cell(session)]
    for number, transcript in enumerate(session.transcripts, 1):
        cells.append(_turn_cell(transcript, number, view, source, used))
    return {
        "cells": cells,
        "metadata": {
            "kernelspec": {"name": "codex", "display_name": "Codex", "language": "codex"},
            "language_info": _LANGUAGE,
            "title": session.title,
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def cell_ids(notebook: Mapping[str, Any]) -> list[str]:
    """The ids of the cells in which turns ran."""
    return [cell["id"] for cell in notebook["cells"] if cell["cell_type"] == "code"]


def _title_cell(session: Session) -> dict[str, Any]:
    about = f"Codex session `{session.session_id}`"
    return {
        "cell_type": "markdown",
        "id": "session",
        "metadata": {},
        "source": f"# {' '.join(session.title.split())}\n\n{about}",
    }


def _turn_cell(
    transcript: dict[str, Any],
    number: int,
    view: ViewSettings,
    source: Source,
    used: set[str],
) -> dict[str, Any]:
    data: dict[str, Any] = mime_bundle(alone(transcript), view, final=True)
    return {
        "cell_type": "code",
        "id": _cell_id(transcript, used),
        "metadata": {},
        "execution_count": number,
        "source": source(transcript),
        "outputs": [{"output_type": "display_data", "data": data, "metadata": {}}],
    }


def _cell_id(transcript: dict[str, Any], used: set[str]) -> str:
    """The id of the cell in which the turn ran, when it can be one here; else the turn's."""
    cell_id = str(transcript.get("cell_id") or "")
    if not _CELL_ID.fullmatch(cell_id) or cell_id in used:
        cell_id = display_id(transcript["turn_id"])
    used.add(cell_id)
    return cell_id
