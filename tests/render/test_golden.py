"""What turns look like, kept in files: a change of the picture shows up in review."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from codex_kernel.render.bounds import Bounds
from codex_kernel.render.bundle import MIME, mime_bundle
from codex_kernel.render.picture import picture
from codex_kernel.settings import ViewSettings

from . import turns

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("name", sorted(turns.TURNS))
def test_picture_is_the_golden_one(name: str, update_golden: bool) -> None:
    data = turns.TURNS[name]()
    output = mime_bundle(data, ViewSettings(), final=True)
    pictures = {
        f"{name}.transcript.json": _json(data),
        f"{name}.json": _json(output[MIME]),
        f"{name}.html": output["text/html"] + "\n",
        f"{name}.txt": output["text/plain"] + "\n",
    }
    for file, text in pictures.items():
        if update_golden:
            GOLDEN.mkdir(exist_ok=True)
            (GOLDEN / file).write_text(text, encoding="utf-8")
        assert (GOLDEN / file).read_text(encoding="utf-8") == text, file


@pytest.mark.parametrize("name", sorted(turns.TURNS))
def test_whole_picture_is_the_one_that_pages_draw(
    name: str, update_golden: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`labextension/src/picture.ts` is held to the same files: nothing cut, outputs as written."""
    monkeypatch.setattr(Bounds, "output", lambda self, text: text)
    everything = 10**9
    view = ViewSettings(item_bytes=everything, output_bytes=everything, output_lines=everything)
    text = _json(picture(turns.TURNS[name](), view))
    file = GOLDEN / f"{name}.whole.json"
    if update_golden:
        file.write_text(text, encoding="utf-8")
    assert file.read_text(encoding="utf-8") == text


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"
