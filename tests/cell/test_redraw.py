"""The display of a running turn: when it is redrawn, and what that costs."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from codex_kernel.cell.display import MESSAGE_BYTES, TurnDisplay, choose_mode
from codex_kernel.ids import CellId, new_turn_id
from codex_kernel.render.bundle import MIME
from codex_kernel.settings import ViewSettings
from codex_kernel.turn import events
from codex_kernel.turn.events import Draft

PARAGRAPH = "The *quick* brown fox jumps over the lazy dog, and over every line of it.\n\n"


class Screen:
    """A publisher that keeps what it is given."""

    def __init__(self) -> None:
        self.shown: list[dict[str, Any]] = []
        self._news = asyncio.Event()

    def display(self, display: str, data: dict[str, Any], *, is_update: bool) -> None:
        self.shown.append(data)
        self._news.set()

    def stream(self, text: str) -> None:
        self.shown.append({"stream": text})

    async def shows_more(self, than: int) -> None:
        while len(self.shown) <= than:
            self._news.clear()
            await self._news.wait()

    @property
    def messages(self) -> list[str]:
        """The text of the newest message in each picture."""
        items = [picture[MIME]["items"] for picture in self.shown]
        return [each[-1]["text"] if each else "" for each in items]


class Player:
    """Feeds drafts to a display as events of one turn."""

    def __init__(self, display: TurnDisplay) -> None:
        self._display = display
        self._turn = new_turn_id()
        self._seq = 0

    def feed(self, *drafts: Draft) -> None:
        batch = []
        for draft in drafts:
            self._seq += 1
            batch.append(
                {"turn_id": self._turn, "seq": self._seq, "at": "2026-01-01T00:00:00.000Z"} | draft
            )
        self._display.feed(batch)  # type: ignore[arg-type]  # completed drafts

    def begin(self) -> None:
        self.feed(events.turn_queued("Go", cell_id=CellId("c")))
        self.feed(events.settings_updated({"model": "m"}))
        self.feed(events.turn_started("s", "t"))

    def message(self, status: str, text: str = "") -> dict[str, Any]:
        return {"id": "m", "type": "message", "status": status, "text": text, "phase": None}

    def say(self, text: str) -> None:
        self.feed(events.item_text("m", "text", text))

    def run_commands(self, count: int) -> None:
        for number in range(count):
            command = {"id": f"c{number}", "type": "command", "status": "completed"}
            command |= {"command": "ls", "cwd": None, "output": "a file\n" * 40, "exit_code": 0}
            self.feed(events.item_completed(command))  # type: ignore[arg-type]  # a plain dict


@pytest.fixture
def screen() -> Screen:
    return Screen()


async def test_the_first_words_are_shown_at_once(screen: Screen):
    player = Player(TurnDisplay(screen, ViewSettings(messages_per_second=0.001), "live"))
    player.begin()
    player.feed(events.item_started(player.message("running")))  # type: ignore[arg-type]  # a plain dict
    player.say("Hello")
    assert screen.messages[-1] == "Hello"
    player.say(" there")
    assert screen.messages[-1] == "Hello"


async def test_a_turn_that_a_page_follows_is_shown_at_its_beginning_and_its_end(screen: Screen):
    display = TurnDisplay(screen, ViewSettings(messages_per_second=1e9), "live", has_page=True)
    player = Player(display)
    player.begin()
    player.feed(events.item_started(player.message("running")))  # type: ignore[arg-type]  # a plain dict
    player.say("Hello")
    player.run_commands(3)
    assert len(screen.shown) == 1
    player.feed(events.turn_ended("completed", None))
    assert [picture[MIME]["final"] for picture in screen.shown] == [False, True]


async def test_later_words_wait_for_the_next_update(screen: Screen):
    # So slow that no pause of a busy machine is an update's worth.
    player = Player(TurnDisplay(screen, ViewSettings(messages_per_second=1), "live"))
    player.begin()
    player.feed(events.item_started(player.message("running")))  # type: ignore[arg-type]  # a plain dict
    player.say("Hello")
    before = len(screen.shown)
    player.say(" there")
    player.say(", you")
    async with asyncio.timeout(30):
        await screen.shows_more(before)
    assert screen.messages[-1] == "Hello there, you"


async def test_the_end_of_the_last_message_and_of_the_turn_are_one_picture(screen: Screen):
    player = Player(TurnDisplay(screen, ViewSettings(messages_per_second=1e6), "live"))
    player.begin()
    player.feed(events.item_started(player.message("running")))  # type: ignore[arg-type]  # a plain dict
    player.say("Hello")
    before = len(screen.shown)
    player.feed(events.item_completed(player.message("completed", "Hello")))  # type: ignore[arg-type]  # a plain dict
    player.feed(events.turn_ended("completed", None))
    assert len(screen.shown) == before + 1
    assert screen.shown[-1][MIME]["final"] is True


@pytest.mark.parametrize("has_page", [False, True])
async def test_what_follows_the_end_of_a_message_is_shown(
    screen: Screen, has_page: bool, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("codex_kernel.cell.display.FOLLOWED_SECONDS", 0.2)
    view = ViewSettings(messages_per_second=1e6)
    player = Player(TurnDisplay(screen, view, "live", has_page=has_page))
    player.begin()
    ended = events.item_completed(player.message("completed", "Now a command."))  # type: ignore[arg-type]  # a plain dict
    player.feed(ended)
    before = len(screen.shown)
    async with asyncio.timeout(10):  # the turn goes on
        await screen.shows_more(before)
    assert screen.messages[-1] == "Now a command."
    command = {"id": "c", "type": "command", "status": "running", "command": "ls", "cwd": None}
    again = events.item_completed({**player.message("completed", "And more."), "id": "n"})  # type: ignore[arg-type]  # a plain dict
    player.feed(again, events.item_started(command))  # type: ignore[arg-type]  # a plain dict
    async with asyncio.timeout(10):
        await screen.shows_more(before + 1)
    assert screen.shown[-1][MIME]["items"][-1]["type"] == "command"


@pytest.mark.parametrize("size", [10_000, 100_000])
async def test_a_turn_costs_less_than_five_times_its_text(screen: Screen, size: int):
    player = Player(TurnDisplay(screen, ViewSettings(messages_per_second=1e9), "live"))
    player.begin()
    player.feed(events.item_started(player.message("running")))  # type: ignore[arg-type]  # a plain dict
    text = (PARAGRAPH * (size // len(PARAGRAPH) + 1))[:size]
    for begin in range(0, size, 20):
        player.say(text[begin : begin + 20])
        await asyncio.sleep(0)
    player.feed(events.item_completed(player.message("completed", text)))  # type: ignore[arg-type]  # a plain dict
    player.feed(events.turn_ended("completed", None))
    assert screen.messages[-1] == text
    assert len(screen.shown) > 5
    costs = sum(len(json.dumps(data)) + MESSAGE_BYTES for data in screen.shown)
    assert costs <= 5 * size


async def test_a_long_answer_is_redrawn_evenly_to_its_end(screen: Screen):
    player = Player(TurnDisplay(screen, ViewSettings(messages_per_second=1e9), "live"))
    player.begin()
    player.feed(events.item_started(player.message("running")))  # type: ignore[arg-type]  # a plain dict
    sent, last, gaps = 0, 0, []
    count = len(screen.shown)
    while sent < 100_000:
        player.say(PARAGRAPH)
        await asyncio.sleep(0)
        sent += len(PARAGRAPH)
        if len(screen.shown) > count:
            gaps.append(sent - last)
            last, count = sent, len(screen.shown)
            assert screen.messages[-1].endswith(PARAGRAPH)
    assert max(gaps) < 5_000


async def test_a_short_answer_below_many_steps_is_seen_while_it_is_written(screen: Screen):
    player = Player(TurnDisplay(screen, ViewSettings(messages_per_second=1e9), "live"))
    player.begin()
    player.run_commands(4)
    player.feed(events.item_started(player.message("running")))  # type: ignore[arg-type]  # a plain dict
    before = len(screen.shown)
    for word in ["word "] * 200:
        player.say(word)
        await asyncio.sleep(0)
    lengths = [len(text) for text in screen.messages[before:]]
    assert lengths[0] == 5
    assert lengths[-1] > 500


async def test_the_last_of_very_many_steps_is_shown_when_time_has_paid_for_it(
    screen: Screen, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("codex_kernel.cell.display.STEP_BYTES_PER_SECOND", 1_000_000)
    player = Player(TurnDisplay(screen, ViewSettings(messages_per_second=1e9), "live"))
    player.begin()
    player.run_commands(60)
    before = len(screen.shown)
    assert len(screen.shown[-1][MIME]["items"]) < 60
    async with asyncio.timeout(5):
        await screen.shows_more(before)
    assert len(screen.shown[-1][MIME]["items"]) == 60


@pytest.mark.parametrize(
    ("allow_stdin", "has_cell", "mode"),
    [
        (False, True, "final"),
        (False, False, "final"),
        (True, True, "live"),
        (True, False, "stream"),
    ],
)
def test_the_frontend_is_told_by_its_request(allow_stdin: bool, has_cell: bool, mode: str):
    assert choose_mode(allow_stdin=allow_stdin, has_cell=has_cell) == mode
