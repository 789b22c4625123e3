"""What each kind of frontend gets of a turn."""

from __future__ import annotations

from typing import Any

import pytest

from codex_kernel.cell.display import Mode, TurnDisplay, choose_mode
from codex_kernel.ids import TurnId
from codex_kernel.render.bundle import MIME
from codex_kernel.settings import ViewSettings
from codex_kernel.turn import events as ev

TURN = TurnId("01900000-0000-7000-8000-000000000000")


class Frontend:
    """Keeps what is sent."""

    def __init__(self) -> None:
        self.shown: list[tuple[str, dict[str, Any], bool]] = []
        self.text = ""

    def display(self, display: str, data: dict[str, Any], *, is_update: bool) -> None:
        self.shown.append((display, data, is_update))

    def stream(self, text: str) -> None:
        self.text += text


def play(mode: Mode) -> Frontend:
    """A short turn, event by event."""
    frontend = Frontend()
    display = TurnDisplay(frontend, ViewSettings(messages_per_second=1e9), mode)
    message = {"id": "m", "type": "message", "status": "running", "text": "", "phase": None}
    drafts = [
        ev.turn_queued("Hello"),
        ev.settings_updated({"model": "gpt-5.5", "cwd": "/w"}, session_id="s"),
        ev.turn_started("s", "c"),
        ev.item_started(message),
        ev.item_text("m", "text", "Hi "),
        ev.item_text("m", "text", "there."),
        ev.item_completed({**message, "status": "completed", "text": "Hi there."}),
        ev.turn_ended("completed"),
    ]
    for event in ev.stamp(TURN, 0, drafts, "2026-01-01T00:00:00.000Z"):
        display.feed([event])
    return frontend


@pytest.mark.parametrize(
    ("allow_stdin", "has_cell", "mode"),
    [
        (False, False, "final"),
        (False, True, "final"),
        (True, True, "live"),
        (True, False, "stream"),
    ],
)
def test_the_mode_follows_from_the_request(allow_stdin: bool, has_cell: bool, mode: str):
    assert choose_mode(allow_stdin=allow_stdin, has_cell=has_cell) == mode


async def test_a_headless_runner_gets_one_final_bundle():
    [(display, data, is_update)] = play("final").shown
    assert display == f"codex-turn-{TURN}"
    assert not is_update
    assert data[MIME]["final"]
    assert list(data) == [MIME, "text/html", "text/plain"]


async def test_a_notebook_gets_one_display_that_is_updated_in_place():
    shown = play("live").shown
    assert {display for display, _, _ in shown} == {f"codex-turn-{TURN}"}
    assert [is_update for _, _, is_update in shown] == [False] + [True] * (len(shown) - 1)
    assert [data[MIME]["final"] for _, data, _ in shown][-2:] == [False, True]


async def test_a_console_gets_text_as_it_comes_and_no_display():
    frontend = play("stream")
    assert frontend.shown == []
    assert "Hi there." in frontend.text
