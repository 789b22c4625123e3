"""Acting on the turns of a live kernel by REST: its owner does it, and the answer says what."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from codex_kernel.ids import new_turn_id, stored_path
from codex_kernel.scripted_model import ScriptedModel
from codex_kernel.settings import LogSettings
from codex_kernel.turn_log import presence
from codex_kernel.turn_log.log import TurnLog

from ..end_to_end import notebook
from ..end_to_end.place import Place, wait_until
from ..end_to_end.script import cell, say
from ..end_to_end.test_approvals import ESCALATE
from ..end_to_end.test_interrupts import shows
from ..end_to_end.test_questions import QUESTIONS
from .acting import Answer, begun, call, end, started
from .running import Jupyter, ServerKernel, jupyter_in

UNKNOWN = str(new_turn_id())


@pytest.fixture
def kernel(jupyter: Jupyter) -> Iterator[ServerKernel]:
    with jupyter.kernel() as kernel:
        yield kernel


def test_a_turn_is_stopped_and_the_record_says_by_whom_and_from_where(
    jupyter: Jupyter, kernel: ServerKernel
) -> None:
    request, turn_id = begun(kernel)
    answer = call(
        jupyter,
        "POST",
        f"turns/{turn_id}/interrupt",
        X_Codex_Client="JupyterLab",
        Idempotency_Key="k",
    )
    assert (answer.status, answer.outcome) == (200, {"ok": True})
    result = kernel.finish(request)
    assert result.reply["ename"] == "TurnInterrupted"
    assert "via JupyterLab" in result.reply["evalue"]
    # The very request again has the same outcome, another one comes too late.
    again = call(
        jupyter,
        "POST",
        f"turns/{turn_id}/interrupt",
        X_Codex_Client="JupyterLab",
        Idempotency_Key="k",
    )
    assert again == answer
    assert call(jupyter, "GET", f"commands/{answer.json['command_id']}") == answer
    late = call(jupyter, "POST", f"turns/{turn_id}/interrupt")
    assert (late.status, late.json["kind"], late.outcome["state"]) == (
        410,
        "TurnEnded",
        "interrupted",
    )


def test_a_turn_is_steered_and_a_text_that_comes_too_late_is_given_back(
    jupyter: Jupyter, kernel: ServerKernel, model: ScriptedModel
) -> None:
    request, turn_id = begun(kernel)
    answer = call(jupyter, "POST", f"turns/{turn_id}/steer", {"text": "Use metres"})
    assert (answer.status, answer.outcome) == (200, {"ok": True})
    assert end(kernel, model, request).status == "ok"
    assert "Use metres" in str(model.requests[-1])
    late = call(jupyter, "POST", f"turns/{turn_id}/steer", {"text": "Use feet"})
    assert (late.status, late.outcome["text"]) == (410, "Use feet")


def test_a_steer_that_loses_the_race_gives_the_text_back(
    jupyter: Jupyter, kernel: ServerKernel, model: ScriptedModel
) -> None:
    first, _ = begun(kernel)
    waiting = kernel.send(cell(say("Second.")), cell_id="b-cell")
    [turn_id] = wait_for_turn(jupyter, state="queued")
    lost = call(jupyter, "POST", f"turns/{turn_id}/steer", {"text": "Use feet"})
    assert (lost.status, lost.outcome["text"]) == (409, "Use feet")
    assert "nothing was sent" in lost.json["message"]
    end(kernel, model, first)
    assert kernel.finish(waiting).status == "ok"


def wait_for_turn(jupyter: Jupyter, **query: str) -> list[str]:
    """The ids of the turns that match, as soon as there are any."""
    wanted = "&".join(f"{name}={value}" for name, value in query.items())
    found: list[str] = []

    def is_there() -> bool:
        found[:] = [turn["turn_id"] for turn in jupyter.get(f"turns?{wanted}")["turns"]]
        return bool(found)

    wait_until(is_there)
    return found


def test_a_waiting_turn_is_taken_back_and_a_running_one_is_not(
    jupyter: Jupyter, kernel: ServerKernel, model: ScriptedModel
) -> None:
    first, running = begun(kernel)
    waiting = kernel.send(cell(say("Second.")), cell_id="b-cell")
    [turn_id] = wait_for_turn(jupyter, state="queued")
    assert call(jupyter, "POST", f"turns/{running}/cancel").status == 409
    assert call(jupyter, "POST", f"turns/{turn_id}/cancel").status == 200
    end(kernel, model, first)
    assert kernel.finish(waiting).reply["status"] == "aborted"
    assert jupyter.get(f"turns/{turn_id}")["state"] == "cancelled"
    assert len(model.requests) == 1


def test_of_two_tabs_that_decide_at_once_one_is_told_that_the_other_was_first(
    jupyter: Jupyter, kernel: ServerKernel, place: Place
) -> None:
    request, _ = started(kernel, cell(ESCALATE, say("Ok.")), shows("waiting", "state"))
    [question] = jupyter.get("approvals")["approvals"]
    approval_id = question["event"]["approval"]["id"]
    answers: list[Answer] = []

    def decide(tab: str) -> None:
        answers.append(
            call(
                jupyter,
                "POST",
                f"approvals/{approval_id}",
                {"decision": "once"},
                X_Codex_Client=tab,
            )
        )

    tabs = [threading.Thread(target=decide, args=(name,)) for name in ("tab one", "tab two")]
    for tab in tabs:
        tab.start()
    for tab in tabs:
        tab.join()
    won, lost = sorted(answers, key=lambda answer: answer.status)
    assert (won.status, lost.status) == (200, 409)
    [approval] = kernel.finish(request).items("approval")
    assert lost.json["message"] == f"{approval['by']} was first."
    assert lost.outcome["by"] == approval["by"]
    assert "via tab" in approval["by"]
    assert (place.root / "outside.txt").exists()
    late = call(jupyter, "POST", f"approvals/{approval_id}", {"decision": "decline"})
    assert (late.status, late.outcome["by"]) == (410, approval["by"])


def test_a_decline_gives_codex_the_reason(
    jupyter: Jupyter, kernel: ServerKernel, model: ScriptedModel, place: Place
) -> None:
    script = cell(ESCALATE, ["wait", "here"], say("Ok."))
    request, turn_id = started(kernel, script, shows("waiting", "state"))
    body = {"decision": "decline", "reason": "Not outside"}
    assert call(jupyter, "POST", f"approvals/{turn_id}.1", body).status == 200
    end(kernel, model, request)
    assert "Not outside" in str(model.requests[-1])
    assert not (place.root / "outside.txt").exists()


def test_a_rule_is_written_only_by_who_confirms_the_one_that_was_shown(
    jupyter: Jupyter, kernel: ServerKernel, place: Place
) -> None:
    request, turn_id = started(kernel, cell(ESCALATE, say("Ok.")), shows("waiting", "state"))
    [question] = jupyter.get("approvals")["approvals"]
    path = f"approvals/{turn_id}.1"
    body: dict[str, Any] = {"decision": "always"}
    assert call(jupyter, "POST", path, body).status == 400
    assert call(jupyter, "POST", path, {**body, "rule": ["rm"]}).status == 409
    assert call(jupyter, "POST", path, {"answers": {"q": ["yes"]}}).status == 409
    rule = question["event"]["approval"]["rule"]
    assert call(jupyter, "POST", path, {**body, "rule": rule}).status == 200
    [approval] = kernel.finish(request).items("approval")
    assert approval["decision"] == "always"
    assert list((place.codex_home / "rules").iterdir())


def test_an_input_is_answered_and_a_choice_is_no_answer_to_it(
    place: Place, model: ScriptedModel
) -> None:
    with (place.codex_home / "config.toml").open("a") as config:
        config.write("\n[features]\ndefault_mode_request_user_input = true\n")
    notebook.write(place.workspace / "test.ipynb", "a-cell")
    with jupyter_in(place) as jupyter, jupyter.kernel() as kernel:
        script = cell(["call", "request_user_input", QUESTIONS], say("Ok."))
        request, turn_id = started(kernel, script, shows("waiting", "state"))
        path = f"approvals/{turn_id}.1"
        assert call(jupyter, "POST", path, {"decision": "once"}).status == 409
        assert call(jupyter, "POST", path, {"answers": {"colour": ["blue"]}}).status == 200
        assert kernel.finish(request).status == "ok"
        assert "blue" in str(model.requests[-1])


UNKNOWN_THINGS: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", f"turns/{UNKNOWN}/interrupt", {}),
    ("POST", f"turns/{UNKNOWN}/steer", {"text": "x"}),
    ("POST", f"turns/{UNKNOWN}/cancel", {}),
    ("DELETE", f"turns/{UNKNOWN}", {}),
    ("POST", f"approvals/{UNKNOWN}.1", {"decision": "once"}),
    ("GET", "commands/unknown", {}),
    ("PATCH", f"sessions/{UNKNOWN}", {"title": "x"}),
    ("POST", f"sessions/{UNKNOWN}/fork", {}),
    ("GET", f"sessions/{UNKNOWN}/background", {}),
    ("POST", f"sessions/{UNKNOWN}/background/stop", {}),
    ("DELETE", f"sessions/{UNKNOWN}", {}),
    ("POST", "notebooks/bind", {"path": "a.ipynb", "session_id": UNKNOWN}),
]


@pytest.mark.parametrize("allow_stdin", [True, False])
async def test_a_page_that_shows_the_notebook_is_asked_instead_of_a_box(
    jupyter: Jupyter, kernel: ServerKernel, place: Place, allow_stdin: bool
) -> None:
    async with TurnLog.open(LogSettings(folder=place.data), "test") as log:
        await presence.note(log, "page", [stored_path(place.workspace / "test.ipynb")])
        script = cell(ESCALATE, say("Ok."))
        request = kernel.send(script, allow_stdin=allow_stdin, cell_id="a-cell")
        [turn_id] = await asyncio.to_thread(wait_for_turn, jupyter, state="waiting")
        answer = await asyncio.to_thread(
            call, jupyter, "POST", f"approvals/{turn_id}.1", {"decision": "once"}
        )
        assert answer.status == 200
        result = await asyncio.to_thread(kernel.finish, request)
    assert result.status == "ok"
    assert (place.root / "outside.txt").exists()
    with pytest.raises(queue.Empty):
        kernel.client.get_stdin_msg(timeout=0)


def test_what_is_not_known_is_404(jupyter: Jupyter) -> None:
    for method, path, body in UNKNOWN_THINGS:
        answer = call(jupyter, method, path, body)
        assert answer.status == 404, (method, path, answer.json)
        assert answer.json["message"]


def test_ended_turns_are_deleted_and_live_ones_not(
    jupyter: Jupyter, kernel: ServerKernel, model: ScriptedModel
) -> None:
    request, turn_id = begun(kernel)
    assert call(jupyter, "DELETE", f"turns/{turn_id}").status == 409
    end(kernel, model, request)
    assert call(jupyter, "DELETE", f"turns/{turn_id}") == Answer(200, {"turn_ids": [turn_id]})
    assert call(jupyter, "GET", f"turns/{turn_id}").status == 404
