"""`%codex` in a Python notebook of a JupyterLab without the labextension: the widget shows it."""

from __future__ import annotations

import json

from playwright.sync_api import expect

from ...end_to_end.script import cell, say
from ..lab import Lab, LabPage
from ..test_magic import loaded
from .test_questions import asking
from .test_widget import WIDGET, held


def test_a_turn_is_live_in_the_widget_while_its_cell_blocks_the_kernel(lab: Lab, page: LabPage):
    loaded(page, lab, "magic-widget", f"%%codex\n{held('magic-widget')}", "6 * 7")
    page.run(1)
    widget = page.output(1).locator(".jp-Codex")
    expect(widget.locator(".jp-Codex-output")).to_have_text("begun\n")
    expect(widget.locator(".jp-Codex-message")).to_contain_text("Half of it.")
    lab.model.release("magic-widget")
    expect(page.prompt(1)).to_have_text("[2]:")
    expect(page.output(1)).to_contain_text("The end.")
    expect(page.output(1).locator(".jp-Codex")).to_have_count(0)
    page.run(2)
    expect(page.output(2)).to_contain_text("42")
    page.save()
    document = json.dumps(page.document("magic-widget"))
    assert "The **end**." in document
    assert WIDGET not in document


def test_the_widget_allows_a_command_and_the_box_is_gone(lab: Lab, page: LabPage):
    source, command = asking(lab, "magic-by-widget")
    loaded(page, lab, "magic-asks", f"%%codex\n{source}")
    page.run(1)
    question = page.output(1).locator(".jp-Codex-question")
    expect(question).to_contain_text(command)
    question.get_by_role("button", name="Allow once").click()
    expect(page.prompt(1)).to_have_text("[2]:")
    assert (lab.place.root / "magic-by-widget.txt").read_text() == "yes"
    expect(page.output(1)).to_contain_text("Allowed once by the widget")
    expect(page.questions).to_have_count(0)


def test_the_widget_steers_and_stops_a_turn_of_a_python_notebook(lab: Lab, page: LabPage):
    loaded(page, lab, "magic-stops", f"%%codex\n{cell(['run', 'sleep 300'], say('Never said.'))}")
    page.run(1)
    widget = page.output(1).locator(".jp-Codex")
    expect(widget.locator(".jp-Codex-command")).to_be_visible()
    box = widget.locator("textarea")
    box.fill("Hurry up")
    box.press("Enter")
    expect(box).to_have_value("")
    widget.get_by_role("button", name="Stop", exact=True).click()
    page.output(1).get_by_role("alertdialog").get_by_role("button", name="Stop").click()
    expect(page.prompt(1)).to_have_text("[2]:")
    expect(page.output(1)).to_contain_text("Interrupted")
