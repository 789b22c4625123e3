"""Owners, their deaths, and who ends their turns."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from codex_kernel.ids import new_turn_id
from codex_kernel.settings import LogSettings
from codex_kernel.turn.approvals import Approval, approval_requested
from codex_kernel.turn_log import commands, leases, owners
from codex_kernel.turn_log.log import TurnLog
from codex_kernel.turn_log.owners import owner_is_dead, process_started, this_process

from .process import other
from .turns import SESSION, begin, ended, running, text


async def test_turn_of_a_killed_owner_ends_as_lost(settings: LogSettings, log: TurnLog) -> None:
    async with other(settings.folder) as owner:
        turn_id = await owner.do("run")
        assert await leases.recover(log) == []
        await owner.kill()
    assert await leases.recover(log) == [turn_id]
    assert await leases.recover(log) == []
    transcript = await log.transcript(turn_id)
    assert transcript is not None
    assert transcript.state == "lost"
    assert [item["status"] for item in transcript.data["items"]] == ["lost"]
    assert transcript.data["error"]["kind"] == "lost"
    assert transcript.data["error"]["next_step"]
    row = await log.turn(turn_id)
    assert row is not None
    assert (row.state, row.seq, row.epoch) == ("lost", transcript.seq, 2)
    assert row.finished_at is not None


async def test_processes_that_recover_at_once_end_each_turn_once(settings: LogSettings) -> None:
    async with AsyncExitStack() as stack:
        owner = await stack.enter_async_context(other(settings.folder))
        turns = [await owner.do("run") for _ in range(8)]
        recoverers = [await stack.enter_async_context(other(settings.folder)) for _ in range(2)]
        await owner.kill()
        answers = await asyncio.gather(*(process.do("recover") for process in recoverers))
    assert sorted(answers[0] + answers[1]) == sorted(turns)
    async with TurnLog.open(settings) as log:
        for turn_id in turns:
            events = await log.events(turn_id)
            assert [event["type"] for event in events].count("turn.ended") == 1
            assert [event["seq"] for event in events] == list(range(1, len(events) + 1))


async def test_suspended_owner_that_was_given_up_stops(settings: LogSettings, log: TurnLog) -> None:
    async with other(settings.folder) as owner:
        turn_id = await owner.do("run")
        owner.signal(signal.SIGSTOP)
        assert await leases.recover(log) == []
        assert not await leases.mark_lost(log, turn_id, "ada")
        # As it looks from another machine that shares the folder.
        await log.database.write("UPDATE owners SET boot_id = 'another'")
        assert await leases.recover(log) == []
        assert await leases.mark_lost(log, turn_id, "ada")
        assert not await leases.mark_lost(log, turn_id, "ada")
        owner.signal(signal.SIGCONT)
        assert await owner.do("text") == "OwnershipLost"
    events = await log.events(turn_id)
    assert events[-1]["state"] == "lost"
    assert "ada" in events[-1]["error"]["message"]


async def test_log_that_was_closed_leaves_no_live_turn(settings: LogSettings) -> None:
    async with TurnLog.open(settings) as log:
        record = await running(log)
    async with TurnLog.open(settings) as log:
        assert await leases.recover(log) == [record.turn_id]
        rows = await log.database.rows("SELECT owner FROM owners")
        assert [row["owner"] for row in rows] == [log.owner.owner]


async def test_recovery_closes_questions_and_answers_commands(settings: LogSettings) -> None:
    async with TurnLog.open(settings) as log:
        record = await running(log)
        await record.append([approval_requested(_approval(record.turn_id))])
        waiting = await commands.ask(log, "turn", record.turn_id, "steer", {}, "ada")
        [claimed] = await commands.claim(log, [("turn", record.turn_id)])
        late = await commands.ask(log, "approval", f"{record.turn_id}.1", "decide", {}, "ada")
    async with TurnLog.open(settings) as log:
        assert claimed.command_id == waiting
        await leases.recover(log)
        transcript = await log.transcript(record.turn_id)
        assert transcript is not None
        assert transcript.open_questions() == []
        assert transcript.data["approvals"][0]["outcome"] == "closed"
        for command_id in (waiting, late):
            answer = await commands.outcome(log, command_id)
            assert answer is not None
            assert "error" in answer


async def test_damaged_record_does_not_keep_others_from_recovery(settings: LogSettings) -> None:
    async with TurnLog.open(settings) as log:
        damaged, healthy = await running(log), await running(log)
        await log.database.write(
            "UPDATE events SET body = '{' WHERE turn_id = ? AND seq = 3", (damaged.turn_id,)
        )
    async with TurnLog.open(settings) as log:
        recovered = await leases.recover(log)
        assert sorted(recovered) == sorted([damaged.turn_id, healthy.turn_id])
        rows = await log.turns(state="live")
        assert rows == []


@pytest.fixture
def orphan() -> Iterator[subprocess.Popen[bytes]]:
    """A process that ends when its stdin does."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield process


async def test_app_servers_of_a_dead_owner_are_named_until_forgotten(
    settings: LogSettings, orphan: subprocess.Popen[bytes]
) -> None:
    started = process_started(orphan.pid)
    async with TurnLog.open(settings) as log:
        await log.remember_app_server(orphan.pid, started, ["thread-1"])
        await log.remember_app_server(orphan.pid, started, ["thread-1", "thread-2"])
        assert await leases.left_behind(log) == []
    async with TurnLog.open(settings) as log:
        for _ in range(2):
            [found] = await leases.left_behind(log)
            assert (found.pid, found.started, found.is_alive) == (orphan.pid, started, True)
            assert found.thread_ids == ["thread-1", "thread-2"]
        orphan.communicate(b"\n")
        [found] = await leases.left_behind(log)
        assert not found.is_alive
        await leases.forget(log, found)
        assert await leases.left_behind(log) == []


async def test_app_server_that_ended_in_order_is_forgotten(settings: LogSettings) -> None:
    async with TurnLog.open(settings) as log:
        await log.remember_app_server(1, 1, [])
        await log.remember_app_server(2, 2, [])
        await log.forget_app_server(1)
        rows = await log.database.rows("SELECT pid FROM app_servers")
        assert [row["pid"] for row in rows] == [2]
        await log.forget_app_server()
    async with TurnLog.open(settings) as log:
        assert await leases.left_behind(log) == []


async def test_owner_of_a_turn_is_this_process(log: TurnLog) -> None:
    record = await begin(log)
    owner = await leases.owner_of(log, record.turn_id)
    assert owner == log.owner
    assert await leases.owner_of(log, new_turn_id()) is None


async def test_ended_turn_cannot_be_marked_as_lost(settings: LogSettings) -> None:
    async with TurnLog.open(settings) as log:
        record = await ended(log)
    async with TurnLog.open(settings) as log:
        assert not await leases.mark_lost(log, record.turn_id, "ada")
        assert not await leases.mark_lost(log, new_turn_id(), "ada")


def test_this_process_lives() -> None:
    assert owner_is_dead(this_process("kernel")) is False


@pytest.mark.skipif(sys.platform != "linux", reason="start times come from /proc")
def test_successor_with_the_same_pid_is_not_the_owner() -> None:
    owner = this_process("kernel")
    assert owner.started is not None
    assert owner_is_dead(replace(owner, started=owner.started - 1)) is True


@pytest.mark.parametrize("elsewhere", [{"boot_id": "other"}, {"pid_namespace": "pid:[1]"}])
def test_owner_elsewhere_cannot_be_proven_dead(elsewhere: dict[str, str]) -> None:
    assert owner_is_dead(replace(this_process("kernel"), **elsewhere)) is None
    closed = replace(this_process("kernel"), is_closed=True, **elsewhere)
    assert owner_is_dead(closed) is True


def test_process_that_ended_but_was_not_reaped_is_dead(orphan: subprocess.Popen[bytes]) -> None:
    owner = replace(this_process("kernel"), pid=orphan.pid, started=process_started(orphan.pid))
    assert owner_is_dead(owner) is False
    assert orphan.stdin is not None
    orphan.stdin.close()
    os.waitid(os.P_PID, orphan.pid, os.WEXITED | os.WNOWAIT)
    assert owner_is_dead(owner) is True
    orphan.wait()
    assert owner_is_dead(owner) is True


def test_without_proc_only_absence_proves_death(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, orphan: subprocess.Popen[bytes]
) -> None:
    monkeypatch.setattr(owners, "PROC", tmp_path)
    owner = replace(this_process("kernel"), pid=orphan.pid)
    assert (owner.started, owner.pid_namespace) == (None, None)
    assert owner_is_dead(owner) is None
    orphan.communicate(b"\n")
    assert owner_is_dead(owner) is True


def _approval(turn_id: str) -> Approval:
    return {
        "id": f"{turn_id}.1",
        "kind": "command",
        "item_id": None,
        "reason": None,
        "choices": ["once", "decline"],
    }


async def test_text_of_a_lost_turn_is_kept(settings: LogSettings) -> None:
    async with TurnLog.open(settings) as log:
        record = await running(log)
        await record.append([text("half of the ans")])
    async with TurnLog.open(settings) as log:
        await leases.recover(log)
        transcript = await log.transcript(record.turn_id)
        assert transcript is not None
        assert transcript.answer() == "half of the ans"


async def test_session_is_held_by_who_runs_it_or_has_it_open_until_he_is_dead(
    settings: LogSettings, log: TurnLog
) -> None:
    assert not await leases.is_held(log, SESSION)
    async with other(settings.folder) as owner:
        await owner.do("run")
        assert await leases.is_held(log, SESSION)
        await owner.kill()
    assert not await leases.is_held(log, SESSION)
    await log.remember_app_server(os.getpid(), None, ["another", "opened"])
    assert await leases.is_held(log, "opened")
    await log.forget_app_server()
    assert not await leases.is_held(log, "opened")


async def test_what_a_dead_owner_had_taken_up_is_answered_and_its_row_goes(
    settings: LogSettings, log: TurnLog
) -> None:
    async with other(settings.folder) as owner:
        await owner.do("run")
        [dead] = await log.database.rows(
            "SELECT owner FROM owners WHERE owner <> ?", (log.owner.owner,)
        )
        asked = await commands.ask(log, "session", SESSION, "rename", {}, "ada")
        await log.database.write("UPDATE commands SET claimed_by = ?", (dead["owner"],))
        await leases.recover(log)
        assert await commands.outcome(log, asked) is None
        await owner.kill()
    waiting = await commands.ask(log, "session", SESSION, "archive", {}, "ada")
    await leases.recover(log)
    outcome = await commands.outcome(log, asked)
    assert outcome is not None
    assert "may have been done in part" in outcome["error"]
    assert await commands.outcome(log, waiting) is None
    assert [row["owner"] for row in await log.database.rows("SELECT owner FROM owners")] == [
        log.owner.owner
    ]
