"""While a turn runs: the kernel is busy and answers, stops when told to, and survives a reload."""

from __future__ import annotations

from playwright.sync_api import expect

from ...end_to_end.script import cell, say
from ..lab import Lab, LabPage

BUSY = "Codex | Busy"


def complete_a_path(page: LabPage) -> None:
    page.type(1, "See @found-by")
    page.page.keyboard.press("Tab")
    expect(page.page.locator(".jp-Completer")).to_contain_text("@found-by-tab.csv")
    page.page.keyboard.press("Enter")
    expect(page.cell(1).locator(".cm-content")).to_have_text("See @found-by-tab.csv")


def test_lab_is_busy_throughout_a_turn_completes_on_tab_and_after_a_reload(lab: Lab, page: LabPage):
    (lab.place.workspace / "found-by-tab.csv").touch()
    lab.write("busy", cell([say("Begun."), ["wait", "busy"], say("Ended.")]), "")
    page.open("busy")
    page.run(0)
    expect(page.output(0)).to_contain_text("Begun.")
    assert page.status() == "busy"
    complete_a_path(page)
    assert page.status() == "busy"
    page.save()

    page.page.reload()
    expect(page.cell(0)).to_be_visible()
    page.wait_for_status("busy")
    expect(page.page.locator("#jp-main-statusbar")).to_contain_text(BUSY)
    complete_a_path(page)
    assert page.status() == "busy"
    lab.model.release("busy")
    page.wait_for_status("idle")
    page.run(1, cell(say("The next one.")))
    expect(page.output(1)).to_contain_text("The next one.")
    expect(page.prompt(1)).to_have_text("[2]:")


def test_stop_ends_the_turn_and_takes_the_queue_along(lab: Lab, page: LabPage):
    never = cell([say("Half a"), ["stall"]])
    lab.write("stop", never, cell(say("not said")), cell(say("A new turn.")))
    page.open("stop")
    page.run(0)
    expect(page.output(0)).to_contain_text("Half a")
    page.run(1)
    expect(page.prompt(1)).to_have_text("[*]:")
    page.page.get_by_role("button", name="Interrupt the kernel").click()
    expect(page.prompt(0)).to_have_text("[1]:")
    expect(page.output(0)).to_contain_text("Interrupted")
    expect(page.output(0)).to_contain_text("Half a")
    expect(page.prompt(1)).to_have_text("[ ]:")
    expect(page.output(1)).to_be_empty()
    page.run(2)
    expect(page.output(2)).to_contain_text("A new turn.")
    expect(page.output(0)).not_to_contain_text("Working")
    assert not any("not said" in str(request) for request in lab.model.requests)


def test_a_subshell_does_not_run_beside_the_notebook(lab: Lab, page: LabPage):
    lab.write("subshell", cell([say("In the notebook."), ["wait", "subshell"]]))
    page.open("subshell")
    page.command("notebook:create-subshell-console")
    console = page.page.locator(".jp-CodeConsole")
    expect(console.locator(".jp-CodeConsole-promptCell")).to_be_visible()
    page.activate("subshell.ipynb")
    page.run(0)
    expect(page.output(0)).to_contain_text("In the notebook.")
    prompt = console.locator(".jp-CodeConsole-promptCell .cm-content")
    prompt.click()
    page.page.keyboard.insert_text(cell(say("In the console.")))
    page.page.keyboard.press("Shift+Enter")
    answered = console.locator(".jp-CodeConsole-content .jp-Cell-outputArea").last
    expect(answered).to_contain_text("Queued")
    assert len([each for each in lab.model.requests if "In the console." in str(each)]) == 0
    lab.model.release("subshell")
    expect(answered).to_contain_text("In the console.")
    expect(page.output(0)).to_contain_text("Completed")
