"""The building blocks of a turn's HTML: folds, notes, outputs, images.

Inline styles only; colours are translucent or of middle lightness, so that light and dark
pages both work. Text of an agent is escaped here;
`summary`, `body` and `content` are HTML already.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import Any

from codex_kernel.render import terminal, words
from codex_kernel.render.escape import attribute, escape, visible

MUTED = "opacity:.7"
LINE = "rgba(128,128,128,.35)"
_STEP = "margin:3px 0"
_PLAIN_STEP = "margin:3px 0;padding-left:1em"
BOX = f"margin:4px 0 6px 1em;border:1px solid {LINE};border-radius:4px;overflow:auto"
_MONO = "font-family:monospace;line-height:1.4"
_OUTPUT = f"{BOX};padding:6px 10px;background:rgba(128,128,128,.08);white-space:pre;{_MONO}"
_NOTE = "margin:6px 0;padding:6px 10px;border-left:3px solid "
TALL_LINES = 24
AMBER, RED, BLUE, GREY = "#b8860b", "#d43f3a", "#2f79d0", "#808080"
_CODE = re.compile(r"`([^`\n]+)`")
_IMAGE_TYPES = {
    b"\x89PNG\r\n\x1a\n": "png",
    b"\xff\xd8\xff": "jpeg",
    b"GIF8": "gif",
    b"RIFF": "webp",
}


def code(text: str) -> str:
    """A command or a name: nothing hidden, own direction."""
    return f'<code style="white-space:pre-wrap"><bdi>{escape(visible(text))}</bdi></code>'


def path(text: str) -> str:
    """A path in running text."""
    return f"<bdi><code>{escape(visible(text))}</code></bdi>"


def note(content: str, colour: str = GREY) -> str:
    """A paragraph that stands out by a bar at its side."""
    return f'<div style="{_NOTE}{colour}">{content}</div>'


def muted(text: str) -> str:
    """Plain words beside something more important; empty for nothing."""
    return f' <span style="{MUTED}">{escape(text)}</span>' if text else ""


def glyph(symbol: str) -> str:
    """A quiet symbol before a step."""
    return f'<span style="{MUTED}">{symbol}</span> '


def ending_of(status: str) -> str:
    """How an item ended, unless it simply completed."""
    word = words.ENDINGS.get(status)
    if not word:
        return ""
    colour = RED if status in ("failed", "lost") else AMBER
    return f' · <strong style="color:{colour}">{word}</strong>'


def fold(summary: str, body: str, *, is_open: bool) -> str:
    """HTML behind a summary (HTML too) that opens and closes it."""
    opened = " open" if is_open else ""
    return f'<details{opened} style="{_STEP}"><summary>{summary}</summary>{body}</details>'


def step(content: str) -> str:
    """A step without anything to open."""
    return f'<div style="{_PLAIN_STEP}">{content}</div>'


def output_block(text: str) -> str:
    """What a program wrote, or anything preformatted; tall ones scroll."""
    tall = ";max-height:320px" if text.count("\n") > TALL_LINES else ""
    return f'<pre style="{_OUTPUT}{tall}">{terminal.to_html(text.rstrip())}</pre>'


def facts_span(*facts: str) -> str:
    """Plain words after a step, those that are not empty."""
    known = [fact for fact in facts if fact]
    return muted("· " + " · ".join(known)) if known else ""


def text_span(text: str) -> str:
    """Plain text with its line breaks."""
    return f'<span style="white-space:pre-wrap">{escape(text)}</span>'


def sentence(text: str) -> str:
    """What we or Codex say about the turn; commands stand in backquotes and become code."""
    return _CODE.sub(r"<code>\1</code>", escape(text)).replace("\n", "<br>")


def json_text(value: Any) -> str:
    """A JSON value to read: one line when it is short; a text as it is."""
    if isinstance(value, str):
        return value
    line = json.dumps(value, ensure_ascii=False)
    return line if len(line) < 80 else json.dumps(value, ensure_ascii=False, indent=1)


def image_source(data: str | None) -> str | None:
    """Base64 (or a data: URI) as a data: URI, when it is a PNG, JPEG, GIF or WebP."""
    if not data:
        return None
    if data.startswith("data:"):
        data = data.partition(",")[2]
    try:
        kept = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        return None
    for magic, kind in _IMAGE_TYPES.items():
        if kept.startswith(magic) and (kind != "webp" or kept[8:12] == b"WEBP"):
            return f"data:image/{kind};base64,{data}"
    return None


def image_tag(source: str, label: str) -> str:
    """An image from a source of `image_source`."""
    return (
        f'<img src="{attribute(source)}" alt="{attribute(visible(label))}" '
        'style="max-width:100%;margin:6px 0;background:#fff">'
    )
