"""Processes that die under a turn, restarts, and which session a notebook goes on with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from codex_kernel.scripted_model import ScriptedModel

from .place import SECONDS, Kernel, Place, kernel_in, processes_of, wait_until
from .record import end_of, events
from .script import cell, say
from .situations import PROMPTS, app_servers, begin, wait_for_no_orphan

pytestmark = pytest.mark.parametrize("situation", PROMPTS)


@pytest.fixture
def environ(codex_bin: Path, situation: str) -> dict[str, str]:
    """Without a sandbox a command outlives a killed app-server: that is the hard case."""
    sandbox = "danger-full-access" if situation == "command" else "workspace-write"
    return {"CODEX_BIN": str(codex_bin), "CODEX_KERNEL_SANDBOX": sandbox}


@pytest.fixture
def kernel(place: Place, model: ScriptedModel, environ: dict[str, str]) -> Iterator[Kernel]:
    with kernel_in(place, **environ) as kernel:
        yield kernel


def assert_goes_on(kernel: Kernel, session_id: str) -> None:
    result = kernel.run(cell(say("Back again.")))
    assert result.status == "ok"
    assert result.data["text/plain"] == "Back again."
    assert result.bundle["session_id"] == session_id


def test_a_killed_codex_fails_the_turn_and_the_next_cell_goes_on(
    kernel: Kernel, place: Place, situation: str
):
    request, shown = begin(kernel, situation)
    [codex] = app_servers(kernel)
    codex.kill()
    result = kernel.finish(request)
    assert result.reply["ename"] == "TurnFailed"
    assert "Try again" in result.reply["evalue"]
    assert result.bundle["state"] == "failed"
    assert result.bundle["error"]["kind"] == "app_server_gone"
    assert not [i for i in result.bundle["items"] if i.get("status") in ("running", "waiting")]
    assert end_of(place, shown["turn_id"])["state"] == "failed"
    wait_for_no_orphan(place)
    assert_goes_on(kernel, shown["session_id"])


def test_a_killed_kernel_leaves_no_process_and_its_turn_is_lost_once(
    place: Place, model: ScriptedModel, environ: dict[str, str], situation: str
):
    with kernel_in(place, **environ) as first:
        _, shown = begin(first, situation)
        psutil.Process(first.pid).kill()
        wait_until(lambda: not first.manager.is_alive())
        wait_until(lambda: not processes_of(place), seconds=10)
    assert events(place, shown["turn_id"])[-1]["type"] != "turn.ended"
    for _ in range(2):
        with kernel_in(place, **environ) as kernel:
            assert_goes_on(kernel, shown["session_id"])
            end = end_of(place, shown["turn_id"])
            assert (end["state"], end["error"]["kind"]) == ("lost", "lost")
            assert end["error"]["next_step"]


def test_a_restart_interrupts_the_turn_and_resumes_the_session(
    kernel: Kernel, place: Place, situation: str
):
    _, shown = begin(kernel, situation)
    kernel.manager.restart_kernel(now=False)
    kernel.client.wait_for_ready(timeout=SECONDS)
    end = end_of(place, shown["turn_id"])
    assert end["state"] == "interrupted"
    assert end["error"]["next_step"]
    wait_for_no_orphan(place)
    assert_goes_on(kernel, shown["session_id"])
