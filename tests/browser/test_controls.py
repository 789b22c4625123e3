"""The session controls of a Codex notebook: toolbar, dialogs, what the notebook file carries."""

from __future__ import annotations

import json

import nbformat
from playwright.sync_api import Locator, expect

from ..end_to_end.script import cell, say
from .lab import Lab, LabPage


def item(page: LabPage, kind: str) -> Locator:
    """A button of the toolbar, by what it is about."""
    return page.page.locator(f".jp-CodexToolbar-item.jp-mod-{kind} button")


def choose(page: LabPage, kind: str, label: str) -> None:
    """Open the menu of a button and pick what begins with a label."""
    item(page, kind).click()
    page.page.locator(".jp-CodexMenu .lm-Menu-item", has_text=label).first.click()


def last_turn(lab: Lab, name: str) -> dict[str, object]:
    """What the last turn of a notebook reported to work with."""
    return lab.request("GET", f"codex-kernel/api/notebooks?path={name}.ipynb")["last_turn"][
        "settings"
    ]


def ran(page: LabPage, number: int, count: int) -> None:
    """Run a cell to its end."""
    page.run(number)
    expect(page.prompt(number)).to_have_text(f"[{count}]:")


def test_settings_of_the_toolbar_hold_from_the_next_turn_and_say_so(lab: Lab, page: LabPage):
    lab.write("toolbar", cell(say("One.")), cell(say("Two.")))
    page.page.set_viewport_size({"width": 1800, "height": 900})
    page.open("toolbar")
    expect(item(page, "session")).to_contain_text("New session")
    ran(page, 0, 1)
    expect(item(page, "session")).to_contain_text("Go @@")
    expect(item(page, "sandbox")).to_have_text("Workspace")
    choose(page, "model", "GPT-5.6-Sol")
    choose(page, "effort", "high")
    choose(page, "sandbox", "Read only")
    choose(page, "approval_policy", "Never ask")
    pending = page.page.locator(".jp-CodexToolbar-item.jp-mod-pending")
    expect(pending).to_have_count(3)
    expect(item(page, "sandbox")).to_have_attribute(
        "aria-label", "Sandbox: Read only From the next turn on; the last one ran with: Workspace"
    )
    ran(page, 1, 2)
    settings = last_turn(lab, "toolbar")
    assert (settings["sandbox"], settings["effort"]) == ("read-only", "high")
    assert (settings["model"], settings["approval_policy"]) == ("gpt-5.6-sol", "never")
    expect(pending).to_have_count(0)
    expect(page.page.locator(".jp-CodexToolbar-item.jp-mod-context")).to_contain_text("% left")


def test_no_sandbox_is_marked_and_asked_for_twice(lab: Lab, page: LabPage):
    lab.write("danger", cell(say("One.")))
    page.open("danger")
    choose(page, "sandbox", "No sandbox")
    dialog = page.page.locator(".jp-Dialog")
    expect(dialog).to_contain_text("whatever you can do")
    page.page.keyboard.press("Escape")
    expect(item(page, "sandbox")).to_have_text("Workspace")
    choose(page, "sandbox", "No sandbox")
    dialog.get_by_role("button", name="No sandbox").click()
    expect(page.page.locator(".jp-CodexToolbar-item.jp-mod-danger button")).to_have_text(
        "No sandbox"
    )
    ran(page, 0, 1)
    assert last_turn(lab, "danger")["sandbox"] == "danger-full-access"


def test_a_session_is_resumed_in_another_notebook_and_forked_after_a_cell(lab: Lab, page: LabPage):
    lab.write("first", cell(say("The first answer."), prompt="Remember apples"))
    lab.write("second", cell(say("Two.")), cell(say("Three.")))
    page.open("first")
    ran(page, 0, 1)
    [session] = {turn["session_id"] for turn in turns(lab, "first")}
    page.open("second")
    page.command("codex:resume-session")
    page.page.get_by_role("searchbox", name="Search sessions").fill("apples")
    page.page.locator(".jp-CodexPicker-offer", has_text="Remember apples").click()
    page.page.locator(".jp-Dialog").get_by_role("button", name="Resume").click()
    page.page.locator(".jp-Dialog").get_by_role("button", name="Take it over").click()
    expect(item(page, "session")).to_contain_text("Remember app")
    ran(page, 0, 1)
    assert turns(lab, "second")[0]["session_id"] == session
    assert "The first answer." in str(lab.model.requests[-1]["input"])

    page.page.evaluate(
        "() => { window.jupyterapp.shell.currentWidget.content.activeCellIndex = 0 }"
    )
    page.command("codex:fork-session-from-cell")
    expect(page.page.locator(".Toastify__toast", has_text="copy of the session")).to_be_visible()
    ran(page, 1, 2)
    copy = turns(lab, "second")[0]["session_id"]
    assert copy != session
    api = "codex-kernel/api/sessions"
    assert lab.request("GET", f"{api}/{copy}")["forked_from"] == session
    page.command("codex:new-session")
    expect(item(page, "session")).to_contain_text("New session")


def turns(lab: Lab, name: str) -> list[dict[str, object]]:
    """The turns of a notebook, the latest first."""
    return lab.request("GET", f"codex-kernel/api/turns?notebook={name}.ipynb")["turns"]


def test_the_dialog_shows_every_setting_and_keeps_them_in_the_file(lab: Lab, page: LabPage):
    lab.write("dialog", cell(say("One.")), cell(say("Two.")))
    page.open("dialog")
    ran(page, 0, 1)
    page.command("codex:open-settings")
    dialog = page.page.locator(".jp-Dialog")
    dialog.get_by_role("combobox", name="Effort").select_option("low")
    dialog.get_by_role("combobox", name="Sandbox").select_option("read-only")
    dialog.get_by_role("checkbox", name="Keep model").check()
    dialog.get_by_text("Everything, as the kernel reports it").click()
    expect(dialog).to_contain_text("You work inside a Jupyter notebook")
    expect(dialog).to_contain_text("MCP servers")
    expect(dialog.locator("table").last).to_contain_text(str(lab.place.workspace))
    dialog.get_by_role("button", name="Use from the next turn on").click()
    expect(dialog).to_have_count(0)
    expect(item(page, "sandbox")).to_have_text("Read only")
    ran(page, 1, 2)
    assert last_turn(lab, "dialog")["effort"] == "low"
    page.save()
    carried = page.document("dialog").metadata["codex"]
    assert carried["sandbox"] == "read-only"
    assert carried["effort"] == "low"


def test_a_notebook_from_elsewhere_gets_no_wider_sandbox_without_asking(lab: Lab, page: LabPage):
    path = lab.write("foreign", cell(say("One.")), cell(say("Two.")))
    document = nbformat.read(path, as_version=4)
    document.metadata["codex"] = {"sandbox": "danger-full-access", "effort": "low"}
    nbformat.write(document, path)
    page.open("foreign")
    toast = page.page.locator(".Toastify__toast", has_text="wider than your own")
    expect(toast).to_be_visible()
    expect(item(page, "effort")).to_have_text("low")
    ran(page, 0, 1)
    settings = last_turn(lab, "foreign")
    assert (settings["sandbox"], settings["effort"]) == ("workspace-write", "low")
    toast.get_by_role("button", name="Allow here").click()
    page.page.locator(".jp-Dialog").get_by_role("button", name="No sandbox").click()
    expect(item(page, "sandbox")).to_have_text("No sandbox")
    ran(page, 1, 2)
    assert last_turn(lab, "foreign")["sandbox"] == "danger-full-access"


def test_a_notebook_of_another_kernel_has_no_controls(lab: Lab, page: LabPage):
    path = lab.place.workspace / "python.ipynb"
    document = nbformat.v4.new_notebook(
        metadata={"kernelspec": {"name": "python3", "display_name": "Python", "language": "python"}}
    )
    document.cells = [nbformat.v4.new_code_cell("1")]
    path.write_text(json.dumps(document))
    page.open("python")
    expect(page.page.locator(".jp-NotebookPanel-toolbar")).to_be_visible()
    expect(page.page.locator(".jp-CodexToolbar-item:visible")).to_have_count(0)
