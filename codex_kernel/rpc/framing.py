"""JSON lines without I/O: bytes in, frames out, and a message as one frame.

Owns where a frame begins and ends. Refuses to know what a frame means, and has no limit on
its length: the app-server sends lines of several megabytes, and any fixed cap is a cliff.
"""

from __future__ import annotations

import json
from typing import Any

Message = dict[str, Any]

_encode_text = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
_decode_text = json.JSONDecoder().raw_decode


class LineFramer:
    """Cuts a stream of bytes into lines; linear in the bytes, however they are chunked."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def feed(self, chunk: bytes) -> list[bytes]:
        """The lines that `chunk` completes, without line ends; empty lines are left out."""
        lines = chunk.split(b"\n")
        unfinished = lines.pop()
        if lines and self._pieces:
            self._pieces.append(lines[0])
            lines[0] = b"".join(self._pieces)
            self._pieces = []
        if unfinished:
            self._pieces.append(unfinished)
        return [line for line in map(_without_cr, lines) if line]

    def close(self) -> list[bytes]:
        """The last line when the stream ended without a line end (at most one)."""
        line = _without_cr(b"".join(self._pieces))
        self._pieces = []
        return [line] if line else []


def encode(message: Message) -> bytes:
    """`message` as one frame, UTF-8 JSON without a line end.

    Halves of surrogate pairs, which a browser's text can contain, are joined or replaced:
    the app-server does not answer a line that is not valid UTF-8. Raises ValueError for NaN.
    """
    text = _encode_text(message)
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()


def decode(frame: bytes) -> Any:
    """The JSON value of a frame; raises ValueError (and RecursionError for absurd nesting).

    `json.loads` would guess the encoding and look for blanks around, at a third of its time for
    a delta.
    """
    text = frame.decode("utf-8", "surrogatepass").strip()
    value, end = _decode_text(text)
    if end != len(text):
        raise ValueError("There is more than one value in the line.")
    return value


def _without_cr(line: bytes) -> bytes:
    return line[:-1] if line.endswith(b"\r") else line
