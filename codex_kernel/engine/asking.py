"""The questions of one turn: from a request of the app-server to its answer.

What Codex asks becomes an event first, then it waits in the broker, and what was decided is an
event before Codex hears it.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

from codex_kernel.app_server import questions
from codex_kernel.engine.broker import Broker, Question, Reply
from codex_kernel.ids import approval_id
from codex_kernel.turn.approvals import (
    Answer,
    Approval,
    Decision,
    approval_decided,
    approval_requested,
    input_answered,
    input_requested,
)
from codex_kernel.turn.events import Draft

if TYPE_CHECKING:
    from codex_kernel.engine.session import Session
    from codex_kernel.engine.turn import Turn

Wanted = dict[str, Any]
"""An `Approval` without its id."""

ANOTHER_CLIENT = "another client of the app-server"
SETTLING_SECONDS = 2.0
"""The record of a decision is written within this, or not at all."""


class Asking:
    """The questions of `turn`, numbered as they come."""

    def __init__(self, turn: Turn, session: Session, broker: Broker) -> None:
        """Begins without a question."""
        self._turn = turn
        self._session = session
        self._broker = broker
        self._waiting: dict[Any, str] = {}
        self._settled: dict[str, asyncio.Event] = {}
        self._asked = 0

    async def take(self, request: dict[str, Any]) -> None:
        """Answer a request of the app-server, however long the user takes."""
        try:
            reply = await self._reply(request)
        except Exception:  # whatever it is, Codex would wait for ever
            await self._session.thread.refuse(request)
            raise
        if reply is not None:
            await self._follow_up(reply)

    async def _reply(self, request: dict[str, Any]) -> Reply | None:
        """Ask, and send the answer; None when there was nothing to ask or another client did."""
        self._asked += 1
        item = questions.subject(request, self._turn.transcript)
        question = questions.question(request, approval_id(self._turn.id, self._asked), item)
        if question is None:
            await self._session.thread.refuse(request)
            return None
        self._waiting[request["id"]] = question["id"]
        settled = self._settled[question["id"]] = asyncio.Event()
        await self._turn.emit([_requested(question)])
        reply = await self._broker.settle(question)
        self._waiting.pop(request["id"], None)
        await self._turn.emit([_settled(question, reply)])
        settled.set()
        if reply.by == ANOTHER_CLIENT:
            return None
        await self._session.thread.respond(request, questions.reply(request, reply))
        return reply

    async def ask_leave(self, wanted: Wanted) -> Decision:
        """Ask for something of ours, not of Codex's; cancelled when the turn ends meanwhile."""
        self._asked += 1
        question: Approval = {"id": approval_id(self._turn.id, self._asked), **wanted}  # type: ignore[typeddict-item]  # an open dict
        settled = self._settled[question["id"]] = asyncio.Event()
        await self._turn.emit([_requested(question)])
        reply = await self._broker.settle(question)
        await self._turn.emit([_settled(question, reply)])
        settled.set()
        decision = reply if isinstance(reply, Decision) else Decision("decline", reply.by)
        if decision.choice == "stop":
            self._turn.interrupt(decision.by)
        return decision

    async def _follow_up(self, reply: Reply) -> None:
        if isinstance(reply, Answer):
            return
        if reply.choice == "stop":
            self._turn.interrupt(reply.by)
        elif reply.choice == "decline" and reply.reason:
            await self._turn.steer(f"I declined that: {reply.reason}", reply.by)

    async def is_settled(self, question_id: str) -> None:
        """Wait for the event that tells how a question was decided, but not for long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SETTLING_SECONDS):
                await self._settled[question_id].wait()

    def resolved_elsewhere(self, request_id: Any) -> None:
        """The app-server says that somebody answered a request."""
        question_id = self._waiting.get(request_id)
        if question_id is not None:
            self.answer(question_id, Decision("decline", ANOTHER_CLIENT))

    def answer(self, question_id: str, reply: Reply) -> bool:
        """Answer an open question from elsewhere; False when somebody was first."""
        return self._broker.answer(question_id, reply)


def _requested(question: Question) -> Draft:
    if "questions" in question:
        return input_requested(question)
    return approval_requested(question)


def _settled(question: Question, reply: Reply) -> Draft:
    if "questions" in question:
        answer = reply if isinstance(reply, Answer) else Answer(None, reply.by)
        return input_answered(question, answer)
    decision = reply if isinstance(reply, Decision) else Decision("decline", reply.by)
    # What another client answered is not known, only that it did.
    outcome = "closed" if reply.by == ANOTHER_CLIENT else None
    return approval_decided(question["id"], decision, outcome=outcome)
