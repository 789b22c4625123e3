"""A turn's widget while the turn runs: events out, orders in.

Sends a few messages a second, however much happens. What a user orders is written into the turn
log like every order from outside, so that the owner of the turn claims, checks and records it.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
from collections.abc import Sequence
from typing import Any

from codex_kernel.engine.engine import Engine
from codex_kernel.engine.session import Session
from codex_kernel.errors import CodexError, LogError
from codex_kernel.render.widget import TurnWidget
from codex_kernel.settings import ViewSettings
from codex_kernel.turn.events import Event
from codex_kernel.turn.transcript import Transcript
from codex_kernel.turn_log import commands, presence

BY = "the widget"
ANSWER_SECONDS = 10.0
"""An owner claims an order within 0.1 s; a decision waits for Codex to take it."""
DRAW_SECONDS = 1.0
"""A frontend that draws widgets has drawn one within this, or asks by a box as well."""
KEPT_WIDGETS = 8
"""A page that is reloaded while a turn runs loses its output's updates: only the widget is left."""
_TURN_VERBS = frozenset({"interrupt", "cancel", "steer"})
_ARGUMENTS = frozenset({"text", "decision", "reason", "rule", "answers"})


async def has_page(session: Session) -> bool:
    """Whether a page of ours shows the notebook: it reads the turns from the record."""
    await session.document.locate()
    if session.notebook is None:
        return False
    try:
        return await presence.is_present(session.log, session.notebook)
    except LogError:
        return False


class Widgets:
    """The widgets of a host's turns: the oldest one makes room."""

    def __init__(self, engine: Engine, view: ViewSettings, *, is_heard_aside: bool) -> None:
        """See `TurnWidget` for `is_heard_aside`."""
        self._engine = engine
        self._view = view
        self._is_heard_aside = is_heard_aside
        self._open: list[LiveWidget] = []

    def open(self) -> LiveWidget:
        """One for a turn that begins, on the loop that will feed it."""
        widget = LiveWidget(
            self._engine,
            messages_per_second=self._view.messages_per_second,
            is_heard_aside=self._is_heard_aside,
        )
        self._open.append(widget)
        if len(self._open) > KEPT_WIDGETS:
            self._open.pop(0).close()
        return widget


class LiveWidget:
    """Lives on one loop; the frontend is heard on whatever thread the kernel hears it."""

    def __init__(self, engine: Engine, *, messages_per_second: float, is_heard_aside: bool) -> None:
        """Blank until it has the transcript of its turn."""
        self.transcript = Transcript()
        """Of the turn, with all events that were fed here; the display's own."""
        self._shown = asyncio.Event()
        self._engine = engine
        self._interval = 1 / messages_per_second
        self._loop = asyncio.get_running_loop()
        self._made = self._loop.time()
        self._pending: list[Event] = []
        self._timer: asyncio.TimerHandle | None = None
        self._is_closed = False
        self._widget = TurnWidget(
            lambda: self.transcript.data, self._hear, is_heard_aside=is_heard_aside
        )

    @property
    def is_shown(self) -> bool:
        """Whether a frontend has drawn it: a drawn one asks for the whole turn."""
        return self._shown.is_set()

    async def is_followed(self) -> bool:
        """The same, after the time that drawing it may take since it was made."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(self._made + DRAW_SECONDS):
                await self._shown.wait()
        return self.is_shown

    def view(self) -> dict[str, Any]:
        """The MIME type that shows it."""
        return self._widget.view()

    def feed(self, events: Sequence[Event]) -> None:
        """Events of the turn, which the transcript has by now. Whoever draws it asks for those."""
        if not self.is_shown:
            return
        self._pending += events
        if self._timer is None:
            self._timer = self._loop.call_later(self._interval, self._flush)

    def end(self) -> None:
        """The turn has ended: send what is left. A reloaded page still shows the widget."""
        self._flush()

    def close(self) -> None:
        """Take the widget away."""
        self._flush()
        self._is_closed = True
        self._widget.close()

    def _flush(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._pending:
            self._widget.send_events(self._pending)
            self._pending = []

    def _hear(self, message: dict[str, Any]) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._take, message)

    def _take(self, message: dict[str, Any]) -> None:
        if self._is_closed:
            return
        self._shown.set()
        if message.get("kind") == "script":
            self._widget.send_script()
        elif message.get("kind") == "whole":
            self._pending = []
            self._widget.send_whole(self.transcript.data)
        elif message.get("kind") == "ask":
            number = message.get("id")
            if isinstance(number, int):
                self._ask(number, message)

    def _ask(self, number: int, message: dict[str, Any]) -> None:
        target = str(message.get("target_id"))
        order = (message.get("target"), message.get("verb"))
        given = message.get("args")
        args = (
            {k: v for k, v in given.items() if k in _ARGUMENTS} if isinstance(given, dict) else {}
        )
        if not self._is_ours(order, target):
            self._widget.answer(number, {"ok": False, "message": "That cannot be asked here."})
            return
        asked = self._engine.run(lambda session: _order(session, order, target, args))
        asked.add_done_callback(
            lambda done: self._loop.call_soon_threadsafe(self._answer, number, done)
        )

    def _is_ours(self, order: tuple[Any, Any], target: str) -> bool:
        turn_id = self.transcript.data["turn_id"]
        if order[0] == "turn":
            return order[1] in _TURN_VERBS and target == turn_id
        return order == ("approval", "decide") and target.rpartition(".")[0] == turn_id

    def _answer(self, number: int, done: concurrent.futures.Future[dict[str, Any]]) -> None:
        if self._is_closed or done.cancelled():
            return
        failure = done.exception()
        if isinstance(failure, CodexError):
            said = {"ok": False, "message": str(failure)}
        elif failure is not None:
            said = {"ok": False, "message": f"codex_kernel failed: {failure}"}
        else:
            said = done.result()
        self._widget.answer(number, said)


async def _order(
    session: Session, order: tuple[Any, Any], target: str, args: dict[str, Any]
) -> dict[str, Any]:
    """Write the order and wait for what comes of it."""
    kind, verb = order
    command_id = await commands.ask(session.log, kind, target, verb, args, BY)
    outcome = await commands.wait(session.log, command_id, ANSWER_SECONDS)
    if outcome is None:
        return {"ok": True, "message": "Sent; there is no answer yet."}
    if "error" not in outcome:
        return {"ok": True}
    return {"ok": False, "message": outcome["error"], "outcome": outcome}
