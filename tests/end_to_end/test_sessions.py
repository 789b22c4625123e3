"""Turns beside each other, turns that wait, turns that are silent, and what outlives them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from codex_kernel.scripted_model import ScriptedModel

from .place import MIME, Kernel, Place, Result, kernel_in, processes_of, wait_until
from .record import end_of, events, turns
from .script import cell, say

LIVE = {"allow_stdin": True, "cell_id": "a-cell"}


def state_is(*states: str):
    def found(message: dict[str, Any]) -> bool:
        return message["content"].get("data", {}).get(MIME, {}).get("state") in states

    return found


def test_two_notebooks_at_once_share_log_and_codex_home(place: Place, model: ScriptedModel):
    with (
        kernel_in(place, notebook="a.ipynb") as first,
        kernel_in(place, notebook="b.ipynb") as second,
    ):
        ones = [first.send(cell([["wait", "both"], say(f"a{n}")])) for n in range(3)]
        twos = [second.send(cell([["wait", "both"], say(f"b{n}")])) for n in range(3)]
        wait_until(lambda: len(model.requests) >= 2)
        model.release("both")
        results = [first.finish(one) for one in ones] + [second.finish(two) for two in twos]
    texts = [result.data["text/plain"] for result in results]
    assert texts == ["a0", "a1", "a2", "b0", "b1", "b2"]
    recorded = turns(place)
    assert len(recorded) == 6
    assert {row["state"] for row in recorded} == {"completed"}
    assert len({row["session_id"] for row in recorded}) == 2
    assert {row["notebook"].rpartition("/")[2] for row in recorded} == {"a.ipynb", "b.ipynb"}


def send_to_subshell(kernel: Kernel, subshell_id: str, code: str) -> str:
    content = {"code": code, "silent": False, "allow_stdin": False, "stop_on_error": True}
    message = kernel.client.session.msg("execute_request", content)
    message["header"]["subshell_id"] = subshell_id
    kernel.client.shell_channel.send(message)
    return message["header"]["msg_id"]


def new_subshell(kernel: Kernel) -> str:
    message = kernel.client.session.msg("create_subshell_request", {})
    kernel.client.control_channel.send(message)
    reply = kernel.client.get_control_msg(timeout=30)
    return reply["content"]["subshell_id"]


def test_a_cell_in_a_subshell_waits_for_the_running_turn(
    kernel: Kernel, place: Place, model: ScriptedModel
):
    subshell = new_subshell(kernel)
    first = kernel.send(cell([["wait", "go"], say("first")]))
    model.wait_reached("go")
    second = send_to_subshell(kernel, subshell, cell(say("second")))
    wait_until(lambda: len(turns(place)) == 2)
    assert [row["state"] for row in turns(place)] == ["running", "queued"]
    model.release("go")
    one, two = finish_both(kernel, first, second)
    assert one.data["text/plain"] == "first"
    assert two.data["text/plain"] == "second"
    ids = [row["codex_turn_id"] for row in turns(place)]
    assert len(set(ids)) == 2


def finish_both(kernel: Kernel, *requests: str) -> list[Result]:
    """The results of cells that run at the same time."""
    replies = {}
    messages: dict[str, list[dict[str, Any]]] = {request: [] for request in requests}
    while not replies.keys() >= set(requests):
        reply = kernel.client.get_shell_msg(timeout=60)
        replies[reply["parent_header"]["msg_id"]] = reply["content"]
    idle = 0
    while idle < len(requests):
        message = kernel.client.get_iopub_msg(timeout=60)
        parent = message["parent_header"].get("msg_id")
        if parent in messages:
            messages[parent].append(message)
            idle += message["content"].get("execution_state") == "idle"
    return [Result(replies[request], messages[request]) for request in requests]


def test_an_interrupt_takes_a_waiting_turn_back(kernel: Kernel, place: Place, model: ScriptedModel):
    subshell = new_subshell(kernel)
    first = kernel.send(cell(["wait", "never"]))
    model.wait_reached("never")
    second = send_to_subshell(kernel, subshell, cell(say("never said")))
    wait_until(lambda: len(turns(place)) == 2)
    kernel.interrupt()
    one, two = finish_both(kernel, first, second)
    assert one.reply["ename"] == "TurnInterrupted"
    assert two.reply["status"] == "aborted"
    assert [row["state"] for row in turns(place)] == ["interrupted", "cancelled"]
    assert len(model.requests) == 1


def test_the_kernel_answers_while_a_turn_runs_and_stays_busy(
    kernel: Kernel, place: Place, model: ScriptedModel
):
    (place.workspace / "notes.txt").write_text("Some notes.\n")
    request = kernel.send(cell([["wait", "go"], say("Done now.")]), **LIVE)
    model.wait_reached("go")
    assert kernel.ask("kernel_info_request")["status"] == "ok"
    assert "/model" in kernel.ask("complete_request", code="/mod", cursor_pos=4)["matches"]
    assert kernel.ask("is_complete_request", code="Hello")["status"] in ("complete", "unknown")
    inspected = kernel.ask("inspect_request", code="/model", cursor_pos=3, detail_level=0)
    assert inspected["found"]
    history = kernel.ask("history_request", output=False, raw=True, hist_access_type="tail", n=5)
    assert "Go @@" in str(history["history"])
    assert kernel.ask("comm_info_request")["status"] == "ok"
    last = kernel.ask("kernel_info_request")
    assert last["status"] == "ok"
    model.release("go")
    statuses: list[tuple[str, str]] = []
    while (request, "idle") not in statuses:
        message = kernel.client.get_iopub_msg(timeout=60)
        if message["msg_type"] == "status":
            about = message["parent_header"]["msg_id"]
            statuses.append((about, message["content"]["execution_state"]))
    during = statuses[statuses.index((request, "busy")) :]
    idles = [at for at, (about, state) in enumerate(during) if about != request and state == "idle"]
    assert len(idles) == 7
    assert all(during[at + 1] == (request, "busy") for at in idles)


def test_a_silent_turn_is_asked_about_and_completes(place: Place, model: ScriptedModel):
    with kernel_in(place, CODEX_KERNEL_SILENCE_SECONDS="0.5") as kernel:
        request = kernel.send(cell([["wait", "go"], say("At last.")]), **LIVE)
        model.wait_reached("go")
        wait_until(lambda: "Still working" in str(events_so_far(place)))
        model.release("go")
        result = kernel.finish(request)
    assert result.status == "ok"
    assert result.data["text/plain"] == "At last."
    assert "Still working" not in str(result.data)


def events_so_far(place: Place) -> list[dict[str, Any]]:
    return [event for row in turns(place) for event in events(place, row["turn_id"])]


def test_a_turn_that_takes_too_long_is_stopped(place: Place, model: ScriptedModel):
    with kernel_in(place, CODEX_KERNEL_MAX_MINUTES="0.02") as kernel:
        result = kernel.run(cell([say("Begun"), ["wait", "never"]]))
        assert result.reply["ename"] == "TurnInterrupted"
        assert "max_minutes" in result.reply["evalue"]
        assert result.bundle["error"]["kind"] == "time_limit"
        assert end_of(place, result.bundle["turn_id"])["state"] == "interrupted"
        assert kernel.run(cell(say("Quick."))).status == "ok"


BACKGROUND = ["run", "echo up; exec sleep 603", {"yield_time_ms": 300}]


def sleeps(place: Place) -> bool:
    return any("603" in "".join(p.cmdline()) for p in processes_of(place))


@pytest.mark.parametrize("sandbox", ["workspace-write", "danger-full-access"])
def test_a_command_that_outlives_its_turn_is_listed_and_can_be_stopped(
    place: Place, model: ScriptedModel, sandbox: str
):
    with kernel_in(place, CODEX_KERNEL_SANDBOX=sandbox) as kernel:
        result = kernel.run(cell(BACKGROUND, say("It runs.")))
        assert result.status == "ok"
        [command] = result.items("command")
        assert command["status"] == "background"
        assert "exec sleep 603" in kernel.run("/ps").data["text/plain"]
        assert sleeps(place)
        assert "exec sleep 603" in kernel.run("/stop").data["text/plain"]
        wait_until(lambda: not sleeps(place))
        assert "sleep" not in kernel.run("/ps").data["text/plain"]
        kernel.run(cell(BACKGROUND, say("Again.")))
        wait_until(lambda: sleeps(place))
    wait_until(lambda: not processes_of(place), seconds=10)


@pytest.fixture(scope="module")
def shared() -> Iterator[Kernel]:
    from .place import new_place, scripted

    with new_place() as place, scripted(place), kernel_in(place) as kernel:
        yield kernel


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("/data/x.csv is broken", "/data/x.csv is broken"),
        ("% of users", "% of users"),
        ("10%", "10%"),
        ("!", "!"),
        ("\\/model x", "/model x"),
        ("\\!ls", "!ls"),
        ("! not a command", "! not a command"),
    ],
)
def test_a_prompt_that_looks_like_a_command_is_a_prompt(shared: Kernel, text: str, sent: str):
    result = shared.run(text)
    assert result.status == "ok"
    assert f"> {sent}" in result.data["text/plain"]


def test_an_unknown_command_is_an_error_that_names_the_closest(shared: Kernel):
    result = shared.run("/modle gpt\nAnd a prompt")
    assert result.reply["ename"] == "UnknownCommand"
    assert "/model" in result.reply["evalue"]
    assert "backslash" in result.reply["evalue"]
    assert not result.of("display_data")


def test_what_is_not_to_run_starts_no_turn(shared: Kernel):
    for blank in ("", "  \n\n"):
        result = shared.run(blank)
        assert result.status == "ok"
        assert not result.of("display_data", "stream", "error")
    silent = shared.run(cell(say("never")), silent=True)
    assert silent.status == "ok"
    assert not silent.of("display_data", "stream", "error", "execute_input")


def test_cells_without_history_are_not_in_it(shared: Kernel):
    shared.run(cell(say("1"), prompt="Remember me"))
    shared.run(cell(say("2"), prompt="Forget me"), store_history=False)
    answer = shared.ask("history_request", output=False, raw=True, hist_access_type="tail", n=2)
    assert "Remember me" in str(answer["history"])
    assert "Forget me" not in str(answer["history"])


def test_expressions_are_answered_with_an_error_each(shared: Kernel):
    result = shared.run(cell(say("1")), user_expressions={"x": "1+1"})
    assert result.status == "ok"
    assert result.reply["user_expressions"]["x"]["status"] == "error"
