"""JSON lines without I/O: bytes in, frames out, and a message as one frame.

Owns where a frame begins and ends. Refuses to know what a frame means, and has no limit on
its length: the app-server sends lines of several megabytes, and any fixed cap is a cliff.
"""

from __future__ import annotations

import contextlib
import json
from typing import Any

import orjson

Message = dict[str, Any]

NOISE = object()
"""A frame that is no JSON."""

_encode_text = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


class LineFramer:
    """Cuts a stream of bytes into lines; linear in the bytes, however they are chunked."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def feed(self, chunk: bytes) -> list[bytes]:
        """The lines that `chunk` completes, without blanks around; empty lines are left out."""
        lines = chunk.split(b"\n")
        unfinished = lines.pop()
        if lines and self._pieces:
            self._pieces.append(lines[0])
            lines[0] = b"".join(self._pieces)
            self._pieces = []
        if unfinished:
            self._pieces.append(unfinished)
        return list(filter(None, map(bytes.strip, lines)))

    def close(self) -> list[bytes]:
        """The last line when the stream ended without a line end (at most one)."""
        line = b"".join(self._pieces).strip()
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


def decode_all(frames: list[bytes]) -> list[Any]:
    """The JSON values of frames, as `decode` has them; `NOISE` for what is no JSON."""
    if len(frames) > 1:
        # Read at once they take two thirds of the time.
        with contextlib.suppress(orjson.JSONDecodeError):
            values = orjson.loads(b"[%b]" % b",".join(frames))
            if len(values) == len(frames):
                return values
    return [_value(frame) for frame in frames]


def _value(frame: bytes) -> Any:
    try:
        return decode(frame)
    except (ValueError, RecursionError):
        return NOISE


def decode(frame: bytes) -> Any:
    """The JSON value of a frame; raises ValueError (and RecursionError for absurd nesting).

    orjson takes a third of the time that `json` takes for a delta, and refuses what JSON does not
    define; Python's reader is asked then, so that half a character costs no message. Whole numbers
    beyond 64 bits, which Codex does not have, become floats.
    """
    try:
        return orjson.loads(frame)
    except orjson.JSONDecodeError:
        return json.loads(frame.decode("utf-8", "surrogatepass"))
