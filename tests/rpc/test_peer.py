from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from codex_kernel.errors import AppServerGone, Overloaded, RequestRefused, RequestTimedOut
from codex_kernel.rpc.framing import Message, encode
from codex_kernel.rpc.peer import Peer

React = Callable[[Message], list[Message]]


class ScriptedTransport:
    """The far end in memory: each message sent is answered by what `react` returns, in one read."""

    ending = "The script ended."

    def __init__(self, react: React = lambda message: []) -> None:
        self.sent: list[Message] = []
        self._react = react
        self._sent_more = asyncio.Event()
        self._reads: asyncio.Queue[list[bytes]] = asyncio.Queue()

    async def send(self, frame: bytes) -> None:
        message = json.loads(frame)
        self.sent.append(message)
        self._sent_more.set()
        if answers := self._react(message):
            self.deliver(*answers)

    async def receive(self) -> list[bytes]:
        return await self._reads.get()

    async def aclose(self) -> None:
        self._reads.put_nowait([])

    async def has_sent(self, count: int) -> None:
        while len(self.sent) < count:
            self._sent_more.clear()
            await self._sent_more.wait()

    def deliver(self, *messages: Message) -> None:
        self.deliver_raw(*map(encode, messages))

    def deliver_raw(self, *frames: bytes) -> None:
        self._reads.put_nowait(list(frames))


class Ear:
    """What a peer was told."""

    def __init__(self) -> None:
        self.batches: list[list[Message]] = []
        self.ends: list[AppServerGone] = []
        self.heard = asyncio.Event()

    def on_batch(self, batch: list[Message]) -> None:
        self.batches.append(batch)
        self.heard.set()

    def on_close(self, gone: AppServerGone) -> None:
        self.ends.append(gone)

    @property
    def messages(self) -> list[Message]:
        return [message for batch in self.batches for message in batch]


def echo(message: Message) -> list[Message]:
    return [{"id": message["id"], "result": message.get("params")}] if "id" in message else []


def peer_of(transport: ScriptedTransport, ear: Ear, **kwargs: Any) -> Peer:
    return Peer(transport, on_batch=ear.on_batch, on_close=ear.on_close, **kwargs)


async def test_requests_are_numbered_from_one_and_answered_by_number() -> None:
    held: list[Message] = []

    def answer_backwards(message: Message) -> list[Message]:
        held.insert(0, message)
        return [answer for each in held for answer in echo(each)] if len(held) == 3 else []

    transport = ScriptedTransport(answer_backwards)
    async with peer_of(transport, Ear()) as peer:
        results = await asyncio.gather(*(peer.request("m", {"n": n}) for n in range(3)))
    assert results == [{"n": 0}, {"n": 1}, {"n": 2}]
    assert [message["id"] for message in transport.sent] == [1, 2, 3]


async def test_a_request_without_params_has_none() -> None:
    transport = ScriptedTransport(echo)
    async with peer_of(transport, Ear()) as peer:
        assert await peer.request("m") is None
        await peer.notify("initialized")
    assert transport.sent == [{"id": 1, "method": "m"}, {"method": "initialized"}]


async def test_notifications_in_the_read_of_an_answer_are_all_heard_in_order() -> None:
    def react(message: Message) -> list[Message]:
        return [{"method": "before"}, *echo(message), {"method": "after"}, {"method": "later"}]

    ear = Ear()
    async with peer_of(ScriptedTransport(react), ear) as peer:
        assert await peer.request("turn/start", 7) == 7
        assert ear.batches == [[{"method": "before"}, {"method": "after"}, {"method": "later"}]]


async def test_server_requests_come_in_order_and_id_zero_is_one() -> None:
    ear = Ear()
    transport = ScriptedTransport()
    async with peer_of(transport, ear) as peer:
        transport.deliver(
            {"method": "a"}, {"id": 0, "method": "ask"}, {"method": "b"}, {"id": "s", "method": "c"}
        )
        await ear.heard.wait()
        assert [message["method"] for message in ear.messages] == ["a", "ask", "b", "c"]
        await peer.respond(ear.messages[1]["id"], {"decision": "accept"})
        await peer.respond_error("s", -32601, "no such tool")
    await peer.respond(0, {})
    assert transport.sent[:2] == [
        {"id": 0, "result": {"decision": "accept"}},
        {"id": "s", "error": {"code": -32601, "message": "no such tool"}},
    ]


async def test_a_server_request_with_the_number_of_ours_does_not_answer_it() -> None:
    ear = Ear()

    def react(message: Message) -> list[Message]:
        return [{"id": message["id"], "method": "ask"}, *echo(message)]

    async with peer_of(ScriptedTransport(react), ear) as peer:
        assert await peer.request("m", "mine") == "mine"
    assert ear.messages == [{"id": 1, "method": "ask"}]


async def test_an_error_is_a_refusal_with_its_code_and_data() -> None:
    def refuse(message: Message) -> list[Message]:
        error = {"code": -32602, "message": "too large", "data": {"max_chars": 1048576}}
        return [{"id": message["id"], "error": error}]

    async with peer_of(ScriptedTransport(refuse), Ear()) as peer:
        with pytest.raises(RequestRefused, match="too large") as refusal:
            await peer.request("turn/start", {})
    assert (refusal.value.method, refusal.value.code) == ("turn/start", -32602)
    assert refusal.value.data == {"max_chars": 1048576}


async def test_overload_is_asked_again_until_it_is_taken() -> None:
    def overloaded_twice(message: Message) -> list[Message]:
        error = {"code": -32001, "message": "Server overloaded; retry later."}
        return [{"id": message["id"], "error": error}] if message["id"] <= 2 else echo(message)

    transport = ScriptedTransport(overloaded_twice)
    async with peer_of(transport, Ear()) as peer:
        assert await peer.request("m", "x") == "x"
    assert [message["id"] for message in transport.sent] == [1, 2, 3]


async def test_lasting_overload_is_told_as_such_at_the_deadline() -> None:
    def overloaded(message: Message) -> list[Message]:
        return [{"id": message["id"], "error": {"code": -32001, "message": "busy"}}]

    async with peer_of(ScriptedTransport(overloaded), Ear()) as peer:
        with pytest.raises(Overloaded, match="busy"):
            await peer.request("m", timeout_seconds=0.2)


async def test_an_unanswered_request_times_out_and_its_late_answer_is_dropped() -> None:
    ear = Ear()
    transport = ScriptedTransport()
    async with peer_of(transport, ear) as peer:
        with pytest.raises(RequestTimedOut, match="did not answer slow"):
            await peer.request("slow", timeout_seconds=0.05)
        transport.deliver({"id": 1, "result": "late"}, {"method": "next"})
        await ear.heard.wait()
        assert ear.messages == [{"method": "next"}]
        assert peer.noise_count == 0


async def test_few_are_in_flight_and_waiting_for_a_slot_counts() -> None:
    transport = ScriptedTransport()
    async with peer_of(transport, Ear(), max_in_flight=2) as peer:
        requests = [peer.request("m", timeout_seconds=0.05) for _ in range(5)]
        results = await asyncio.gather(*requests, return_exceptions=True)
        assert [type(result) for result in results] == [RequestTimedOut] * 5
        assert len(transport.sent) < 5


async def test_an_urgent_request_passes_those_that_wait() -> None:
    def only_interrupts(message: Message) -> list[Message]:
        return echo(message) if message["method"] == "turn/interrupt" else []

    transport = ScriptedTransport(only_interrupts)
    async with peer_of(transport, Ear(), max_in_flight=1) as peer:
        stuck = [asyncio.ensure_future(peer.request("stuck")) for _ in range(3)]
        assert await peer.request("turn/interrupt", "now", urgent=True) == "now"
        for task in stuck:
            task.cancel()
        await asyncio.gather(*stuck, return_exceptions=True)


async def test_a_cancelled_request_frees_its_slot() -> None:
    transport = ScriptedTransport(lambda message: echo(message) if message["id"] > 1 else [])
    async with peer_of(transport, Ear(), max_in_flight=1) as peer:
        first = asyncio.ensure_future(peer.request("m"))
        await transport.has_sent(1)
        first.cancel()
        assert await peer.request("m", "second") == "second"
        assert first.cancelled()


async def test_garbage_is_skipped_and_counted() -> None:
    transport = ScriptedTransport()
    ear = Ear()
    async with peer_of(transport, ear) as peer:
        garbage = [b"warning: x", b"\xff\xfe", b"[1]", b"7", b"{}", b'{"id":[]}', b"[" * 100_000]
        transport.deliver_raw(*garbage, b'{"method":"ok"}')
        await ear.heard.wait()
        assert ear.messages == [{"method": "ok"}]
        assert peer.noise_count == len(garbage)


async def test_the_end_fails_all_that_wait_and_is_told_once() -> None:
    transport = ScriptedTransport()
    ear = Ear()
    async with peer_of(transport, ear, max_in_flight=2) as peer:
        waiting = [asyncio.ensure_future(peer.request("m")) for _ in range(4)]
        await transport.has_sent(2)
        transport.deliver_raw(b"Segmentation fault")
        transport.deliver_raw()
        results = await asyncio.gather(*waiting, return_exceptions=True)
        assert [type(result) for result in results] == [AppServerGone] * 4
        assert "The script ended." in str(results[0])
        assert "Segmentation fault" in str(results[0])
        with pytest.raises(AppServerGone, match="The script ended"):
            await peer.request("m")
    assert len(ear.ends) == 1
    assert len(transport.sent) == 2


async def test_a_listener_that_fails_ends_the_connection_for_everyone() -> None:
    def broken(batch: list[Message]) -> None:
        raise KeyError("turnId")

    ends: list[AppServerGone] = []
    transport = ScriptedTransport(lambda message: [{"method": "boom"}])
    async with Peer(transport, on_batch=broken, on_close=ends.append) as peer:
        with pytest.raises(AppServerGone, match="turnId") as gone:
            await peer.request("m")
        assert isinstance(gone.value.__cause__, KeyError)
    assert len(ends) == 1


async def test_closing_fails_what_waits() -> None:
    ear = Ear()
    transport = ScriptedTransport()
    async with peer_of(transport, ear) as peer:
        waiting = asyncio.ensure_future(peer.request("m"))
        await transport.has_sent(1)
    with pytest.raises(AppServerGone):
        await waiting
    await peer.aclose()
    assert len(ear.ends) == 1
    assert peer.gone is ear.ends[0]


async def test_a_burst_arrives_whole_and_in_order() -> None:
    transport = ScriptedTransport(echo)
    ear = Ear()
    async with peer_of(transport, ear) as peer:
        for start in range(0, 20_000, 500):
            transport.deliver(*({"method": "d", "params": n} for n in range(start, start + 500)))
        await asyncio.gather(*(peer.request("m", n) for n in range(1_000)))
    assert [message["params"] for message in ear.messages] == list(range(20_000))
    assert len(ear.batches) == 40
