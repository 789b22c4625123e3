"""A prompt in JupyterLab, from the launcher to the saved notebook."""

from __future__ import annotations

import re

import nbformat
from playwright.sync_api import expect

from ...end_to_end.place import MIME
from ...end_to_end.script import cell, say
from ..lab import Lab, LabPage

PATCH = "*** Begin Patch\n*** Add File: added.txt\n+a new line\n*** End Patch"


def everything(hold: str) -> str:
    """A turn of all kinds of items that stops half way."""
    return cell(
        [
            ["think", "**Looking around**\n\nWhat is here?"],
            ["plan", [["Look", "in_progress"], ["Change", "pending"]]],
            ["run", "echo from the com''mand"],
        ],
        [["patch", PATCH]],
        [say("Half of it. ", phase="commentary"), ["wait", hold], say("And | the | rest")],
    )


def test_the_launcher_offers_codex_and_a_typed_prompt_runs(lab: Lab, page: LabPage):
    page.page.goto(f"{lab.url}lab/workspaces/auto-launcher?reset")
    card = page.page.locator(".jp-LauncherCard[data-category='Notebook'][title='Codex']")
    logo = card.locator("img")
    expect(logo).to_be_visible()
    assert logo.evaluate("image => image.complete && image.naturalWidth") > 0
    card.click()
    page.wait_for_status("idle")
    page.cell(0).locator(".cm-content").click()
    page.page.keyboard.type("What can you do?")
    page.page.keyboard.press("Shift+Enter")
    expect(page.output(0)).to_contain_text("Completed")
    expect(page.output(0)).to_contain_text("I am a scripted model")
    expect(page.prompt(0)).to_have_text("[1]:")


def test_a_turn_is_seen_while_it_runs_and_stays(lab: Lab, page: LabPage):
    lab.write("live", everything("live"))
    page.open("live")
    page.run(0)
    shown = page.output(0)
    for text in ("Working", "Looking around", "Change", "echo from", "from the command"):
        expect(shown).to_contain_text(text)
    expect(shown.locator(".jp-mod-added")).to_have_text("a new line")
    expect(shown).to_contain_text("Half of it.")
    expect(shown).not_to_contain_text("rest")
    expect(page.prompt(0)).to_have_text("[*]:")
    lab.model.release("live")
    expect(page.prompt(0)).to_have_text("[1]:")
    for text in ("Completed", "Looking around", "from the command", "+a new line", "rest"):
        expect(shown).to_contain_text(text)
    expect(shown.locator(".jp-OutputArea-output")).to_have_count(1)


def test_a_saved_turn_is_whole_and_is_read_by_a_stranger(lab: Lab, page: LabPage):
    lab.write("saved", everything("saved"))
    lab.model.release("saved")
    page.open("saved")
    page.run(0)
    expect(page.prompt(0)).to_have_text("[1]:")
    page.save()
    document = page.document("saved")
    nbformat.validate(document)
    [output] = document.cells[0].outputs
    assert set(output.data) == {MIME, "text/html", "text/plain"}
    assert output.data["text/plain"] == "And | the | rest"
    assert output.data[MIME]["state"] == "completed"
    assert {item["type"] for item in output.data[MIME]["items"]} >= {"command", "file_change"}

    document.cells[0].source = "No longer what was signed here"
    nbformat.write(document, lab.place.workspace / "stranger.ipynb")
    page.open("stranger")
    shown = page.output(0).locator(".jp-OutputArea-output")
    expect(shown).to_be_visible()
    expect(shown).not_to_have_class(re.compile("jp-mod-trusted"))
    for text in ("Completed", "Looking around", "from the command", "+a new line", "rest"):
        expect(shown).to_contain_text(text)
    expect(shown.locator("details")).to_have_count(3)
    assert "rgba(46" in (shown.locator("ins").get_attribute("style") or "")
