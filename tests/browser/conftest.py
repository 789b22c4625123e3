"""One JupyterLab and one Chromium for all tests here; a new page and new kernels for each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from ..end_to_end.place import SECONDS, new_place, processes_of, scripted, wait_until
from .lab import Lab, LabPage, chromium, lab_in


# Not for the whole session: while Playwright's loop lives, no other test can have one.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=SECONDS * 1000)
    with sync_playwright() as playwright:
        browser = chromium(playwright)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def lab_server() -> Iterator[Lab]:
    with new_place() as place:
        with scripted(place) as model, lab_in(place, model) as lab:
            yield lab
        wait_until(lambda: not processes_of(place), seconds=10)


@pytest.fixture
def lab(lab_server: Lab) -> Iterator[Lab]:
    yield lab_server
    lab_server.end_kernels()


@pytest.fixture
def page(browser: Browser, lab: Lab) -> Iterator[LabPage]:
    with browser.new_context(viewport={"width": 1280, "height": 1000}) as context:
        page = LabPage(context.new_page(), lab)
        yield page
        assert not page.errors
        assert not page.strangers
