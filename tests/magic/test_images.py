"""What is taken for an image."""

from __future__ import annotations

import base64
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from IPython.display import Image

from codex_kernel.errors import BadArgument
from codex_kernel.magic.images import as_image

from ..end_to_end.script import png

URL = f"data:image/png;base64,{base64.b64encode(png()).decode()}"


def test_a_file_goes_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "dot.png"
    path.write_bytes(png())
    assert as_image(path) == as_image(str(path)) == str(path)


@pytest.mark.parametrize(
    "value",
    [
        png(),
        bytearray(png()),
        Image(data=png()),
        SimpleNamespace(savefig=lambda file, format: file.write(png())),
        SimpleNamespace(figure=SimpleNamespace(savefig=lambda file, format: file.write(png()))),
        SimpleNamespace(_repr_png_=lambda: (base64.b64encode(png()).decode(), {})),
    ],
    ids=["bytes", "bytearray", "IPython", "figure", "axes", "base64"],
)
def test_an_object_is_drawn(value: Any) -> None:
    assert as_image(value) == URL


@pytest.mark.parametrize("value", ["no-such-file.png", b"text", 3, None, object()])
def test_everything_else_is_an_error(value: Any) -> None:
    with pytest.raises(BadArgument):
        as_image(value)
