"""Two pages that edit one document together, by jupyter-collaboration."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from ..end_to_end.place import MIME, new_place, processes_of, scripted, wait_until
from ..end_to_end.script import cell, say
from .lab import LABEXTENSION, Lab, LabPage, lab_in

COLLABORATION = Path(sys.prefix) / "rtc"
"""Installed apart: no other test's server is to find it."""
BOTH_IDLE = (
    "Caught error while handling a Yjs update TypeError: Cannot read properties of undefined"
)
"""JupyterLab's own: each page that hears of a cell's count writes that the cell is idle, and the
shared document stumbles when two write at once."""


@pytest.fixture
def shared_lab() -> Iterator[Lab]:
    """A server for each test: a document that people share outlives the pages that show it."""
    if not COLLABORATION.exists():
        pytest.skip("`make .venv/rtc` installs jupyter-collaboration")
    with new_place() as place:
        with scripted(place) as model, lab_in(place, model, prefix=COLLABORATION) as lab:
            yield lab
        wait_until(lambda: not processes_of(place), seconds=10)


@contextmanager
def user(browser: Browser, lab: Lab, name: str) -> Iterator[LabPage]:
    """Somebody who has the notebook open in a browser of his own."""
    with browser.new_context(viewport={"width": 1280, "height": 1000}) as context:
        page = LabPage(context.new_page(), lab)
        page.open(name)
        assert page.page.evaluate(
            "() => window.jupyterapp.shell.currentWidget.context.model.collaborative"
        )
        yield page
        assert not page.strangers
        assert not [error for error in page.errors if not is_theirs(error)]


def is_theirs(error: str) -> bool:
    """Whether it is the known one, and nothing of ours was at work."""
    return error.startswith(BOTH_IDLE) and LABEXTENSION not in error


def show_once(*pages: LabPage, text: str, state: str) -> None:
    for page in pages:
        expect(page.output(0)).to_contain_text(text)
        expect(page.output(0)).to_contain_text(state)
        expect(page.output(0).locator(".jp-Codex")).to_have_count(1)
        expect(page.output(0).locator(".jp-OutputArea-output")).to_have_count(1)


def outputs(page: LabPage) -> int:
    """How many outputs the shared document has in its first cell."""
    return page.page.evaluate(
        """() => window.jupyterapp.shell.currentWidget.content.widgets[0]
            .model.sharedModel.outputs.length"""
    )


def shared_seq(page: LabPage) -> int:
    """How far the turn is in the shared document."""
    return page.page.evaluate(
        """mime => window.jupyterapp.shell.currentWidget.content.widgets[0]
            .model.sharedModel.outputs[0].data[mime].seq""",
        MIME,
    )


def is_final(page: LabPage, name: str) -> bool:
    """Whether the file has the turn once, as it ended."""
    saved = page.document(name).cells[0].outputs
    return len(saved) == 1 and saved[0].data[MIME]["final"]


def test_a_turn_streams_into_both_pages_and_a_reload_does_not_double_it(
    browser: Browser, shared_lab: Lab
):
    lab = shared_lab
    more = [say("More. "), ["wait", "end"]]
    lab.write("both", cell([say("Half. "), ["wait", "more"], ["run", "true"]], more))
    with user(browser, lab, "both") as one, user(browser, lab, "both") as other:
        one.run(0)
        show_once(one, other, text="Half.", state="Working")
        box = other.output(0).get_by_role("textbox")
        box.fill("Typed, but not sent")
        before = shared_seq(other)
        lab.model.release("more")
        show_once(one, other, text="More.", state="Working")
        wait_until(lambda: shared_seq(other) > before)
        expect(box).to_have_value("Typed, but not sent")
        expect(box).to_be_focused()
        one.page.reload()
        expect(one.cell(0)).to_be_visible()
        show_once(one, other, text="More.", state="Working")
        lab.model.release("end")
        show_once(one, other, text="More.", state="Completed")
        for page in (one, other):
            expect(page.prompt(0)).to_have_text("[1]:")
            assert outputs(page) == 1
        other.save()
        wait_until(lambda: is_final(other, "both"))


def test_a_turn_that_ended_unseen_is_filled_in_once_by_pages_that_open_together(
    browser: Browser, shared_lab: Lab
):
    lab = shared_lab
    lab.write("unseen", cell([say("Half. "), ["wait", "unseen"], say("The rest.")]))
    with user(browser, lab, "unseen") as one, user(browser, lab, "unseen") as other:
        one.run(0)
        show_once(one, other, text="Half.", state="Working")
        address = one.page.url
        for page in (one, other):
            page.page.goto("about:blank")
        lab.model.release("unseen")
        wait_until(lambda: '"completed"' in lab.text_of("unseen.ipynb"))
        for page in (one, other):
            page.page.goto(address, wait_until="commit")
        show_once(one, other, text="The rest.", state="Completed")
        for page in (one, other):
            expect(page.prompt(0)).to_have_text("[1]:")
        wait_until(lambda: outputs(one) == outputs(other) == 1)
        one.save()
        wait_until(lambda: is_final(one, "unseen"))


def test_what_one_page_allows_is_settled_in_the_other(browser: Browser, shared_lab: Lab):
    lab = shared_lab
    command = "printf yes > ../shared.txt"
    lab.write("ask", cell(["escalate", command, "Write beside it?"], say("Said and done.")))
    with user(browser, lab, "ask") as one, user(browser, lab, "ask") as other:
        one.run(0)
        for page in (one, other):
            expect(page.output(0).get_by_role("button", name="Allow once")).to_be_visible()
        other.output(0).get_by_role("button", name="Allow once").click()
        expect(one.output(0).get_by_role("button", name="Allow once")).to_have_count(0)
        show_once(one, other, text="Said and done.", state="Completed")
        for page in (one, other):
            expect(page.prompt(0)).to_have_text("[1]:")
            assert outputs(page) == 1
    assert (lab.place.root / "shared.txt").read_text() == "yes"
