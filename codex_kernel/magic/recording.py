"""What code shows while it runs, kept for Codex besides being shown."""

from __future__ import annotations

import base64
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from codex_kernel.render import terminal
from codex_kernel.tools.tool import Content, Image, Text

CHARS = 200_000
"""Kept of the text of one call; of more only the beginning is told."""
IMAGE_TYPES = ("image/png", "image/jpeg")


class Recording:
    """Text and images in the order in which they were shown."""

    def __init__(self) -> None:
        """Nothing was shown."""
        self.parts: list[Content] = []
        self._left = CHARS

    def text(self, text: str) -> None:
        """More text, joined to text before it."""
        kept = terminal.strip(text)[: self._left]
        self._left -= len(kept)
        if not kept:
            return
        if self.parts and isinstance(self.parts[-1], Text):
            kept = self.parts.pop().text + kept  # type: ignore[union-attr]  # texts only
        self.parts.append(Text(kept))

    def bundle(self, data: dict[str, Any], *, is_shown: bool) -> None:
        """A display: its image, or its text."""
        for kind in IMAGE_TYPES:
            if data.get(kind):
                found = data[kind]
                is_raw = isinstance(found, bytes)
                encoded = base64.b64encode(found).decode() if is_raw else str(found).strip()
                self.parts.append(Image(kind, encoded, is_shown))
                return
        if "text/plain" in data:
            self.text(f"{data['text/plain']}\n")


@contextmanager
def recorded(shell: Any, recording: Recording, code: str = "") -> Iterator[None]:
    """Record what the shell shows while the block lasts; the user sees it as ever.

    A `;` at the end of `code`, Python without magics, hides its value, as in a cell.
    """
    publisher = shell.display_pub
    publish = publisher.publish

    def published(data: dict[str, Any], *args: Any, **kwargs: Any) -> None:
        recording.bundle(data, is_shown=True)
        publish(data, *args, **kwargs)

    def displayed(value: Any) -> None:
        if value is not None and not shell.displayhook.semicolon_at_end_of_expression(code):
            data, metadata = shell.display_formatter.format(value)
            if data:
                publisher.publish(data, metadata)

    def failed(_kind: Any, _value: Any, lines: list[str]) -> None:
        # As text, not as an error of the cell: that has not failed.
        print(shell.InteractiveTB.stb2text(lines), file=sys.stderr)

    with (
        instead(publisher, "publish", published),
        instead(shell, "_showtraceback", failed),
        instead(shell.display_trap, "hook", displayed),
        instead(sys, "displayhook", displayed),
        instead(sys, "stdout", _Tee(sys.stdout, recording)),
        instead(sys, "stderr", _Tee(sys.stderr, recording)),
    ):
        yield


@contextmanager
def instead(owner: Any, name: str, value: Any) -> Iterator[None]:
    """Have an attribute be another one while the block lasts."""
    is_method = name not in vars(owner) and callable(getattr(type(owner), name, None))
    before = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        if is_method:
            delattr(owner, name)
        else:
            setattr(owner, name, before)


class _Tee:
    """A stream that writes to another and into a recording."""

    def __init__(self, stream: Any, recording: Recording) -> None:
        self._stream = stream
        self._recording = recording

    def write(self, text: str) -> int:
        self._recording.text(text)
        return self._stream.write(text)

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
