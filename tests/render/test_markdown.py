"""Markdown of an agent: everything of CommonMark that is useful, nothing that reaches out."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codex_kernel.render import markdown
from codex_kernel.render.commonmark import parser

from .page import Page


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("**b** *i* `c` ~~s~~", "<p><strong>b</strong> <em>i</em> <code>c</code> <s>s</s></p>"),
        ("<b>raw</b>", "<p>&lt;b&gt;raw&lt;/b&gt;</p>"),
        ("&lt;b&gt;", "<p>&lt;b&gt;</p>"),
        ("# Title", "<h3>Title</h3>"),
        ("###### Small", "<h6>Small</h6>"),
        ("[a](src/a.py)", '<p><a href="src/a.py">a</a></p>'),
        ("[a](../b%20c.md)", '<p><a href="../b%20c.md">a</a></p>'),
        ("[a](mailto:x@y.org)", '<p><a href="mailto:x@y.org" rel="noopener noreferrer">a</a></p>'),
        ("[a](/etc/passwd)", "<p><a>a</a></p>"),
        ("[a](//example.org/x)", "<p><a>a</a></p>"),
        ("[a](ftp://example.org)", "<p><a>a</a></p>"),
        ("![](x.png)", '<p><a href="x.png">[image: x.png]</a></p>'),
        ("![x](data:image/png;base64,AAAA)", "<p>[image: x]</p>"),
    ],
)
def test_markdown_becomes_this_html(text: str, html: str) -> None:
    assert markdown.to_html(text) == html


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", "JAVASCRIPT:alert(1)", "vbscript:x", "data:text/html,x", "file:///etc",
     "//example.org", "\\\\host\\share", "/absolute", "#fragment", "?query", "x:y", " a", "a b"],
)  # fmt: skip
def test_a_link_leads_nowhere_else(url: str) -> None:
    assert markdown.link_target(url) is None


def test_tables_and_code_blocks_have_no_class() -> None:
    html = markdown.to_html("|a|b|\n|-|:-:|\n|1|2|\n\n```python\nx < 1\n```\n\n    indented & co\n")
    page = Page(html)
    assert page.tags.count("td") == 2
    assert page.tags.count("pre") == 2
    assert "x < 1" in page.text
    assert "class" not in html


def test_a_title_stays_on_one_line_without_a_paragraph() -> None:
    assert markdown.inline_html("Fix\n`area`") == "Fix <code>area</code>"


@settings(max_examples=200, deadline=None)
@given(st.text(st.sampled_from("[]()!<>*_`~|#-:\n \"'\\&;ajx/.0"), max_size=60))
def test_any_markdown_is_strict_html(text: str) -> None:
    Page(markdown.to_html(text))
    Page(markdown.inline_html(text))


_LINES = ["a b", "*x", "y*", "> q", "- l", "  1. n", "===", "---", "| a |", "    c", "```", "", "="]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(_LINES)).map("\n".join))
def test_a_title_may_be_underlined(text: str) -> None:
    assert markdown.to_html(text) == parser(has_underlines=True).render(text).strip()
