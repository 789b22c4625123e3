"""Plain text of a turn: the answer, the line of a live turn, the stream of a console."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codex_kernel.render.text import ConsoleText, plain, short
from codex_kernel.settings import ViewSettings
from codex_kernel.turn import approvals, events
from codex_kernel.turn.state import LIVE_STATES
from codex_kernel.turn.transcript import fold

from . import turns

VIEW = ViewSettings()


def console(
    drafts: list[events.Draft], *, color: bool = False, by: int = 1, has_prompts: bool = False
) -> str:
    """What a console shows after these events, fed in batches."""
    text = ConsoleText(VIEW, color, has_prompts=has_prompts)
    all_events = turns.stamped([*turns.begun(), *drafts])
    return "".join(text.feed(all_events[at : at + by]) for at in range(0, len(all_events), by))


def test_plain_text_is_the_answer() -> None:
    assert plain(turns.everything(), VIEW) == turns.ANSWER.strip()


def test_plain_text_of_a_failed_turn_says_why_and_what_to_do() -> None:
    text = plain(turns.failed(), VIEW)
    assert text.startswith("Failed. You've hit your usage limit. Try again after")
    assert text.endswith("I build it first.")


def test_plain_text_of_an_empty_turn_is_not_empty() -> None:
    assert plain(turns.empty(), VIEW) == "(no answer)"


@pytest.mark.parametrize(
    ("drafts", "activity"),
    [
        ([], "thinking"),
        ([events.item_started(turns.item("message", status="running"))], "writing"),
        (
            [events.item_started(turns.item("command", status="running", command="pytest -q"))],
            "running `pytest -q`",
        ),
        ([events.item_started(turns.item("tool_call", status="running"))], "using notebook_eval"),
        (
            [events.item_started(turns.item("reasoning", status="running", summary=["**Plan**"]))],
            "Plan",
        ),
        ([events.retry("Reconnecting... 2/5")], "Reconnecting... 2/5"),
    ],
)
def test_the_live_line_says_what_is_going_on(drafts: list[Any], activity: str) -> None:
    data = turns.turn(*drafts, state=None)
    assert short(data) == f"● Codex is working: {activity}…"
    assert short(data, "2026-01-02T03:04:18.000Z") == f"● Codex is working: {activity} (12 s)…"


@pytest.mark.parametrize("state", LIVE_STATES)
def test_every_live_state_has_a_line(state: str) -> None:
    assert short(turns.empty() | {"state": state}).strip()


def test_a_message_streams_as_it_comes_and_is_not_repeated() -> None:
    drafts = [
        events.item_started(turns.item("message", status="running")),
        events.item_text("message_1", "text", "Hello, "),
        events.item_text("message_1", "text", "world"),
        turns.done("message", text="Hello, world!"),
        events.turn_ended("completed"),
    ]
    assert console(drafts) == console(drafts, by=100) == "Hello, world!\n"


def test_a_message_that_ends_otherwise_is_said_again() -> None:
    drafts = [
        events.item_started(turns.item("message", status="running")),
        events.item_text("message_1", "text", "Helo"),
        turns.done("message", text="Hello"),
    ]
    assert console(drafts).split() == ["Helo", "Hello"]


def test_a_command_is_announced_at_once_and_its_output_shown_once() -> None:
    started = events.item_started(turns.item("command", status="running", command="make"))
    assert console([started]) == "$ make\n"
    ended = turns.done("command", status="failed", command="make", output="boom\n", exit_code=2)
    assert console([started, ended]) == "$ make\nboom\n  exit 2\n"


def test_the_output_of_a_command_is_bounded() -> None:
    output = "".join(f"{n}\n" for n in range(5000))
    shown = console([turns.done("command", output=output)])
    assert len(shown.splitlines()) <= VIEW.output_lines + 3
    assert "left out; the whole output is in the turn log" in shown


def test_files_that_a_command_changed_are_named_at_the_end() -> None:
    change = {"path": "/workspace/shapes.py", "kind": "update", "diff": turns.UPDATE}
    drafts = [
        turns.done("file_change", changes=[change]),
        events.diff_updated(turns.SHELL_DIFF),
        events.turn_ended("completed"),
    ]
    assert console(drafts) == "✎ Edited shapes.py +3 -2\n✎ Created data.csv +2 -0\n"


def test_a_question_and_its_decision_are_told() -> None:
    asked: approvals.Approval = {
        "id": "a.1",
        "kind": "command",
        "item_id": None,
        "reason": "Because.",
        "command": "rm \u202ex",
        "choices": ["once", "decline"],
    }
    drafts = turns.decided(asked, "decline", "not that")
    decision = "  Declined by ada: not that\n"
    question = "? Run this command?\n  $ rm ⟨U+202E⟩x\n  Because.\n"
    assert console(drafts) == question + decision
    assert console(drafts, has_prompts=True) == decision


def test_the_end_of_a_failed_turn_is_told_with_the_next_step() -> None:
    error: Any = {"kind": "x", "message": "It broke.", "next_step": "Run it again."}
    assert console([events.turn_ended("failed", error)]) == "✗ Failed. It broke. Run it again.\n"


def test_colours_only_when_asked_for() -> None:
    drafts = [turns.done("command", output=turns.COLOURS)]
    assert "\x1b" not in console(drafts)
    assert "\x1b[0;31m" in console(drafts, color=True)


hostile = st.text(st.sampled_from("ab \n\r\x1b[]31m;\x07\x08\x9b\u202e\ud800é"), max_size=20)


@settings(max_examples=100, deadline=None)
@given(texts=st.lists(hostile, min_size=3, max_size=8), color=st.booleans())
def test_no_control_character_of_an_agent_reaches_the_terminal(
    texts: list[str], color: bool
) -> None:
    one, two, three, *_ = texts
    change = {"path": one, "kind": two, "move_path": three, "diff": two}
    drafts = [
        events.item_started(turns.item("message", status="running", text=one)),
        events.item_text("message_1", "text", two),
        turns.done("message", text=three),
        turns.done("command", command=one, output=two),
        turns.done("reasoning", summary=[three]),
        turns.done("file_change", changes=[change]),
        turns.done("web_search", query=one),
        turns.done("mcp_tool_call", tool=two, error=three),
        turns.done("sub_agent", tool=two, prompt=three),
        turns.done("user_message", text=one),
        turns.done("review", text=one),
        turns.done("review", 2, phase="exited", text=one),
        turns.done("plan", text=two),
        turns.done("image", path=three),
        turns.done("other", codex_type=one),
        events.plan_updated([{"step": two, "status": three}]),
        events.diff_updated(f"diff --git a/{one} b/{two}\n"),
        events.warning(one),
        events.retry(two),
        events.turn_ended("failed", {"kind": "x", "message": one, "next_step": two}),
    ]
    shown = console(drafts, color=color)
    if color:
        shown = re.sub(r"\x1b\[[\d;]*m", "", shown)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e\ud800]", shown)


def test_a_console_shows_every_kind_of_item() -> None:
    for kind in turns._FIELDS:
        assert console([turns.done(kind, text="x", summary=["y"], changes=[{"path": "z"}])]).strip()
    assert fold([])["state"] == "queued"
