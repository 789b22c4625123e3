"""Unified diffs: read into numbered lines, shown as HTML.

Reads what Codex reports, hunks of one file or the diff of a whole turn, and never fails: a line
that fits nowhere is kept as a note.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import Literal, NamedTuple

from codex_kernel.render.escape import escape, visible

Mark = Literal["+", "-", " ", "@", "…"]
"""Added, removed, unchanged, the head of a hunk, a note."""
Kind = Literal["add", "update", "delete"]

_HUNK = re.compile(r"@@ -(\d{1,9})(?:,(\d{1,9}))? \+(\d{1,9})(?:,(\d{1,9}))? @@(.*)")
_PATH = re.compile(r"(?:---|\+\+\+) (?:[ab]/)?(.*?)\t?$")
_GIT = re.compile(r'diff --git "?a/(.+?)"? "?b/(.+?)"?$')


class Line(NamedTuple):
    """One line of a diff with its numbers before and after."""

    old: int | None
    new: int | None
    mark: Mark
    text: str


@dataclass(frozen=True)
class FileDiff:
    """The changes of one file. `text`: its part of the diff, as it was."""

    path: str
    kind: Kind
    move_path: str | None
    added: int
    removed: int
    lines: tuple[Line, ...] = field(repr=False)
    text: str = field(repr=False)


def lines(hunks: str) -> tuple[Line, ...]:
    """The lines of unified hunks (without file headers)."""
    return tuple(_read(_split(hunks)))


def count(hunks: str) -> tuple[int, int]:
    """How many lines the hunks add and remove."""
    marks = [line.mark for line in lines(hunks)]
    return marks.count("+"), marks.count("-")


def file_changes_from_diff(unified: str) -> list[FileDiff]:
    """The files of a whole diff as `git diff` writes it; none for an empty one."""
    if not unified.strip():
        return []
    return [_file(section) for section in _sections(unified)]


def to_html(shown: tuple[Line, ...]) -> str:
    """Lines as a table of two columns: numbers, and text with `+`, `-` and colour."""
    numbers = "\n".join(str(line.new or line.old or "⋯") for line in shown)
    text = "".join(_block(mark, list(group)) for mark, group in groupby(shown, lambda x: x.mark))
    return (
        f'<table style="{_TABLE}"><tr style="background:transparent">'
        f'<td style="{_CELL};opacity:.5">'
        f'<pre style="{_PRE};text-align:right">{numbers}</pre></td>'
        f'<td style="{_CELL};width:100%"><pre style="{_PRE}">{text}</pre></td></tr></table>'
    )


_TABLE = "table-layout:auto;border-collapse:collapse;margin:0;width:100%;border:0"
_CELL = "padding:0 6px;vertical-align:top;text-align:left;border:0"
_PRE = (
    "margin:0;padding:0;background:transparent;white-space:pre;line-height:1.4;"
    "font-family:monospace"
)
_BLOCK = "display:block;text-decoration:none;background:"


def _block(mark: str, group: list[Line]) -> str:
    sign = {"@": "", "…": ""}.get(mark, mark)
    text = "".join(f"{sign}{escape(visible(line.text))}\n" for line in group)
    if mark == "+":
        return f'<ins style="{_BLOCK}rgba(46,160,67,.2)">{text}</ins>'
    if mark == "-":
        return f'<del style="{_BLOCK}rgba(248,81,73,.2)">{text}</del>'
    if mark == " ":
        return text
    return f'<span style="display:block;opacity:.6">{text}</span>'


def _split(text: str) -> list[str]:
    """Lines end at newlines only; `str.splitlines` knows a dozen more ends."""
    return [line.removesuffix("\r") for line in text.removesuffix("\n").split("\n")]


def _read(raw: list[str]) -> Iterator[Line]:
    old = new = old_left = new_left = 0
    for text in raw:
        if old_left <= 0 and new_left <= 0 and (hunk := _HUNK.match(text)):
            old, new = int(hunk[1]), int(hunk[3])
            old_left, new_left = int(hunk[2] or 1), int(hunk[4] or 1)
            yield Line(None, None, "@", text)
        elif text.startswith("+") and new_left > 0:
            yield Line(None, new, "+", text[1:])
            new, new_left = new + 1, new_left - 1
        elif text.startswith("-") and old_left > 0:
            yield Line(old, None, "-", text[1:])
            old, old_left = old + 1, old_left - 1
        elif text[:1] in (" ", "") and old_left > 0 and new_left > 0:
            yield Line(old, new, " ", text[1:])
            old, old_left, new, new_left = old + 1, old_left - 1, new + 1, new_left - 1
        elif text:
            yield Line(None, None, "…", text)


def _sections(unified: str) -> Iterator[list[str]]:
    """The lines of each file: a header may only begin where no hunk is open."""
    section: list[str] = []
    old_left = new_left = 0
    for text in _split(unified):
        is_open = old_left > 0 or new_left > 0
        if not is_open and text.startswith("diff --git ") and section:
            yield section
            section = []
        section.append(text)
        if not is_open and (hunk := _HUNK.match(text)):
            old_left, new_left = int(hunk[2] or 1), int(hunk[4] or 1)
        elif is_open:
            old_left -= text[:1] in (" ", "-", "")
            new_left -= text[:1] in (" ", "+", "")
    if section:
        yield section


def _file(section: list[str]) -> FileDiff:
    start = next((at for at, text in enumerate(section) if text.startswith("@@ ")), len(section))
    head = section[:start]
    before, after = _named(head)
    read = tuple(_read(section[start:])) or _binary(head)
    marks = [line.mark for line in read]
    is_new = before == "/dev/null" or any(text.startswith("new file") for text in head)
    is_gone = after == "/dev/null" or any(text.startswith("deleted file") for text in head)
    path = after if is_new else before
    return FileDiff(
        path=path,
        kind="add" if is_new else "delete" if is_gone else "update",
        move_path=after if not is_new and not is_gone and after != before else None,
        added=marks.count("+"),
        removed=marks.count("-"),
        lines=read,
        text="\n".join(section) + "\n",
    )


def _binary(head: list[str]) -> tuple[Line, ...]:
    notes = [text for text in head if text.startswith(("Binary", "GIT binary"))]
    return tuple(Line(None, None, "…", note) for note in notes)


def _named(head: list[str]) -> tuple[str, str]:
    """The paths before and after, without git's prefixes."""
    before = after = ""
    for text in head:
        if git := _GIT.match(text):
            before, after = git[1], git[2]
        elif text.startswith("rename from "):
            before = text.removeprefix("rename from ")
        elif text.startswith("rename to "):
            after = text.removeprefix("rename to ")
        elif text.startswith("--- ") and (found := _PATH.match(text)):
            before = found[1]
        elif text.startswith("+++ ") and (found := _PATH.match(text)):
            after = found[1]
    return before or after, after or before
