"""Reload is the normal case: a cell shows its turn, whoever was there when it ran."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import nbformat
import pytest
from playwright.sync_api import Browser, expect

from codex_kernel.render.bundle import mime_bundle
from codex_kernel.settings import ViewSettings

from ..end_to_end.place import MIME, wait_until
from ..end_to_end.script import cell, say
from .gallery import ROOT
from .lab import KERNELSPEC, Lab, LabPage

GOLDEN = ROOT / "tests/render/golden"
LOOP = "echo begun; while [ ! -e go ]; do sleep 0.1; done; echo gone on"
SLOW = ["run", LOOP, {"yield_time_ms": 60_000}]


def shown(page: LabPage, number: int = 0) -> Any:
    return page.output(number).locator(".jp-Codex")


def reload(page: LabPage) -> None:
    page.page.reload()
    expect(page.cell(0)).to_be_visible()


def state_of(lab: Lab, name: str) -> str:
    turns = lab.request("GET", f"codex-kernel/api/turns?notebook={name}.ipynb")["turns"]
    return turns[0]["state"] if turns else "none"


@contextmanager
def another_tab(page: LabPage, name: str) -> Iterator[LabPage]:
    """The notebook in a second tab of the same browser."""
    tab = LabPage(page.page.context.new_page(), page.lab)
    tab.page.goto(f"{page.lab.url}lab/workspaces/auto-{name}-2/tree/{name}.ipynb?reset")
    expect(tab.cell(0)).to_be_visible()
    yield tab
    tab.page.close()
    assert not tab.errors


def ended(page: LabPage, number: int = 0, count: int = 1) -> None:
    expect(page.prompt(number)).to_have_text(f"[{count}]:")
    expect(shown(page, number)).to_have_count(1)
    expect(shown(page, number)).to_contain_text("The end.")


Prepare = Callable[[LabPage], None]


def before_the_first_event(page: LabPage) -> None:
    wait_until(lambda: state_of(page.lab, "before") != "none")


def text(words: str) -> Prepare:
    def wait(page: LabPage) -> None:
        expect(shown(page)).to_contain_text(words)

    return wait


POINTS: dict[str, tuple[list[Any], Prepare, str]] = {
    "before": ([["wait", "before"]], before_the_first_event, ""),
    "reasoning": (
        [["think", "**Looking around**\n\nWhat"], ["wait", "reasoning"]],
        text("Looking around"),
        "Looking around",
    ),
    "message": ([say("Half of it."), ["wait", "message"]], text("Half of it."), "Half of it."),
}


@pytest.mark.parametrize("point", POINTS)
def test_a_reload_in_the_middle_shows_the_turn_from_its_beginning(
    lab: Lab, page: LabPage, point: str
):
    steps, wait, seen = POINTS[point]
    lab.write(point, cell([*steps, say("The end.")]))
    page.open(point)
    page.run(0)
    wait(page)
    reload(page)
    expect(page.prompt(0)).to_have_text("[*]:")
    expect(shown(page)).to_contain_text(seen or "Working")
    lab.model.release(point)
    ended(page)
    page.save()
    [output] = page.document(point).cells[0].outputs
    assert set(output.data) == {MIME, "text/html", "text/plain"}
    assert output.data[MIME]["final"]


def test_a_reload_during_a_command_goes_on_with_its_output(lab: Lab, page: LabPage):
    lab.write("command", cell(SLOW, say("The end.")))
    page.open("command")
    page.run(0)
    expect(shown(page)).to_contain_text("begun")
    reload(page)
    expect(page.prompt(0)).to_have_text("[*]:")
    expect(shown(page)).to_contain_text("begun")
    (lab.place.workspace / "go").touch()
    ended(page)
    expect(shown(page)).to_contain_text("gone on")
    (lab.place.workspace / "go").unlink()


def test_a_reload_while_codex_asks_still_asks(lab: Lab, page: LabPage):
    command = "printf yes > ../asked.txt"
    lab.write("asking", cell(["escalate", command, "Write beside it?"], say("The end.")))
    page.open("asking")
    page.run(0)
    expect(shown(page).get_by_role("button", name="Allow once")).to_be_visible()
    reload(page)
    expect(page.prompt(0)).to_have_text("[*]:")
    shown(page).get_by_role("button", name="Allow once").click()
    ended(page)
    assert (lab.place.root / "asked.txt").read_text() == "yes"


def test_a_tab_closed_and_opened_after_the_end_shows_the_turn(
    lab: Lab, page: LabPage, browser: Browser
):
    lab.write("closed", cell([say("Begun."), ["wait", "closed"], say("The end.")]))
    page.open("closed")
    page.run(0)
    expect(shown(page)).to_contain_text("Begun.")
    page.page.goto("about:blank")
    lab.model.release("closed")
    wait_until(lambda: state_of(lab, "closed") == "completed")
    page.open("closed")
    ended(page)
    reload(page)
    ended(page)


def test_a_second_tab_shows_the_turn_and_only_one_of_them_saves(lab: Lab, page: LabPage):
    lab.write("tabs", cell([say("Begun."), ["wait", "tabs"], say("The end.")]))
    page.open("tabs")
    page.save()  # with what the kernel says of its language
    with another_tab(page, "tabs") as other:
        page.run(0)
        expect(shown(page)).to_contain_text("Begun.")
        expect(other.prompt(0)).to_have_text("[*]:")
        expect(shown(other)).to_contain_text("Begun.")
        lab.model.release("tabs")
        ended(page)
        ended(other)
        dirty = "() => window.jupyterapp.shell.currentWidget.context.model.dirty"
        assert page.page.evaluate(dirty)
        assert not other.page.evaluate(dirty)


def test_a_cell_that_waits_says_so_and_nothing_of_it_is_saved(lab: Lab, page: LabPage):
    lab.write(
        "queue",
        cell([say("First."), ["wait", "queue"], say("The end.")]),
        cell(say("The end."), prompt="Next"),
    )
    page.open("queue")
    page.run(0)
    expect(shown(page)).to_contain_text("First.")
    page.run(1)
    expect(shown(page, 1)).to_contain_text("Queued")
    page.save()
    assert page.document("queue").cells[1].outputs == []
    lab.model.release("queue")
    ended(page)
    ended(page, 1, count=2)


def test_what_was_cleared_is_not_filled_again(lab: Lab, page: LabPage):
    lab.write("cleared", cell(say("The end.")))
    page.open("cleared")
    page.run(0)
    ended(page)
    page.command("notebook:clear-cell-output")
    expect(page.output(0)).to_be_empty()
    with page.page.expect_response(lambda answer: "api/turns?notebook" in answer.url):
        reload(page)
    page.wait_for_status("idle")
    expect(page.prompt(0)).to_have_text("[ ]:")
    expect(shown(page)).to_have_count(0)


def test_a_changed_prompt_is_said_and_not_filled(lab: Lab, page: LabPage):
    path = lab.write("changed", cell(say("The end.")))
    page.open("changed")
    page.run(0)
    ended(page)
    page.page.goto("about:blank")
    turn = lab.request("GET", "codex-kernel/api/turns?notebook=changed.ipynb")["turns"][0]
    document: Any = nbformat.read(path, as_version=4)
    document.cells[0].source = "Something else"
    nbformat.write(document, path)
    before(path, turn["queued_at"])
    page.open("changed")
    notice = page.output(0).get_by_role("note")
    expect(notice).to_contain_text("another prompt")
    expect(shown(page)).to_have_count(0)
    notice.get_by_role("button", name="Show it").click()
    expect(shown(page)).to_contain_text("The end.")
    page.save()
    assert page.document("changed").cells[0].outputs == []


def before(path: Any, moment: str) -> None:
    """Make a file look as if it was saved before a moment."""
    at = datetime.fromisoformat(moment).timestamp() - 1
    os.utime(path, (at, at))


def test_a_new_cell_is_on_disk_when_its_turn_begins(lab: Lab, page: LabPage):
    lab.write("anchored", "")
    page.open("anchored")
    page.command("notebook:insert-cell-below")
    expect(page.cell(1)).to_be_visible()
    page.run(1, cell([say("Begun."), ["wait", "anchored"], say("The end.")]))
    expect(shown(page, 1)).to_contain_text("Begun.")
    wait_until(lambda: len(page.document("anchored").cells) == 2)
    reload(page)
    expect(page.prompt(1)).to_have_text("[*]:")
    expect(shown(page, 1)).to_contain_text("Begun.")
    lab.model.release("anchored")
    ended(page, 1)


def test_the_table_of_contents_looks_for_headings_in_what_is_no_turn(lab: Lab, page: LabPage):
    golden = GOLDEN / "everything.transcript.json"
    turn = mime_bundle(json.loads(golden.read_text()), ViewSettings(), final=True)
    heading = "<h2>Mine</h2>"
    turn["text/html"] += heading
    document = nbformat.v4.new_notebook(metadata={"kernelspec": KERNELSPEC})
    for data in (turn, {"text/html": heading}):
        output = nbformat.v4.new_output("display_data", data)
        document.cells.append(nbformat.v4.new_code_cell("Fix it", outputs=[output]))
    lab.write_document("headings", document)
    page.open("headings")
    expect(shown(page, 0)).to_be_visible()
    found = page.page.evaluate(
        """() => Promise.all(window.jupyterapp.shell.currentWidget.content.widgets.map(
            async cell => (await cell.getHeadings()).map(heading => heading.text)
        ))"""
    )
    assert found == [[], ["Mine"]]
