"""One turn while it lives: from its first event to its last.

Messages of the app-server come in through `take()`, wishes of users through `interrupt()` and
`steer()`; every event goes through `emit()`, which records it first and shows it then. However
the turn ends, `run()` writes exactly one `turn.ended`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from codex_kernel.app_server import translate
from codex_kernel.app_server.outcome import outcome
from codex_kernel.engine.asking import Asking
from codex_kernel.engine.asks import Ask, Place
from codex_kernel.engine.broker import Broker, Door
from codex_kernel.errors import (
    AppServerError,
    AppServerGone,
    CodexError,
    LogError,
    OwnershipLost,
    RequestRefused,
    RequestTimedOut,
    TurnLost,
)
from codex_kernel.ids import CellId, NotebookPath, TurnId, new_turn_id
from codex_kernel.settings import TurnSettings
from codex_kernel.turn import events
from codex_kernel.turn.continuing import continue_prompt
from codex_kernel.turn.events import Draft, Event, TurnErrorInfo
from codex_kernel.turn.state import FinalState
from codex_kernel.turn.transcript import Transcript, closing_drafts
from codex_kernel.turn_log.log import TurnRecord

if TYPE_CHECKING:
    from codex_kernel.engine.session import Session

logger = logging.getLogger(__name__)

Listener = Callable[[list[Event]], None]

INTERRUPT_REPLY_SECONDS = 5.0
"""An interrupt that comes too late may never be answered (0.163): nobody waits for it longer."""
FLUSH_SECONDS = 1.0
"""A cell does not wait longer for a log that cannot take its last events."""
KILL_SECONDS = 0.7
"""Ending the commands of an interrupted turn; the whole interrupt stays below a second."""


@dataclass(frozen=True)
class Submission:
    """What a host hands in. `prompt` is what the record shows, `ask` what Codex is asked."""

    prompt: str
    ask: Ask
    notebook: NotebookPath | None = None
    cell_id: CellId | None = None
    door: Door | None = None
    listener: Listener = lambda _events: None
    turn: Turn | None = None
    """The turn that has waited for this since its cell was queued, see `Session.enqueue`."""


class Stopped(Exception):
    """A stop was asked for before anything was sent."""


class Turn:
    """A turn of a session: recorded by `begin()`, lived by the task that awaits `run()`."""

    def __init__(self, session: Session, settings: TurnSettings) -> None:
        """Nothing is recorded before `begin()`."""
        self.id: TurnId = new_turn_id()
        self.codex_turn_id: str | None = None
        self._session = session
        self._submission: Submission | None = None
        self._settings = settings
        self._listener: Listener = self._keep
        self._unseen: list[Event] = []
        self._record: TurnRecord | None = None
        self._outcome: Transcript | None = None
        self._is_taken_over = False
        self._shown = 0
        self._broker = Broker(expiry_seconds=settings.approval_seconds)
        self.asking = Asking(self, session, self._broker)
        self._loop = asyncio.get_running_loop()
        self._ended: asyncio.Future[tuple[FinalState, TurnErrorInfo | None]]
        self._ended = self._loop.create_future()
        self._stop = asyncio.Event()
        self._stop_reason: TurnErrorInfo | None = None
        self._first_stop: float | None = None
        self._early: list[dict[str, Any]] | None = []
        self._is_completing = False
        self._heard = self._loop.time()
        self._last_error: dict[str, Any] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._emitting = asyncio.Lock()
        self._begun = asyncio.Event()
        self.done = asyncio.Event()
        """Set when the last event is written and nothing of the turn runs any more."""

    @property
    def transcript(self) -> Transcript:
        """The state of the turn as of its last event."""
        assert self._record is not None, "run() opens the record first"
        return self._outcome or self._record.transcript

    def questions(self) -> list[dict[str, Any]]:
        """Everything that was asked, decided or not."""
        if self._record is None:
            return []
        return [*self.transcript.data["approvals"], *self.transcript.data["inputs"]]

    @property
    def is_recorded(self) -> bool:
        """Whether everything shown so far is in the log."""
        return self._record is not None and self._record.is_recorded

    # The way of a turn

    async def begin(
        self, prompt: str, *, notebook: NotebookPath | None, cell_id: CellId | None, again: bool
    ) -> None:
        """Record the turn as queued."""
        queued = events.turn_queued(
            prompt, notebook=notebook, cell_id=cell_id, session_id=self._session.id, again=again
        )
        self._record, first = await self._session.log.begin(self.id, queued)
        self._shown = len(first)
        self._listener(first)
        self._begun.set()

    def _keep(self, shown: list[Event]) -> None:
        self._unseen += shown

    @property
    def is_running(self) -> bool:
        """Whether its cell has come to its turn; one that only waits can be withdrawn."""
        return self._submission is not None

    def withdraw(self, by: str) -> None:
        """End a turn that only waits: nothing was sent."""
        if not self.is_running and self._first_stop is None:
            self._first_stop = self._loop.time()
            self._stop_reason = _stopped_by(by)
            self._spawn(self._withdraw())

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
        self._listener = submission.listener
        self._listener(self._unseen)
        if self._first_stop is not None:
            await self.done.wait()
            return self.transcript
        cancelled: asyncio.CancelledError | None = None
        try:
            state, error = await self._in_its_turn(submission)
        except Stopped:
            state, error = "cancelled", self._stop_reason
        except CodexError as failure:
            state, error = self._after_failure(failure)
        except asyncio.CancelledError as cancel:
            cancelled = cancel
            state, error = self._cut_off()
        except Exception as failure:  # a bug must not leave a turn without its end
            logger.exception("A turn ended by an error of codex_kernel")
            state, error = "failed", _internal(failure)
        try:
            await self._end(state, error)
            if self._is_taken_over:
                await self._show_outcome()
        finally:
            self.done.set()
        if cancelled is not None:
            raise cancelled
        return self.transcript

    async def _in_its_turn(self, submission: Submission) -> tuple[FinalState, TurnErrorInfo | None]:
        await self._unless_stopped(self._session.order.acquire())
        try:
            self._session.current = self
            return await self._perform(submission)
        finally:
            self._session.current = None
            self._session.order.release()

    async def _perform(self, submission: Submission) -> tuple[FinalState, TurnErrorInfo | None]:
        session = self._session
        await session.keeper.begin()
        await session.recognise(submission.cell_id)
        if not session.is_open:  # opening takes a while: say what it is for
            await self.emit([events.settings_updated(session.requested())])
        reported = await self._unless_stopped(session.open())
        assert session.server is not None
        assert session.id is not None
        self._refuse_if_stopped()
        place = Place(session.server, session.id, session.settings, self.id)
        notices = [events.warning(text, "notice") for text in session.take_notices()]
        settings = events.settings_updated(reported, session_id=session.id)
        # The prompt is recorded: Codex need not wait until its settings are, too.
        _, codex_turn_id = await asyncio.gather(
            self.emit([settings, *notices]), submission.ask(place)
        )
        self._session.mark_used(submission.cell_id)
        await self._started(place, codex_turn_id)
        limit = session.settings.max_minutes
        timer = self._loop.call_later(limit * 60, self._out_of_time, limit) if limit else None
        try:
            return await self._watch()
        finally:
            if timer is not None:
                timer.cancel()

    async def _started(self, place: Place, codex_turn_id: str | None) -> None:
        early, self._early = self._early or [], None
        if codex_turn_id is None:
            codex_turn_id = await self._id_from_notification(early)
        self.codex_turn_id = codex_turn_id
        await self.emit([events.turn_started(place.session_id, codex_turn_id)])
        if self._stop.is_set():
            self._send_interrupt()
        await self.take(early)

    async def _id_from_notification(self, early: list[dict[str, Any]]) -> str:
        self._early = early
        async with asyncio.timeout(self._session.request_seconds):
            while True:
                for message in early:
                    if message["method"] == "turn/started":
                        self._early = None
                        return message["params"]["turn"]["id"]
                await asyncio.sleep(self._settings.batch_seconds)

    async def _watch(self) -> tuple[FinalState, TurnErrorInfo | None]:
        """Wait for the end; when Codex is silent for long, ask it whether the turn still runs."""
        while True:
            silent = self._loop.time() - self._heard
            patience = max(self._settings.silence_seconds - silent, 0.01)
            done, _ = await asyncio.wait((self._ended,), timeout=patience)
            if done:
                state, error = self._ended.result()
                return state, error or (self._stop_reason if state == "interrupted" else None)
            if self.transcript.open_questions():
                self._heard = self._loop.time()  # it is the user who takes the time
            if self._loop.time() - self._heard >= self._settings.silence_seconds:
                self._heard = self._loop.time()
                await self._reconcile()

    async def _reconcile(self) -> None:
        minutes = self._settings.silence_seconds / 60
        turn = await self._session.read_turn(self.codex_turn_id)
        if turn is None or turn["status"] == "inProgress":
            await self.emit([events.retry(f"Still working: no news for {minutes:.1f} minutes.")])
            return
        missed = [{"method": "item/completed", "params": {"item": it}} for it in turn["items"]]
        await self.emit(self._without_echo(translate.translate(missed)))
        await self._complete(turn)

    async def _end(self, state: FinalState, error: TurnErrorInfo | None) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        status = {"interrupted": "interrupted", "completed": "completed"}.get(state, "failed")
        closing = closing_drafts(self.transcript, status)
        if state == "interrupted" and error is not None:
            error["continue_prompt"] = continue_prompt()
        await self.emit([*closing, *self._about_record(), events.turn_ended(state, error)])
        assert self._record is not None
        await self._record.aclose(FLUSH_SECONDS)

    def _about_record(self) -> list[Draft]:
        """Say when the log did not take the turn while it ran; the session tells of no log."""
        assert self._record is not None
        if self.is_recorded or self._session.log.reason is not None:
            return []
        text = f"{self._record.problem} This turn is recorded as soon as it can be."
        return [events.warning(text, "notice")]

    def taken_over(self) -> None:
        """Another process has ended this turn in the record: stop Codex, write and show no more.

        When Codex has stopped, `run()` shows what the record says. An app-server of our own that
        does not stop in `escalation_seconds` is killed; a shared one is left to itself.
        """
        if self._is_taken_over:
            return
        self._is_taken_over = True
        self.interrupt("whoever ended it in the record")
        self._loop.call_later(self._settings.escalation_seconds, self._give_up)

    def _give_up(self) -> None:
        if not self._ended.done() and not self.done.is_set():
            self._session.connection.kill()
            self._ended.set_result(("lost", None))

    async def _show_outcome(self) -> None:
        """Show what the record says, from the last event on that was shown."""
        log, missed = self._session.log, []
        try:
            self._outcome = await log.transcript(self.id)
            missed = await log.events(self.id, after=self._shown)
        except LogError as failure:
            logger.warning("The end of a turn cannot be read: %s", failure)
        ended = _lost_end() if self._outcome is None else _end_of(self._outcome)
        if not missed or missed[-1]["type"] != "turn.ended":
            # The record is gone, compacted, or behind what was shown while it could not be written.
            missed = events.stamp(self.id, self._shown, [ended], events.now())
        self._listener(missed)
        if self._outcome is None:
            self._outcome = Transcript(self.transcript.snapshot())
            self._outcome.data |= {"state": ended["state"], "error": ended["error"]}

    # Messages in, events out

    async def emit(self, drafts: Iterable[Draft]) -> None:
        """Record events, then show them; nothing of a turn that is not ours any more."""
        assert self._record is not None
        drafts = list(drafts)
        if not drafts or self._is_taken_over:
            return
        async with self._emitting:  # readers get events in the order of their numbers
            try:
                recorded = await self._record.append(drafts)
            except OwnershipLost:
                self.taken_over()
                return
            self._shown = recorded[-1]["seq"]
            self._listener(recorded)

    async def take(self, batch: list[dict[str, Any]]) -> None:
        """Take in messages of the session's thread, in order."""
        self._heard = self._loop.time()
        if self._early is not None:
            self._early.extend(batch)
            return
        notes: list[dict[str, Any]] = []
        for message in batch:
            params = message["params"]
            if "id" in message:
                await self._translated(notes)
                notes = []
                self._spawn(self.asking.take(message))
            elif params.get("threadId") != self._session.id:
                continue  # of a sub-agent: its own story
            elif params.get("turnId", self.codex_turn_id) != self.codex_turn_id:
                self._session.background.take(message)
            elif message["method"] != "turn/completed":
                notes.append(message)
            elif params["turn"]["id"] == self.codex_turn_id and not self._is_completing:
                await self._translated(notes)
                notes = []
                self._is_completing = True
                self._spawn(self._complete(params["turn"]))
        await self._translated(notes)

    async def _translated(self, notes: list[dict[str, Any]]) -> None:
        if not notes or self._ended.done():
            return
        for message in notes:
            if self._is_completing:
                self._session.background.take(message)
            if message["method"] == "error":
                self._last_error = message["params"].get("error")
            elif message["method"] == "serverRequest/resolved":
                self.asking.resolved_elsewhere(message["params"]["requestId"])
        drafts = self._without_echo(translate.translate(notes))
        if self._is_completing:
            _mark_killed(drafts)
        await self._session.keeper.before(self.id, drafts)
        await self._session.keeper.embed(drafts)
        await self.emit(translate.supersede(drafts, self.transcript))

    def _without_echo(self, drafts: list[Draft]) -> list[Draft]:
        """Leave out the prompt, which Codex reports back as the first item."""
        return [
            draft
            for draft in drafts
            if draft["type"] not in ("item.started", "item.completed")
            or draft["item"].get("client_id") != self.id
        ]

    async def _complete(self, turn: dict[str, Any]) -> None:
        """Codex says that the turn has ended: settle what it leaves open.

        A task of its own, because the ends of killed commands come in as messages meanwhile.
        """
        try:
            state, error = outcome(turn, self._last_error)
            if state == "interrupted":
                await self._session.background.end(self._open_commands(), KILL_SECONDS)
            else:
                await self.emit(await self._session.background.adopt(self._open_commands()))
            await self.emit(await self._session.keeper.after(self.transcript))
        except CodexError as failure:
            state, error = self._after_failure(failure)
        if not self._ended.done():
            self._ended.set_result((state, error))

    def _open_commands(self) -> list[dict[str, Any]]:
        return [item for item in self.transcript.open_items() if item["type"] == "command"]

    def gone(self, failure: AppServerGone) -> None:
        """The app-server ended under the turn."""
        if not self._ended.done():
            self._ended.set_result(self._after_failure(failure))

    # Wishes

    async def steer(self, text: str, by: str) -> None:
        """Add to the running turn; raises `RequestRefused` when Codex does not take it any more."""
        await self._session.steer(self.codex_turn_id, text)
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
        self._stop_reason = reason or _stopped_by(by)
        self._stop.set()
        if self._record is not None and not self.transcript.is_final:
            self._spawn(self.emit([events.interrupt_requested(by)]))
        if self.codex_turn_id is not None:
            self._send_interrupt()

    def shut_down(self) -> None:
        """Stop because the kernel ends; Jupyter has sent an interrupt just before."""
        self.interrupt("the end of the kernel", self._shutdown())
        self._stop_reason = self._shutdown()

    def _send_interrupt(self) -> None:
        self._spawn(self._interrupt_codex())

    async def _interrupt_codex(self) -> None:
        # Only turn/completed, or the end of the process, says that the turn stopped.
        with contextlib.suppress(RequestTimedOut, RequestRefused, AppServerGone):
            await self._session.interrupt_codex(self.codex_turn_id, INTERRUPT_REPLY_SECONDS)

    def _out_of_time(self, minutes: float) -> None:
        self.interrupt(
            "the time limit",
            {
                "kind": "time_limit",
                "message": f"The turn was stopped after {minutes:g} minutes.",
                "next_step": "Raise `max_minutes`, or ask for less in one turn.",
            },
        )

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

    def _spawn(self, coroutine: Coroutine[Any, Any, None]) -> None:
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

    def _after_failure(self, failure: CodexError) -> tuple[FinalState, TurnErrorInfo]:
        if self._stop.is_set() and isinstance(failure, AppServerError):
            assert self._stop_reason is not None
            return ("interrupted" if self._was_sent else "cancelled"), self._stop_reason
        return "failed", error_info(failure)

    def _cut_off(self) -> tuple[FinalState, TurnErrorInfo]:
        return ("interrupted" if self._was_sent else "cancelled"), self._shutdown()

    def _shutdown(self) -> TurnErrorInfo:
        if not self._was_sent:
            return {
                "kind": "shutdown",
                "message": "The kernel was shut down before the turn began.",
                "next_step": "Run the cell again: Codex did nothing.",
            }
        return {
            "kind": "shutdown",
            "message": "The kernel was shut down while the turn ran.",
            "next_step": TurnLost.next_step,
        }

    @property
    def _was_sent(self) -> bool:
        return self._record is not None and self.transcript.data["codex_turn_id"] is not None


def _stopped_by(by: str) -> TurnErrorInfo:
    return {
        "kind": "interrupted",
        "message": f"The turn was stopped by {by}.",
        "next_step": "Run the next cell to go on from here.",
    }


def _mark_killed(drafts: list[Draft]) -> None:
    """A command that fails after the end of its turn was killed with it: it was stopped."""
    for draft in drafts:
        item = draft.get("item") or {}
        if item.get("type") == "command" and item["status"] == "failed":
            item |= {"status": "interrupted", "exit_code": None}


def _end_of(outcome: Transcript) -> Draft:
    return events.turn_ended(outcome.data["state"], outcome.data["error"])


def _lost_end() -> Draft:
    error = error_info(TurnLost("The record of this turn is gone."))
    return events.turn_ended("lost", error)


def error_info(failure: CodexError) -> TurnErrorInfo:
    """An error as a turn records it; its kind is the class in snake case."""
    name = type(failure).__name__
    kind = "".join(f"_{char.lower()}" if char.isupper() else char for char in name).lstrip("_")
    return {"kind": kind, "message": failure.message, "next_step": failure.next_step}


def _internal(failure: Exception) -> TurnErrorInfo:
    return {
        "kind": "internal",
        "message": f"codex_kernel failed: {type(failure).__name__}: {failure}.",
        "next_step": "Please report this; run the cell again to go on.",
    }
