"""Earlier inputs, as Jupyter's history requests ask for them.

Holds what this kernel was given, and may be given what the log knows of the notebook's session.
Refuses to write anything: the log does that for turns.
"""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from codex_kernel.engine.session import Session
from codex_kernel.ids import TurnId

EARLIER = 200
"""Prompts of earlier kernels that are remembered."""
KEPT = 10_000
"""Inputs of this kernel that are kept."""


class Entry(NamedTuple):
    """An input: whose (0 = this kernel's, -1 = of earlier ones), its number, its text."""

    session: int
    line: int
    text: str


class History:
    """The inputs of one kernel, after those of earlier ones."""

    def __init__(self) -> None:
        """Begins empty."""
        self._earlier: list[Entry] = []
        self._entries: list[Entry] = []

    def add(self, line: int, text: str) -> None:
        """An input of this kernel was run."""
        self._entries.append(Entry(0, line, text))
        del self._entries[:-KEPT]

    def remember(self, prompts: Iterable[str]) -> None:
        """Prompts of earlier kernels, the oldest first."""
        self._earlier = [Entry(-1, at, text) for at, text in enumerate(prompts, 1)]

    def answer(
        self,
        hist_access_type: str,
        output: bool = False,
        *,
        session: int = 0,
        start: int = 0,
        stop: int | None = None,
        n: int | None = None,
        pattern: str | None = None,
        unique: bool = False,
        **_further: Any,
    ) -> list[tuple[int, int, Any]]:
        """The `history` of a reply: `(session, line, input)`, the oldest first.

        With `output` the input is a pair with None: outputs are turns and not kept here.
        """
        if hist_access_type == "range":
            found = self._range(session, start, stop)
        elif hist_access_type == "search":
            found = self._search(pattern or "*", unique)
        else:
            found = [*self._earlier, *self._entries]
        if hist_access_type != "range" and n is not None:
            found = found[-n:] if n > 0 else []
        return [(*entry[:2], (entry.text, None) if output else entry.text) for entry in found]

    def _range(self, session: int, start: int, stop: int | None) -> list[Entry]:
        of = self._entries if session == 0 else self._earlier if session == -1 else []
        return [
            entry for entry in of if start <= entry.line and (stop is None or entry.line < stop)
        ]

    def _search(self, pattern: str, unique: bool) -> list[Entry]:
        found = [
            entry for entry in (*self._earlier, *self._entries) if fnmatchcase(entry.text, pattern)
        ]
        if unique:
            found = list({entry.text: entry for entry in found}.values())
            found.sort(key=lambda entry: entry[:2])
        return found


async def earlier_prompts(session: Session) -> list[str]:
    """What the notebook's session was asked before this kernel, the oldest first."""
    await session.attach()
    if session.id is None:
        return []
    prompts: list[str] = []
    for row in await session.log.turns(session_id=session.id, limit=EARLIER):
        prompts.append(await _whole(session, row.turn_id) or row.prompt)
    return prompts[::-1]


async def _whole(session: Session, turn_id: TurnId) -> str | None:
    """The prompt of a turn in full: lists only have its beginning."""
    [first, *_] = await session.log.events(turn_id, limit=1) or [{}]
    return first.get("prompt") or first.get("transcript", {}).get("prompt")
