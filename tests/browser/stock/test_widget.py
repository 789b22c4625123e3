"""The live widget in a JupyterLab without the labextension."""

from __future__ import annotations

import json

from playwright.sync_api import expect

from ...end_to_end.script import cell, say
from ..lab import Lab, LabPage
from .test_questions import asking

WIDGET = "application/vnd.jupyter.widget-view+json"


def held(hold: str) -> str:
    """A turn that stops half way."""
    half = say("Half of it. ", phase="commentary")
    return cell(["run", "echo begun"], [half, ["wait", hold], say("The **end**.")])


def test_a_turn_is_live_in_the_widget_and_leaves_none_behind(lab: Lab, page: LabPage):
    lab.write("widget", held("widget"))
    page.open("widget")
    page.run(0)
    widget = page.output(0).locator(".jp-Codex")
    expect(widget.locator(".jp-Codex-output")).to_have_text("begun\n")
    expect(widget.locator(".jp-Codex-message")).to_contain_text("Half of it.")
    expect(widget.locator(".jp-Codex-state")).to_contain_text("Working")
    lab.model.release("widget")
    expect(page.prompt(0)).to_have_text("[1]:")
    expect(page.output(0)).to_contain_text("The end.")
    expect(page.output(0).locator(".jp-Codex")).to_have_count(0)
    page.save()
    document = json.dumps(page.document("widget"))
    assert "The **end**." in document
    assert WIDGET not in document


def test_the_widget_allows_a_command_while_its_cell_is_busy(lab: Lab, page: LabPage):
    source, command = asking(lab, "by-widget")
    lab.write("widget-asks", source)
    page.open("widget-asks")
    page.run(0)
    question = page.output(0).locator(".jp-Codex-question")
    expect(question).to_contain_text(command)
    question.get_by_role("button", name="Allow once").click()
    expect(page.prompt(0)).to_have_text("[1]:")
    assert (lab.place.root / "by-widget.txt").read_text() == "yes"
    expect(page.output(0)).to_contain_text("Allowed once by the widget")


def test_the_widget_steers_and_stops(lab: Lab, page: LabPage):
    lab.write("widget-steers", cell(["run", "sleep 300"], say("Never said.")))
    page.open("widget-steers")
    page.run(0)
    widget = page.output(0).locator(".jp-Codex")
    expect(widget.locator(".jp-Codex-command")).to_be_visible()
    box = widget.locator("textarea")
    box.fill("Hurry up")
    box.press("Enter")
    expect(box).to_have_value("")
    widget.get_by_role("button", name="Stop", exact=True).click()
    page.output(0).get_by_role("alertdialog").get_by_role("button", name="Stop").click()
    expect(page.prompt(0)).to_have_text("[1]:")
    expect(page.output(0)).to_contain_text("Interrupted")


def test_a_reloaded_page_has_the_widget_live_again(lab: Lab, page: LabPage):
    lab.write("widget-again", held("widget-again"))
    page.open("widget-again")
    page.run(0)
    said = page.output(0).locator(".jp-Codex-message")
    expect(said).to_contain_text("Half of it.")
    page.save()
    page.page.reload()
    expect(said).to_contain_text("Half of it.")
    lab.model.release("widget-again")
    expect(page.output(0).locator(".jp-Codex-state")).to_contain_text("Completed")
    expect(page.output(0)).to_contain_text("The end.")
