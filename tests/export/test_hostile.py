"""Whatever a notebook says, its documents are text: no markup, no script, no request."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nbformat import v4

from codex_kernel.export.notebook import readable
from codex_kernel.export.page import page
from codex_kernel.export.text import text
from codex_kernel.render.bundle import MIME, bundle
from codex_kernel.render.markdown import to_html, to_markdown
from codex_kernel.settings import ViewSettings

from ..render import turns
from ..render.page import Page
from ..render.test_html import _PIECES, hostile, infested
from . import notebooks
from .documents import document
from .pages import Document
from .test_documents import html_of


def forged(content: Any) -> Any:
    """A notebook whose output holds this in place of a bundle."""
    data = {MIME: content, "text/plain": "plain", "text/html": "<script>no</script>"}
    output = v4.new_output("display_data", data=data)
    return notebooks.notebook(v4.new_code_cell("x", outputs=[output]))


def assert_harmless(made: Any) -> None:
    for variant in ("full", "compact"):
        drawn = document(made, variant=variant)
        Document(page(drawn))
        page(drawn).encode()
        assert html_of(text(drawn)) == []


def everywhere(value: Any, bad: Any) -> Any:
    """The value with `bad` in place of everything in it that is no container."""
    if isinstance(value, dict):
        return {key: everywhere(part, bad) for key, part in value.items()}
    return [everywhere(part, bad) for part in value] if isinstance(value, list) else bad


@pytest.mark.parametrize("piece", [*_PIECES, None, 0, 1.5, True, [], {}])
@pytest.mark.parametrize("name", ["everything", "failed"])
def test_forged_bundles_inject_nothing_and_do_not_fail(piece: Any, name: str) -> None:
    real = bundle(turns.TURNS[name](), ViewSettings())
    assert_harmless(forged(everywhere(real, piece)))
    for key in real:
        assert_harmless(forged({**real, key: piece}))
    kinds = [
        {**everywhere(item, piece), "type": item["type"], "id": "i", "status": "completed"}
        for item in real["items"]
    ]
    assert_harmless(forged({**real, "items": kinds}))


@pytest.mark.parametrize("content", [None, 1, "x", "{", [], {}, {"items": 1}, '{"items": []}'])
def test_what_is_no_bundle_is_shown_as_its_plain_text(content: Any) -> None:
    assert readable(content) is None
    shown = Document(page(document(forged(content)))).text
    assert "plain" in shown
    assert "<script>" not in shown


def test_a_bundle_that_is_kept_as_text_is_read() -> None:
    real = bundle(turns.failed(), ViewSettings())
    assert readable(json.dumps(real)) == real


@settings(max_examples=60, deadline=None)
@given(texts=st.lists(hostile, min_size=1, max_size=12))
def test_hostile_text_in_every_place_stays_text(texts: list[str]) -> None:
    data = infested(turns.everything(), list(texts)) | {"state": "completed", "turn_id": turns.TURN}
    cell = notebooks.turn_cell(data, source="".join(texts).replace("\ud800", ""))
    prose = v4.new_markdown_cell("\n\n".join(texts).replace("\ud800", ""))
    assert_harmless(notebooks.notebook(prose, cell))


@settings(max_examples=300, deadline=None)
@given(markdown=hostile)
def test_rewritten_markdown_says_the_same_without_html(markdown: str) -> None:
    shown = to_markdown(markdown)
    assert html_of(shown) == []
    assert Page(to_html(shown)).links == Page(to_html(markdown)).links


@pytest.mark.parametrize(
    "markdown",
    [
        "# Title *x*", "a `<b>` c", "``x`y``", "- a\n- b\n\n  c", "1. a\n2. b\n   - c", "> q\n> r",
        "a\\\nb", "| a | b |\n|--:|:-:|\n| 1 | x |", "~~~py\n```\n~~~", "    code", "---",
        "[x](https://e.org/(a))", "*a **b** c*", "~~a~~", "snake_case and \\_", "3\\. x",
        "\\# x", "$\\alpha$", "- a\n\n* b", "x\n\n1) y", "&lt;b&gt; &amp;amp;",
    ],
)  # fmt: skip
def test_rewritten_markdown_looks_the_same(markdown: str) -> None:
    before, after = to_html(markdown), to_html(to_markdown(markdown))
    assert after.replace("h5>", "h3>") == before.replace("<br />", "<br />")
