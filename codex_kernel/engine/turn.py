"""One turn while it lives: from its first event to its last.

What Codex says comes in through its `hearing`, wishes of users through `interrupt()` and
`steer()`; every event goes out through its `telling`. However the turn ends, `run()` writes
exactly one `turn.ended`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Coroutine, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from codex_kernel.engine import endings
from codex_kernel.engine.asking import Asking
from codex_kernel.engine.asks import Ask, Place
from codex_kernel.engine.broker import Broker, Door
from codex_kernel.engine.hearing import Ending, Hearing
from codex_kernel.engine.telling import Listener, Telling
from codex_kernel.errors import (
    AppServerError,
    AppServerGone,
    CodexError,
    OwnershipLost,
    RequestRefused,
    RequestTimedOut,
)
from codex_kernel.ids import CellId, NotebookPath, TurnId
from codex_kernel.settings import TurnSettings
from codex_kernel.turn import events
from codex_kernel.turn.continuing import continue_prompt
from codex_kernel.turn.events import Draft, TurnErrorInfo
from codex_kernel.turn.state import FinalState
from codex_kernel.turn.transcript import Transcript, closing_drafts

if TYPE_CHECKING:
    from codex_kernel.engine.session import Session

logger = logging.getLogger(__name__)

INTERRUPT_TRIES, INTERRUPT_RETRY_SECONDS = 40, 0.05
"""Codex refuses to stop a turn as long as it takes the one before, which it has said to be over,
for the active one."""

SPENT_SECONDS = 0.2
"""What a request used is told just before the turn ends: an answer that is there is no interrupted
one."""


@dataclass(frozen=True)
class Submission:
    """What a host hands in. `prompt` is what the record shows, `ask` what Codex is asked."""

    prompt: str
    ask: Ask
    notebook: NotebookPath | None = None
    cell_id: CellId | None = None
    door: Door | None = None
    listener: Listener = lambda _events: None
    execution_count: int | None = None
    notices: tuple[str, ...] = ()
    """What the turn tells about itself when it begins."""
    turn: Turn | None = None
    """The turn that has waited for this since its cell was queued, see `Session.enqueue`."""


class Stopped(Exception):
    """A stop was asked for before anything was sent."""


class Turn:
    """A turn of a session, lived by the task that awaits `run()`.

    One whose cell waits is recorded by `begin()` before that; others when they run.
    """

    def __init__(self, session: Session, settings: TurnSettings, turn_id: TurnId) -> None:
        """Nothing is recorded yet."""
        self.id = turn_id
        self._session = session
        self._submission: Submission | None = None
        self._settings = settings
        self._broker = Broker(expiry_seconds=settings.approval_seconds)
        self._telling = Telling(self.id, session.log)
        self.asking = Asking(self, session, self._broker)
        self.hearing = Hearing(self, session, settings.silence_seconds)
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        self._stop_reason: TurnErrorInfo | None = None
        self._first_stop: float | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._beginning: asyncio.Task[None]
        self._begun = asyncio.Event()
        self.done = asyncio.Event()
        """Set when the last event is written and nothing of the turn runs any more."""

    @property
    def codex_turn_id(self) -> str | None:
        """Codex's id of the turn, once it is known."""
        return self.hearing.codex_turn_id

    @property
    def transcript(self) -> Transcript:
        """The state of the turn as of its last event."""
        return self._telling.transcript

    @property
    def has_begun(self) -> bool:
        """Whether there is a first event, and so a transcript."""
        return self._telling.has_begun

    def questions(self) -> list[dict[str, Any]]:
        """Everything that was asked, decided or not."""
        if not self.has_begun:
            return []
        return [*self.transcript.data["approvals"], *self.transcript.data["inputs"]]

    @property
    def is_recorded(self) -> bool:
        """Whether everything shown so far is in the log."""
        return self._telling.is_recorded

    # The way of a turn

    async def begin(self, prompt: str, cell_id: CellId | None) -> None:
        """Record the turn as queued."""
        queued = events.turn_queued(
            prompt,
            notebook=self._session.notebook,
            cell_id=cell_id,
            session_id=self._session.id,
            again=cell_id in self._session.document.cells,
        )
        await self._telling.begin(queued)
        self._begun.set()

    @property
    def is_running(self) -> bool:
        """Whether its cell has come to its turn; one that only waits can be withdrawn."""
        return self._submission is not None

    def withdraw(self, by: str) -> None:
        """End a turn that only waits: nothing was sent."""
        if not self.is_running and self._first_stop is None:
            self._first_stop = self._loop.time()
            self._stop_reason = endings.stopped_by(by)
            self.spawn(self._withdraw())

    async def _withdraw(self) -> None:
        await self._begun.wait()
        try:
            await self.emit([events.turn_ended("cancelled", self._stop_reason)])
        finally:
            self.done.set()

    async def run(self, submission: Submission) -> Transcript:
        """Live through the turn; returns its final transcript and never raises a `CodexError`."""
        self._submission = submission
        self._broker.door = submission.door
        self._telling.listen(submission.listener)
        if self._first_stop is not None:
            await self.done.wait()
            return self.transcript
        # Nothing is sent before it is recorded, but much can be looked up meanwhile.
        self._beginning = asyncio.create_task(self._begin_once(submission))
        cancelled: asyncio.CancelledError | None = None
        try:
            state, error = await self._in_its_turn(submission)
        except Stopped:
            state, error = "cancelled", self._stop_reason
        except asyncio.CancelledError as cancel:
            cancelled = cancel
            state, error = self._cut_off()
        except Exception as failure:  # a bug must not leave a turn without its end
            state, error = self.after_failure(failure)
        try:
            await self._beginning
            await self._end(state, error)
            if self._telling.is_taken_over:
                await self._telling.show_outcome()
        finally:
            self.done.set()
        if cancelled is not None:
            raise cancelled
        return self.transcript

    async def _begin_once(self, submission: Submission) -> None:
        if not self._telling.has_begun:
            await self.begin(submission.prompt, submission.cell_id)

    async def _in_its_turn(self, submission: Submission) -> Ending:
        await self._unless_stopped(self._session.order.acquire())
        try:
            self._session.current = self
            return await self._perform(submission)
        finally:
            self._session.current = None
            self._session.order.release()
            await self.hearing.stop()

    async def _perform(self, submission: Submission) -> Ending:
        session = self._session
        lookups = session.keeper.begin(), session.recognise(submission.cell_id)
        await asyncio.gather(asyncio.shield(self._beginning), *lookups)
        session.limits.begin(session.settings)
        if not session.is_open:  # opening takes a while: say what it is for
            await self.emit([events.settings_updated(session.requested())])
        reported = await self._unless_stopped(session.open())
        assert session.server is not None
        assert session.id is not None
        self._refuse_if_stopped()
        place = Place(session.server, session.id, session.settings, self.id)
        told = (*session.take_notices(), *submission.notices)
        notices = [events.warning(text, "notice") for text in told]
        heeded = [
            events.settings_updated(asked, by=by) for by, asked in session.wishes.take_heeded()
        ]
        settings = events.settings_updated(reported, session_id=session.id)
        try:
            # The prompt is recorded: Codex need not wait until its settings are, too.
            _, codex_turn_id = await asyncio.gather(
                self.emit([*heeded, settings, *notices]), submission.ask(place)
            )
            session.mark_used(submission.cell_id)
            await self._started(place, codex_turn_id)
            return await self._until_ended()
        except RequestRefused:
            raise
        except Exception:  # whatever it is, Codex must not go on unwatched
            await session.thread.give_up(self.codex_turn_id)
            raise

    async def _until_ended(self) -> Ending:
        limit = self._session.settings.max_minutes
        timer = self._loop.call_later(limit * 60, self._out_of_time, limit) if limit else None
        try:
            state, error = await self.hearing.ending()
            return state, error or (self._stop_reason if state == "interrupted" else None)
        finally:
            if timer is not None:
                timer.cancel()

    async def _started(self, place: Place, codex_turn_id: str | None) -> None:
        if codex_turn_id is None:
            codex_turn_id = await self.hearing.announced_id(self._session.request_seconds)
        if codex_turn_id is None:
            return
        self.hearing.codex_turn_id = codex_turn_id
        if self._stop.is_set():
            self._send_interrupt()
        count = self._submission.execution_count if self._submission else None
        await self.emit([events.turn_started(place.session_id, codex_turn_id, count)])
        await self.hearing.begin()

    async def _end(self, state: FinalState, error: TurnErrorInfo | None) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        status = {"interrupted": "interrupted", "completed": "completed"}.get(state, "failed")
        closing = closing_drafts(self.transcript, status)
        if state == "interrupted" and error is not None:
            error["continue_prompt"] = continue_prompt()
        about_record = self._telling.about_record()
        await self.emit([*closing, *about_record, events.turn_ended(state, error)])
        await self._telling.aclose()

    async def emit(self, drafts: Iterable[Draft]) -> None:
        """Record events, then show them; nothing of a turn that is not ours any more."""
        drafts = list(drafts)
        try:
            await self._telling.emit(drafts)
        except OwnershipLost:
            self.taken_over()
        for draft in drafts:
            if draft["type"] == "usage.updated":
                self._spend(draft["usage"])

    def _spend(self, usage: dict[str, Any]) -> None:
        session = self._session
        reason = session.limits.spend(session.id, usage, session.settings)
        if reason is not None:
            self._loop.call_later(SPENT_SECONDS, self._out_of_tokens, reason)

    def _out_of_tokens(self, reason: TurnErrorInfo) -> None:
        has_ended = self.hearing.has_ended or self.done.is_set()
        if self._first_stop is None and not has_ended:
            self.interrupt("the token limit", reason)

    def taken_over(self) -> None:
        """Another process has ended this turn in the record: stop Codex, write and show no more.

        When Codex has stopped, `run()` shows what the record says. An app-server of our own that
        does not stop in `escalation_seconds` is killed; a shared one is left to itself.
        """
        if self._telling.is_taken_over:
            return
        self._telling.is_taken_over = True
        self.interrupt("whoever ended it in the record")
        self._loop.call_later(self._settings.escalation_seconds, self._give_up)

    def _give_up(self) -> None:
        if not self.hearing.has_ended and not self.done.is_set():
            self._session.connection.kill()
            self.hearing.end(("lost", None))

    # Wishes

    async def until_stopped(self) -> None:
        """Wait until the turn is asked to stop, or has ended."""
        waits = [asyncio.ensure_future(event.wait()) for event in (self._stop, self.done)]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waits:
                each.cancel()

    async def steer(self, text: str, by: str) -> None:
        """Add to the running turn; raises `RequestRefused` when Codex does not take it any more."""
        await self._session.thread.steer(self.codex_turn_id, text)
        await self.emit([events.steer_sent(text, by)])

    def interrupt(self, by: str, reason: TurnErrorInfo | None = None) -> None:
        """Ask the turn to stop.

        The first call asks Codex. A further one after `escalation_seconds` kills our own
        app-server: the turn then ends with it.
        """
        if not self.is_running:
            self.withdraw(by)
            return
        if self._first_stop is not None:
            if self._loop.time() - self._first_stop >= self._settings.escalation_seconds:
                self._session.connection.kill()
            return
        self._first_stop = self._loop.time()
        self._stop_reason = reason or endings.stopped_by(by)
        self._stop.set()
        if self._telling.has_begun and not self.transcript.is_final:
            self.spawn(self.emit([events.interrupt_requested(by)]))
        if self.codex_turn_id is not None:
            self._send_interrupt()

    def shut_down(self) -> None:
        """Stop because the kernel ends; Jupyter has sent an interrupt just before."""
        reason = endings.shut_down(was_sent=self._was_sent)
        self.interrupt("the end of the kernel", reason)
        self._stop_reason = reason

    def _send_interrupt(self) -> None:
        self.spawn(self._interrupt_codex())

    async def _interrupt_codex(self) -> None:
        # Only turn/completed, or the end of the process, says that the turn stopped.
        with contextlib.suppress(RequestTimedOut, AppServerGone):
            for _ in range(INTERRUPT_TRIES):
                try:
                    await self._session.thread.interrupt(self.codex_turn_id)
                    return
                except RequestRefused:
                    await asyncio.sleep(INTERRUPT_RETRY_SECONDS)

    def _out_of_time(self, limit: float) -> None:
        self.interrupt("the time limit", endings.out_of_time(limit))

    async def _unless_stopped(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Await, but give up waiting when a stop is asked for; what was begun is withdrawn."""
        work = asyncio.ensure_future(coroutine)
        stopped = asyncio.ensure_future(self._stop.wait())
        try:
            await asyncio.wait((work, stopped), return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                raise Stopped
            return work.result()
        finally:
            stopped.cancel()
            if not work.done():
                work.cancel()
            await asyncio.gather(work, stopped, return_exceptions=True)

    def _refuse_if_stopped(self) -> None:
        if self._stop.is_set():
            raise Stopped

    def spawn(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Have a task that ends with the turn."""
        task = asyncio.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._reap)

    def _reap(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (failure := task.exception()) is not None:
            if not isinstance(failure, CodexError):
                logger.error("A step of a turn failed", exc_info=failure)
            elif not isinstance(failure, AppServerGone):
                logger.warning("A step of a turn failed: %s", failure)

    # Endings

    def after_failure(self, failure: Exception) -> Ending:
        """How the turn ends by an error: one that a stop has caused counts as the stop."""
        if not isinstance(failure, CodexError):
            logger.error("A turn ended by an error of codex_kernel", exc_info=failure)
            return "failed", endings.internal(failure)
        if self._stop.is_set() and isinstance(failure, AppServerError):
            assert self._stop_reason is not None
            return ("interrupted" if self._was_sent else "cancelled"), self._stop_reason
        return "failed", endings.error_info(failure)

    def _cut_off(self) -> Ending:
        reason = endings.shut_down(was_sent=self._was_sent)
        return ("interrupted" if self._was_sent else "cancelled"), reason

    @property
    def _was_sent(self) -> bool:
        return self._telling.has_begun and self.transcript.data["codex_turn_id"] is not None
