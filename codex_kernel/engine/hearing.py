"""What Codex says during one turn: its messages, in order, as events, and how the turn ended.

Two hand messages in: the reader of the session's channel, and the turn itself, which begins when
its id is known. Both go through one queue, so that nothing overtakes what came before it.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from codex_kernel.app_server import translate
from codex_kernel.app_server.outcome import outcome
from codex_kernel.errors import RequestTimedOut
from codex_kernel.turn import events
from codex_kernel.turn.events import Draft, TurnErrorInfo
from codex_kernel.turn.state import FinalState

if TYPE_CHECKING:
    from codex_kernel.engine.session import Session
    from codex_kernel.engine.turn import Turn

Ending = tuple[FinalState, TurnErrorInfo | None]

KILL_SECONDS = 0.7
"""Ending the commands of an interrupted turn; the whole interrupt stays below a second."""


class Hearing:
    """The ears of `turn`."""

    def __init__(self, turn: Turn, session: Session, silence_seconds: float) -> None:
        """Messages are kept until `begin()`; when Codex is silent so long, it is asked."""
        self.codex_turn_id: str | None = None
        self._turn = turn
        self._session = session
        self._silence_seconds = silence_seconds
        self._loop = asyncio.get_running_loop()
        self._ended: asyncio.Future[Ending] = self._loop.create_future()
        self._announced: asyncio.Future[str] = self._loop.create_future()
        self._queue: list[dict[str, Any]] = []
        self._taking = asyncio.Lock()
        self._has_begun = False
        self._is_completing = False
        self._heard = self._loop.time()
        self._last_error: dict[str, Any] | None = None

    async def announced_id(self, seconds: float) -> str | None:
        """Codex's id of the turn from `turn/started`, for requests that are not answered by it.

        None when the turn ended before; raises RequestTimedOut.
        """
        either = (self._announced, self._ended)
        done, _ = await asyncio.wait(either, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if not done:
            raise RequestTimedOut(f"Codex did not begin the turn within {seconds:g} s.")
        return self._announced.result() if self._announced.done() else None

    async def begin(self) -> None:
        """Take in what came so far; from now on messages are taken in as they come."""
        self._has_begun = True
        await self._take_in()

    async def stop(self) -> None:
        """The turn is over; questions that came before it began are refused."""
        if not self._has_begun:
            for message in self._queue:
                if "id" in message:
                    await self._session.thread.refuse(message)

    async def take(self, batch: list[dict[str, Any]]) -> None:
        """Take in messages of the session's thread, in order."""
        self._heard = self._loop.time()
        self._queue += batch
        if self._has_begun:
            await self._take_in()
            return
        for message in batch:
            if message["method"] == "turn/started" and not self._announced.done():
                self._announced.set_result(message["params"]["turn"]["id"])

    def end(self, ending: Ending) -> None:
        """The turn ends so, whatever Codex may still say; the first ending counts."""
        if not self._ended.done():
            self._ended.set_result(ending)

    @property
    def has_ended(self) -> bool:
        """Whether it is settled how the turn ends."""
        return self._ended.done()

    async def ending(self) -> Ending:
        """Wait for the end; when Codex is silent for long, ask it whether the turn still runs."""
        while True:
            silent = self._loop.time() - self._heard
            patience = max(self._silence_seconds - silent, 0.01)
            done, _ = await asyncio.wait((self._ended,), timeout=patience)
            if done:
                return self._ended.result()
            if self._turn.transcript.open_questions():
                self._heard = self._loop.time()  # it is the user who takes the time
            if self._loop.time() - self._heard >= self._silence_seconds:
                self._heard = self._loop.time()
                await self._reconcile()

    async def _reconcile(self) -> None:
        minutes = self._silence_seconds / 60
        turn = await self._session.thread.read_turn(self.codex_turn_id)
        if turn is None or turn["status"] == "inProgress":
            news = f"Still working: no news for {minutes:.1f} minutes."
            await self._turn.emit([events.retry(news)])
            return
        missed = [{"method": "item/completed", "params": {"item": it}} for it in turn["items"]]
        await self._turn.emit(self._without_echo(translate.translate(missed)))
        await self._complete(turn)

    async def _take_in(self) -> None:
        async with self._taking:
            while self._queue:
                batch, self._queue = self._queue, []
                await self._sort(batch)

    async def _sort(self, batch: list[dict[str, Any]]) -> None:
        notes: list[dict[str, Any]] = []
        for message in batch:
            params = message["params"]
            if "id" in message:
                await self._translated(notes)
                notes = []
                self._turn.spawn(self._turn.asking.take(message))
            elif params.get("threadId") != self._session.id:
                continue  # of a sub-agent: its own story
            elif params.get("turnId", self.codex_turn_id) != self.codex_turn_id:
                self._session.background.take(message)
            elif (method := message["method"]) != "turn/completed":
                notes.append(message)
                if self._is_completing:
                    self._session.background.take(message)
                if method == "error":
                    self._last_error = params.get("error")
                elif method == "serverRequest/resolved":
                    self._turn.asking.resolved_elsewhere(params["requestId"])
            elif params["turn"]["id"] == self.codex_turn_id and not self._is_completing:
                await self._translated(notes)
                notes = []
                self._is_completing = True
                self._turn.spawn(self._complete(params["turn"]))
        await self._translated(notes)

    async def _translated(self, notes: list[dict[str, Any]]) -> None:
        if not notes or self._ended.done():
            return
        drafts = self._without_echo(translate.translate(notes))
        if self._is_completing:
            _mark_killed(drafts)
        await self._session.keeper.before(self._turn.id, drafts)
        await self._session.keeper.embed(drafts)
        await self._turn.emit(translate.supersede(drafts, self._turn.transcript))

    def _without_echo(self, drafts: list[Draft]) -> list[Draft]:
        """Leave out the prompt, which Codex reports back as the first item."""
        return [
            draft
            for draft in drafts
            if draft["type"] not in ("item.started", "item.completed")
            or draft["item"].get("client_id") != self._turn.id
        ]

    async def _complete(self, turn: dict[str, Any]) -> None:
        """Codex says that the turn has ended: settle what it leaves open.

        A task of its own, because the ends of killed commands come in as messages meanwhile.
        """
        background = self._session.background
        try:
            state, error = outcome(turn, self._last_error)
            if state == "interrupted":
                await background.end(self._open_commands(), KILL_SECONDS)
            else:
                await self._turn.emit(await background.adopt(self._open_commands()))
            await self._turn.emit(await self._session.keeper.after(self._turn.transcript))
        except Exception as failure:  # or the turn would never end
            state, error = self._turn.after_failure(failure)
        self.end((state, error))

    def _open_commands(self) -> list[dict[str, Any]]:
        return [item for item in self._turn.transcript.open_items() if item["type"] == "command"]

    def broke_off(self, failure: Exception) -> None:
        """Nothing more will be heard: the app-server ended under the turn, or we failed."""
        if not self._ended.done():
            self.end(self._turn.after_failure(failure))


def _mark_killed(drafts: list[Draft]) -> None:
    """A command that fails after the end of its turn was killed with it: it was stopped."""
    for draft in drafts:
        item = draft.get("item") or {}
        if item.get("type") == "command" and item["status"] == "failed":
            item |= {"status": "interrupted", "exit_code": None}
