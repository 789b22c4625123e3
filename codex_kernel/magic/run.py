"""One call of Codex from Python, from its begin to its result.

It runs on the engine's thread. Whoever waits for it, by `wait()` or `await`, is whom it may ask,
and an interrupt of the waiting stops the turn.
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Generator
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar

from codex_kernel.cell.ask import ReadLine
from codex_kernel.cell.command import Context
from codex_kernel.cell.run import Frontend, run_cell
from codex_kernel.cell.session_commands import find_session
from codex_kernel.cell.widget import has_page
from codex_kernel.engine.asks import NOTHING, Extras
from codex_kernel.engine.session import Session
from codex_kernel.engine.turn import Turn
from codex_kernel.errors import (
    AnswerInvalid,
    BadArgument,
    CodexError,
    RequestRefused,
    TurnInterrupted,
)
from codex_kernel.ids import SessionId
from codex_kernel.magic.caller import Caller, Screen
from codex_kernel.magic.host import Host
from codex_kernel.magic.interrupts import watched
from codex_kernel.magic.result import Result
from codex_kernel.magic.schema import Shape
from codex_kernel.render.widget import is_built, load
from codex_kernel.turn.transcript import Transcript

T = TypeVar("T")

USER = "the user"


@dataclass(frozen=True)
class Wish:
    """What a call asks for besides its text."""

    new: bool = False
    session: str | None = None
    context: str = "none"
    shape: Shape | None = None
    extras: Extras = field(default=NOTHING)
    quiet: bool = False


class Run(Generic[T]):
    """A call that runs, or ran: await it, or `wait()`; `result` is there when it has ended."""

    def __init__(self, host: Host, text: str, wish: Wish, caller: Caller) -> None:
        """Begin at once."""
        self._host = host
        self._text = text
        self._wish = wish
        self._caller = caller
        self._screen = Screen(caller, host.settings.view)
        self._said: list[str] = []
        self._turn: Turn | None = None
        self._context = contextvars.copy_context()
        self._result: Result[T] | None = None
        self._settling = threading.Lock()
        self._attendance = None if caller.read_line is None else _Attendance(caller.read_line)
        self._future = host.engine.run(self._work)

    # Looking at it

    @property
    def status(self) -> str:
        """The state of the turn: "queued", "running", "waiting" (for an answer of yours), ...
        then "completed", "interrupted", "failed", "cancelled" or "lost"."""
        if not self._future.done():
            transcript = self._transcript
            return "queued" if transcript is None else transcript.state
        return "interrupted" if self._future.cancelled() else self._ended().state

    @property
    def result(self) -> Result[T] | None:
        """The result when it has ended, also when it failed (see its `error`); else None."""
        return self._ended() if self._future.done() else None

    def __repr__(self) -> str:
        """One line on how far it is."""
        if self._future.done():
            return f"<Run {self.status}: {self.result!r}>"
        hint = "wait() asks you" if self.status == "waiting" else "wait() waits for it"
        return f"<Run {self.status}: {hint}, interrupt() stops it>"

    @property
    def _transcript(self) -> Transcript | None:
        turn = self._turn
        return turn.transcript if turn is not None and turn.has_begun else None

    # Waiting for it

    def wait(self) -> Result[T]:
        """Block until it has ended; returns its result or raises the `CodexError` it ended with.

        Ctrl-C stops the turn and raises KeyboardInterrupt when it has stopped.
        """
        self._attend(None)
        stops = 0

        def stop() -> None:
            nonlocal stops
            stops += 1
            self.interrupt()

        with watched(stop):
            self._host.namespace.main_thread.serve(self._future)
        if stops:
            raise KeyboardInterrupt
        return self._outcome()

    def __await__(self) -> Generator[Any, None, Result[T]]:
        """`wait()` for a coroutine: its loop goes on meanwhile.

        Ctrl-C stops the turn, and then this raises `TurnInterrupted`: a KeyboardInterrupt would
        end the loop. Cancelling it stops the turn as well.
        """
        return self._awaited().__await__()

    async def _awaited(self) -> Result[T]:
        self._attend(asyncio.get_running_loop())
        ended = asyncio.wrap_future(self._future)
        try:
            main_thread = self._host.namespace.main_thread
            with watched(self.interrupt), main_thread.open_on(asyncio.get_running_loop()):
                await asyncio.wait((ended,))
        except asyncio.CancelledError:
            self.interrupt()
            await asyncio.wait((ended,))
            raise
        finally:
            if ended.done() and not ended.cancelled():
                ended.exception()  # told by _outcome
        return self._outcome()

    def _attend(self, loop: asyncio.AbstractEventLoop | None) -> None:
        attendance = self._attendance
        if attendance is not None and not self._future.done():
            self._host.engine.post(lambda _session: attendance.attend(loop))

    def _outcome(self) -> Result[T]:
        result = self._ended()
        if result.error is not None:
            raise result.error
        return result

    def _ended(self) -> Result[T]:
        with self._settling:
            if self._result is None:
                self._result = self._settle()
            return self._result

    def _settle(self) -> Result[T]:
        failure = self._failure()
        view = self._host.settings.view
        transcript = self._transcript
        result: Result[Any] = Result("\n\n".join(self._said), None, transcript, failure, view)
        if failure is None:
            try:
                shape = self._wish.shape if transcript is not None else None
                result.value = result.text if shape is None else shape.read(result.text)
            except AnswerInvalid as invalid:
                result.error = invalid
        return result

    def _failure(self) -> CodexError | None:
        if self._future.cancelled():
            return TurnInterrupted("The command was stopped.", next_step="")
        failure = self._future.exception()
        if isinstance(failure, CodexError):
            return _spelled(failure, self._host.settings.command_prefix)
        if failure is not None:
            raise failure
        return None

    # Acting on it

    def interrupt(self) -> None:
        """Ask it to stop; returns at once. A second time, 2 s later, kills Codex."""
        self._host.engine.post(lambda _session: self._interrupt())

    def _interrupt(self) -> None:
        if self._turn is None:
            self._future.cancel()
        elif not self._turn.done.is_set():  # later it would count as a second interrupt
            self._turn.interrupt(USER)

    def steer(self, text: str) -> None:
        """Say something to the turn while it runs; raises `BadArgument` when it does not."""
        self._host.engine.run(lambda _session: self._steer(text)).result()

    async def _steer(self, text: str) -> None:
        if self._turn is None or self._turn.codex_turn_id is None or self._turn.done.is_set():
            raise BadArgument("The turn does not run: nothing was sent.")
        try:
            await self._turn.steer(text, USER)
        except RequestRefused:
            raise BadArgument("The turn ended before this could be sent.") from None

    # What the engine's thread does

    async def _work(self, session: Session) -> None:
        if self._wish.new:
            async with session.order:
                await session.new()
        if self._wish.session is not None:
            await _take_up(session, self._wish.session)
        upto = self._host.cells_so_far
        context, notice = self._host.context(self._wish.context, session.id)
        try:
            await run_cell(
                session,
                self._text,
                Frontend(
                    self._caller.cell_id,
                    events=(lambda _events: None) if self._wish.quiet else self._screen.events,
                    say=self._say,
                    execution_count=self._caller.execution_count,
                    read_line=None if self._attendance is None else self._read_line,
                    get_ready=self._choose_view,
                    began=self._began,
                    extras=replace(self._wish.extras, context=context),
                    notices=(notice,) if notice else (),
                    preview=self._host.preview(session.id),
                ),
            )
        finally:
            if self._turn is not None:
                self._host.namespace.ended(self._turn.id)
        if context:
            self._host.has_told(session.id, upto)

    async def _choose_view(self, session: Session) -> None:
        if self._caller.mode != "live" or self._wish.quiet:
            return
        self._screen.has_page = await has_page(session)
        if not self._screen.has_page and is_built():
            await asyncio.to_thread(load)
            self._screen.open_widget = self._host.widgets.open

    async def _read_line(self, prompt: str, is_password: bool) -> str | None:
        """The line of whoever waits; never one where a widget asks."""
        if self._turn is not None and await self._screen.is_followed():
            await asyncio.Event().wait()
        assert self._attendance is not None
        return await self._attendance.read_line(prompt, is_password)

    def _began(self, turn: Turn) -> None:
        self._turn = turn
        self._host.namespace.began(turn.id, self._context)

    def _say(self, data: dict[str, Any]) -> None:
        self._said.append(data["text/plain"])
        if not self._wish.quiet:
            self._screen.say(data)


async def _take_up(session: Session, wanted: str) -> None:
    found: SessionId = await find_session(Context(session, lambda _data: None), wanted)
    if found != session.id or not session.reported:
        async with session.order:
            await session.resume(found)


def _spelled(failure: CodexError, prefix: str) -> CodexError:
    """An error that names commands as they are written here."""
    failure.args = tuple(str(each).replace("`/", f"`{prefix}/") for each in failure.args)
    failure.next_step = failure.next_step.replace("`/", f"`{prefix}/")
    return failure


class _Attendance:
    """Whether somebody waits for a run and so can be asked; asks there where they wait."""

    def __init__(self, read_line: ReadLine) -> None:
        self._read_line = read_line
        self._is_attended = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def attend(self, loop: asyncio.AbstractEventLoop | None) -> None:
        """Somebody waits: on this loop, or (None) blocks a thread, so that ours may ask."""
        self._loop = loop
        self._is_attended.set()

    async def read_line(self, prompt: str, is_password: bool) -> str | None:
        """The line that whoever waits has typed."""
        await self._is_attended.wait()
        reading = self._read_line(prompt, is_password)
        if self._loop is None:
            return await reading
        there = asyncio.run_coroutine_threadsafe(_awaiting(reading), self._loop)
        return await asyncio.wrap_future(there)


async def _awaiting(reading: Any) -> str | None:
    return await reading
