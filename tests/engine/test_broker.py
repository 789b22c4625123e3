"""Questions that wait: the first answer counts, and what is not answered declines."""

from __future__ import annotations

import asyncio

import pytest

from codex_kernel.engine.broker import Broker
from codex_kernel.turn.approvals import EXPIRED, NOBODY, Answer, Approval, Decision, Input

APPROVAL: Approval = {
    "id": "t.1",
    "kind": "command",
    "item_id": None,
    "reason": None,
    "choices": ["once", "decline"],
}
INPUT: Input = {"id": "t.2", "item_id": None, "source": "x", "message": None, "questions": []}
YES = Decision("once", "ada")


class Door:
    """Asks somebody who answers when told to."""

    def __init__(self, reply=None) -> None:
        self.reply = asyncio.get_running_loop().create_future()
        self.is_asking = asyncio.Event()
        self.was_withdrawn = False
        if reply is not None:
            self.reply.set_result(reply)

    async def ask(self, question):
        self.is_asking.set()
        try:
            return await self.reply
        except asyncio.CancelledError:
            self.was_withdrawn = True
            raise


async def test_without_a_door_everything_is_declined_at_once():
    broker = Broker(None, expiry_seconds=60)
    assert await broker.settle(APPROVAL) == Decision("decline", NOBODY)
    assert await broker.settle(INPUT) == Answer(None, NOBODY)


async def test_a_door_that_breaks_declines():
    class Broken:
        async def ask(self, question):
            raise KeyError("choices")

    async with asyncio.timeout(10):
        reply = await Broker(Broken(), expiry_seconds=3600).settle(APPROVAL)
    assert reply == Decision("decline", NOBODY)


async def test_a_door_that_is_cancelled_with_its_host_declines():
    class Cancelled:
        async def ask(self, question):
            raise asyncio.CancelledError

    async with asyncio.timeout(10):
        reply = await Broker(Cancelled(), expiry_seconds=3600).settle(APPROVAL)
    assert reply == Decision("decline", NOBODY)


async def test_the_door_answers():
    assert await Broker(Door(YES), expiry_seconds=60).settle(APPROVAL) == YES


async def test_a_shut_door_declines():
    door = Door()
    door.reply.set_result(None)
    assert (await Broker(door, expiry_seconds=60).settle(APPROVAL)).choice == "decline"


async def test_an_answer_from_elsewhere_wins_and_the_prompt_is_taken_away():
    door = Door()
    broker = Broker(door, expiry_seconds=60)
    settling = asyncio.create_task(broker.settle(APPROVAL))
    await door.is_asking.wait()
    assert broker.answer("t.1", YES)
    assert not broker.answer("t.1", Decision("decline", "bob"))
    assert await settling == YES
    assert door.was_withdrawn
    assert not broker.answer("t.1", YES)


async def test_a_question_that_is_not_answered_in_time_is_declined():
    door = Door()
    decision = await Broker(door, expiry_seconds=0.01).settle(APPROVAL)
    assert decision == Decision("decline", EXPIRED)
    assert door.was_withdrawn


async def test_cancelling_takes_the_prompt_away():
    door = Door()
    settling = asyncio.create_task(Broker(door, expiry_seconds=60).settle(APPROVAL))
    await door.is_asking.wait()
    settling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await settling
    assert door.was_withdrawn
