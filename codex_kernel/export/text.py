"""A document as one Markdown file without any HTML in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import astuple
from typing import Any

from codex_kernel.export import summary
from codex_kernel.export.document import Cell, Document, Prose, Turn
from codex_kernel.render.escape import visible
from codex_kernel.render.markdown import to_markdown
from codex_kernel.render.markdown_source import fence, literal, quoted
from codex_kernel.render.markdown_turn import from_bundle
from codex_kernel.render.terminal import strip


def text(document: Document) -> str:
    """The document as Markdown."""
    parts = [f"# {literal(visible(document.title))}", _facts(document), _table(document)]
    parts += [_PARTS[type(part)](part) for part in document.parts]
    return "\n\n".join(part for part in parts if part) + "\n"


def _facts(document: Document) -> str:
    return "\n".join(
        f"- **{name}:** {literal(visible(value))}" for name, value in summary.facts(document)
    )


def _table(document: Document) -> str:
    rows = [tuple(map(str, astuple(line))) for line in summary.lines(document)]
    if not rows:
        return ""
    head = [f"| {' | '.join(summary.COLUMNS)} |", f"|{'---|' * len(summary.COLUMNS)}"]
    return "\n".join([*head, *map(_row, rows)])


def _row(cells: tuple[str, ...]) -> str:
    shown = " | ".join(literal(cell).replace("|", "\\|") for cell in cells)
    return f"| {shown} |"


def _turn(turn: Turn) -> str:
    heading = summary.heading(turn)
    prompt = str(turn.bundle["prompt"])
    said = "" if prompt.strip() == heading else quoted(to_markdown(prompt))
    title = f"## {turn.number}. {literal(heading)}"
    return "\n\n".join(part for part in (title, said, from_bundle(turn.bundle)) if part)


def _prose(part: Prose) -> str:
    return to_markdown(part.markdown)


def _cell(part: Cell) -> str:
    source = [fence(visible(part.source))] if part.source else []
    return "\n\n".join([*source, *_outputs(part)])


def _outputs(part: Cell) -> Iterator[str]:
    for kind, held in part.outputs:
        yield f"![Output]({held})" if kind == "image" else fence(strip(held).rstrip())


_PARTS: dict[type, Callable[[Any], str]] = {Prose: _prose, Cell: _cell, Turn: _turn}
