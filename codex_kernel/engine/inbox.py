"""What others ask of our turns and session: command rows, claimed and answered.

A browser, the command line or a second client cannot reach into this process; they write what
they want into the log. The owner looks ten times a second while a turn runs and once a second
otherwise, with one query.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import Any

from codex_kernel.engine import report, threads
from codex_kernel.engine.session import Session
from codex_kernel.engine.turn import Turn
from codex_kernel.errors import CodexError, LogError, RequestRefused, SessionInUse
from codex_kernel.ids import SessionId
from codex_kernel.turn.approvals import Answer, Decision, is_allowed
from codex_kernel.turn_log import commands
from codex_kernel.turn_log.commands import CommandRow, Target

logger = logging.getLogger(__name__)

BUSY_SECONDS = 0.05
IDLE_SECONDS = 0.5
"""Half of what is promised (0.1 s and 1 s): a claim takes a moment too."""

Outcome = dict[str, Any]


class Inbox:
    """Claims commands for one session until its `run()` is cancelled."""

    def __init__(self, session: Session) -> None:
        """Nothing is claimed before `run()`."""
        self._session = session
        self._doing: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Claim and answer, for ever."""
        try:
            while True:
                await asyncio.sleep(BUSY_SECONDS if self._session.turns else IDLE_SECONDS)
                try:
                    await self._look(self._targets())
                except LogError as failure:
                    logger.debug("The log cannot be asked for commands: %s", failure)
        finally:
            for task in list(self._doing):
                task.cancel()

    async def _look(self, targets: list[Target]) -> None:
        news = await commands.news(self._session.log, targets)
        for turn in self._session.turns:  # one was ended while we were suspended, say
            if turn.id in news.taken_over:
                turn.taken_over()
        if news.has_commands:
            await self._claim(targets)

    def _targets(self) -> list[Target]:
        session = self._session
        targets: list[Target] = []
        for turn in session.turns:
            targets.append(("turn", turn.id))
            for question in turn.questions():
                targets.append(("approval", question["id"]))
        here = {session.id, *session.thread.held} - {None}
        return [*targets, *(("session", str(session_id)) for session_id in here)]

    async def _claim(self, targets: list[Target]) -> None:
        for row in await commands.claim(self._session.log, targets):
            task = asyncio.create_task(self._do(row))
            self._doing.add(task)
            task.add_done_callback(self._doing.discard)

    async def _do(self, row: CommandRow) -> None:
        verb = _VERBS.get((row.target_kind, row.verb))
        try:
            outcome = await verb(self, row) if verb else _error(f"`{row.verb}` is not known here.")
        except CodexError as failure:
            outcome = refused(failure)
        except Exception as failure:  # whoever asked must get an answer
            logger.exception("A command from outside failed")
            outcome = _error(f"codex_kernel failed: {failure}")
        try:
            await commands.finish(self._session.log, row.command_id, outcome)
        except LogError as failure:
            logger.warning("The answer to a command is not recorded: %s", failure)

    def _turn(self, turn_id: str) -> Turn | None:
        return next((turn for turn in self._session.turns if turn.id == turn_id), None)

    def _question(self, question_id: str) -> tuple[Turn, dict[str, Any]] | None:
        for turn in self._session.turns:
            for question in turn.questions():
                if question["id"] == question_id:
                    return turn, question
        return None

    async def _interrupt(self, row: CommandRow) -> Outcome:
        turn = self._turn(row.target_id)
        if turn is None:
            return _error("The turn has ended.")
        turn.interrupt(row.by)
        return {"ok": True}

    async def _cancel(self, row: CommandRow) -> Outcome:
        turn = self._turn(row.target_id)
        if turn is None or turn is self._session.current:
            return _error("The turn does not wait any more: interrupt it to stop it.")
        turn.interrupt(row.by)
        return {"ok": True}

    async def _steer(self, row: CommandRow) -> Outcome:
        text = str(row.args.get("text") or "")
        turn = self._turn(row.target_id)
        if turn is None or turn.codex_turn_id is None:
            return _error("The turn does not run (any more): nothing was sent.", text=text)
        try:
            await turn.steer(text, row.by)
        except RequestRefused:
            return _error("The turn ended before this could be sent.", text=text)
        return {"ok": True}

    async def _decide(self, row: CommandRow) -> Outcome:
        found = self._question(row.target_id)
        if found is None:
            return _error("There is no such question.")
        turn, question = found
        reply = _reply(row, question)
        if reply is None:
            return _error("This question does not take that answer.")
        if turn.asking.answer(row.target_id, reply):
            return {"ok": True}
        await turn.asking.is_settled(row.target_id)
        return _error(
            f"{question.get('by') or 'Somebody else'} was first.",
            by=question.get("by"),
            decision=question.get("decision"),
        )

    async def _rename(self, row: CommandRow) -> Outcome:
        server = await self._session.connect()
        await threads.rename(server, self._session.log, row.target_id, str(row.args["title"]))
        return {"ok": True}

    async def _fork(self, row: CommandRow) -> Outcome:
        last = row.args.get("last_turn_id")
        copy = await self._session.copy(SessionId(row.target_id), last)
        await threads.bind_copy(self._session.log, row.args.get("notebook"), copy, row.by)
        return {"ok": True, "session_id": copy}

    async def _archive(self, row: CommandRow) -> Outcome:
        async with self._at_rest(row) as session:
            await threads.archive(await session.connect(), session.log, row.target_id)
            await self._put_away(row, "archived")
        return {"ok": True}

    async def _unarchive(self, row: CommandRow) -> Outcome:
        await threads.unarchive(await self._session.connect(), self._session.log, row.target_id)
        return {"ok": True}

    async def _delete(self, row: CommandRow) -> Outcome:
        async with self._at_rest(row) as session:
            server = await session.connect() if row.args.get("thread") else None
            await threads.delete(server, session.log, row.target_id)
            await self._put_away(row, "deleted")
        return {"ok": True}

    async def _let_go(self, row: CommandRow) -> Outcome:
        await self._session.close_left(row.target_id)
        return {"ok": True}

    async def _release(self, row: CommandRow) -> Outcome:
        async with self._at_rest(row) as session:
            if row.target_id == session.id:
                await session.leave(f"The session {session.id} was given up by {row.by}.")
            await session.close_left(row.target_id)
        return {"ok": True}

    async def _list_background(self, row: CommandRow) -> Outcome:
        if row.target_id == self._session.id:
            await self._session.background.refresh()
        found = self._session.background.commands.values()
        mine = found if row.target_id == self._session.id else ()
        return {"ok": True, "commands": [asdict(command) for command in mine]}

    async def _stop_background(self, row: CommandRow) -> Outcome:
        if row.target_id != self._session.id:
            return {"ok": True, "stopped": 0}
        stopped = await self._session.background.stop(row.args.get("process_id"))
        return {"ok": True, "stopped": len(stopped)}

    async def _show_settings(self, row: CommandRow) -> Outcome:
        session = self._session
        is_mine = row.target_id == session.id and session.is_open
        thread = row.target_id if is_mine else None
        return {
            "settings": report.settings_report(session.settings),
            "mcp_servers": await report.mcp_servers(await session.connect(), thread),
        }

    @asynccontextmanager
    async def _at_rest(self, row: CommandRow) -> AsyncIterator[Session]:
        """The session while no turn of it runs; raises `SessionInUse` when one does."""
        session = self._session
        if row.target_id != session.id:
            yield session  # one that was left
            return
        if session.turns:
            raise SessionInUse(threads.RUNS, next_step="")
        async with session.order:
            yield session

    async def _put_away(self, row: CommandRow, how: str) -> None:
        self._session.thread.held.discard(row.target_id)
        if row.target_id == self._session.id:
            await self._session.leave(f"The session {row.target_id} was {how} by {row.by}.")


_VERBS: dict[tuple[str, str], Callable[[Inbox, CommandRow], Awaitable[Outcome]]] = {
    ("turn", "interrupt"): Inbox._interrupt,
    ("turn", "cancel"): Inbox._cancel,
    ("turn", "steer"): Inbox._steer,
    ("approval", "decide"): Inbox._decide,
    ("session", "rename"): Inbox._rename,
    ("session", "fork"): Inbox._fork,
    ("session", "archive"): Inbox._archive,
    ("session", "unarchive"): Inbox._unarchive,
    ("session", "delete"): Inbox._delete,
    ("session", "let_go"): Inbox._let_go,
    ("session", "list_background"): Inbox._list_background,
    ("session", "stop_background"): Inbox._stop_background,
    ("session", "release"): Inbox._release,
    ("session", "show_settings"): Inbox._show_settings,
}


def _reply(row: CommandRow, question: dict[str, Any]) -> Decision | Answer | None:
    """The answer that a command gives, or None when the question does not take it."""
    if "questions" in question:
        answers = row.args.get("answers")
        if answers is None and row.args.get("decision") != "decline":
            return None
        return Answer(answers if isinstance(answers, dict) else None, row.by)
    choice = row.args.get("decision")
    if choice == "always" and row.args.get("rule") != question.get("rule"):
        return None  # a rule outlives the session: whoever allows it must have seen it
    if not isinstance(choice, str) or not is_allowed(question, choice):  # type: ignore[arg-type]  # checks
        return None
    return Decision(choice, row.by, row.args.get("reason"))  # type: ignore[arg-type]  # checked


def refused(failure: CodexError) -> Outcome:
    """An error as the outcome of a command."""
    return _error(
        failure.message,
        next_step=failure.next_step,
        kind=type(failure).__name__,
        status=failure.http_status,
    )


def _error(message: str, **more: Any) -> Outcome:
    return {"error": message, **more}
