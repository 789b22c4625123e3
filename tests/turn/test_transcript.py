"""The fold: events in, the state that readers see out."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_kernel.errors import InvalidTransition
from codex_kernel.ids import TurnId
from codex_kernel.turn import events as ev
from codex_kernel.turn.approvals import (
    Answer,
    Approval,
    Decision,
    Input,
    approval_decided,
    approval_requested,
    input_answered,
    input_requested,
)
from codex_kernel.turn.transcript import Transcript, closing_drafts, fold

TURN = TurnId("01900000-0000-7000-8000-000000000000")
BEGIN = [
    ev.turn_queued("Hello", notebook="/n.ipynb", cell_id="c1"),
    ev.settings_updated({"model": None}),
    ev.settings_updated({"model": "gpt-5.5"}, session_id="s"),
    ev.turn_started("s", "ct"),
]


def message(text: str = "", status: str = "running") -> dict:
    return {"id": "m", "type": "message", "status": status, "text": text, "phase": None}


def command(item_id: str = "c", status: str = "running") -> dict:
    return {"id": item_id, "type": "command", "status": status, "command": "ls", "output": ""}


def approval(number: int = 1) -> Approval:
    return {
        "id": f"{TURN}.{number}",
        "kind": "command",
        "item_id": "c",
        "reason": None,
        "choices": ["once", "decline"],
    }


def stamped(*drafts: dict) -> list[dict]:
    return ev.stamp(TURN, 0, [*BEGIN, *drafts], "2026-01-01T00:00:00.000Z")


def test_text_grows_and_the_completed_item_replaces_it():
    live = stamped(ev.item_started(message()), ev.item_text("m", "text", "Hel"))
    assert fold(live)["items"][0]["text"] == "Hel"
    done = stamped(
        ev.item_started(message()),
        ev.item_text("m", "text", "lossy"),
        ev.item_completed(message("Hello", "completed")),
    )
    assert fold(done)["items"] == [message("Hello", "completed")]


def test_parts_of_reasoning_stay_apart():
    item = {"id": "r", "type": "reasoning", "status": "running", "summary": [], "content": []}
    turn = fold(
        stamped(
            ev.item_started(item),
            ev.item_text("r", "summary", "one", index=0),
            ev.item_text("r", "summary", "two", index=1),
            ev.item_text("r", "summary", "!", index=0),
        )
    )
    assert turn["items"][0]["summary"] == ["one!", "two"]


def test_a_retry_is_a_status_that_goes_away_with_the_next_item():
    drafts = [ev.retry("Reconnecting 2/5")]
    assert fold(stamped(*drafts))["retry"]["message"] == "Reconnecting 2/5"
    assert fold(stamped(*drafts, ev.item_started(message())))["retry"] is None


def test_two_open_questions_keep_the_turn_waiting_until_both_are_decided():
    ask = [approval_requested(approval(1)), approval_requested(approval(2))]
    yes = Decision("once", "ada")
    one = fold(stamped(*ask, approval_decided(f"{TURN}.1", yes)))
    assert one["state"] == "waiting"
    both = fold(
        stamped(*ask, approval_decided(f"{TURN}.1", yes), approval_decided(f"{TURN}.2", yes))
    )
    assert both["state"] == "running"
    assert [a["by"] for a in both["approvals"]] == ["ada", "ada"]


def test_the_first_decision_counts():
    turn = fold(
        stamped(
            approval_requested(approval()),
            approval_decided(f"{TURN}.1", Decision("decline", "ada", "no")),
            approval_decided(f"{TURN}.1", Decision("once", "bob")),
        )
    )
    assert turn["approvals"][0]["outcome"] == "declined"
    assert turn["approvals"][0]["by"] == "ada"


def test_secret_answers_are_not_recorded():
    question: Input = {
        "id": f"{TURN}.1",
        "item_id": None,
        "source": "codex",
        "message": None,
        "questions": [{"id": "k", "is_secret": True}, {"id": "n", "is_secret": False}],
    }
    answer = Answer({"k": ["hunter2"], "n": ["Ada"]}, "ada")
    draft = input_answered(question, answer)
    assert "hunter2" not in json.dumps(draft)
    assert fold(stamped(input_requested(question), draft))["inputs"][0]["answers"]["n"] == ["Ada"]


def test_closing_ends_every_open_item_and_question():
    transcript = Transcript()
    transcript.apply(
        stamped(
            ev.item_started(command("a")),
            ev.item_started(command("b")),
            ev.item_completed(command("b", "completed")),
            approval_requested(approval()),
        )
    )
    drafts = [*closing_drafts(transcript), ev.turn_ended("interrupted")]
    transcript.apply(ev.stamp(TURN, transcript.seq, drafts, "2026-01-01T00:00:01.000Z"))
    assert [item["status"] for item in transcript.data["items"]] == ["interrupted", "completed"]
    assert transcript.open_questions() == []
    assert transcript.is_final


def test_the_answer_is_the_final_message_or_else_the_last():
    commentary = {**message("I look.", "completed"), "id": "1", "phase": "commentary"}
    final = {**message("Done.", "completed"), "id": "2", "phase": "final_answer"}
    later = {**message("P.S.", "completed"), "id": "3", "phase": "commentary"}
    transcript = Transcript()
    transcript.apply(stamped(*(ev.item_completed(item) for item in (commentary, final, later))))
    assert transcript.answer() == "Done."
    plain = Transcript()
    plain.apply(stamped(ev.item_completed(message("One.", "completed"))))
    assert plain.answer() == "One."


def test_nothing_can_follow_the_end():
    transcript = Transcript()
    transcript.apply(stamped(ev.turn_ended("completed")))
    with pytest.raises(InvalidTransition):
        transcript.apply(ev.stamp(TURN, transcript.seq, [ev.retry("x")], "t"))


def test_an_unknown_event_only_counts():
    events = stamped({"type": "moon.landed"})
    assert fold(events)["seq"] == len(events)


def test_events_are_not_changed_by_what_follows():
    events = stamped(ev.item_started(message()), ev.item_text("m", "text", "abc"))
    before = json.dumps(events)
    fold(events)
    assert json.dumps(events) == before


texts = st.lists(st.text(min_size=1), min_size=1, max_size=20)


@given(texts, st.data())
def test_any_cutting_and_repeating_gives_the_same_transcript(pieces, data):
    events = stamped(
        ev.item_started(message()),
        *(ev.item_text("m", "text", piece) for piece in pieces),
        ev.item_completed(message("".join(pieces), "completed")),
        ev.turn_ended("completed"),
    )
    cut = data.draw(st.integers(0, len(events)))
    again = data.draw(st.integers(0, cut))
    transcript = Transcript()
    transcript.apply(events[:cut])
    resumed = Transcript(json.loads(json.dumps(transcript.snapshot())))
    resumed.apply(events[again:])
    assert resumed.data == fold(events)


@given(texts)
def test_live_text_equals_its_pieces(pieces):
    events = stamped(
        ev.item_started(message()), *(ev.item_text("m", "text", piece) for piece in pieces)
    )
    assert fold(events)["items"][0]["text"] == "".join(pieces)
