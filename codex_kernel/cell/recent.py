"""What of a running turn is worth drawing again and again: of a long text, its newest part.

So an update of a display has a bounded size, and a long answer can be redrawn often. The final
picture and the log have all of it. Texts in Markdown only: outputs are bounded by `render`. Pure.
"""

from __future__ import annotations

from typing import Any

WHOLE_CHARACTERS = 1_200
"""A text up to this length is drawn whole."""
NEWEST_CHARACTERS = 800
FENCE = "```"


def recent(data: dict[str, Any]) -> dict[str, Any]:
    """A transcript with its long texts cut down to their ends; shares the rest with `data`."""
    return data | {"items": [_item(item) for item in data["items"]]}


def newest(text: str) -> str:
    """The last paragraphs or lines of a long text, and how much is above."""
    if len(text) <= WHOLE_CHARACTERS:
        return text
    at = len(text) - NEWEST_CHARACTERS
    line = text.find("\n", at)
    begin = line + 1 if line >= 0 else at
    # Inside a block of code the rest would else be read as Markdown.
    fence = f"{FENCE}\n" if text.count(FENCE, 0, begin) % 2 else ""
    return f"… {begin:,} characters above\n\n{fence}{text[begin:]}"


def _item(item: dict[str, Any]) -> dict[str, Any]:
    cut: dict[str, Any] = {}
    for field, value in item.items():
        if field == "text" and isinstance(value, str):
            cut[field] = newest(value)
        elif field in ("summary", "content") and isinstance(value, list):
            cut[field] = [newest(part) if isinstance(part, str) else part for part in value]
    return item | cut
