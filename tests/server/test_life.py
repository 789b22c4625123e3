"""The life of a server around turns: cullers, restarts, a base URL, Notebook 7, telemetry."""

from __future__ import annotations

import json
from typing import Any
from urllib.request import urlopen

import psutil

from codex_kernel.scripted_model import ScriptedModel
from codex_kernel.server.telemetry import SCHEMA_ID

from ..end_to_end import notebook
from ..end_to_end.place import MIME, SECONDS, Place, wait_until
from ..end_to_end.record import end_of
from ..end_to_end.script import cell, say
from ..end_to_end.situations import ORPHAN, begin, has_orphan, shows, wait_for_no_orphan
from .running import Jupyter, ServerKernel, jupyter_in

HELD = cell([say("Half"), ["wait", "go on"], say(" a sentence.")])
CULLER = [
    f"--MappingKernelManager.{option}"
    for option in ("cull_idle_timeout=2", "cull_interval=1", "cull_busy=True")
]


def begin_held(kernel: ServerKernel) -> tuple[str, dict[str, Any]]:
    request = kernel.send(HELD, cell_id="a-cell", allow_stdin=True)
    return request, kernel.until(request, shows("Half"))[-1]["content"]["data"][MIME]


def is_there(jupyter: Jupyter, kernel: ServerKernel) -> bool:
    return kernel.kernel_id in [found["id"] for found in jupyter.request("GET", "api/kernels")]


def test_a_silent_turn_is_activity_and_its_kernel_is_culled_only_after_it(
    place: Place, model: ScriptedModel
):
    notebook.write(place.workspace / "test.ipynb", "a-cell")
    notebook.write(place.workspace / "idle.ipynb", "a-cell")
    with jupyter_in(place, *CULLER) as jupyter, jupyter.kernel() as kernel:
        request, _ = begin_held(kernel)
        status = jupyter.request("GET", "api/status")
        with jupyter.kernel("idle.ipynb") as idle:
            # This one falls silent later, and is culled although somebody could say "busy" counts.
            wait_until(lambda: not is_there(jupyter, idle))
        assert is_there(jupyter, kernel)
        wait_until(
            lambda: jupyter.request("GET", "api/status")["last_activity"] > status["last_activity"]
        )
        model.release("go on")
        assert kernel.finish(request).status == "ok"
        wait_until(lambda: not is_there(jupyter, kernel))


def test_a_server_that_is_stopped_under_a_turn_leaves_its_record_and_the_way_to_go_on(
    place: Place, model: ScriptedModel
):
    notebook.write(place.workspace / "test.ipynb", "a-cell")
    with jupyter_in(place) as first, first.kernel() as kernel:
        _, shown = begin(kernel, "text")
        first.stop()
    with jupyter_in(place) as second:
        wait_until(lambda: second.get(f"turns/{shown['turn_id']}")["finished_at"] is not None)
        turn = second.get(f"turns/{shown['turn_id']}")
        assert turn["state"] in ("interrupted", "lost")
        assert "check what was already done" in turn["error"]["continue_prompt"]
        assert "Half a sentence" in str(turn["transcript"]["items"])
        end_of(place, shown["turn_id"])
        with second.kernel() as kernel:
            result = kernel.run(turn["error"]["continue_prompt"], cell_id="a-cell")
            assert result.bundle["session_id"] == shown["session_id"]


def test_a_turn_that_codex_finished_after_its_kernel_had_stopped_is_completed(
    place: Place, model: ScriptedModel
):
    notebook.write(place.workspace / "test.ipynb", "a-cell")
    with jupyter_in(place) as jupyter, jupyter.kernel() as kernel:
        _, shown = begin_held(kernel)
        process = psutil.Process(kernel.pid)
        process.suspend()
        model.release("go on")
        wait_until(lambda: codex_is_done(place))
        process.kill()
        path = f"turns/{shown['turn_id']}"
        wait_until(lambda: jupyter.get(path)["state"] in ("completed", "lost"))
        turn = jupyter.get(path)
        assert turn["state"] == "completed"
        said = [item["text"] for item in turn["transcript"]["items"] if item["type"] == "message"]
        assert said == ["Half", " a sentence."]
        assert end_of(place, shown["turn_id"])["state"] == "completed"


def test_a_command_in_a_session_of_its_own_is_ended_soon_after_its_kernel_was_killed(
    place: Place, model: ScriptedModel
):
    notebook.write(place.workspace / "test.ipynb", "a-cell")
    script = cell(["run", f"setsid --wait {ORPHAN}", {"yield_time_ms": 30_000}], say("no"))
    with (
        jupyter_in(place, CODEX_KERNEL_SANDBOX="danger-full-access") as jupyter,
        jupyter.kernel() as kernel,
    ):
        kernel.send(script, cell_id="a-cell", allow_stdin=True)
        wait_until(lambda: has_orphan(place))
        psutil.Process(kernel.pid).kill()
        wait_for_no_orphan(place)


def codex_is_done(place: Place) -> bool:
    """Whether Codex's own record says that a turn has ended."""
    files = place.codex_home.glob("sessions/**/*.jsonl")
    return any('"task_complete"' in file.read_text(encoding="utf-8") for file in files)


def test_below_a_base_url(place: Place, model: ScriptedModel):
    notebook.write(place.workspace / "test.ipynb", "a-cell")
    with jupyter_in(place, "--ServerApp.base_url=/user/ada/") as jupyter:
        assert jupyter.url.endswith("/user/ada/")
        with jupyter.kernel() as kernel:
            bundle = kernel.run(cell(say("Yes.")), cell_id="a-cell").bundle
        [turn] = jupyter.get("turns?notebook=test.ipynb")["turns"]
        assert (turn["turn_id"], turn["path"]) == (bundle["turn_id"], "test.ipynb")


def test_in_notebook_7(place: Place, model: ScriptedModel):
    notebook.write(place.workspace / "test.ipynb", "a-cell")
    with jupyter_in(place, module="notebook") as jupyter:
        for path in ("tree", "notebooks/test.ipynb"):
            with urlopen(f"{jupyter.url}{path}", timeout=SECONDS) as answer:
                assert answer.status == 200
                assert "Jupyter Notebook" in answer.read().decode()
        assert jupyter.get("health")["log"]["is_recorded"]


def test_who_listens_hears_of_turns_and_nothing_of_what_is_in_them(
    place: Place, model: ScriptedModel
):
    notebook.write(place.workspace / "test.ipynb", "a-cell")
    heard = place.root / "events.log"
    (place.root / "jupyter-config").mkdir()
    (place.root / "jupyter-config" / "jupyter_server_config.py").write_text(
        f"import logging\nc.EventLogger.handlers = [logging.FileHandler({str(heard)!r})]\n"
    )
    with jupyter_in(place) as jupyter, jupyter.kernel() as kernel:
        request, shown = begin_held(kernel)
        wait_until(lambda: [e["action"] for e in ours(heard)] == ["started"])
        model.release("go on")
        assert kernel.finish(request).status == "ok"
        wait_until(lambda: len(ours(heard)) == 2)
    started, ended = ours(heard)
    for event in (started, ended):
        assert event["turn_id"] == shown["turn_id"]
        assert event["session_id"] == shown["session_id"]
        assert "Half" not in str(event)
        assert "test.ipynb" not in str(event)
    assert (ended["action"], ended["state"], ended["client"]) == ("ended", "completed", "kernel")
    assert ended["duration_seconds"] >= 0


def ours(file: Any) -> list[dict[str, Any]]:
    """The events of turns that a handler wrote down so far."""
    lines = file.read_text().splitlines() if file.exists() else []
    return [event for line in lines if (event := json.loads(line))["__schema__"] == SCHEMA_ID]
