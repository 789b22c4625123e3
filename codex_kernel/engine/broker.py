"""Questions of a turn that wait for somebody.

A question is open until the first answer arrives: from a door (a host that asks its user), from
a command of another process, from another client of the app-server, or from the clock. Whoever
comes later is told who was first.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Protocol

from codex_kernel.turn.approvals import EXPIRED, NOBODY, Answer, Approval, Decision, Input

logger = logging.getLogger(__name__)

Question = Approval | Input
Reply = Decision | Answer


class Door(Protocol):
    """A way to ask the user."""

    async def ask(self, question: Question) -> Reply | None:
        """Ask, and return the answer; `None` when this door turned out to be shut.

        Cancelled when somebody else has answered; it must then take its prompt away.
        """
        ...


def is_input(question: Question) -> bool:
    """Whether the question asks for information, not for leave."""
    return "questions" in question


def refusal(question: Question, by: str) -> Reply:
    """The answer that fails closed."""
    return Answer(None, by) if is_input(question) else Decision("decline", by)


class Broker:
    """The open questions of one turn, by their id."""

    def __init__(self, door: Door | None = None, *, expiry_seconds: float) -> None:
        """Without a door nobody can be asked, and every question is declined at once."""
        self.door = door
        self._expiry_seconds = expiry_seconds
        self._open: dict[str, asyncio.Future[Reply]] = {}

    async def settle(self, question: Question) -> Reply:
        """Wait for the first answer to a question."""
        if self.door is None:
            return refusal(question, NOBODY)
        answered: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._open[question["id"]] = answered
        asking = asyncio.create_task(self._ask(self.door, question, answered))
        try:
            async with asyncio.timeout(self._expiry_seconds):
                return await answered
        except TimeoutError:
            return refusal(question, EXPIRED)
        finally:
            del self._open[question["id"]]
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)

    async def _ask(self, door: Door, question: Question, answered: asyncio.Future[Reply]) -> None:
        reply: Reply | None = None
        try:
            reply = await door.ask(question)
        except Exception:  # a bug of a door counts as nobody there
            logger.exception("A question could not be asked")
        finally:  # not open for hours because its door broke, or was cancelled with its host
            if not answered.done():
                answered.set_result(reply or refusal(question, NOBODY))

    def answer(self, question_id: str, reply: Reply) -> bool:
        """Answer an open question; False when it is not open (any more)."""
        answered = self._open.get(question_id)
        if answered is None or answered.done():
            return False
        answered.set_result(reply)
        return True
