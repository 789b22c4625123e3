"""Approvals through the kernel's own prompt, and what happens when nobody can be asked."""

from __future__ import annotations

import pytest

from .place import Kernel, Place
from .script import cell, say

ESCALATE = ["escalate", "echo done > ../outside.txt", "Write beside the workspace?"]


def no_question(prompt: str) -> str:
    raise AssertionError(f"nothing should be asked: {prompt}")


class Answers:
    """Gives these answers in order and keeps the prompts."""

    def __init__(self, *answers: str) -> None:
        self.left = list(answers)
        self.prompts: list[str] = []

    def __call__(self, prompt: str) -> str:
        self.prompts.append(prompt)
        return self.left.pop(0)


def test_an_approved_command_runs(kernel: Kernel, place: Place):
    answers = Answers("y")
    result = kernel.run(cell(ESCALATE, say("Ok.")), answer=answers)
    assert (place.root / "outside.txt").read_text() == "done\n"
    assert "echo done > ../outside.txt" in answers.prompts[0]
    assert "Write beside the workspace?" in answers.prompts[0]
    assert "n = decline" in answers.prompts[0]
    [approval] = result.items("approval")
    assert approval["outcome"] == "accepted"
    assert approval["by"] == "kernel prompt"


def test_the_same_command_asks_again_after_once_and_not_after_session(kernel: Kernel):
    once = Answers("y", "s")
    kernel.run(cell(ESCALATE, ESCALATE, say("Ok.")), answer=once)
    assert len(once.prompts) == 2
    kernel.run(cell(ESCALATE, say("Ok.")), answer=no_question)


def test_a_declined_command_does_not_run_and_codex_hears_why(kernel: Kernel, place: Place, model):
    result = kernel.run(cell(ESCALATE, say("As you wish.")), answer=Answers("n use the workspace"))
    assert result.status == "ok"
    assert not (place.root / "outside.txt").exists()
    [command] = result.items("command")
    assert command["status"] == "declined"
    assert "use the workspace" in str(model.requests[-1])


def test_stopping_at_a_question_ends_the_turn(kernel: Kernel, place: Place):
    result = kernel.run(cell(ESCALATE, say("never said")), answer=Answers("x"))
    assert result.reply["ename"] == "TurnInterrupted"
    assert result.bundle["state"] == "interrupted"
    assert not (place.root / "outside.txt").exists()


@pytest.mark.parametrize("answer", ["", "maybe", "yess", "y please", "always please"])
def test_what_is_not_clearly_a_yes_declines(kernel: Kernel, place: Place, answer: str):
    result = kernel.run(cell(ESCALATE, say("Well.")), answer=Answers(answer))
    assert result.items("approval")[0]["outcome"] == "declined"
    assert not (place.root / "outside.txt").exists()


def test_a_rule_is_written_only_after_a_second_confirmation(kernel: Kernel, place: Place):
    rules = place.codex_home / "rules" / "default.rules"
    touch = ["escalate", "touch ../ruled.txt", "Touch?", {"prefix_rule": ["touch"]}]
    first = Answers("a", "no")
    kernel.run(cell(touch, say("Ok.")), answer=first)
    assert "touch" in first.prompts[1]
    assert not rules.exists()
    kernel.run(cell(touch, say("Ok.")), answer=Answers("a", "yes"))
    assert "touch" in rules.read_text()
    assert (place.root / "ruled.txt").exists()


def test_hidden_characters_are_shown_in_the_question(kernel: Kernel):
    answers = Answers("n")
    kernel.run(
        cell(["escalate", "echo \u202egpj.exe\u202c\x07", "Why\u200b?"], say("Ok.")), answer=answers
    )
    assert "\u202e" not in answers.prompts[0]
    assert "\x07" not in answers.prompts[0]
    assert "202E" in answers.prompts[0]


def test_a_patch_outside_the_workspace_is_asked_with_its_diff(kernel: Kernel, place: Place):
    patch = "*** Begin Patch\n*** Add File: ../p.txt\n+hello\n*** End Patch"
    answers = Answers("y")
    kernel.run(cell(["patch", patch], say("Ok.")), answer=answers)
    assert "+hello" in answers.prompts[0]
    assert (place.root / "p.txt").read_text() == "hello\n"


def test_headless_everything_is_declined_at_once(kernel: Kernel, place: Place):
    result = kernel.run(cell(ESCALATE, say("Not possible here.")))
    assert result.status == "ok"
    [approval] = result.items("approval")
    assert approval["outcome"] == "declined"
    assert "nobody" in approval["by"]
    assert not (place.root / "outside.txt").exists()


def test_a_declined_approval_can_fail_the_cell(kernel: Kernel):
    result = kernel.run("/set fail_on=declined\n" + cell(ESCALATE, say("Not possible here.")))
    assert result.reply["ename"] == "TurnRefused"
    assert "an approval was not given" in result.reply["evalue"]
    assert result.bundle["state"] == "completed"


def test_an_interrupt_while_a_question_is_open_ends_the_turn(kernel: Kernel, place: Place):
    asked = []

    def interrupt(prompt: str) -> str:
        asked.append(prompt)
        kernel.interrupt()
        return "too late, and no yes"

    result = kernel.run(cell(ESCALATE, say("never said")), answer=interrupt)
    assert result.reply["ename"] == "TurnInterrupted"
    assert result.items("approval")[0]["outcome"] != "accepted"
    assert kernel.run(cell(say("Next."))).data["text/plain"] == "Next."
