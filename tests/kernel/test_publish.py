"""When a cell's output sends what its turns show."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from codex_kernel.ids import new_turn_id
from codex_kernel.kernel import publish
from codex_kernel.kernel.publish import CellOutput
from codex_kernel.render.bundle import MIME
from codex_kernel.settings import ViewSettings
from codex_kernel.turn import events

TURN = new_turn_id()
BEGINNING = events.stamp(
    TURN,
    0,
    [events.turn_queued("Hello"), events.settings_updated({}), events.turn_started("s", "t")],
    events.now(),
)


class Screen(CellOutput):
    """An output without a kernel, that keeps what it would send."""

    def __init__(self) -> None:
        kernel: Any = None
        super().__init__(kernel, {}, ViewSettings(), "live")
        self.sent: list[tuple[str, str]] = []
        self._news = asyncio.Event()

    def _send(self, kind: str, content: dict[str, Any]) -> None:
        self.sent.append((kind, content["data"][MIME]["state"]))
        self._news.set()

    async def drawn(self) -> None:
        """Until something is sent."""
        await self._news.wait()


async def test_a_turn_that_begins_is_drawn_once_and_not_before_codex_was_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(publish, "BEGIN_SECONDS", 0.5)
    screen = Screen()
    for event in BEGINNING:
        screen.events([event])
        await asyncio.sleep(0)
        assert screen.sent == []
    await screen.drawn()
    assert screen.sent == [("display_data", "running")]


async def test_what_happens_at_once_is_drawn_at_once() -> None:
    screen = Screen()
    screen.events(BEGINNING[:2])
    screen.events(events.stamp(TURN, 2, [events.turn_ended("cancelled")], events.now()))
    await asyncio.sleep(0)
    assert screen.sent == [("display_data", "cancelled")]
    await asyncio.sleep(0.1)
    assert len(screen.sent) == 1
