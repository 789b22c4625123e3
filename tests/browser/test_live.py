"""A turn in its cell, drawn from the record as it happens, whatever the page goes through."""

from __future__ import annotations

import re
import time

import pytest
from playwright.sync_api import Browser, expect

from ..end_to_end.place import new_place, processes_of, scripted, wait_until
from ..end_to_end.script import cell, say
from .lab import Lab, LabPage, lab_in

PATCH = "*** Begin Patch\n*** Add File: added.txt\n+a new line\n*** End Patch"
OFFLINE_SECONDS = 10.0
_marked = re.compile(r"^[●?] ")


def everything(hold: str) -> str:
    """A turn of many kinds of items that stops half way."""
    return cell(
        [
            ["think", "**Looking around**\n\nWhat is here?"],
            ["plan", [["Look", "in_progress"], ["Change", "pending"]]],
            ["run", "echo from the com''mand"],
        ],
        [["patch", PATCH]],
        [say("Half of it. ", phase="commentary"), ["wait", hold], say("And the rest.")],
    )


def test_a_turn_is_seen_while_it_runs_and_stays(lab: Lab, page: LabPage):
    lab.write("alive", everything("alive"))
    page.open("alive")
    page.run(0)
    shown = page.output(0)
    for text in ("Working", "Looking around", "Change", "from the command", "a new line"):
        expect(shown).to_contain_text(text)
    expect(shown).to_contain_text("Half of it.")
    expect(shown).not_to_contain_text("rest.")
    expect(page.page).to_have_title(_marked)
    lab.model.release("alive")
    expect(page.prompt(0)).to_have_text("[1]:")
    for text in ("Completed", "Looking around", "from the command", "a new line", "rest."):
        expect(shown).to_contain_text(text)
    expect(shown.locator(".jp-OutputArea-output")).to_have_count(1)
    expect(page.page).not_to_have_title(_marked)


def test_the_page_gets_text_as_it_is_written_and_not_by_the_kernel(lab: Lab, page: LabPage):
    frames: list[str] = []
    page.page.on(
        "websocket",
        lambda socket: socket.on("framereceived", lambda frame: frames.append(str(frame))),
    )
    lab.write("frames", cell([say("word " * 200), ["wait", "frames"], say("The end.")]))
    page.open("frames")
    page.run(0)
    expect(page.output(0)).to_contain_text("word word")
    lab.model.release("frames")
    expect(page.output(0)).to_contain_text("Completed")
    assert any('"item.text"' in frame for frame in frames)


def test_a_question_is_answered_in_the_cell_while_it_runs(lab: Lab, page: LabPage):
    command = "printf yes > ../by-browser.txt"
    lab.write("ask", cell(["escalate", command, "Write beside it?"], say("Said and done.")))
    page.open("ask")
    page.run(0)
    expect(page.output(0)).to_contain_text("Write beside it?")
    expect(page.page).to_have_title(_marked)
    page.output(0).get_by_role("button", name="Allow once").click()
    expect(page.output(0)).to_contain_text("Said and done.")
    expect(page.prompt(0)).to_have_text("[1]:")
    assert (lab.place.root / "by-browser.txt").read_text() == "yes"
    expect(page.questions).to_have_count(0)


def test_stop_and_steer_in_the_cell(lab: Lab, page: LabPage):
    lab.write("steer", cell([say("Half. "), ["wait", "steer"]]), "")
    page.open("steer")
    page.run(0)
    expect(page.output(0)).to_contain_text("Half.")
    page.output(0).get_by_role("textbox").fill("Shorter, please")
    page.output(0).get_by_role("textbox").press("Enter")
    expect(page.output(0)).to_contain_text("Shorter, please")
    page.output(0).get_by_role("button", name="Stop").click()
    expect(page.output(0)).to_contain_text("Interrupted")
    expect(page.prompt(0)).to_have_text("[1]:")


def test_what_is_queued_runs_next_in_a_cell_of_its_own(lab: Lab, page: LabPage):
    lab.write("next", cell([say("First. "), ["wait", "next"]]))
    page.open("next")
    page.run(0)
    expect(page.output(0)).to_contain_text("First.")
    page.output(0).get_by_role("textbox").fill("What can you do?")
    page.output(0).get_by_role("textbox").press("Control+Enter")
    expect(page.output(1)).to_contain_text("Queued")
    expect(page.output(1).get_by_role("button", name="Cancel")).to_be_visible()
    lab.model.release("next")
    expect(page.output(1)).to_contain_text("I am a scripted model")
    expect(page.prompt(1)).to_have_text("[2]:")


def test_a_saved_turn_that_still_runs_goes_on_in_another_page(
    browser: Browser, lab: Lab, page: LabPage
):
    lab.write("second", cell([say("Half of it. "), ["wait", "second"], say("And the rest.")]))
    page.open("second")
    page.run(0)
    expect(page.output(0)).to_contain_text("Half of it.")
    page.save()
    with browser.new_context() as context:
        other = LabPage(context.new_page(), lab)
        other.page.goto(f"{lab.url}lab/workspaces/auto-other/tree/second.ipynb?reset")
        expect(other.output(0)).to_contain_text("Half of it.")
        expect(other.output(0)).to_contain_text("Working")
        lab.model.release("second")
        for each in (page, other):
            expect(each.output(0)).to_contain_text("And the rest.")
            expect(each.output(0)).to_contain_text("Completed")
        assert not other.errors


def test_an_output_of_another_cell_has_no_controls(lab: Lab, page: LabPage):
    lab.write("own", cell([say("Mine. "), ["wait", "own"]]))
    page.open("own")
    page.run(0)
    expect(page.output(0).get_by_role("button", name="Stop")).to_be_visible()
    page.save()
    document = page.document("own")
    document.cells[0]["id"] = "another"
    lab.write_document("forged", document)
    page.page.goto(f"{lab.url}lab/workspaces/auto-forged/tree/forged.ipynb?reset")
    expect(page.output(0)).to_contain_text("Was running when saved")
    expect(page.output(0).get_by_role("button", name="Stop")).to_have_count(0)
    expect(page.output(0).get_by_role("textbox")).to_have_count(0)
    lab.model.release("own")


def test_what_the_notebook_leaves_out_comes_from_the_record(lab: Lab, page: LabPage):
    lab.write("cut", cell(["run", "seq 1 9999"], say("Counted.")))
    page.open("cut")
    page.run(0)
    expect(page.prompt(0)).to_have_text("[1]:")  # the kernel's last word is in the document
    page.save()
    wait_until(lambda: "left out" in str(page.document("cut").cells[0].outputs))
    page.page.goto(f"{lab.url}lab/workspaces/auto-again/tree/cut.ipynb?reset")
    expect(page.output(0)).to_contain_text("Counted.")
    more = page.output(0).get_by_role("button", name="Show all from the record")
    more.click()
    expect(more).to_have_count(0)
    expect(page.output(0)).not_to_contain_text("left out")


def test_ten_seconds_offline_lose_nothing(lab: Lab, page: LabPage):
    lab.write(
        "offline",
        cell([say("Before. "), ["wait", "off"], say("Meanwhile. "), ["wait", "on"], say("After.")]),
    )
    page.open("offline")
    page.run(0)
    expect(page.output(0)).to_contain_text("Before.")
    began = time.monotonic()
    page.page.context.set_offline(True)
    expect(page.output(0)).to_contain_text("reconnecting")
    lab.model.release("off")
    wait_until(lambda: "Meanwhile." in lab.text_of("offline.ipynb"))
    wait_until(lambda: time.monotonic() - began > OFFLINE_SECONDS)
    expect(page.output(0)).not_to_contain_text("Meanwhile.")
    page.page.context.set_offline(False)
    expect(page.output(0)).to_contain_text("Before. Meanwhile.")
    lab.model.release("on")
    expect(page.output(0)).to_contain_text("Before. Meanwhile. After.")
    expect(page.output(0)).to_contain_text("Completed")
    page.forgive_connections()


@pytest.mark.timeout(300)
def test_after_a_restart_of_the_server_the_turn_is_there_with_its_end(browser: Browser):
    with new_place() as place:
        with scripted(place) as model, browser.new_context() as context:
            with lab_in(place, model) as lab:
                lab.write("restart", cell([say("Half of it. "), ["wait", "restart"]]))
                page = LabPage(context.new_page(), lab)
                page.open("restart")
                page.run(0)
                expect(page.output(0)).to_contain_text("Half of it.")
                lab.server.kill()
                expect(page.output(0)).to_contain_text("reconnecting")
            with lab_in(place, model, port=lab.port):
                # The kernel ended with its server; the record says so when the server is back.
                expect(page.output(0)).to_contain_text("Lost")
                expect(page.output(0)).to_contain_text("Half of it.")
                expect(page.output(0).get_by_role("button", name="Continue")).to_be_visible()
            page.forgive_connections()
            # JupyterLab itself goes on asking for the kernel that is gone.
            assert not [error for error in page.errors if "odex" in error]
        wait_until(lambda: not processes_of(place), seconds=30)
