"""Unified hunks, backwards: what a file was before a patch."""

from __future__ import annotations

import re
from typing import Any

_HUNK = re.compile(r"^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")


def before(change: dict[str, Any], content: bytes | None) -> bytes | None:
    """The content before a change (`path kind move_path diff`), given what is on disk now.

    `content` may be from before or after the patch was applied. None: the file did not exist.
    When the hunks fit neither way, the content on disk is the best that is known.
    """
    if change["kind"] == "add":
        return None
    text = None if content is None else _decode(content)
    if content is not None and text is None:
        return content
    lines = [] if text is None else text.split("\n")
    old, new = _sides(change["diff"])
    if change["kind"] == "delete":
        return content if content is not None else "\n".join(_only(old)).encode()
    if _fits(lines, old) and not _fits(lines, new):
        return content
    undone = _replace(lines, new, old)
    return content if undone is None else "\n".join(undone).encode()


Side = list[tuple[int, list[str]]]


def _sides(diff: str) -> tuple[Side, Side]:
    """The old and the new lines of each hunk, with the number of the first (from 1)."""
    old: Side = []
    new: Side = []
    for line in diff.split("\n"):
        hunk = _HUNK.match(line)
        if hunk:
            old.append((int(hunk[1]), []))
            new.append((int(hunk[3]), []))
        elif old and line[:1] in ("-", " "):
            old[-1][1].append(line[1:])
            if line[0] == " ":
                new[-1][1].append(line[1:])
        elif new and line[:1] == "+":
            new[-1][1].append(line[1:])
    return old, new


def _fits(lines: list[str], side: Side) -> bool:
    return all(lines[at - 1 : at - 1 + len(part)] == part for at, part in side if part)


def _replace(lines: list[str], found: Side, wanted: Side) -> list[str] | None:
    """The lines with every hunk exchanged, from the last on; None when one is not there."""
    result = list(lines)
    for (at, part), (_, other) in zip(reversed(found), reversed(wanted), strict=True):
        start = max(at - 1, 0) if part else at
        if result[start : start + len(part)] != part:
            return None
        result[start : start + len(part)] = other
    return result


def _only(side: Side) -> list[str]:
    return [*(line for _, part in side for line in part), ""]


def _decode(content: bytes) -> str | None:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return None
