"""How much of a text goes into the notebook: what is cut says so, and says where the rest is."""

from __future__ import annotations

import re
from typing import Any

from codex_kernel.render import terminal
from codex_kernel.render.escape import byte_length, clean, head, tail
from codex_kernel.render.words import size
from codex_kernel.settings import ViewSettings

_HALF_SEQUENCE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*)?\Z")


class Bounds:
    """The bounds of one turn's picture."""

    def __init__(self, view: ViewSettings, turn_id: str | None) -> None:
        self.view = view
        self._where = f"is in the turn log (jupyter codex show {turn_id or 'TURN'})"

    def text(self, text: str, limit: int | None = None) -> str:
        """The beginning of a text, `item_bytes` of it or `limit`."""
        text = clean(text)
        limit = self.view.item_bytes if limit is None else limit
        kept = head(text, limit)
        if len(kept) == len(text):
            return text
        left = size(byte_length(text) - byte_length(kept))
        return f"{kept}\n\n… {left} left out; the whole text {self._where}"

    def output(self, text: str) -> str:
        """Beginning and end of what a command wrote, overwritten lines settled."""
        text = terminal.settle(clean(text))
        view = self.view
        body = text.removesuffix("\n")
        lines = body.split("\n")
        is_long = len(lines) > view.output_lines
        if not is_long and byte_length(text) <= view.output_bytes:
            return text
        half = view.output_lines // 2
        first = "\n".join(lines[:half]) if is_long else body
        last = "\n".join(lines[half - view.output_lines :]) if is_long else body
        first = head(first, view.output_bytes // 2)
        last = tail(last + text[len(body) :], view.output_bytes // 2)
        left = text[len(first) : len(text) - len(last)]
        first = _HALF_SEQUENCE.sub("", first.removesuffix("\n")) + (
            "\x1b[0m" if "\x1b" in first else ""
        )
        count = max(0, left.count("\n") - 1)
        return (
            f"{first}\n… {count} lines / {size(byte_length(left))} left out; "
            f"the whole output {self._where}\n{last}"
        )

    def value(self, value: Any) -> Any:
        """A JSON value with every text in it bounded."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {clean(str(key)): self.value(part) for key, part in value.items()}
        return [self.value(part) for part in value] if isinstance(value, list) else value
