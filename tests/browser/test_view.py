"""The view of a turn in Chromium: how it looks, and that nothing in it gets out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from .gallery import ROOT, THEMES, Gallery, bundle
from .gallery_turns import gallery_turns

GOLDEN = ROOT / "tests/render/golden"
ARTIFACTS = ROOT / "artifacts/view"


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bundle(tmp_path_factory.mktemp("gallery"))


@pytest.fixture
def gallery(browser: Browser, script: Path) -> Iterator[Gallery]:
    with browser.new_context(viewport={"width": 920, "height": 900}) as context:
        gallery = Gallery(context.new_page(), script)
        yield gallery
        assert not gallery.errors


@pytest.mark.parametrize("theme", THEMES)
def test_pictures_of_every_kind_of_item_are_taken(gallery: Gallery, theme: str):
    ARTIFACTS.mkdir(parents=True, exist_ok=True)
    gallery.wear(theme)
    for name, turns in gallery_turns(GOLDEN).items():
        gallery.show(*turns)
        gallery.page.screenshot(path=ARTIFACTS / f"{name}-{theme}.png", full_page=True)
