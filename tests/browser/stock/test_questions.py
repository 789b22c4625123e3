"""Approvals by the input box that JupyterLab opens in a cell's output."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from ...end_to_end.place import wait_until
from ...end_to_end.script import cell, say
from ..lab import Lab, LabPage


def asking(lab: Lab, name: str) -> tuple[str, str]:
    """A cell that asks to write a file beside the workspace, and its command."""
    command = f"printf yes > ../{name}.txt"
    assert not (lab.place.root / f"{name}.txt").exists()
    return cell(["escalate", command, "Write beside it?"], say("Said and done.")), command


def test_the_box_shows_the_whole_command_and_y_allows_it(lab: Lab, page: LabPage):
    source, command = asking(lab, "allowed")
    lab.write("asking", source)
    page.open("asking")
    page.run(0)
    expect(page.questions.locator("input")).to_be_focused()
    expect(page.questions).to_contain_text(f"    {command}\n")
    expect(page.output(0)).to_contain_text("Waiting for you")
    page.answer("y")
    expect(page.prompt(0)).to_have_text("[1]:")
    assert (lab.place.root / "allowed.txt").read_text() == "yes"
    expect(page.output(0)).to_contain_text("Allowed once by kernel prompt")
    expect(page.output(0).locator(".jp-OutputArea-output")).to_have_count(1)
    expect(page.output(0)).not_to_contain_text("Your answer")


def test_two_questions_of_one_turn_are_answered_one_after_the_other(lab: Lab, page: LabPage):
    steps = [["escalate", f"printf {name} > ../{name}.txt", "May I?"] for name in ("one", "two")]
    lab.write("both", cell(steps, say("Both.")))
    page.open("both")
    page.run(0)
    expect(page.questions).to_contain_text(re.compile("> ../(one|two).txt"))
    # Codex runs both commands at once, so either may ask first.
    is_one = "> ../one.txt" in page.questions.inner_text()
    first, second = ("one", "two") if is_one else ("two", "one")
    page.answer("y")
    expect(page.questions).to_contain_text(f"> ../{second}.txt")
    page.answer("n not that one")
    expect(page.prompt(0)).to_have_text("[1]:")
    expect(page.output(0)).to_contain_text("Declined")
    written = {path.name for path in lab.place.root.glob("*.txt")}
    assert {"one.txt", "two.txt"} & written == {f"{first}.txt"}


def test_the_box_of_a_stopped_turn_answers_nothing_else(lab: Lab, page: LabPage):
    first, _ = asking(lab, "first")
    second, command = asking(lab, "second")
    lab.write("stale", first, second)
    page.open("stale")
    page.run(0)
    expect(page.questions).to_be_visible()
    page.hold_clearing()
    page.command("kernelmenu:interrupt")
    expect(page.prompt(0)).to_have_text("[1]:")
    expect(page.output(0)).to_contain_text("TurnInterrupted")

    page.run(1)
    expect(page.output(1)).to_contain_text(command)
    expect(page.questions).to_have_count(2)
    page.answer("y")
    expect(page.questions).to_have_count(1)
    page.answer("n use another place")
    expect(page.prompt(1)).to_have_text("[2]:")
    expect(page.output(1)).to_contain_text("Declined")
    assert not (lab.place.root / "first.txt").exists()
    assert not (lab.place.root / "second.txt").exists()


def test_the_box_of_a_stopped_turn_goes_away(lab: Lab, page: LabPage):
    source, _ = asking(lab, "stopped")
    lab.write("stopped", source)
    page.open("stopped")
    page.run(0)
    expect(page.questions).to_be_visible()
    page.command("kernelmenu:interrupt")
    expect(page.output(0)).to_contain_text("Interrupted")
    expect(page.questions).to_have_count(0)
    wait_until(lambda: page.status() == "idle")
    assert not (lab.place.root / "stopped.txt").exists()
