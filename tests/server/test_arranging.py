"""Changing sessions and notebooks by REST, with and without a kernel that has them open."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from codex_kernel.app_server.client import AppServer, thread_params, turn_params
from codex_kernel.scripted_model import ScriptedModel
from codex_kernel.settings import AppServerSettings, SessionSettings

from ..end_to_end.place import Kernel, Place, kernel_in, wait_until
from ..end_to_end.script import cell, say
from .acting import Answer, app_servers, begun, call, end
from .running import Jupyter, ServerKernel


@pytest.fixture
def kernel(jupyter: Jupyter) -> Iterator[ServerKernel]:
    with jupyter.kernel() as kernel:
        yield kernel


def run(kernel: Kernel, text: str = "Hi.") -> dict[str, Any]:
    """The bundle of a turn."""
    return kernel.run(cell(say(text)), cell_id="a-cell", allow_stdin=True).bundle


def ended_session(jupyter: Jupyter) -> str:
    """A session of two turns whose kernel is gone."""
    with jupyter.kernel() as kernel:
        run(kernel, "One.")
        session_id = run(kernel, "Two.")["session_id"]
    jupyter.request("DELETE", f"api/sessions/{kernel.session_id}")
    return session_id


def finished(jupyter: Jupyter, answer: Answer) -> Any:
    """The outcome of a command, also of one that took longer than the answer waits."""
    assert answer.status in (200, 202), answer.json
    path = f"commands/{answer.json['command_id']}"
    wait_until(lambda: call(jupyter, "GET", path).status != 202)
    return call(jupyter, "GET", path).outcome


def test_a_session_without_a_kernel_is_renamed_archived_and_got_back(jupyter: Jupyter) -> None:
    session_id = ended_session(jupyter)
    path = f"sessions/{session_id}"
    answer = call(jupyter, "PATCH", path, {"title": " Sums  of  squares "})
    assert finished(jupyter, answer) == {"ok": True}
    assert jupyter.get(path)["title"] == "Sums of squares"
    assert finished(jupyter, call(jupyter, "PATCH", path, {"archived": True})) == {"ok": True}
    assert jupyter.get("sessions")["sessions"] == []
    [archived] = jupyter.get("sessions?archived=true")["sessions"]
    assert (archived["session_id"], archived["archived"]) == (session_id, True)
    body = {"path": "test.ipynb", "session_id": session_id}
    assert call(jupyter, "POST", "notebooks/bind", body).status == 409
    assert finished(jupyter, call(jupyter, "PATCH", path, {"archived": False})) == {"ok": True}
    assert call(jupyter, "POST", "notebooks/bind", body).status == 200
    with jupyter.kernel() as kernel:
        assert run(kernel)["session_id"] == session_id
    assert call(jupyter, "PATCH", path, {}).status == 200


def test_the_kernel_of_a_session_renames_it_and_begins_anew_when_it_is_archived(
    jupyter: Jupyter, kernel: ServerKernel, model: ScriptedModel
) -> None:
    request, _ = begun(kernel)
    [turn] = jupyter.get("turns")["turns"]
    path = f"sessions/{turn['session_id']}"
    assert call(jupyter, "PATCH", path, {"title": "Sums"}).status == 200
    busy = call(jupyter, "PATCH", path, {"archived": True})
    assert (busy.status, busy.json["kind"]) == (409, "SessionInUse")
    end(kernel, model, request)
    assert call(jupyter, "PATCH", path, {"archived": True}).status == 200
    bundle = run(kernel)
    assert bundle["session_id"] != turn["session_id"]
    assert "was archived by" in str(bundle["items"])
    # The server's own app-server was not needed: the kernel did it.
    assert len(app_servers(jupyter.place)) == 1


def test_what_is_asked_of_a_suspended_kernel_in_a_turn_waits_for_it(
    jupyter: Jupyter, kernel: ServerKernel, model: ScriptedModel
) -> None:
    request, _ = begun(kernel)
    [turn] = jupyter.get("turns")["turns"]
    path = f"sessions/{turn['session_id']}"
    os.kill(kernel.pid, signal.SIGSTOP)
    try:
        answer = call(jupyter, "DELETE", path)
        assert (answer.status, answer.json["done"]) == (202, False)
        assert call(jupyter, "GET", path).status == 200
        assert len(app_servers(jupyter.place)) == 1
    finally:
        os.kill(kernel.pid, signal.SIGCONT)
    # Then its owner answers, as it does while a turn runs.
    command = f"commands/{answer.json['command_id']}"
    wait_until(lambda: call(jupyter, "GET", command).status != 202)
    assert call(jupyter, "GET", command).json["kind"] == "SessionInUse"
    end(kernel, model, request)


def test_a_session_is_forked_from_any_turn_for_another_notebook(
    jupyter: Jupyter, kernel: ServerKernel, model: ScriptedModel
) -> None:
    first = run(kernel, "The first answer.")
    run(kernel, "The second answer.")
    jupyter.write("other.ipynb", "b-cell")
    body = {"turn_id": first["turn_id"], "notebook": "other.ipynb"}
    answer = call(jupyter, "POST", f"sessions/{first['session_id']}/fork", body)
    copy = finished(jupyter, answer)["session_id"]
    assert jupyter.get(f"sessions/{copy}")["forked_from"] == first["session_id"]
    with jupyter.kernel("other.ipynb") as other:
        assert run(other)["session_id"] == copy
        heard = str(model.requests[-1]["input"])
    assert "The first answer." in heard
    assert "The second answer." not in heard
    unknown = call(jupyter, "POST", f"sessions/{copy}/fork", {"turn_id": first["turn_id"]})
    assert unknown.status == 404


def test_a_session_without_a_kernel_is_forked_and_deleted(jupyter: Jupyter, place: Place) -> None:
    session_id = ended_session(jupyter)
    copy = finished(jupyter, call(jupyter, "POST", f"sessions/{session_id}/fork"))["session_id"]
    needed = call(jupyter, "DELETE", f"sessions/{session_id}?thread=true")
    assert (needed.status, needed.json["next_step"][:6]) == (409, "Delete")
    for gone in (copy, session_id):
        answer = call(jupyter, "DELETE", f"sessions/{gone}?thread=true")
        assert finished(jupyter, answer) == {"ok": True}
        assert call(jupyter, "GET", f"sessions/{gone}").status == 404
    assert jupyter.get("turns")["turns"] == []
    assert jupyter.get("threads?notebook=test.ipynb")["threads"] == []
    assert list(place.codex_home.glob("sessions/**/*.jsonl")) == []


def test_deleting_the_record_lets_the_kernel_begin_anew_and_codex_keep_its_own(
    jupyter: Jupyter, kernel: ServerKernel, model: ScriptedModel
) -> None:
    request, turn_id = begun(kernel)
    session_id = jupyter.get(f"turns/{turn_id}")["session_id"]
    assert call(jupyter, "DELETE", f"sessions/{session_id}").status == 409
    end(kernel, model, request)
    assert call(jupyter, "DELETE", f"sessions/{session_id}").status == 200
    assert jupyter.get("turns")["turns"] == []
    assert run(kernel)["session_id"] != session_id
    known = {each["session_id"]: each["known"] for each in threads(jupyter)}
    assert known[session_id] is False


def threads(jupyter: Jupyter) -> list[dict[str, Any]]:
    return jupyter.get("threads?notebook=test.ipynb")["threads"]


async def test_a_session_that_was_begun_elsewhere_is_adopted(
    jupyter: Jupyter, place: Place, model: ScriptedModel
) -> None:
    session_id = await begun_elsewhere(place)
    [thread] = threads(jupyter)
    assert (thread["session_id"], thread["known"]) == (session_id, False)
    assert "From the terminal" in thread["preview"]
    body = {"path": "test.ipynb", "session_id": session_id}
    assert call(jupyter, "POST", "notebooks/bind", body).json["session_id"] == session_id
    assert "From the terminal" in jupyter.get(f"sessions/{session_id}")["title"]
    with jupyter.kernel() as kernel:
        assert run(kernel)["session_id"] == session_id
    assert "From the terminal" in str(model.requests[-1]["input"])


async def begun_elsewhere(place: Place) -> str:
    """A session of one turn, by another client of Codex."""
    settings = SessionSettings(cwd=str(place.workspace))
    app_server = AppServerSettings(environ=place.environ())
    async with await AppServer.start(
        app_server, data_folder=place.data, client_version="0"
    ) as server:
        answer = await server.request("thread/start", thread_params(settings, app_server))
        thread_id = answer["thread"]["id"]
        channel = server.open_channel(thread_id)
        text = [{"type": "text", "text": cell(say("Hi."), prompt="From the terminal")}]
        await server.request("turn/start", turn_params(settings, thread_id, text, "c"))
        while not any(each["method"] == "turn/completed" for each in await channel.batch(0)):
            continue
        channel.close()
    return thread_id


def test_a_running_kernel_takes_up_what_its_notebook_was_bound_to(
    jupyter: Jupyter, kernel: ServerKernel
) -> None:
    first = run(kernel)["session_id"]
    kernel.run("/new", cell_id="a-cell")
    second = run(kernel)["session_id"]
    bind(jupyter, "test.ipynb", first)
    assert run(kernel)["session_id"] == first
    assert run(kernel)["session_id"] == first
    bind(jupyter, "test.ipynb", None)
    third = run(kernel)["session_id"]
    assert third not in (first, second)
    assert "session" not in jupyter.get("notebooks?path=test.ipynb")["settings"]


def test_who_changes_the_settings_of_a_notebook_is_in_the_audit(
    jupyter: Jupyter, kernel: ServerKernel
) -> None:
    run(kernel)
    asked = {"effort": "low", "sandbox": "read-only"}
    assert call(jupyter, "PATCH", "notebooks?path=test.ipynb", asked).status == 200
    turn = run(kernel)
    entries = jupyter.get(f"sessions/{turn['session_id']}/audit")["entries"]
    [changed] = [entry for entry in entries if entry["who"] and "settings" in entry["kind"]]
    assert changed["turn_id"] == turn["turn_id"]
    assert changed["what"] == "effort: low; sandbox: read-only"
    assert changed["client"] == "HTTP"
    assert changed["who"]


def bind(jupyter: Jupyter, path: str, session_id: str | None) -> None:
    body = {"path": path, "session_id": session_id}
    answer = call(jupyter, "POST", "notebooks/bind", body)
    assert (answer.status, answer.json["session_id"]) == (200, session_id)


def test_a_session_that_another_kernel_has_left_can_be_taken_up(
    jupyter: Jupyter, kernel: ServerKernel
) -> None:
    left = run(kernel)["session_id"]
    kernel.run("/new", cell_id="a-cell")
    run(kernel)
    jupyter.write("other.ipynb", "b-cell")
    bind(jupyter, "other.ipynb", left)
    with jupyter.kernel("other.ipynb") as other:
        assert run(other)["session_id"] == left


def test_a_session_is_taken_over_from_the_notebook_that_has_it(
    jupyter: Jupyter, kernel: ServerKernel, model: ScriptedModel
) -> None:
    request, turn_id = begun(kernel)
    session_id = jupyter.get(f"turns/{turn_id}")["session_id"]
    jupyter.write("other.ipynb", "b-cell")
    body = {"path": "other.ipynb", "session_id": session_id, "take_over": True}
    assert call(jupyter, "POST", "notebooks/bind", body).json["kind"] == "SessionInUse"
    end(kernel, model, request)
    assert call(jupyter, "POST", "notebooks/bind", body).status == 200
    with jupyter.kernel("other.ipynb") as other:
        assert run(other)["session_id"] == session_id
    bundle = run(kernel)
    assert bundle["session_id"] != session_id
    assert "was given up by" in str(bundle["items"])


def test_what_a_notebook_asks_for_holds_from_the_next_turn_and_outlives_the_kernel(
    jupyter: Jupyter, kernel: ServerKernel, model: ScriptedModel, place: Place
) -> None:
    run(kernel)
    (place.workspace / "inner").mkdir()
    wishes = {
        "model": "gpt-5.6-sol",
        "effort": "high",
        "sandbox": "read-only",
        "approval_policy": "never",
        "cwd": "inner",
    }
    path = "notebooks?path=test.ipynb"
    assert call(jupyter, "PATCH", path, wishes).json["settings"] == wishes
    codex = run(kernel)["codex"]
    assert [codex[name] for name in ("model", "effort", "sandbox", "approval_policy")] == [
        "gpt-5.6-sol",
        "high",
        "read-only",
        "never",
    ]
    kernel.run("/effort low", cell_id="a-cell")
    assert call(jupyter, "PATCH", path, {"sandbox": None}).json["settings"]["effort"] == "low"
    kernel.restart()
    bundle = run(kernel)
    assert bundle["codex"]["effort"] == "low"
    assert bundle["codex"]["sandbox"] == "workspace-write"
    assert model.requests[-1]["model"] == "gpt-5.6-sol"
    assert str(place.workspace / "inner") in str(model.requests[-1]["input"])


def test_variables_are_asked_for_by_name_and_come_from_the_kernel(
    jupyter: Jupyter, place: Place, model: ScriptedModel
) -> None:
    with kernel_in(place, MY_VARIABLE="of the kernel") as kernel:
        run(kernel)
        path = "notebooks?path=test.ipynb"
        assert call(jupyter, "PATCH", path, {"env": ["MY_VARIABLE", "NOWHERE"]}).status == 200
        script = cell(["run", "echo $MY_VARIABLE."], say("Ok."))
        result = kernel.run(script, cell_id="a-cell", allow_stdin=True)
        assert result.items("command")[0]["output"] == "of the kernel.\n"
        assert "NOWHERE" in str(result.items("warning"))
        assert call(jupyter, "PATCH", path, {"env": ["A=B"]}).status == 400
    assert b"of the kernel" not in (place.data / "turns.sqlite").read_bytes()


def test_commands_in_the_background_are_listed_and_stopped(
    jupyter: Jupyter, kernel: ServerKernel
) -> None:
    script = cell(["run", "sleep 60", {"yield_ms": 250}], say("Started."))
    session_id = kernel.run(script, cell_id="a-cell", allow_stdin=True).bundle["session_id"]
    path = f"sessions/{session_id}/background"
    [command] = jupyter.get(path)["commands"]
    assert "sleep 60" in command["command"]
    assert command["is_running"]
    stopped = call(jupyter, "POST", f"{path}/stop", {"process_id": command["process_id"]})
    assert stopped.outcome == {"ok": True, "stopped": 1}
    wait_until(lambda: not any(c["is_running"] for c in jupyter.get(path)["commands"]))
    kernel.shut_down()
    assert jupyter.get(path)["commands"] == []


def test_what_a_notebook_works_with_is_told_with_the_users_own(
    jupyter: Jupyter, kernel: ServerKernel
) -> None:
    path = "notebooks?path=test.ipynb"
    before = jupyter.get(path)
    assert before["last_turn"] is None
    assert before["defaults"]["sandbox"] == "workspace-write"
    call(jupyter, "PATCH", path, {"sandbox": "read-only", "effort": "high"})
    turn_id = run(kernel)["turn_id"]
    call(jupyter, "PATCH", path, {"sandbox": "workspace-write"})
    after = jupyter.get(path)
    assert after["settings"]["sandbox"] == "workspace-write"
    last = after["last_turn"]
    assert (last["turn_id"], last["state"]) == (turn_id, "completed")
    assert (last["settings"]["sandbox"], last["settings"]["effort"]) == ("read-only", "high")
    assert last["usage"]["context_window"] > 0


def test_every_setting_of_a_session_is_shown_with_and_without_its_kernel(
    jupyter: Jupyter, kernel: ServerKernel
) -> None:
    session_id = run(kernel)["session_id"]
    kernel.run("/env SECRET_NAME=secret-value", cell_id="a-cell")
    path = f"sessions/{session_id}/settings"
    outcome = finished(jupyter, call(jupyter, "GET", path))
    assert "SECRET_NAME" in outcome["settings"]["env"]
    assert "secret-value" not in str(outcome)
    assert outcome["settings"]["cwd"] == str(jupyter.place.workspace)
    assert "Jupyter notebook" in outcome["settings"]["instructions"]
    [server] = outcome["mcp_servers"]
    assert (server["name"], server["state"]) == ("codex_kernel", "connected")
    assert "notebook_read" in server["tools"]
    kernel.shut_down()
    alone = finished(jupyter, call(jupyter, "GET", path))
    assert alone["settings"]["env"] == []
    assert alone["settings"]["sandbox"] == "workspace-write"


def test_the_file_of_a_notebook_asks_for_settings_but_not_for_more_than_the_users_own(
    jupyter: Jupyter, kernel: ServerKernel
) -> None:
    file = jupyter.place.workspace / "test.ipynb"
    document = json.loads(file.read_text())
    document["metadata"]["codex"] = {"sandbox": "danger-full-access", "effort": "high"}
    file.write_text(json.dumps(document))
    bundle = run(kernel)
    assert (bundle["codex"]["sandbox"], bundle["codex"]["effort"]) == ("workspace-write", "high")
    assert "wider than yours" in str(bundle["items"])
    call(jupyter, "PATCH", "notebooks?path=test.ipynb", {"sandbox": "danger-full-access"})
    bundle = run(kernel)
    assert bundle["codex"]["sandbox"] == "danger-full-access"
    assert "wider than yours" not in str(bundle["items"])
