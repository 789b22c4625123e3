"""What a program wrote to a terminal, as a reader should see it.

Interprets carriage returns, backspaces, erase-in-line and colours (ECMA-48 SGR); every other
control sequence, also links and titles (OSC), is dropped. Colours become inline styles: no
class, no id, no link.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby

from codex_kernel.render.escape import clean, escape, ordered, visible
from codex_kernel.render.palette import Style, css

__all__ = ["recoloured", "settle", "strip", "to_html", "visible"]

_TOKEN = re.compile(
    r"(?:\x1b\[|\x9b)(?P<params>[0-?]*)[ -/]*(?P<final>[@-~])?"
    r"|(?:\x1b\]|\x9d)[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?"
    r"|\x1b[ -/]*[0-~]?"
    r"|(?P<newline>\r?\n)"
    r"|(?P<control>[\x00-\x08\x0b-\x1f\x7f-\x9f])"
    r"|(?P<text>[^\x00-\x08\x0a-\x1f\x7f-\x9f]+)"
)
_STRINGS = re.compile(
    r"(?:\x1b[PX^_]|[\x90\x98\x9e\x9f])[^\x1b\x9c\x90\x98\x9e\x9f]*(?:\x1b\\|\x9c)"
)
"""Device control and the like; the only sequences that may span lines."""
_RETURNS = re.compile(r"\r{2,}")
_MOVES = re.compile(r"\r(?![\r\n])|\x08|(?:\x1b\[|\x9b)[0-9;]*[CDGK]")

Cell = tuple[str, Style]
_PLAIN = Style()
_FLAGS: dict[int, dict[str, bool]] = {
    1: {"bold": True},
    2: {"dim": True},
    3: {"italic": True},
    4: {"underline": True},
    7: {"inverse": True},
    9: {"strike": True},
    21: {"underline": True},
    22: {"bold": False, "dim": False},
    23: {"italic": False},
    24: {"underline": False},
    27: {"inverse": False},
    29: {"strike": False},
}
_CODES = {"bold": 1, "dim": 2, "italic": 3, "underline": 4, "inverse": 7, "strike": 9}

_WIDEST_LINE = 1_000
"""A cursor cannot be moved farther right than this: a sequence must not allocate memory."""


def to_html(text: str) -> str:
    """The text as HTML for a `<pre>`; colours that suit light and dark pages."""
    out: list[str] = []
    for chunk, style in _runs(text):
        shown, look = escape(ordered(chunk)), css(style)
        out.append(f'<span style="{look}">{shown}</span>' if look else shown)
    return "".join(out)


def strip(text: str) -> str:
    """The text as it stood on the screen in the end, without colours."""
    return "".join(chunk for chunk, _ in _runs(text))


def recoloured(text: str) -> str:
    """The text for another terminal: colours, and no other control sequence."""
    return _encoded(_runs(ordered(text)))


def settle(text: str) -> str:
    """The text with overwritten parts gone (a progress bar is its last state), colours kept.

    A text that moves no cursor stays as it is.
    """
    return _encoded(_runs(text)) if _MOVES.search(text) else text


def _encoded(runs: Iterator[Cell]) -> str:
    out: list[str] = []
    coloured = False
    for chunk, style in runs:
        if style != _PLAIN or coloured:
            out.append(f"\x1b[{';'.join(['0', *_parameters(style)])}m")
        coloured = style != _PLAIN
        out.append(chunk)
    if coloured:
        out.append("\x1b[0m")
    return "".join(out)


def _parameters(style: Style) -> Iterator[str]:
    for name, code in _CODES.items():
        if getattr(style, name):
            yield str(code)
    for base, colour in ((30, style.fg), (40, style.bg)):
        if isinstance(colour, tuple):
            yield ";".join([str(base + 8), "2", *map(str, colour)])
        elif colour is not None and colour < 16:
            yield str(base + colour if colour < 8 else base + 52 + colour)
        elif colour is not None:
            yield f"{base + 8};5;{colour}"


def _runs(text: str) -> Iterator[Cell]:
    """Pieces of equal style, newlines included, adjacent equal ones joined."""
    for style, pieces in groupby(_pieces(text), key=lambda piece: piece[1]):
        yield "".join(piece[0] for piece in pieces), style


def _pieces(text: str) -> Iterator[Cell]:
    style = _PLAIN
    start = 0
    text = _RETURNS.sub("\r", _STRINGS.sub("", clean(text)))
    while start < len(text):
        end = text.find("\n", start) + 1 or len(text)
        line = text[start:end]
        start = end
        if _MOVES.search(line):
            cells, style = _overwritten(line, style)
            yield from cells
            continue
        for token in _TOKEN.finditer(line):
            if token["text"] is not None:
                yield token["text"], style
            elif token["newline"]:
                yield "\n", style
            elif token["final"] == "m":
                style = _restyled(style, token["params"])


def _overwritten(line: str, style: Style) -> tuple[list[Cell], Style]:
    """One line whose cursor moves, as the cells that remain."""
    cells: list[Cell] = []
    column = 0
    newline = False
    for token in _TOKEN.finditer(line):
        if token["text"] is not None:
            fresh = [(char, style) for char in token["text"]]
            cells.extend([(" ", _PLAIN)] * (column - len(cells)))
            cells[column : column + len(fresh)] = fresh
            column += len(fresh)
        elif token["newline"]:
            newline = True
        elif token["control"] == "\r":
            column = 0
        elif token["control"] == "\x08":
            column = max(0, column - 1)
        elif token["final"] == "m":
            style = _restyled(style, token["params"])
        elif token["final"]:
            column = _moved(cells, column, token["final"], token["params"])
    if newline:
        cells.append(("\n", style))
    return cells, style


def _moved(cells: list[Cell], column: int, final: str, params: str) -> int:
    """The column after a cursor movement; an erasure empties cells."""
    number = int(params) if params.isdecimal() and len(params) < 6 else 0
    if final == "K":
        _erase(cells, column, number)
        return column
    steps = {"C": column + max(number, 1), "D": column - max(number, 1), "G": number - 1}
    return min(max(steps.get(final, column), 0), _WIDEST_LINE)


def _erase(cells: list[Cell], column: int, mode: int) -> None:
    if mode == 0:
        del cells[column:]
    elif mode == 2:
        cells.clear()
    elif mode == 1:
        cells[: column + 1] = [(" ", _PLAIN)] * min(column + 1, len(cells))


def _restyled(style: Style, params: str) -> Style:
    """The style after a "select graphic rendition" with these parameters."""
    groups = [group.split(":") for group in params.split(";")]
    numbers = [[int(part) if part.isdecimal() else 0 for part in group] for group in groups]
    at = 0
    while at < len(numbers):
        code, *sub = numbers[at]
        at += 1
        if code in (38, 48):
            if not sub:
                rest = [group[0] for group in numbers[at : at + 4]]
                sub = rest[: 2 if rest[:1] == [5] else 4]
                at += len(sub)
            style = style._replace(**{"fg" if code == 38 else "bg": _extended(sub)})
        elif code == 0:
            style = _PLAIN
        elif code == 4 and sub == [0]:
            style = style._replace(underline=False)
        else:
            style = _basic(style, code)
    return style


def _basic(style: Style, code: int) -> Style:
    if code in _FLAGS:
        return style._replace(**_FLAGS[code])
    for first, name, base in ((30, "fg", 0), (40, "bg", 0), (90, "fg", 8), (100, "bg", 8)):
        if first <= code < first + 8:
            return style._replace(**{name: code - first + base})
    if code == 39:
        return style._replace(fg=None)
    return style._replace(bg=None) if code == 49 else style


def _extended(sub: list[int]) -> int | tuple[int, int, int] | None:
    if len(sub) >= 2 and sub[0] == 5 and sub[1] < 256:
        return sub[1]
    if len(sub) >= 4 and sub[0] == 2 and max(sub[-3:]) < 256:
        return (sub[-3], sub[-2], sub[-1])
    return None
