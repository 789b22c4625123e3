"""Makes the pictures of the README: `python -m docs.screenshots`.

Runs `jupyter codex demo` (the real Codex, a scripted model) in private folders and plays its
notebook in Chromium. Two pictures, each in JupyterLab's light and dark theme: Codex asks, and the
transcript. HOME is in the pictures, as the beginning of the demo's folder.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from playwright.sync_api import (
    Browser,
    Locator,
    Page,
    Playwright,
    ViewportSize,
    expect,
    sync_playwright,
)

DOCS = Path(__file__).resolve().parent
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}
FIRST, LAST = 1, 2
"""The prompts in the picture, of those of the demo."""
WIDTH, ASKING_HEIGHT, SCALE = 1160, 760, 1.12
SECONDS = 120.0
"""Deadline of every wait."""


def main() -> None:
    """Write {question,demo}-{light,dark}.png beside this file."""
    with _private_home() as home, _demo(home) as url, sync_playwright() as playwright:
        browser = _chromium(playwright)
        page = _opened(browser, url)
        allow = _play_until_asked(page)
        for name, theme in THEMES.items():
            _change_theme(page, theme)
            _scroll_to_heading(page.locator(".jp-CodeCell").last)
            page.screenshot(path=DOCS / f"question-{name}.png")
        allow.click()
        _finish(page)
        for name, theme in THEMES.items():
            _change_theme(page, theme)
            _take(page, DOCS / f"demo-{name}.png")
        browser.close()


@contextmanager
def _private_home() -> Iterator[Path]:
    # Not in the system's temporary folder, where Codex makes no helpers.
    with TemporaryDirectory(prefix="pictures-", dir=Path.home()) as folder:
        yield Path(folder)


@contextmanager
def _demo(home: Path) -> Iterator[str]:
    """A running demo whose files, settings and home folder are its own; its address."""
    _write(home / "config" / "jupyter_lab_config.json", {"LabApp": {"expose_app_in_browser": True}})
    news = "@jupyterlab/apputils-extension:announcements"
    _write(home / "config" / "labconfig" / "page_config.json", {"disabledExtensions": {news: True}})
    command = [sys.executable, "-m", "codex_kernel", "demo", "--no-browser"]
    with (home / "log").open("wb") as log:
        demo = subprocess.Popen(
            [*command, "--folder", str(home / "codex-demo")],
            env=_environ(home),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        try:
            yield _address(demo, home)
        finally:
            demo.send_signal(signal.SIGINT)
            demo.wait(SECONDS)


def _environ(home: Path) -> Mapping[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("CODEX", "JUPYTER"))}
    jupyter = {
        f"JUPYTER_{name}_DIR": str(home / name.lower()) for name in ("CONFIG", "DATA", "RUNTIME")
    }
    lab = {
        f"JUPYTERLAB_{name}_DIR": str(home / name.lower()) for name in ("SETTINGS", "WORKSPACES")
    }
    return {**kept, **jupyter, **lab, "HOME": str(home)}


def _write(path: Path, content: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


def _address(demo: subprocess.Popen[bytes], home: Path) -> str:
    """Where the server of the demo listens, as it wrote down itself."""

    def announced() -> str:
        if demo.poll() is not None:
            raise SystemExit((home / "log").read_text())
        texts = (file.read_text() for file in (home / "runtime").glob("jpserver-*.json"))
        return next(filter(None, texts), "")

    server = json.loads(_until(announced))
    return f"{server['url']}lab/tree/demo.ipynb?token={server['token']}"


def _until(found: Callable[[], str]) -> str:
    deadline = time.monotonic() + SECONDS
    while not (value := found()):
        if time.monotonic() > deadline:
            raise SystemExit("JupyterLab did not start in time.")
        time.sleep(0.1)
    return value


def _chromium(playwright: Playwright) -> Browser:
    names = ("chromium", "chromium-browser", "google-chrome")
    found = next(filter(None, map(shutil.which, names)), None)
    return playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])


def _opened(browser: Browser, url: str) -> Page:
    page = browser.new_page(viewport=_sized(ASKING_HEIGHT), device_scale_factor=SCALE)
    page.set_default_timeout(SECONDS * 1000)
    expect.set_options(timeout=SECONDS * 1000)
    page.goto(url)
    expect(page.locator(".jp-Notebook .jp-CodeCell").first).to_be_visible()
    _command(page, "codex:show-panel")
    for side in ("left", "right"):
        _command(page, "application:toggle-side-tabbar", side=side)
    _command(page, "statusbar:toggle")
    page.wait_for_function(
        "jupyterapp.shell.currentWidget?.sessionContext.session?.kernel?.status === 'idle'"
    )
    return page


def _command(page: Page, name: str, **arguments: Any) -> None:
    page.evaluate("([name, args]) => jupyterapp.commands.execute(name, args)", [name, arguments])


def _play_until_asked(page: Page) -> Locator:
    """Run all cells until Codex asks; the button that allows it."""
    page.evaluate("() => { jupyterapp.commands.execute('notebook:run-all-cells') }")
    allow = page.locator(".jp-Notebook").get_by_role("button", name="Allow once")
    expect(allow).to_be_visible()
    return allow


def _finish(page: Page) -> None:
    _command(page, "application:toggle-left-area")
    page.set_viewport_size(_sized(3000))
    for cell in page.locator(".jp-CodeCell").all():
        expect(cell).to_contain_text("Completed")
    page.evaluate("() => { jupyterapp.shell.currentWidget.content.activeCellIndex = 0 }")
    page.evaluate("() => jupyterapp.shell.currentWidget.context.save()")


def _change_theme(page: Page, theme: str) -> None:
    _command(page, "apputils:change-theme", theme=theme)
    expect(page.locator("body")).to_have_attribute("data-jp-theme-name", theme)
    expect(page.locator("#jupyterlab-splash")).to_have_count(0)


def _take(page: Page, path: Path) -> None:
    """Make the page as tall as what it is to show, and take its picture."""
    page.set_viewport_size(_sized(3000))
    cells = page.locator(".jp-CodeCell")
    _scroll_to_heading(cells.nth(FIRST))
    last = cells.nth(LAST).bounding_box()
    assert last is not None
    page.set_viewport_size(_sized(last["y"] + last["height"] + 8))
    _scroll_to_heading(cells.nth(FIRST))
    page.screenshot(path=path)


def _scroll_to_heading(cell: Locator) -> None:
    heading = cell.locator("xpath=preceding-sibling::*[1]")
    heading.evaluate("cell => cell.scrollIntoView({block: 'start'})")


def _sized(height: float) -> ViewportSize:
    return {"width": WIDTH, "height": round(height)}


if __name__ == "__main__":
    main()
