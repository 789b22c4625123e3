"""A document as one HTML page that needs nothing else: no script, no file, no network.

Only the frame is made here; turns, prose and code become HTML in `render`. A policy in the page
forbids every load, so that even a mistake there could fetch and run nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from codex_kernel.export import summary
from codex_kernel.export.document import Cell, Document, Prose, Turn
from codex_kernel.render import markdown
from codex_kernel.render.escape import escape, visible
from codex_kernel.render.html import from_bundle
from codex_kernel.render.pieces import image_tag, output_block

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def page(document: Document) -> str:
    """The document as HTML."""
    title = escape(visible(document.title))
    body = [_header(title, document), _table(document), '<main id="main">']
    body += [_PARTS[type(part)](part) for part in document.parts]
    body += ["</main>", "<footer>A transcript of Codex in Jupyter, made by codex_kernel.</footer>"]
    head = (
        f'<meta charset="utf-8">\n<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{title}</title>\n<style>\n{_style()}</style>"
    )
    shown = "\n".join(part for part in body if part)
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n{head}\n</head>\n<body>\n'
        f"{shown}\n</body>\n</html>\n"
    )


@cache
def _style() -> str:
    return (Path(__file__).parent / "page.css").read_text(encoding="utf-8")


def _header(title: str, document: Document) -> str:
    rows = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(visible(value))}</dd></div>"
        for name, value in summary.facts(document)
    )
    facts = f"\n<dl>{rows}</dl>" if rows else ""
    skip = '<a class="skip" href="#main">Skip to the turns</a>'
    return f"{skip}\n<header><h1>{title}</h1>{facts}</header>"


def _table(document: Document) -> str:
    lines = summary.lines(document)
    if not lines:
        return ""
    heads = "".join(f'<th scope="col">{name}</th>' for name in summary.COLUMNS)
    rows = "\n".join(map(_row, lines))
    return (
        '<nav aria-label="Turns"><table class="turns"><caption>Turns</caption>\n'
        f"<thead><tr>{heads}</tr></thead>\n<tbody>\n{rows}\n</tbody></table></nav>"
    )


def _row(line: summary.TurnLine) -> str:
    cells = (line.outcome, line.commands, line.began, line.took, line.tokens)
    shown = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
    link = f'<a href="#turn-{line.number}"><bdi>{escape(line.prompt)}</bdi></a>'
    return f'<tr><td>{line.number}</td><th scope="row">{link}</th>{shown}</tr>'


def _turn(turn: Turn) -> str:
    number = turn.number
    prompt = str(turn.bundle["prompt"])
    return (
        f'<article id="turn-{number}" aria-labelledby="prompt-{number}">\n'
        f'<h2 id="prompt-{number}"><span class="number">{number}</span> '
        f"<bdi>{escape(summary.heading(turn))}</bdi></h2>\n"
        f"{_prompt(prompt, summary.heading(turn))}{from_bundle(turn.bundle)}\n</article>"
    )


def _prompt(prompt: str, heading: str) -> str:
    """The prompt as Markdown, when it says more than the heading does."""
    if prompt.strip() == heading:
        return ""
    return f'<div class="prompt" aria-label="Prompt">{markdown.to_html(prompt)}</div>\n'


def _prose(part: Prose) -> str:
    return f"<section>{markdown.to_html(part.markdown)}</section>"


def _cell(part: Cell) -> str:
    source = f'<pre class="source"><code>{escape(visible(part.source))}</code></pre>'
    return f"<section>{source if part.source else ''}{''.join(_outputs(part))}</section>"


def _outputs(part: Cell) -> Iterator[str]:
    for kind, held in part.outputs:
        if kind == "image":
            yield image_tag(held, "Output")
        else:
            label = ' class="error" role="note"' if kind == "error" else ""
            yield f"<div{label}>{output_block(held)}</div>"


_PARTS: dict[type, Callable[[Any], str]] = {Prose: _prose, Cell: _cell, Turn: _turn}
