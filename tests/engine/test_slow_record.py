"""A turn whose record is slow, as on a busy machine: Codex is always ahead of it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from codex_kernel.app_server.routing import Channel
from codex_kernel.errors import TurnCancelled
from codex_kernel.turn.events import Draft, Event
from codex_kernel.turn_log.record import TurnRecord

from ..cell.bench import Bench
from ..end_to_end.script import say


class Heard:
    """What has arrived at the session's channel."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.events: dict[str, asyncio.Event] = {}
        put = Channel.put

        def heard(channel: Channel, message: dict[str, Any]) -> None:
            put(channel, message)
            self[message["method"]].set()

        monkeypatch.setattr(Channel, "put", heard)

    def __getitem__(self, method: str) -> asyncio.Event:
        return self.events.setdefault(method, asyncio.Event())


async def test_what_comes_before_a_turn_is_recorded_as_started_is_taken_in_first(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = Heard(monkeypatch)
    append = TurnRecord.append
    recorded: list[tuple[str, str]] = []

    async def slow_append(record: TurnRecord, drafts: list[Draft]) -> list[Event]:
        if drafts[0]["type"] == "settings.updated" and drafts[0]["session_id"]:
            await heard["item/agentMessage/delta"].wait()
        if drafts[0]["type"] == "turn.started":
            bench.model.release("go")
            await heard["turn/completed"].wait()
            for _ in range(9):
                await asyncio.sleep(0)  # whoever reads the channel comes to it
        events = await append(record, drafts)
        recorded.extend((e["type"], e["item"]["id"]) for e in events if "item" in e)
        return events

    monkeypatch.setattr(TurnRecord, "append", slow_append)
    transcript = await bench.play([say("Back again."), ["wait", "go"], say("And on.")])
    said = [each for each in transcript.data["items"] if each["type"] == "message"]
    assert [each["text"] for each in said] == ["Back again.", "And on."]
    ways = [[kind for kind, item_id in recorded if item_id == each["id"]] for each in said]
    assert ways == [["item.started", "item.completed"]] * 2


async def test_a_turn_that_is_stopped_while_it_is_recorded_is_never_sent(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    append = TurnRecord.append

    async def slow_append(record: TurnRecord, drafts: list[Draft]) -> list[Event]:
        events = await append(record, drafts)
        if events[0]["type"] == "turn.queued":
            assert bench.session.cancel_all("the test")
        return events

    monkeypatch.setattr(TurnRecord, "append", slow_append)
    with pytest.raises(TurnCancelled, match="stopped by the test"):
        await bench.play(say("Never said."))
    assert bench.turns[-1].state == "cancelled"
    assert not bench.model.requests
