"""What a document shows: its parts in order, and what is known of them together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from codex_kernel.render import diff, words
from codex_kernel.render.entries import answer_of
from codex_kernel.settings import ExportSettings

Bundle = dict[str, Any]
_KEPT = frozenset({"message", "approval", "input", "steer", "user_message", "warning", "plan"})
"""What a compact turn shows beside its answer, its files and a line on its steps."""
_SHOWN = _KEPT | {"file_change"}


@dataclass(frozen=True)
class Prose:
    """A cell of text, as Markdown."""

    markdown: str


@dataclass(frozen=True)
class Cell:
    """A cell, or a part of one, that is no turn: a command, Python code, an output."""

    source: str = ""
    outputs: tuple[tuple[str, str], ...] = ()
    """Each a kind (`text`, or `image` with a data: URI) and what it holds."""


@dataclass(frozen=True)
class Turn:
    """A turn by its bundle; `number` counts from 1 in the document."""

    number: int
    bundle: Bundle


Part = Prose | Cell | Turn


@dataclass(frozen=True)
class Document:
    """A title and parts."""

    title: str
    parts: tuple[Part, ...] = field(default=())

    @property
    def turns(self) -> list[Turn]:
        """The turns, in order."""
        return [part for part in self.parts if isinstance(part, Turn)]


def numbered(parts: Iterator[Part]) -> tuple[Part, ...]:
    """The parts with their turns numbered."""
    count = 0
    found: list[Part] = []
    for part in parts:
        if isinstance(part, Turn):
            count += 1
            part = replace(part, number=count)
        found.append(part)
    return tuple(found)


def fitted(document: Document, settings: ExportSettings) -> Document:
    """The document with as much of every turn as was asked for."""
    parts = document.parts
    if not settings.reasoning:
        parts = tuple(_without(part, "reasoning") for part in parts)
    if settings.variant == "compact":
        parts = tuple(_compact(part) for part in parts)
    return replace(document, parts=parts)


def _without(part: Part, kind: str) -> Part:
    if not isinstance(part, Turn):
        return part
    items = [item for item in part.bundle["items"] if item["type"] != kind]
    return replace(part, bundle={**part.bundle, "items": items})


def _compact(part: Part) -> Part:
    """A turn by its answer, what it changed, what was decided, and how many steps it took."""
    if not isinstance(part, Turn):
        return part
    bundle = part.bundle
    answer = answer_of(bundle["items"])
    items = [item for item in bundle["items"] if item["type"] in _KEPT and _is_told(item, answer)]
    at = items.index(answer) if answer in items else len(items)
    items[at:at] = [*_steps(bundle), *_files(bundle)]
    return replace(part, bundle={**bundle, "items": items, "plan": None, "diff": None})


def _is_told(item: Bundle, answer: Bundle | None) -> bool:
    return item["type"] != "message" or item is answer


def _steps(bundle: Bundle) -> Iterator[Bundle]:
    left_out = [item for item in bundle["items"] if item["type"] not in _SHOWN]
    if left_out:
        yield {
            "id": "steps",
            "type": "warning",
            "status": "completed",
            "kind": "notice",
            "message": words.steps(left_out),
        }


def _files(bundle: Bundle) -> Iterator[Bundle]:
    """The files that were changed, without how."""
    changes = [
        {**change, "diff": ""}
        for item in bundle["items"]
        if item["type"] == "file_change" and item["status"] == "completed"
        for change in item.get("changes") or []
    ]
    changes += [
        {
            "path": each.path,
            "kind": each.kind,
            "move_path": each.move_path,
            "added": each.added,
            "removed": each.removed,
            "diff": "",
        }
        for each in diff.file_changes_from_diff(bundle["diff"] or "")
    ]
    if changes:
        yield {"id": "files", "type": "file_change", "status": "completed", "changes": changes}
