"""Lines that are read from a frontend, over real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import zmq
from jupyter_client.session import Session

from codex_kernel.cell.stdin import Asker, Stdin


class Frontend:
    """The stdin socket of a kernel and that of the page it asks."""

    def __init__(self, context: zmq.Context[Any]) -> None:
        self.session = Session(key=b"secret")
        self.kernel = context.socket(zmq.ROUTER)
        self.page = context.socket(zmq.DEALER)
        self.page.identity = b"page"
        self.kernel.bind("inproc://stdin")
        self.page.connect("inproc://stdin")
        self.stdin = Stdin(SimpleNamespace(session=self.session, stdin_socket=self.kernel))

    def ask(self, prompt: str) -> asyncio.Task[str | None]:
        """Ask what nobody has asked yet."""
        asker = Asker(parent={}, ident=[b"page"])
        return asyncio.create_task(self.stdin.read_line(asker, prompt, False))

    async def question(self) -> dict[str, Any]:
        """The next box that the page gets."""
        assert await asyncio.to_thread(self.page.poll, 5000)
        _, request = self.session.recv(self.page)
        assert request is not None
        return request

    def answer(self, request: dict[str, Any], text: str) -> None:
        """What the user types into a box."""
        self.session.send(self.page, "input_reply", {"value": text}, parent=request)


@pytest.fixture
def frontend() -> Iterator[Frontend]:
    with zmq.Context() as context:
        frontend = Frontend(context)
        yield frontend
        frontend.kernel.close(0)
        frontend.page.close(0)


async def test_questions_are_put_one_by_one_in_the_order_they_came(frontend: Frontend) -> None:
    lines = [frontend.ask(f"{number}?") for number in range(9)]
    for number in range(9):
        request = await frontend.question()
        assert request["content"]["prompt"] == f"{number}?"
        frontend.answer(request, f"{number}!")
    assert await asyncio.gather(*lines) == [f"{number}!" for number in range(9)]


async def test_a_question_that_is_withdrawn_before_its_turn_is_never_put(
    frontend: Frontend,
) -> None:
    first, second, third = frontend.ask("1?"), frontend.ask("2?"), frontend.ask("3?")
    request = await frontend.question()
    second.cancel()
    frontend.answer(request, "1!")
    assert await first == "1!"
    request = await frontend.question()
    assert request["content"]["prompt"] == "3?"
    frontend.answer(request, "3!")
    assert await third == "3!"
    assert second.cancelled()


async def test_an_answer_to_a_box_that_was_left_open_answers_nothing_else(
    frontend: Frontend,
) -> None:
    left = frontend.ask("Left?")
    old = await frontend.question()
    left.cancel()
    await asyncio.gather(left, return_exceptions=True)
    present = frontend.ask("Now?")
    new = await frontend.question()
    frontend.answer(old, "stale")
    frontend.session.send(frontend.page, "input_reply", {"value": "of no box"})
    frontend.answer(new, "fresh")
    assert await present == "fresh"
