"""Cells whose prompt carries what the scripted model does."""

from __future__ import annotations

import json
import struct
import zlib
from typing import Any


def cell(*responses: Any, prompt: str = "Go") -> str:
    """A prompt with its script; a response of one step may be that step alone."""
    return f"{prompt} @@ {json.dumps(list(responses))}"


def say(text: str, **options: Any) -> list[Any]:
    return ["say", text, options]


def png(width: int = 2, height: int = 2) -> bytes:
    """A small red image."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = (b"\0" + b"\xff\0\0" * width) * height
    parts = (chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)
