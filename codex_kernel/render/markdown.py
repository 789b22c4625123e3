"""An agent's Markdown as HTML that is safe to put into a page, or as Markdown that is.

CommonMark with tables and strikethrough. Raw HTML is text, images are links (nothing remote is
loaded), links go to the web, to mail or to a relative path; headings begin at the third level.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from codex_kernel.render.escape import clean

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

WEB = re.compile(r"(?:https?://|mailto:)[^\s]", re.IGNORECASE)
KEPT_TEXTS = 32
"""A turn that runs is drawn again and again, most of it unchanged."""
_UNDERLINE = re.compile(r"[=-][ \t]*$", re.MULTILINE)
"""What may make a heading of the lines above it."""
_RELATIVE = re.compile(r"(?:\.{1,2}/)*[\w%.][^:\\\s]*")


@lru_cache(KEPT_TEXTS)
def to_html(markdown: str) -> str:
    """The Markdown as HTML."""
    text = clean(markdown)
    return _parser(bool(_UNDERLINE.search(text))).render(text).strip()


def to_markdown(markdown: str) -> str:
    """The Markdown as Markdown that is as safe as `to_html`, for documents that others render."""
    from codex_kernel.render.markdown_source import rewritten

    return rewritten(markdown)


def inline_html(markdown: str) -> str:
    """One line of Markdown (a title, a step of a plan) as HTML without a paragraph."""
    return _parser(False).renderInline(clean(" ".join(markdown.split())))


def link_target(url: str) -> str | None:
    """The url, when a link may lead there: web, mail, or a path relative to the document."""
    return url if WEB.match(url) or _RELATIVE.fullmatch(url) else None


@cache
def _parser(has_underlines: bool) -> MarkdownIt:
    # Imported when a text is drawn first: 20 ms that the start of a kernel does not have.
    from codex_kernel.render.commonmark import parser

    return parser(has_underlines=has_underlines)
