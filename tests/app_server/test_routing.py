from __future__ import annotations

import asyncio
from typing import Any

import pytest

from codex_kernel.app_server import routing
from codex_kernel.app_server.routing import Router
from codex_kernel.errors import AppServerGone

Message = dict[str, Any]


def note(thread_id: str, method: str = "turn/started", **params: Any) -> Message:
    return {"method": method, "params": {"threadId": thread_id, **params}}


def delta(thread_id: str, text: str) -> Message:
    return note(thread_id, "item/agentMessage/delta", delta=text)


def ask(thread_id: str | None, request_id: int = 0) -> Message:
    params = {} if thread_id is None else {"threadId": thread_id}
    return {"id": request_id, "method": "item/tool/call", "params": params}


def spawned(parent: str, child: str, kind: str = "collabAgentToolCall") -> Message:
    item = {"type": kind, "receiverThreadIds": [child], "agentThreadId": child}
    return note(parent, "item/completed", item=item)


@pytest.fixture
def refused() -> list[Message]:
    return []


@pytest.fixture
def router(refused: list[Message]) -> Router:
    return Router(refused.append)


async def test_messages_go_to_the_channel_of_their_thread_in_order(router: Router) -> None:
    one, two = router.open("1"), router.open("2")
    router.take([note("1", n=1), note("2", n=2), note("1", n=3)])
    assert await one.batch() == [note("1", n=1), note("1", n=3)]
    assert await two.batch() == [note("2", n=2)]


async def test_request_id_zero_is_a_request(router: Router, refused: list[Message]) -> None:
    channel = router.open("1")
    router.take([ask("1", 0), ask(None, 0)])
    assert await channel.batch() == [ask("1", 0)]
    assert refused == [ask(None, 0)]


async def test_sub_agents_in_an_unknown_shape_end_nothing(router: Router) -> None:
    channel = router.open("1")
    started = {"method": "thread/started", "params": {"thread": {"parentThreadId": "1"}}}
    activity = note("1", "item/started", item={"type": "subAgentActivity"})
    router.take([started, {"method": "thread/started"}, activity, note("1", n=1)])
    assert await channel.batch() == [activity, note("1", n=1)]


async def test_early_messages_are_handed_over_in_front_of_later_ones(router: Router) -> None:
    router.take([note("1", n=1)])
    channel = router.open("1")
    router.take([note("1", n=2)])
    assert [message["params"]["n"] for message in await channel.batch()] == [1, 2]


@pytest.mark.parametrize("kind", ["collabAgentToolCall", "subAgentActivity"])
@pytest.mark.parametrize("opened_first", [True, False])
async def test_a_childs_messages_go_to_the_parent_also_those_before_it_was_named(
    router: Router, kind: str, opened_first: bool
) -> None:
    channel = router.open("parent") if opened_first else None
    router.take([note("child", n=1)])
    router.take([spawned("parent", "child", kind), note("child", n=2)])
    channel = channel or router.open("parent")
    numbers = [message["params"].get("n") for message in await channel.batch()]
    assert [number for number in numbers if number] == [1, 2]


async def test_a_grandchilds_messages_go_to_the_top(router: Router) -> None:
    channel = router.open("parent")
    router.take([note("grandchild", n=1), spawned("child", "grandchild")])
    router.take([spawned("parent", "child"), note("grandchild", n=2)])
    numbers = [message["params"].get("n") for message in await channel.batch()]
    assert [number for number in numbers if number] == [1, 2]


async def test_a_thread_that_names_its_parent_is_a_child(router: Router) -> None:
    channel = router.open("parent")
    thread = {"id": "child", "parentThreadId": "parent"}
    router.take([{"method": "thread/started", "params": {"thread": thread}}, note("child")])
    assert await channel.batch() == [note("child")]


async def test_a_reader_lingers_over_text_and_not_over_anything_else(router: Router) -> None:
    channel = router.open("1")
    router.take([delta("1", "a")])
    waiting = asyncio.create_task(channel.batch(30.0))
    await asyncio.sleep(0)
    router.take([delta("1", "b")])
    await asyncio.sleep(0)
    assert not waiting.done()
    router.take([note("1")])
    assert len(await asyncio.wait_for(waiting, 5)) == 3
    router.take([delta("1", "c")])
    assert len(await channel.batch(0.001)) == 1


async def test_the_end_comes_after_the_last_message(router: Router) -> None:
    channel = router.open("1")
    router.take([note("1")])
    router.end(AppServerGone("It was killed."))
    assert len(await channel.batch()) == 1
    for _ in range(2):
        with pytest.raises(AppServerGone, match="It was killed"):
            await channel.batch()


async def test_a_cancelled_reader_loses_nothing(router: Router) -> None:
    channel = router.open("1")
    router.take([delta("1", "a")])
    waiting = asyncio.create_task(channel.batch(30.0))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert len(await channel.batch()) == 1


async def test_a_question_waits_for_its_thread_and_is_refused_after_that(
    router: Router, refused: list[Message], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routing, "UNCLAIMED_SECONDS", 0.0)
    router.take([ask("late", 1), ask("never", 2)])
    channel = router.open("late")
    await asyncio.sleep(0.01)
    assert refused == [ask("never", 2)]
    assert await channel.batch() == [ask("late", 1)]


async def test_on_a_shared_app_server_only_our_own_threads_are_answered_for(
    refused: list[Message], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routing, "UNCLAIMED_SECONDS", 0.0)
    router = Router(refused.append, is_shared=True)
    router.open("ours").close()
    router.take([ask("ours", 1), ask("theirs", 2)])
    await asyncio.sleep(0.01)
    assert refused == [ask("ours", 1)]


async def test_what_nobody_opens_is_bounded(
    router: Router, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routing, "KEPT_MESSAGES", 3)
    monkeypatch.setattr(routing, "KEPT_THREADS", 2)
    router.take([note("a", n=0), ask("b"), *(note("b", n=n) for n in range(5)), note("c", n=9)])
    kept = await router.open("b").batch()
    assert kept[0] == ask("b")
    assert [message["params"]["n"] for message in kept[1:]] == [3, 4]
    empty = asyncio.create_task(router.open("a").batch())
    await asyncio.sleep(0)
    assert not empty.done()
    empty.cancel()
    await asyncio.gather(empty, return_exceptions=True)


async def test_a_question_of_a_thread_that_is_kept_no_longer_is_refused(
    router: Router, refused: list[Message], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routing, "KEPT_THREADS", 1)
    router.take([note("a"), ask("a", 1), note("b")])
    assert refused == [ask("a", 1)]


async def test_listeners_hear_what_belongs_to_no_thread(router: Router) -> None:
    heard: list[Message] = []
    unsubscribe = router.subscribe(heard.append)
    message = {"method": "account/updated", "params": {"authMode": None}}
    router.take([message, note("1")])
    unsubscribe()
    router.take([message])
    assert heard == [message]


async def test_a_burst_reaches_its_channel_whole(router: Router) -> None:
    channel = router.open("1")
    router.take([delta("1", str(n)) for n in range(100_000)])
    assert len(await channel.batch()) == 100_000
