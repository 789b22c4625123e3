"""A kernel that was suspended while somebody ended its turn: it stops, and shows that outcome."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
from contextlib import closing

import psutil
import pytest

from codex_kernel.settings import LogSettings
from codex_kernel.turn_log import leases
from codex_kernel.turn_log.log import TurnLog

from .place import Kernel, Place, wait_until
from .record import end_of, events
from .script import cell, say
from .situations import PROMPTS, begin, wait_for_no_orphan


def move_away(place: Place) -> None:
    """As if the kernel ran in another container: nobody here can tell whether it lives."""
    with closing(sqlite3.connect(place.data / "turns.sqlite", timeout=10)) as connection:
        connection.execute("UPDATE owners SET boot_id = 'another machine' WHERE kind = 'kernel'")
        connection.commit()


def mark_lost(place: Place, turn_id: str) -> bool:
    """What a user does about a turn that cannot be reached."""

    async def work() -> bool:
        async with TurnLog.open(LogSettings(folder=place.data), "test") as log:
            return await leases.mark_lost(log, turn_id, "ada")  # type: ignore[arg-type]  # as given

    return asyncio.run(work())


@pytest.mark.parametrize("situation", PROMPTS)
def test_a_suspended_kernel_whose_turn_was_ended_stops_it_and_shows_the_outcome(
    kernel: Kernel, place: Place, situation: str
):
    request, shown = begin(kernel, situation)
    process = psutil.Process(kernel.pid)
    process.send_signal(signal.SIGSTOP)
    wait_until(lambda: process.status() == psutil.STATUS_STOPPED)
    assert not mark_lost(place, shown["turn_id"]), "its owner lives and can be reached"
    move_away(place)
    assert mark_lost(place, shown["turn_id"])
    process.send_signal(signal.SIGCONT)
    result = kernel.finish(request)
    assert result.reply["ename"] == "TurnLost"
    assert "ada" in result.reply["evalue"]
    assert (result.bundle["state"], result.bundle["final"]) == ("lost", True)
    assert not [i for i in result.bundle["items"] if i.get("status") in ("running", "waiting")]
    wait_for_no_orphan(place)
    following = kernel.run(cell(say("Back again.")))
    assert following.status == "ok"
    assert following.bundle["session_id"] == shown["session_id"]
    assert end_of(place, shown["turn_id"])["error"]["message"] == "Marked as lost by ada."
    assert events(place, shown["turn_id"])[-1]["type"] == "turn.ended"


def test_a_kernel_that_runs_on_stops_as_soon_as_its_turn_was_ended_elsewhere(
    kernel: Kernel, place: Place
):
    request, shown = begin(kernel, "text")
    move_away(place)
    assert mark_lost(place, shown["turn_id"])
    result = kernel.finish(request)
    assert result.reply["ename"] == "TurnLost"
    assert kernel.run(cell(say("Again."))).status == "ok"
