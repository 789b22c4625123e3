"""What a cell's output shows of its turn: events in, Jupyter messages out.

One display per turn, updated in place. How often depends on what is worth showing: at most
`messages_per_second`, the beginning of the answer at once, and the bytes of all updates stay in
proportion to the turn's text. Of a long text an update shows the newest part (`recent`), the
final picture all of it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal, Protocol

from codex_kernel.cell.recent import recent
from codex_kernel.ids import TurnId, display_id
from codex_kernel.render import bundle
from codex_kernel.render.text import ConsoleText
from codex_kernel.settings import ViewSettings
from codex_kernel.turn.events import Event
from codex_kernel.turn.transcript import Transcript

Mode = Literal["live", "stream", "final"]
"""`live`: a display that is updated; `stream`: text as it comes; `final`: one bundle at the end."""

LIVE_BYTES_PER_TEXT_BYTE = 1.3
"""What updates may cost; with the final bundle (2.3 x prose) a turn stays below 5 x its text."""
FIRST_BYTES = 1536
"""What updates of text may cost beyond that, so that short answers show at once."""
STEP_BYTES, STEP_BYTES_PER_SECOND = 96 * 1024, 16 * 1024
"""What updates at the beginnings and ends of items may cost together: more in a longer turn."""
BARE_BYTES = 3_000
"""A picture up to this size shows no steps yet."""
MESSAGE_BYTES = 600
"""What Jupyter adds to each message: identity, signature, header and parent header."""
LIVE_OUTPUT_BYTES, LIVE_OUTPUT_LINES = 2 * 1024, 40
"""What an update shows of a command's output."""
END_SECONDS = 0.1
"""From the end of the last message to that of the turn, and more."""
GROWTH = ("item.text", "item.completed")
"""Events that may bring text."""
QUIET = ("item.text", "settings.updated", "usage.updated")
"""Events that are no steps; what they change is seen with the next one."""
FOLLOWED_SECONDS = 5.0
"""Between updates of a turn that a page of ours follows by itself: for whoever else looks on."""
TEXTS = ("message", "reasoning", "user_message")
"""Items that are seen to begin and end by their words; of all others these are steps."""


class Publisher(Protocol):
    """How a host sends to the frontend, under the cell that was captured when its turn began."""

    def display(self, display: str, data: dict[str, Any], *, is_update: bool) -> None:
        """Send `display_data`, or `update_display_data` for a display that was sent before."""
        ...

    def stream(self, text: str) -> None:
        """Send text to stdout."""
        ...


class Live(Protocol):
    """Something that shows a turn live by itself where the frontend can, e.g. a widget."""

    transcript: Transcript
    """The display's own."""

    @property
    def is_shown(self) -> bool:
        """Whether a frontend follows it: then it needs no pictures before the final one."""
        ...

    def feed(self, events: Sequence[Event]) -> None:
        """Events of the turn, which the transcript has by now."""
        ...

    def end(self) -> None:
        """The turn has ended, and its final picture is sent."""
        ...

    def view(self) -> dict[str, Any]:
        """The MIME types that put it into an output."""
        ...


def choose_mode(*, allow_stdin: bool, has_cell: bool) -> Mode:
    """Which frontend is it: a headless runner, a notebook, or a console."""
    if not allow_stdin:
        return "final"
    return "live" if has_cell else "stream"


class TurnDisplay:
    """The output of one turn. Lives on the host's loop; a reader of events like any other."""

    def __init__(
        self,
        publisher: Publisher,
        view: ViewSettings,
        mode: Mode,
        beside: Live | None = None,
        *,
        has_page: bool = False,
        draws_ahead: bool = False,
    ) -> None:
        """Nothing is sent before the first event. `beside` stands in every picture but the last.

        `has_page`: a page of ours reads the turn from the record; its document needs few updates.
        `draws_ahead`: the loop may be kept busy before the turn's end, so that this is drawn soon.
        """
        self.transcript = Transcript()
        self._publisher = publisher
        self._view = view
        self._live_view = replace(
            view,
            output_bytes=min(view.output_bytes, LIVE_OUTPUT_BYTES),
            output_lines=min(view.output_lines, LIVE_OUTPUT_LINES),
        )
        self._mode: Mode = mode
        self._console = ConsoleText(view, color=False, has_prompts=True)
        self._beside = beside
        if beside is not None:
            beside.transcript = self.transcript
        self._has_page = has_page
        self._draws_ahead = draws_ahead
        self._interval = FOLLOWED_SECONDS if has_page else 1 / view.messages_per_second
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()
        self._timer: asyncio.TimerHandle | None = None
        self._is_shown = False
        self._has_text = False
        self._last = 0.0
        self._text_bytes = 0
        self._growing = _Growing()
        self._is_step = False
        self._size = 0
        self._spent_on_text = 0
        self._spent_on_steps = 0

    def feed(self, events: Sequence[Event]) -> None:
        """Take in events and show what they changed; the last one makes the final picture."""
        before = self.transcript.data["state"]
        self.transcript.apply(events)
        if self._mode == "stream":
            self._stream(self._console.feed(events))
        if self.transcript.is_final:
            self._close()
        elif self._mode == "live":
            self._text_bytes += sum(_text_size(event) for event in events)
            self._is_step |= before != self.transcript.data["state"]
            self._is_step |= any(map(_marks_step, events))
            self._is_step |= self._growing.doubles(events, self._size)
            if self._is_step or any(event["type"] in GROWTH for event in events):
                self._update_soon(events)
            if self._draws_ahead:
                for event in filter(_ends_message, events):
                    self._loop.call_soon(self._draw_ahead, event["item"]["text"])
        if self._beside is not None:
            self._beside.feed(events)
            if self.transcript.is_final:
                self._beside.end()

    def _draw_ahead(self, text: str) -> None:
        bundle.draw_ahead(text, self.transcript.data, self._view)

    def _close(self) -> None:
        self._stop_timer()
        if self._mode != "stream":
            self._send(bundle.mime_bundle(self.transcript.data, self._view, final=True))

    def _stream(self, text: str) -> None:
        if text:
            self._publisher.stream(text)

    def _update_soon(self, events: Sequence[Event]) -> None:
        if self._beside is not None and self._beside.is_shown:
            return
        wait = self._last + self._interval - self._loop.time()
        is_first = not self._has_text and not self._has_page
        if is_first and any(event["type"] == "item.text" for event in events):
            self._has_text = self._is_step = True
            wait = 0.0
        elif not any(map(_marks_step, events)) and any(map(_ends_message, events)):
            self._stop_timer()  # the end of the last message is followed by that of the turn
            wait = max(wait, END_SECONDS)
        elif all(event["type"] == "item.completed" for event in events):
            wait = self._interval
        if wait <= 0:
            self._update()
        elif self._timer is None:
            self._timer = self._loop.call_later(wait, self._update)

    def _update(self) -> None:
        self._stop_timer()
        if self._beside is not None and self._beside.is_shown:
            return
        if not self._is_worth():
            if self._is_step:
                self._timer = self._loop.call_later(self._until_affordable(), self._update)
            return
        data = bundle.live_bundle(recent(self.transcript.data), self._live_view)
        if self._beside is not None:
            data |= self._beside.view()
        self._size = len(json.dumps(data)) + MESSAGE_BYTES
        if self._is_step:
            self._spent_on_steps += self._size
        else:
            self._spent_on_text += self._size
        self._is_step = False
        self._growing.drawn = self._growing.size
        self._send(data)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _is_worth(self) -> bool:
        """Whether the turn's text so far pays for another update, or a new step of it does."""
        if self._is_step and self._until_affordable() <= 0:
            return True
        allowed = LIVE_BYTES_PER_TEXT_BYTE * self._text_bytes + FIRST_BYTES
        return self._spent_on_text + self._size <= allowed

    def _until_affordable(self) -> float:
        """Seconds until the turn is old enough for an update at a step."""
        needed = (self._spent_on_steps + self._size - STEP_BYTES) / STEP_BYTES_PER_SECOND
        return self._began + needed - self._loop.time()

    def _send(self, data: dict[str, Any]) -> None:
        turn_id = TurnId(self.transcript.data["turn_id"])
        self._publisher.display(display_id(turn_id), data, is_update=self._is_shown)
        self._is_shown = True
        self._last = self._loop.time()


class _Growing:
    """The text that is being written below steps: its beginning and each doubling are steps too.

    The picture of the steps is so large that the text cannot pay for it: a short answer would be
    seen only at its end.
    """

    def __init__(self) -> None:
        self._item = ""
        self._has_steps = False
        self.size = self.drawn = 0

    def doubles(self, events: Sequence[Event], picture_bytes: int) -> bool:
        """Whether with these events the text is twice what was drawn of it."""
        for event in events:
            if event["type"] != "item.text":
                continue
            if event["item_id"] != self._item:
                self._item, self.size, self.drawn = event["item_id"], 0, 0
                self._has_steps = picture_bytes > BARE_BYTES
            self.size += len(event["text"])
        return self._has_steps and self.size >= 2 * self.drawn


def _ends_message(event: Event) -> bool:
    return event["type"] == "item.completed" and event["item"]["type"] == "message"


def _marks_step(event: Event) -> bool:
    if event["type"] in ("item.started", "item.completed"):
        return event["item"]["type"] not in TEXTS
    return event["type"] not in QUIET


def _text_size(event: Event) -> int:
    if event["type"] == "item.text":
        return len(event["text"])
    if event["type"] == "item.completed":
        return len(event["item"].get("output") or "")
    return 0
