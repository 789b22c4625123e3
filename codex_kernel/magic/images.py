"""Pictures of Python as Codex takes them: files by their path, everything else as a `data:` URL.

Knows objects by what they can do, so that no plotting library is loaded.
"""

from __future__ import annotations

import base64
import io
import os
from typing import Any

from codex_kernel.errors import BadArgument

SIGNATURES = {
    b"\x89PNG\r\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF8": "image/gif",
    b"RIFF": "image/webp",
}


def as_image(value: Any) -> str:
    """The path or `data:` URL of an image; raises `BadArgument`.

    Takes a path, the bytes of an image file, a matplotlib figure or axes, a PIL image, and all
    that shows itself in a notebook as PNG.
    """
    if isinstance(value, str | os.PathLike):
        return _path(os.fspath(value))
    content = value if isinstance(value, bytes | bytearray) else _drawn(value)
    kind = next((kind for sign, kind in SIGNATURES.items() if content.startswith(sign)), None)
    if kind is None:
        raise BadArgument(
            f"A {type(value).__name__} is no image.",
            next_step="Give a path, a matplotlib figure, a PIL image or the bytes of an image.",
        )
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def _path(typed: str) -> str:
    path = os.path.abspath(os.path.expanduser(typed))
    if not os.path.isfile(path):
        raise BadArgument(f"There is no image {path}.")
    return path


def _drawn(value: Any) -> bytes:
    figure: Any = value if hasattr(value, "savefig") else getattr(value, "figure", None)
    if hasattr(figure, "savefig"):
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png")
        return buffer.getvalue()
    png = value._repr_png_() if hasattr(value, "_repr_png_") else None
    if isinstance(png, tuple):  # with metadata
        png = png[0]
    if isinstance(png, str):
        return base64.b64decode(png)
    return png or b""
