"""How a question reads, and what an answer to it means."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_kernel.cell.ask import (
    DIFF_LINES,
    PromptDoor,
    approval_prompt,
    input_prompt,
    read_choice,
    read_option,
)
from codex_kernel.turn.approvals import Answer, Approval, Decision, Input


def approval(**more: Any) -> Approval:
    base: Approval = {
        "id": "t.1",
        "kind": "command",
        "item_id": None,
        "reason": "To see.",
        "command": "ls -la",
        "cwd": "/work space/sub",
        "choices": ["once", "session", "decline", "stop"],
    }
    return {**base, **more}  # type: ignore[typeddict-item]  # fields by name


@pytest.mark.parametrize(
    ("line", "choice", "reason"),
    [
        ("y", "once", None),
        (" YES ", "once", None),
        ("s", "session", None),
        ("x", "stop", None),
        ("n", "decline", None),
        ("no, use ./tmp", "decline", "use ./tmp"),
        ("", "decline", None),
        ("yes please", "decline", "yes please"),
        ("why?", "decline", "why?"),
        ("a", "decline", "a"),
    ],
)
def test_an_answer_means(line: str, choice: str, reason: str | None):
    assert read_choice(line, approval()) == (choice, reason)


YES = {"y", "yes", "o", "once", "s", "session", "x", "stop"}


@given(st.text())
def test_only_the_known_words_allow_anything(line: str):
    choice, _ = read_choice(line, approval())
    assert choice == "decline" or line.strip().lower().rstrip(",.:;!") in YES


def test_a_prompt_tells_what_where_why_and_what_can_be_answered():
    prompt = approval_prompt(approval(), "/work space")
    for part in ("run a command", "    ls -la", "Where: sub", "Why: To see.", "y = allow once"):
        assert part in prompt
    assert "always" not in prompt


@pytest.mark.parametrize(
    ("kind", "what"),
    [("command", "the same command"), ("mcp_tool_call", "this tool"), ("code", "any code")],
)
def test_a_prompt_tells_how_far_a_yes_for_the_session_reaches(kind: str, what: str):
    prompt = approval_prompt(approval(kind=kind), "/")
    assert f"s = allow {what} until the session is closed" in prompt


@given(st.text())
def test_nothing_in_a_command_is_hidden(command: str):
    prompt = approval_prompt(approval(command=command, reason=command), "/")
    assert not set(prompt) & set("\u202a\u202e\u2066\u2069\u200b\ufeff\x1b\x07\r\x00")


def test_a_long_diff_says_how_much_is_left_out():
    change = {"path": "/w/a.txt", "kind": "update", "diff": "+line\n" * (DIFF_LINES + 10)}
    prompt = approval_prompt(approval(kind="file_change", changes=[change]), "/w")
    assert "update a.txt" in prompt
    assert "11 more lines" in prompt


OPTIONS = {
    "id": "q",
    "header": "Pick",
    "question": "Which?",
    "options": [{"label": "Red", "description": "warm"}, {"label": "Blue", "description": ""}],
    "is_other": True,
}


@pytest.mark.parametrize(
    ("line", "meant"), [("1", "Red"), ("blue", "Blue"), ("3", "3"), (" teal ", "teal"), ("", "")]
)
def test_an_option_is_meant_by_number_or_label(line: str, meant: str):
    assert read_option(line, OPTIONS) == meant


def test_options_are_numbered():
    assert "1. Red - warm\n  2. Blue\n" in input_prompt(OPTIONS)


class Lines:
    """Gives these lines; None is the end of input."""

    def __init__(self, *lines: str | None) -> None:
        self.left = list(lines)
        self.asked: list[tuple[str, bool]] = []

    async def __call__(self, prompt: str, is_password: bool) -> str | None:
        self.asked.append((prompt, is_password))
        return self.left.pop(0)


RULE = approval(choices=["once", "always", "decline"], rule=["git", "push"])


@pytest.mark.parametrize(
    ("second", "choice"), [("yes", "always"), ("y", "decline"), (None, "decline")]
)
async def test_a_rule_takes_a_second_yes(second: str | None, choice: str):
    lines = Lines("a", second)
    decision = await PromptDoor(lines, cwd="/").ask(RULE)
    assert isinstance(decision, Decision)
    assert decision.choice == choice
    assert "git push" in lines.asked[1][0]


async def test_a_rule_about_a_tool_says_that_it_is_about_the_tool():
    lines = Lines("a", "no")
    rule = ["MCP server", "files", "tool", "read"]
    asked = approval(kind="mcp_tool_call", choices=["once", "always", "decline"], rule=rule)
    await PromptDoor(lines, cwd="/").ask(asked)
    assert "use this tool" in lines.asked[1][0]
    assert "command" not in lines.asked[1][0]


async def test_the_end_of_input_decides_nothing():
    assert await PromptDoor(Lines(None), cwd="/").ask(approval()) is None


async def test_secrets_are_typed_unseen_and_required_answers_cannot_be_left_out():
    question: Input = {
        "id": "t.1",
        "item_id": None,
        "source": "x",
        "message": "Log in",
        "questions": [
            {"id": "k", "question": "Key?", "is_secret": True, "required": True},
            {"id": "n", "question": "Note?", "required": False},
        ],
    }
    lines = Lines("hunter2", "")
    assert await PromptDoor(lines, cwd="/").ask(question) == Answer(
        {"k": ["hunter2"], "n": []}, "kernel prompt"
    )
    assert [hidden for _, hidden in lines.asked] == [True, False]
    assert await PromptDoor(Lines(""), cwd="/").ask(question) == Answer(None, "kernel prompt")
