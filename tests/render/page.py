"""A strict reader of the HTML we make: anything that is not on its lists is an error.

The lists are what JupyterLab's sanitizer keeps in an untrusted notebook, and less.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser

VOID = {"br", "img", "hr"}
TAGS = VOID | {
    "div", "span", "p", "strong", "em", "b", "code", "pre", "s", "bdi", "blockquote", "details",
    "summary", "ul", "ol", "li", "a", "table", "thead", "tbody", "tr", "th", "td", "ins", "del",
    "h3", "h4", "h5", "h6",
}  # fmt: skip
ATTRIBUTES = {
    "*": {"style"},
    "a": {"href", "title", "rel"},
    "details": {"open"},
    "div": {"aria-label"},
    "img": {"src", "alt"},
    "ol": {"start"},
    "span": {"title", "aria-label"},
    "ul": {"aria-label"},
}
_COLOUR = r"(#[0-9a-f]{6}|#fff|rgba\(\d+,\d+,\d+,\.?\d+\)|transparent)"
_LENGTH = r"(-?[\d.]+(px|em|%)|0|auto)"
STYLES = {
    "background": _COLOUR,
    "border": rf"(0|1px solid {_COLOUR})",
    "border-bottom": rf"1px solid {_COLOUR}",
    "border-collapse": "collapse",
    "border-left": rf"3px solid {_COLOUR}",
    "border-radius": _LENGTH,
    "border-top": rf"1px solid {_COLOUR}",
    "color": _COLOUR,
    "display": "block",
    "font-family": "monospace",
    "font-style": "italic",
    "font-weight": "bold",
    "line-height": r"[\d.]+",
    "list-style": "none",
    "margin": rf"{_LENGTH}( {_LENGTH}){{0,3}}",
    "margin-left": _LENGTH,
    "margin-top": _LENGTH,
    "max-height": _LENGTH,
    "max-width": _LENGTH,
    "opacity": r"\.\d+",
    "overflow": "auto",
    "overflow-wrap": "break-word",
    "padding": rf"{_LENGTH}( {_LENGTH}){{0,3}}",
    "padding-left": _LENGTH,
    "padding-top": _LENGTH,
    "table-layout": "auto",
    "text-align": "(left|right|center)",
    "text-decoration": "(none|underline|line-through)",
    "vertical-align": "top",
    "white-space": "pre(-wrap)?",
    "width": _LENGTH,
}


class Page(HTMLParser):
    """Reads one fragment; `text` is what a reader sees, `links` and `images` what it refers to."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.text = ""
        self.links: list[str] = []
        self.images: list[str] = []
        self.tags: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert not self._open, f"never closed: {self._open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in TAGS, f"<{tag}>"
        self.tags.append(tag)
        if tag not in VOID:
            self._open.append(tag)
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"<{tag}> repeats an attribute"
        for name, value in attrs:
            assert name in ATTRIBUTES.get(tag, set()) | ATTRIBUTES["*"], f"<{tag} {name}>"
            self._check(tag, name, value or "")

    def _check(self, tag: str, name: str, value: str) -> None:
        if name == "style":
            for declaration in value.split(";"):
                key, _, css = declaration.partition(":")
                assert key in STYLES, f"{tag} style {declaration!r}"
                assert re.fullmatch(STYLES[key], css), f"{tag} style {declaration!r}"
        elif name == "href":
            self.links.append(value)
            has_scheme = re.match(r"[\s\x00-\x20]*[^/?#]*:", value)
            assert not has_scheme or re.match("(https?|mailto):", value, re.IGNORECASE), value
            assert not value.startswith(("/", "\\")), value
        elif name == "src":
            self.images.append(value)
            assert re.match("data:image/(png|jpeg|gif|webp);base64,", value), value

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in VOID, f"<{tag} />"
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self._open, f"</{tag}> closes nothing"
        assert self._open[-1] == tag, f"</{tag}> closes <{self._open[-1]}>"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"comment {data!r}")

    def handle_decl(self, decl: str) -> None:
        raise AssertionError(f"declaration {decl!r}")

    def handle_pi(self, data: str) -> None:
        raise AssertionError(f"instruction {data!r}")

    def unknown_decl(self, data: str) -> None:
        raise AssertionError(f"declaration {data!r}")
