"""Questions other than commands and patches: tools of MCP servers, forms, choices, permissions."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from codex_kernel.scripted_model import ScriptedModel

from . import mcp_server
from .place import Kernel, Place, kernel_in
from .script import cell, say
from .test_approvals import Answers

FEATURES = {
    "features.default_mode_request_user_input": True,
    "features.request_permissions_tool": True,
}


@pytest.fixture
def kernel(place: Place, model: ScriptedModel, codex_bin: Path) -> Iterator[Kernel]:
    with (place.codex_home / "config.toml").open("a") as config:
        config.write(
            f"\n[mcp_servers.tests]\ncommand = {json.dumps(sys.executable)}\n"
            f"args = [{json.dumps(mcp_server.__file__)}]\n"
        )
    environ = {"CODEX_BIN": str(codex_bin), "CODEX_KERNEL_CODEX_CONFIG": json.dumps(FEATURES)}
    with kernel_in(place, **environ) as kernel:
        yield kernel


ADD = ["mcp", "tests", "add", {"a": 1, "b": 2}]


def test_a_tool_that_changes_things_is_asked_for_and_runs(kernel: Kernel):
    answers = Answers("y")
    result = kernel.run(cell(ADD, say("Three.")), answer=answers)
    assert "tests: add" in answers.prompts[0]
    assert "'b': 2" in answers.prompts[0]
    [call] = result.items("mcp_tool_call")
    assert call["status"] == "completed"
    assert call["content"] == [{"type": "text", "text": "3"}]


def test_a_tool_that_is_allowed_for_the_session_is_not_asked_for_again(kernel: Kernel):
    answers = Answers("s")
    kernel.run(cell(ADD, ADD, say("Three.")), answer=answers)
    assert len(answers.prompts) == 1


def test_a_declined_tool_does_not_run(kernel: Kernel):
    result = kernel.run(cell(ADD, say("Well.")), answer=Answers("n"))
    [call] = result.items("mcp_tool_call")
    assert call["status"] == "failed"
    assert "3" not in str(call["content"])
    assert result.items("approval")[0]["outcome"] == "declined"


def test_a_form_of_a_server_is_filled_in(kernel: Kernel):
    answers = Answers("Ada")
    result = kernel.run(cell(["mcp", "tests", "greet", {}], say("Hi.")), answer=answers)
    assert "Who are you?" in answers.prompts[0]
    assert "Ada" in str(result.items("mcp_tool_call")[0]["content"])
    assert result.items("input")[0]["answers"] == {"name": ["Ada"]}


def test_a_form_that_nobody_can_fill_in_is_declined(kernel: Kernel):
    result = kernel.run(cell(["mcp", "tests", "greet", {}], say("Hi.")))
    assert "accept" not in str(result.items("mcp_tool_call")[0]["content"])


QUESTIONS = {
    "questions": [
        {
            "id": "colour",
            "header": "Colour",
            "question": "Which colour?",
            "options": [
                {"label": "Red", "description": "like fire"},
                {"label": "Blue", "description": "like water"},
            ],
        }
    ]
}


@pytest.mark.parametrize(("typed", "meant"), [("2", "Blue"), ("red", "Red"), ("Mauve", "Mauve")])
def test_a_choice_is_made_by_number_label_or_own_words(
    kernel: Kernel, model: ScriptedModel, typed: str, meant: str
):
    answers = Answers(typed)
    script = cell(["call", "request_user_input", QUESTIONS], say("I see."))
    result = kernel.run(script, answer=answers)
    assert "1. Red - like fire" in answers.prompts[0]
    assert result.items("input")[0]["answers"] == {"colour": [meant]}
    assert meant in str(model.requests[-1]["input"][-1])


PERMISSIONS = {
    "permissions": {"file_system": {"write": ["/"]}},
    "reason": "To write anywhere.",
}


@pytest.mark.parametrize(("typed", "outcome"), [("y", "accepted"), ("n", "declined")])
def test_more_permissions_are_asked_for(kernel: Kernel, typed: str, outcome: str):
    answers = Answers(typed)
    script = cell(["call", "request_permissions", PERMISSIONS], say("I see."))
    result = kernel.run(script, answer=answers)
    assert "have more permissions" in answers.prompts[0]
    assert result.items("approval")[0]["outcome"] == outcome
    assert result.status == "ok"
