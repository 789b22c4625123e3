"""What a prompt refers to: `@path`, and `@cell[3]` and `@out[3]` of its notebook.

The number is the one in the brackets beside a cell. `@cell[3]` is what was asked there, `@out[3]`
what was answered; both come from the record, so they mean the same in every frontend and without
one. In code they are text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from codex_kernel.cell.text import mentions, without_code
from codex_kernel.engine.session import Session
from codex_kernel.errors import UnknownReference
from codex_kernel.render.escape import head
from codex_kernel.turn_log.rows import TurnRow

REFERENCE_BYTES = 32 * 1024
"""What one reference brings along; Codex is told when it is only the beginning."""
LISTED = 200
"""Turns of a notebook among which numbers are looked up for completion."""
_REFERENCE = re.compile(r"(?:^|(?<=[\s(\[{,;:\"']))@(cell|out)\[(\d{1,9})\]")


@dataclass(frozen=True)
class Referable:
    """A turn that can be referred to by the number of its cell."""

    number: int
    prompt: str


async def referred(prompt: str, session: Session) -> tuple[str, tuple[str, ...]]:
    """The prompt as Codex gets it, with what it refers to, and the images it mentions.

    Raises `UnknownReference` for a number that no cell of the notebook has.
    """
    text, images = mentions(prompt, session.settings.cwd)
    brought = [
        f'<referenced name="@{kind}[{number}]">\n{await _content(kind, number, session)}\n'
        "</referenced>"
        for kind, number in dict.fromkeys(_references(prompt))
    ]
    return "\n\n".join((text, *brought)), images


async def referable(session: Session) -> list[Referable]:
    """The numbers that mean something now, the latest first."""
    found: dict[int, Referable] = {}
    for row in await _turns(session):
        if row.execution_count is not None:
            found.setdefault(row.execution_count, Referable(row.execution_count, row.prompt))
    return list(found.values())


def _references(prompt: str) -> list[tuple[str, int]]:
    return [(kind, int(number)) for kind, number in _REFERENCE.findall(without_code(prompt))]


async def _content(kind: str, number: int, session: Session) -> str:
    rows = [row for row in await _turns(session, number) if row.finished_at is not None]
    transcript = await session.log.transcript(rows[0].turn_id) if rows else None
    if transcript is None:
        raise UnknownReference(f"No turn of this notebook ended in a cell [{number}].")
    text = transcript.data["prompt"] if kind == "cell" else transcript.answer()
    kept = head(text, REFERENCE_BYTES)
    return kept if kept == text else f"{kept}\n… (the rest is left out)"


async def _turns(session: Session, number: int | None = None) -> list[TurnRow]:
    """The latest first: after a restart of the kernel numbers begin again."""
    notebook = session.notebook
    if notebook is None and session.id is None:
        return []
    return await session.log.turns(
        notebook=notebook,
        session_id=session.id if notebook is None else None,
        execution_count=number,
        limit=LISTED,
    )
