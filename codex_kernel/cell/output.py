"""What a command shows: the same thing as plain text and as HTML.

Owns how words, tables and files of a command look. Nothing here trusts what it is given: every
text is escaped, and characters that could hide or reorder others are spelled out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from codex_kernel.render import terminal
from codex_kernel.render.escape import escape, head, tail, visible

OUTPUT_BYTES = 64 * 1024
"""A longer output of a `!` command is cut in its middle."""

_TICKED = re.compile(r"`([^`\n]+)`")
_CELL = 'style="text-align:left;vertical-align:top;padding:1px 14px 1px 0"'
_PRE = 'style="margin:0;white-space:pre-wrap;max-height:30em;overflow:auto"'


@dataclass(frozen=True)
class Output:
    """Something to show, in both forms; `exit_code` of what ran, where something did."""

    text: str
    html: str
    exit_code: int | None = None

    def bundle(self) -> dict[str, str]:
        """The output by MIME type."""
        return {"text/plain": self.text, "text/html": self.html}


def prose(text: str) -> Output:
    """Sentences; what stands between backticks is shown as code."""
    shown = visible(text)
    lines = _TICKED.sub(r"<code>\1</code>", escape(shown)).replace("\n", "<br>")
    return Output(shown.replace("`", ""), f"<div>{lines}</div>")


def table(
    header: Sequence[str], rows: Iterable[Sequence[object]], *, marked: int | None = None
) -> Output:
    """Rows under a header; the marked one has an arrow before it."""
    found = [tuple(_cell(value) for value in row) for row in rows]
    names = tuple(_cell(name) for name in header)
    widths = [max(map(len, column)) for column in zip(names, *found, strict=True)]
    lines = [_line(names, widths, " ")]
    lines += [_line(row, widths, "→" if at == marked else " ") for at, row in enumerate(found)]
    html = "".join(_row(row, is_marked=at == marked) for at, row in enumerate(found))
    heads = "".join(f"<th {_CELL}>{escape(name)}</th>" for name in names)
    return Output(
        "\n".join(lines),
        f"<table><thead><tr>{heads}</tr></thead><tbody>{html}</tbody></table>",
    )


def pairs(rows: Iterable[tuple[str, object]]) -> Output:
    """Names with their values, a line each."""
    found = [(_cell(name), _cell(value)) for name, value in rows]
    width = max((len(name) for name, _ in found), default=0)
    html = "".join(
        f"<tr><th {_CELL}>{escape(name)}</th><td {_CELL}>{escape(value)}</td></tr>"
        for name, value in found
    )
    return Output(
        "\n".join(f"{name:<{width}}  {value}".rstrip() for name, value in found),
        f"<table><tbody>{html}</tbody></table>",
    )


def printed(text: str, exit_code: int | None = None) -> Output:
    """What a program wrote, bounded, its colours kept."""
    text = _bounded(text)
    settled = terminal.strip(text)
    return Output(settled, f"<pre {_PRE}>{terminal.to_html(text)}</pre>" if text else "", exit_code)


def joined(*outputs: Output) -> Output:
    """Several outputs, one below the other."""
    shown = [each for each in outputs if each.text]
    return Output("\n\n".join(each.text for each in shown), "".join(each.html for each in shown))


def shortened(text: str, limit: int = 72) -> str:
    """The beginning of a text as one line."""
    line = " ".join(text.split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def _cell(value: object) -> str:
    return " ".join(visible("" if value is None else str(value)).split())


def _line(cells: Sequence[str], widths: Sequence[int], mark: str) -> str:
    padded = (f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=True))
    return f"{mark} {'  '.join(padded)}".rstrip()


def _row(cells: Sequence[str], *, is_marked: bool) -> str:
    tag = "strong" if is_marked else "span"
    inner = "".join(f"<td {_CELL}><{tag}>{escape(cell)}</{tag}></td>" for cell in cells)
    return f"<tr>{inner}</tr>"


def _bounded(text: str) -> str:
    kept = head(text, OUTPUT_BYTES // 2)
    rest = text[len(kept) :]
    end = tail(rest, OUTPUT_BYTES // 2)
    left_out = len(rest) - len(end)
    return f"{kept}\n… {left_out:,} characters left out …\n{end}" if left_out else text
