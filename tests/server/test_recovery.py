"""Processes that are killed under a turn on a real Jupyter server, at three kinds of moment.

What was shown is in the record, the turn has one end, the session goes on, no process is left.
`CODEX_KERNEL_ROUNDS` says how often each is done (2; a long run: 20).
"""

from __future__ import annotations

import os
from typing import Any

import psutil
import pytest

from codex_kernel.scripted_model import ScriptedModel

from ..end_to_end.place import Place, processes_of, wait_until
from ..end_to_end.record import end_of, rows
from ..end_to_end.script import cell, say
from ..end_to_end.situations import PROMPTS, app_servers, begin, wait_for_no_orphan
from .running import Jupyter, ServerKernel, jupyter_in

ROUNDS = range(int(os.environ.get("CODEX_KERNEL_ROUNDS", "2")))

pytestmark = [
    pytest.mark.parametrize("situation", PROMPTS),
    pytest.mark.usefixtures("model"),
    pytest.mark.timeout(60 + 60 * len(ROUNDS)),
]


@pytest.fixture
def environ(situation: str) -> dict[str, str]:
    """Without a sandbox a command outlives a killed app-server: that is the hard case."""
    sandbox = "danger-full-access" if situation == "command" else "workspace-write"
    return {"CODEX_KERNEL_SANDBOX": sandbox}


def assert_kept(jupyter: Jupyter, shown: dict[str, Any]) -> None:
    """Everything that the cell showed is in the record, its items in the same order."""
    transcript = jupyter.get(f"turns/{shown['turn_id']}")["transcript"]
    recorded = {item["id"]: item for item in transcript["items"]}
    assert shown["seq"] < transcript["seq"]
    seen = [item["id"] for item in shown["items"] if item["type"] in ("message", "command")]
    assert seen == [item_id for item_id in recorded if item_id in seen]
    for item in shown["items"]:
        if item["type"] == "message":
            assert recorded[item["id"]]["text"].startswith(item["text"])
    assert not [i for i in transcript["items"] if i.get("status") in ("running", "waiting")]
    assert not [a for a in transcript["approvals"] if a["outcome"] is None]


def assert_lost(jupyter: Jupyter, turn_id: str) -> None:
    """The server ends the turn, once, and offers to go on."""
    wait_until(lambda: jupyter.get(f"turns/{turn_id}")["state"] == "lost")
    end = end_of(jupyter.place, turn_id)
    assert (end["state"], end["error"]["kind"]) == ("lost", "lost")
    assert "check what was already done" in end["error"]["continue_prompt"]
    assert jupyter.get("approvals?state=pending")["approvals"] == []
    [owner] = rows(
        jupyter.place,
        "SELECT kind FROM owners JOIN turns USING (owner) WHERE turn_id = ?",
        turn_id,
    )
    assert owner["kind"] in ("server", "kernel")


def assert_goes_on(kernel: ServerKernel, session_id: str) -> None:
    result = kernel.run(cell(say("Back again.")), cell_id="a-cell")
    assert result.status == "ok", result.reply
    assert result.data["text/plain"] == "Back again."
    assert result.bundle["session_id"] == session_id


def test_a_killed_kernel(place: Place, environ: dict[str, str], situation: str):
    with jupyter_in(place, **environ) as jupyter:
        for number in ROUNDS:
            jupyter.write(f"{number}.ipynb")
            with jupyter.kernel(f"{number}.ipynb") as kernel:
                _, shown = begin(kernel, situation)
                old = psutil.Process(kernel.pid)
                [codex] = app_servers(kernel)
                old.kill()
                assert_lost(jupyter, shown["turn_id"])
                assert_kept(jupyter, shown)
                wait_until(lambda codex=codex: not codex.is_running(), seconds=10)
                wait_for_no_orphan(place)
                wait_until(lambda k=kernel, old=old: _runs_again(k, old))
                kernel.wait_for_ready()
                assert_goes_on(kernel, shown["session_id"])
                kernel.shut_down()
            assert not jupyter.kernel_processes()
            end_of(place, shown["turn_id"])


def _runs_again(kernel: ServerKernel, old: psutil.Process) -> bool:
    """Jupyter has restarted the kernel by itself."""
    found = kernel.jupyter.kernel_processes(kernel.kernel_id)
    return [process.pid for process in found] not in ([], [old.pid])


def test_a_killed_app_server(place: Place, environ: dict[str, str], situation: str):
    with jupyter_in(place, **environ) as jupyter:
        for number in ROUNDS:
            jupyter.write(f"{number}.ipynb")
            with jupyter.kernel(f"{number}.ipynb") as kernel:
                request, shown = begin(kernel, situation)
                [codex] = app_servers(kernel)
                codex.kill()
                result = kernel.finish(request)
                assert result.reply["ename"] == "TurnFailed"
                assert end_of(place, shown["turn_id"])["state"] == "failed"
                assert_kept(jupyter, shown)
                wait_for_no_orphan(place)
                assert_goes_on(kernel, shown["session_id"])
                kernel.shut_down()
            assert not jupyter.kernel_processes()


def test_a_killed_server(
    place: Place, model: ScriptedModel, environ: dict[str, str], situation: str
):
    for number in ROUNDS:
        with jupyter_in(place, **environ) as first:
            first.write(f"{number}.ipynb")
            with first.kernel(f"{number}.ipynb") as kernel:
                _, shown = begin(kernel, situation)
                first.kill()
            wait_until(lambda: not processes_of(place), seconds=20)
        with jupyter_in(place, **environ) as second:
            assert_lost(second, shown["turn_id"])
            assert_kept(second, shown)
            with second.kernel(f"{number}.ipynb") as kernel:
                assert_goes_on(kernel, shown["session_id"])
            end_of(place, shown["turn_id"])
        assert not processes_of(place)
