"""A turn as a WebSocket: every event once and in order, however often it is cut."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from codex_kernel.ids import TurnId, new_turn_id
from codex_kernel.turn.transcript import fold
from codex_kernel.turn_log.leases import recover
from codex_kernel.turn_log.log import TurnLog
from codex_kernel.turn_log.retention import delete_turns
from tests.turn_log.process import other
from tests.turn_log.turns import begin, beginning, ended, ending, running, text

from .place import SECONDS, Server, frame, frames


async def events_of(log: TurnLog, turn_id: TurnId) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while page := await log.events(turn_id, after=len(found)):
        found += page
    return found


async def follow_with_cuts(
    server: Server, turn_id: TurnId, cuts: list[int], all_cut: asyncio.Event
) -> list[dict[str, Any]]:
    """Follow a turn to its end, on connections that each break after so many frames."""
    events: list[dict[str, Any]] = []
    for count in cuts:
        async with server.socket(f"turns/{turn_id}/stream?after={len(events)}") as socket:
            events += [(await frame(socket))["event"] for _ in range(count)]
            socket.transport.abort()
    all_cut.set()
    async with server.socket(f"turns/{turn_id}/stream?after={len(events)}") as socket:
        *rest, end = await frames(socket)
    assert end == {"type": "end", "state": "completed"}
    return events + [item["event"] for item in rest]


async def test_a_live_turn_cut_at_random_points_joins_to_exactly_its_rows(
    server: Server, log: TurnLog
) -> None:
    record = await begin(log)
    choose = random.Random(1)
    cuts = [choose.randint(0, 8) for _ in range(100)]
    all_cut = asyncio.Event()
    following = asyncio.create_task(follow_with_cuts(server, record.turn_id, cuts, all_cut))
    await record.append(beginning())
    async with asyncio.timeout(SECONDS):
        # The turn is live at every cut, and goes on for a while after the last.
        while not (all_cut.is_set() or following.done()):
            await record.append([text("a")] * choose.randint(1, 4))
            await asyncio.sleep(0.005)  # not faster than a reader who connects for each few
        await record.append([text("b")])
        await record.append(ending("done"))
        events = await following
    assert events == await events_of(log, record.turn_id)
    assert fold(events) == record.transcript.data


async def test_three_clients_with_different_positions_each_get_exactly_the_rest(
    server: Server, log: TurnLog
) -> None:
    record = await running(log)
    events = await record.append([text("a")] * 3)
    async with (
        server.socket(f"turns/{record.turn_id}/stream") as first,
        server.socket(f"turns/{record.turn_id}/stream?after=5") as second,
        server.socket(f"turns/{record.turn_id}/stream?after=7") as third,
    ):
        reading = [asyncio.create_task(frames(socket)) for socket in (first, second, third)]
        for _ in range(20):
            await record.append([text("b")])
        await record.append(ending("z"))
        found = await asyncio.gather(*reading)
        codes = {socket.close_code for socket in (first, second, third)}
    events = await events_of(log, record.turn_id)
    for after, stream in zip((0, 5, 7), found, strict=True):
        assert [item["event"] for item in stream[:-1]] == events[after:]
        assert stream[-1] == {"type": "end", "state": "completed"}
    assert codes == {1000}


async def test_a_turn_of_another_process_that_dies_ends_as_lost(
    server: Server, log: TurnLog
) -> None:
    async with other(server.settings.folder) as process:
        turn_id = await process.do("run")
        async with server.socket(f"turns/{turn_id}/stream") as socket:
            for _ in range(4):
                await frame(socket)
            await process.do("text")
            assert (await frame(socket))["event"]["text"] == "x"
            await process.kill()
            await recover(log)
            *_, last, end = await frames(socket)
    assert last["event"]["type"] == "turn.ended"
    assert end == {"type": "end", "state": "lost"}


async def test_a_compacted_turn_is_one_snapshot_and_the_end(server: Server, log: TurnLog) -> None:
    record = await ended(log)
    await log.compact(record.turn_id)
    seq = record.transcript.seq
    async with server.socket(f"turns/{record.turn_id}/stream?after=3") as socket:
        snapshot, end = await frames(socket)
    assert snapshot == {"type": "snapshot", "seq": seq, "transcript": record.transcript.data}
    assert end == {"type": "end", "state": "completed"}


@pytest.mark.parametrize("compacted", [True, False])
async def test_who_has_everything_of_a_finished_turn_gets_only_its_end(
    server: Server, log: TurnLog, compacted: bool
) -> None:
    record = await ended(log)
    if compacted:
        await log.compact(record.turn_id)
    async with server.socket(
        f"turns/{record.turn_id}/stream?after={record.transcript.seq}"
    ) as socket:
        assert await frames(socket) == [{"type": "end", "state": "completed"}]


async def test_a_turn_that_is_compacted_while_it_is_read_goes_on_with_its_snapshot(
    server: Server, log: TurnLog
) -> None:
    record = await running(log)
    async with server.socket(f"turns/{record.turn_id}/stream") as socket:
        for _ in range(4):
            await frame(socket)
        await record.append([text("x")])
        await record.append(ending("x"))
        await log.compact(record.turn_id)
        found = await frames(socket)
    assert found[-1] == {"type": "end", "state": "completed"}
    taken = [item for item in found if item["type"] == "snapshot"]
    events = [item["event"]["seq"] for item in found if item["type"] == "event"]
    assert taken == [] or taken[-1]["transcript"] == record.transcript.data
    assert events == list(range(5, 5 + len(events)))


async def test_many_events_come_as_a_snapshot_first_and_live_ones_after_it(
    server: Server, log: TurnLog
) -> None:
    record = await running(log)
    await record.append([text("x")] * 2500)
    async with server.socket(f"turns/{record.turn_id}/stream") as socket:
        snapshot = await frame(socket)
        assert (snapshot["type"], snapshot["seq"]) == ("snapshot", record.transcript.seq)
        assert snapshot["transcript"] == record.transcript.data
        [event] = await record.append([text("y")])
        assert await frame(socket) == {"type": "event", "event": event}
        await record.append(ending("z"))
        assert (await frames(socket))[-1] == {"type": "end", "state": "completed"}


async def test_a_live_turn_far_ahead_of_a_reader_comes_back_as_exact_rows(
    server: Server, log: TurnLog
) -> None:
    record = await running(log)
    await record.append([text("x")] * 2500)
    await record.append(ending("z"))
    record = await running(log)
    await record.append([text("x")] * 2500)
    async with server.socket(f"turns/{record.turn_id}/stream?after=4") as socket:
        found = [(await frame(socket))["event"]["seq"] for _ in range(2500)]
        assert found == list(range(5, 2505))
    await record.append(ending("z"))


async def test_a_slow_reader_holds_up_neither_the_turn_nor_others(
    server: Server, log: TurnLog
) -> None:
    record = await running(log)
    big = "x" * 200_000
    path = f"turns/{record.turn_id}/stream?after=4"
    async with (
        server.socket(path, max_queue=1) as slow,
        server.socket(path) as quick,
    ):
        await record.append([text("first")])
        assert (await frame(slow))["event"]["text"] == "first"
        assert (await frame(quick))["event"]["text"] == "first"
        # `slow` reads nothing now: its socket fills, then what waits for it.
        for number in range(100):
            await record.append([text(f"{number}"), text(big)])
            assert (await frame(quick))["event"]["text"] == f"{number}"
            assert (await frame(quick))["event"]["text"] == big
        await record.append(ending("z"))
        assert (await frames(quick))[-1]["type"] == "end"
        found = await frames(slow)
    assert [item["event"]["seq"] for item in found[:-1]] == list(
        range(6, record.transcript.seq + 1)
    )


async def test_heartbeats_come_when_nothing_happens(server: Server, log: TurnLog) -> None:
    record = await running(log)
    async with server.socket(f"turns/{record.turn_id}/stream?after=4") as socket:
        async with asyncio.timeout(SECONDS):
            for _ in range(2):
                assert await socket.recv() == '{"type":"heartbeat"}'
        await record.append(ending("z"))
        await frames(socket)


async def test_an_unknown_turn_is_refused_before_the_upgrade(server: Server) -> None:
    with pytest.raises(InvalidStatus) as caught:
        async with server.socket(f"turns/{new_turn_id()}/stream"):
            pass
    assert caught.value.response.status_code == 404
    assert b'"kind": "NotFound"' in caught.value.response.body


@pytest.mark.parametrize("after", ["-1", "x", "9" * 30])
async def test_a_bad_position_is_refused_before_the_upgrade(
    server: Server, log: TurnLog, after: str
) -> None:
    record = await ended(log)
    with pytest.raises(InvalidStatus) as caught:
        async with server.socket(f"turns/{record.turn_id}/stream?after={after}"):
            pass
    assert caught.value.response.status_code == 400
    assert b"`after`" in caught.value.response.body


async def test_another_origin_is_refused(server: Server, log: TurnLog) -> None:
    record = await ended(log)
    # What a browser has: a cookie. (With a token in a header no browser can be misled.)
    cookie = {"Cookie": server.cookie()}
    for path in (f"turns/{record.turn_id}/stream", "feed"):
        async with server.socket(path, token=None, headers=cookie) as socket:
            await frame(socket)
        with pytest.raises(InvalidStatus) as caught:
            async with server.socket(
                path, token=None, headers=cookie, origin="http://elsewhere.example"
            ):
                pass
        assert caught.value.response.status_code == 403


async def test_a_turn_that_is_deleted_while_nobody_writes_ends_its_readers(
    server: Server, log: TurnLog
) -> None:
    record = await ended(log)
    await delete_turns(log, [record.turn_id])
    with pytest.raises(InvalidStatus):
        async with server.socket(f"turns/{record.turn_id}/stream"):
            pass
