"""A page of Chromium with turns on it: the view of the labextension, without a JupyterLab."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

ROOT = Path(__file__).resolve().parents[2]
LABEXTENSION = ROOT / "labextension"
_THEMES = Path(sys.prefix) / "share/jupyter/lab/themes/@jupyterlab"
THEMES = ("light", "dark", "dark-high-contrast")
_PAGE = """<!doctype html>
<html><head><meta charset="utf-8"><title>Gallery</title><style>
body { background: var(--jp-layout-color0); margin: 0; padding: 4px 24px 24px }
h1 { color: var(--jp-ui-font-color2); font: 600 12px sans-serif; margin: 22px 0 6px }
.frame { padding: 4px 0 4px 8px }
</style></head><body></body></html>"""


def bundle(folder: Path) -> Path:
    """The gallery's script, made by esbuild."""
    script = folder / "gallery.js"
    places = [str(Path(sys.executable).parent), os.environ["PATH"]]
    subprocess.run(
        [
            *("node_modules/.bin/esbuild", "test/view/gallery.ts"),
            *("--bundle", "--format=iife", f"--outfile={script}", "--log-level=warning"),
        ],
        cwd=LABEXTENSION,
        env={**os.environ, "PATH": os.pathsep.join(places)},
        check=True,
    )
    return script


class Gallery:
    """The page; `requests` is what it asked any server for, `errors` what went wrong in it."""

    def __init__(self, page: Page, script: Path) -> None:
        self.page = page
        self.errors: list[str] = []
        self.requests: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda said: said.type == "error" and self.errors.append(said.text))
        page.on("request", lambda asked: self.requests.append(asked.url))
        page.set_content(_PAGE)
        for name in ("turn", "text"):
            page.add_style_tag(content=(LABEXTENSION / f"style/{name}.css").read_text())
        self._theme = page.add_style_tag(content="/* the theme */")
        self.wear("light")
        page.add_script_tag(content=script.read_text())

    def wear(self, theme: str) -> None:
        """Put on a theme of JupyterLab's."""
        css = (_THEMES / f"theme-{theme}-extension" / "index.css").read_text()
        self._theme.evaluate("(node, css) => { node.textContent = css }", css)

    def show(self, *turns: dict[str, Any]) -> None:
        """Draw turns below one another, see `IShown` of gallery.ts."""
        self.page.evaluate("turns => window.gallery.show(turns)", list(turns))
