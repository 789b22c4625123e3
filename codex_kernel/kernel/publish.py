"""A cell's output on iopub, under the request that was current when the cell began."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from ipykernel.kernelbase import Kernel

from codex_kernel.cell.display import Mode, TurnDisplay
from codex_kernel.cell.widget import LiveWidget
from codex_kernel.settings import ViewSettings
from codex_kernel.turn.events import Event

BEGIN_SECONDS = 0.02
"""The beginning of a turn is drawn so much later: Codex has the prompt by then, which that would
hold up."""
_BEGINNING = ("turn.queued", "settings.updated", "turn.started")


class CellOutput:
    """Where the turns and commands of one cell show themselves.

    `events` and `say` may be called from any thread; what they show is sent on the loop that
    runs the cell.
    """

    def __init__(
        self, kernel: Kernel, parent: dict[str, Any], view: ViewSettings, mode: Mode
    ) -> None:
        """`parent`: the execute_request; later requests must not catch the cell's output."""
        self._kernel = kernel
        self._parent = parent
        self._view = view
        self._mode: Mode = mode
        self._loop = asyncio.get_running_loop()
        self._display: TurnDisplay | None = None
        self._early: list[Event] = []
        self._timer: asyncio.TimerHandle | None = None
        self.open_widget: Callable[[], LiveWidget] | None = None
        """Makes a turn's widget, for a frontend that needs it."""
        self.has_page = False
        """Whether a page of ours shows the turns by itself."""
        self._shown: dict[str, dict[str, Any]] = {}
        self._has_asked = False

    def asks(self) -> None:
        """A box opens for a line of text: it will leave its question below the turn.

        Where boxes stand in the output, they and what was typed are taken away when the turn has
        ended: its picture says what was asked and decided.
        """
        self._has_asked = True

    def events(self, events: Sequence[Event]) -> None:
        """Show events of a turn."""
        self._loop.call_soon_threadsafe(self._feed, events)

    def say(self, data: dict[str, Any]) -> None:
        """Show a MIME bundle of a command."""
        self._loop.call_soon_threadsafe(self._say, data)

    def _feed(self, events: Sequence[Event]) -> None:
        if self._display is None:
            self._early += events
            if any(event["type"] not in _BEGINNING for event in events):
                self._show_begun()
            elif self._timer is None:
                self._timer = self._loop.call_later(BEGIN_SECONDS, self._show_begun)
        else:
            self._show(self._display, events)

    def _show_begun(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        events, self._early = self._early, []
        widget = None if self.open_widget is None else self.open_widget()
        self._display = TurnDisplay(
            self, self._view, self._mode, widget, has_page=self.has_page, draws_ahead=True
        )
        self._show(self._display, events)

    def _draw_early(self) -> None:
        if self._early:
            self._show_begun()

    def _show(self, display: TurnDisplay, events: Sequence[Event]) -> None:
        display.feed(events)
        if display.transcript.is_final:
            self._display = None
            if self._has_asked and self._mode == "live":
                self._redraw()

    def _redraw(self) -> None:
        self._has_asked = False
        self._send("clear_output", {"wait": True})
        for content in self._shown.values():
            self._send("display_data", content)

    def _say(self, data: dict[str, Any]) -> None:
        self._draw_early()
        if self._mode == "stream":
            self.stream(data["text/plain"].rstrip("\n") + "\n")
        else:
            content = {"data": data, "metadata": {}, "transient": {}}
            self._shown[f"said-{len(self._shown)}"] = content
            self._send("display_data", content)

    def display(self, display: str, data: dict[str, Any], *, is_update: bool) -> None:
        """Send a display, or an update of it."""
        kind = "update_display_data" if is_update else "display_data"
        content = {"data": data, "metadata": {}, "transient": {"display_id": display}}
        self._shown[display] = content
        self._send(kind, content)

    def stream(self, text: str, name: str = "stdout") -> None:
        """Send text."""
        self._send("stream", {"name": name, "text": text})

    def error(self, name: str, value: str, traceback: list[str]) -> None:
        """Send an error output."""
        self._draw_early()
        self._send("error", {"ename": name, "evalue": value, "traceback": traceback})

    def _send(self, kind: str, content: dict[str, Any]) -> None:
        kernel = self._kernel
        session: Any = kernel.session
        topic = kernel._topic(kind)
        session.send(kernel.iopub_socket, kind, content, parent=self._parent, ident=topic)
