"""Cells that wait behind a running one: recorded as queued, then run or taken back."""

from __future__ import annotations

from codex_kernel.scripted_model import ScriptedModel

from . import record
from .place import Kernel, Place, wait_until
from .script import cell, say
from .test_outside import ask


def queued(place: Place, prompt: str) -> str | None:
    """The id of the recorded turn with this prompt, when it waits."""
    rows = record.turns(place)
    return next(
        (r["turn_id"] for r in rows if r["prompt"].startswith(prompt) and r["state"] == "queued"),
        None,
    )


def state(place: Place, turn_id: str) -> str:
    return next(r["state"] for r in record.turns(place) if r["turn_id"] == turn_id)


def begin(kernel: Kernel, place: Place, model: ScriptedModel) -> tuple[str, str, str]:
    """A running cell, one that waits behind it, and the turn of that."""
    first = kernel.send(cell([say("One"), ["wait", "here"]]), cell_id="a")
    model.wait_reached("here")
    second = kernel.send(cell(say("Two."), prompt="Second"), cell_id="b")
    wait_until(lambda: queued(place, "Second") is not None)
    turn_id = queued(place, "Second")
    assert turn_id is not None
    return first, second, turn_id


def test_a_waiting_cell_is_recorded_and_runs_as_that_turn(
    kernel: Kernel, place: Place, model: ScriptedModel
):
    first, second, turn_id = begin(kernel, place, model)
    model.release("here")
    assert kernel.finish(first).status == "ok"
    result = kernel.finish(second)
    assert result.bundle["turn_id"] == turn_id
    assert result.data["text/plain"] == "Two."
    kinds = [event["type"] for event in record.events(place, turn_id)]
    assert kinds[0] == "turn.queued"
    assert kinds.count("turn.queued") == 1


def test_turns_are_in_the_order_of_cells_that_are_sent_at_once(kernel: Kernel, place: Place):
    names = [f"Prompt {number}" for number in range(4)]
    sent = [
        kernel.send(cell(say("Done."), prompt=name), cell_id=name, allow_stdin=True)
        for name in names
    ]
    assert [kernel.finish(request).status for request in sent] == ["ok"] * 4
    assert [turn["cell_id"] for turn in record.turns(place)] == names


def test_a_waiting_cell_that_is_aborted_leaves_a_cancelled_turn(
    kernel: Kernel, place: Place, model: ScriptedModel
):
    first, second, turn_id = begin(kernel, place, model)
    kernel.interrupt()
    assert kernel.finish(first).status == "error"
    assert kernel.reply_to(second)["status"] == "aborted"
    wait_until(lambda: state(place, turn_id) == "cancelled")
    assert kernel.run(cell(say("On."))).data["text/plain"] == "On."


def test_a_waiting_turn_is_cancelled_from_outside_and_its_cell_says_so(
    kernel: Kernel, place: Place, model: ScriptedModel
):
    first, second, turn_id = begin(kernel, place, model)
    assert ask(place, ("turn", turn_id, "cancel", {})) == [{"ok": True}]
    assert state(place, turn_id) == "cancelled"
    model.release("here")
    assert kernel.finish(first).status == "ok"
    result = kernel.finish(second)
    assert result.status == "aborted"
    assert result.bundle["state"] == "cancelled"


def test_a_kernel_that_ends_takes_waiting_turns_back(
    kernel: Kernel, place: Place, model: ScriptedModel
):
    _, _, turn_id = begin(kernel, place, model)
    kernel.manager.shutdown_kernel()
    assert state(place, turn_id) == "cancelled"


def test_a_waiting_cell_without_a_prompt_is_no_turn(
    kernel: Kernel, place: Place, model: ScriptedModel
):
    first = kernel.send(cell([say("One"), ["wait", "here"]]), cell_id="a")
    model.wait_reached("here")
    second = kernel.send("/status", cell_id="b")
    model.release("here")
    assert kernel.finish(first).status == "ok"
    assert kernel.finish(second).status == "ok"
    assert len(record.turns(place)) == 1


def test_a_failing_cell_takes_the_queue_along_unless_told_otherwise(
    kernel: Kernel, place: Place, model: ScriptedModel
):
    for stop_on_error, then in ((True, "aborted"), (False, "ok")):
        first = kernel.send(cell([say("One"), ["wait", then]]))
        model.wait_reached(then)
        failing = kernel.send("/modle", stop_on_error=stop_on_error)
        second = kernel.send(cell(say("Second."), prompt=f"Is {then}"))
        wait_until(lambda prompt=f"Is {then}": queued(place, prompt) is not None)
        model.release(then)
        assert kernel.reply_to(first)["status"] == "ok"
        assert kernel.reply_to(failing)["status"] == "error"
        assert kernel.reply_to(second)["status"] == then
