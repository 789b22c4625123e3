"""Exported documents in a real browser: nothing runs, nothing is fetched, paper shows all of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt
from playwright.sync_api import Browser, Page

from codex_kernel.export.page import page as as_page
from codex_kernel.export.text import text as as_text

from ..export import notebooks
from ..export.documents import document
from ..export.test_hostile import everywhere, forged
from ..render import turns
from ..render.test_html import infested
from .stock.test_hostile import HOSTILE

SCHEMES = ("light", "dark")


def hostile_notebook() -> Any:
    """The hostile texts in every place: of a bundle as Codex has it, and of a forged one."""
    data = infested(turns.everything(), list(HOSTILE)) | {"turn_id": turns.TURN}
    cells = [notebooks.turn_cell(data, source="\n".join(HOSTILE))]
    for at, each in enumerate(HOSTILE):
        bundle = cells[0].outputs[0].data["application/vnd.codex.turn.v1+json"]
        [cell] = forged({**bundle, "prompt": each, "plan": everywhere(bundle["plan"], each)}).cells
        cell.id = f"forged-{at}"
        cells.append(cell)
    prose = notebooks.v4.new_markdown_cell("\n\n".join(HOSTILE), id="prose")
    return notebooks.notebook(prose, *cells)


@pytest.fixture
def opened(browser: Browser, tmp_path: Path) -> Iterator[Any]:
    """Opens HTML from a file in a browser that keeps scripts on; what it asks for is listed."""
    with browser.new_context(viewport={"width": 900, "height": 900}) as context:
        view = context.new_page()
        asked: list[str] = []
        view.on("request", lambda request: asked.append(request.url))

        def open_html(html: str) -> tuple[Page, list[str]]:
            file = tmp_path / "document.html"
            file.write_text(html, encoding="utf-8")
            asked.clear()
            view.goto(file.as_uri())
            return view, [url for url in asked if not url.startswith(("file:", "data:"))]

        yield open_html


@pytest.mark.parametrize("variant", ["full", "compact"])
def test_a_hostile_notebook_runs_and_fetches_nothing(opened: Any, variant: str):
    made = document(hostile_notebook(), variant=variant)
    raw = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    for html in (as_page(made), raw.render(as_text(made))):
        view, requests = opened(html)
        view.locator("details").evaluate_all("all => all.forEach(each => each.open = true)")
        assert requests == []
        assert view.locator("script, iframe, svg, object, embed, form, base, link").count() == 0
        assert view.locator("[href^='java' i], [onerror], [onload], [ontoggle]").count() == 0
        assert view.evaluate("() => window.pwned") is None


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_page_is_legible_and_usable_by_keyboard(opened: Any, scheme: Any):
    view, _ = opened(as_page(document(notebooks.everything())))
    view.emulate_media(color_scheme=scheme)
    ink, paper = view.evaluate(
        "() => [getComputedStyle(document.body).color, getComputedStyle(document.body)"
        ".backgroundColor].map(colour => colour.match(/\\d+/g).slice(0, 3)"
        ".reduce((sum, part) => sum + Number(part), 0))"
    )
    assert abs(ink - paper) > 500
    assert (paper > 600) is (scheme == "light")
    view.keyboard.press("Tab")
    assert view.evaluate("() => document.activeElement.textContent") == "Skip to the turns"
    overflow = view.evaluate("() => document.documentElement.scrollWidth - innerWidth")
    assert overflow <= 0
    assert view.locator("h1").count() == 1
    assert view.locator("main article[aria-labelledby] > h2").count() == len(turns.TURNS)


def test_paper_shows_what_is_folded_and_what_scrolls(opened: Any):
    lines = "".join(f"line {number}\n" for number in range(150))
    data = turns.turn(turns.done("command", command="cat log", output=lines))
    view, _ = opened(as_page(document(notebooks.notebook(notebooks.turn_cell(data)))))
    output = view.locator("details pre")
    assert not output.is_visible()
    view.emulate_media(media="print")
    box = output.bounding_box()
    assert box is not None
    assert box["height"] > 150 * 10
    assert view.evaluate("() => getComputedStyle(document.body).backgroundColor") == (
        "rgb(255, 255, 255)"
    )
    assert len(view.pdf()) > 10_000
