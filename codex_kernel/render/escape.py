"""Untrusted text on its way into HTML, and text cut to a number of bytes.

The one place that escapes. Knows nothing of turns.
"""

from __future__ import annotations

import re

_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_HIDDEN = re.compile("[\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]")
_BIDI = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def clean(text: str) -> str:
    """The text without lone surrogates, which no encoder takes."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def printable(text: str) -> str:
    """The text without control characters other than tab and newline."""
    return _UNPRINTABLE.sub("", clean(text))


def escape(text: str) -> str:
    """Text as HTML content: markup escaped, control characters (but tab, newline) dropped."""
    text = printable(text)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def attribute(text: str) -> str:
    """Text as the value of an attribute in double quotes."""
    return escape(text).replace('"', "&quot;").replace("'", "&#39;")


def visible(text: str) -> str:
    """Text in which nothing can hide: control, bidi and zero-width characters are spelled out.

    For what a reader decides about or trusts the order of: commands, paths, diffs. Tabs and
    newlines stay.
    """
    text = clean(text)
    if text.isascii() and text.isprintable():
        return text
    return _HIDDEN.sub(_spelled, _UNPRINTABLE.sub(_spelled, text))


def ordered(text: str) -> str:
    """Text in which only the characters that change its direction are spelled out."""
    return text if text.isascii() else _BIDI.sub(_spelled, text)


def _spelled(found: re.Match[str]) -> str:
    code = ord(found.group())
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else f"⟨U+{code:04X}⟩"


def byte_length(text: str) -> int:
    """Bytes of the text in UTF-8."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "replace"))


def head(text: str, limit: int) -> str:
    """As much of the beginning as fits into `limit` bytes of UTF-8, whole characters only."""
    if byte_length(text) <= limit:
        return text
    return text.encode("utf-8", "replace")[: max(limit, 0)].decode("utf-8", "ignore")


def tail(text: str, limit: int) -> str:
    """As much of the end as fits into `limit` bytes of UTF-8, whole characters only."""
    if byte_length(text) <= limit:
        return text
    kept = text.encode("utf-8", "replace")[-limit:] if limit > 0 else b""
    return kept.decode("utf-8", "ignore")
