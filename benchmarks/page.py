"""A JupyterLab with one page of Chromium in it, and what that page has used so far.

Whoever looks at the page from here must not make it work: Playwright's own way to wait asks
in every frame, and so makes the page draw sixty of them a second.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from playwright.sync_api import CDPSession, Page, WebSocket, sync_playwright

from benchmarks.place import Place
from benchmarks.relay import Relay, relay

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
SECONDS = 120.0
LOOK_MILLISECONDS = 500
ANNOUNCEMENTS = "@jupyterlab/apputils-extension:announcements"
STREAM, KERNEL = "stream", "channels"
"""How the addresses of the sockets end by which a page follows a turn, and talks to its kernel."""


@dataclass
class Used:
    """What a page has used up to a moment."""

    main_seconds: float
    """Of a processor, by the page's main thread."""
    long_tasks: list[float]
    """Milliseconds of each task above 50."""
    received: dict[str, int]
    """Bytes of frames by the end of the socket's address, inflated."""
    sent: dict[str, int]
    """Bytes on the wire, by the same."""


class LabPage:
    """The page."""

    def __init__(self, page: Page, url: str, place: Place, relay: Relay) -> None:
        """Counts from now on."""
        self._relay = relay
        self.page = page
        self.place = place
        self._url = url
        self._received = {STREAM: 0, KERNEL: 0}
        self._cdp: CDPSession = page.context.new_cdp_session(page)
        self._cdp.send("Performance.enable")
        page.set_default_timeout(SECONDS * 1000)
        page.on("websocket", self._count)
        page.add_init_script(
            "window.tasks = [];"
            "new PerformanceObserver(list => list.getEntries().forEach(each =>"
            " window.tasks.push(each.duration))).observe({entryTypes: ['longtask']})"
        )

    def write(self, name: str, document: Any) -> None:
        """Put a notebook into the workspace."""
        nbformat.write(document, self.place.workspace / name)

    def open_lab(self) -> None:
        """JupyterLab with no document open."""
        self.page.goto(f"{self._url}lab/workspaces/auto-benchmark?reset")
        self.page.wait_for_function("() => window.jupyterapp?.shell?.layoutModified")
        self.page.locator(".jp-Launcher, .jp-NotebookPanel").first.wait_for()

    def open_notebook(self, name: str) -> None:
        """Open a notebook and wait for its kernel."""
        self.page.goto(f"{self._url}lab/workspaces/auto-benchmark/tree/{name}?reset")
        self.page.wait_for_function(
            "() => window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel"
            "?.status === 'idle'"
        )

    def run_cell(self) -> None:
        """Run the first cell and wait until its prompt has a number."""
        self.page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-cell') }")
        prompt = "document.querySelector('.jp-Cell .jp-InputPrompt').textContent"
        has_ended = f"() => /\\[\\d+\\]/.test({prompt})"
        self.page.wait_for_function(has_ended, polling=LOOK_MILLISECONDS)
        self.page.wait_for_timeout(500)

    def used(self) -> Used:
        """Figures of this page since it was loaded; of its sockets since ever."""
        metrics = self._cdp.send("Performance.getMetrics")["metrics"]
        main = next(each["value"] for each in metrics if each["name"] == "ThreadTime")
        tasks: list[float] = self.page.evaluate("() => window.tasks")
        sent = {kind: self._relay.sent[kind] for kind in self._received}
        return Used(main, tasks, dict(self._received), sent)

    def _count(self, socket: WebSocket) -> None:
        kind = socket.url.partition("?")[0].rpartition("/")[2]
        if kind in self._received:
            socket.on("framereceived", lambda frame: self._add(kind, frame))

    def _add(self, kind: str, frame: str | bytes) -> None:
        self._received[kind] += len(frame.encode() if isinstance(frame, str) else frame)


@contextmanager
def lab_page(place: Place, **environ: str) -> Iterator[LabPage]:
    """A server in the place and a page of it; both end with the block."""
    with (
        _server(place, environ) as port,
        relay(port) as counting,
        sync_playwright() as playwright,
    ):
        names = ("chromium", "chromium-browser", "google-chrome")
        found = next(filter(None, map(shutil.which, names)), None)
        browser = playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
        try:
            page = browser.new_page(viewport={"width": 1280, "height": 1000})
            yield LabPage(page, f"http://127.0.0.1:{counting.port}/", place, counting)
        finally:
            browser.close()


@contextmanager
def _server(place: Place, environ: dict[str, str]) -> Iterator[int]:
    config = place.root / "jupyter-config"
    (config / "labconfig").mkdir(parents=True)
    settings = json.dumps({"disabledExtensions": {ANNOUNCEMENTS: True}})
    (config / "labconfig" / "page_config.json").write_text(settings, encoding="utf-8")
    command = [
        *(sys.executable, "-P", "-m", "jupyterlab", "--no-browser", "--allow-root"),
        *("--ServerApp.port=0", "--IdentityProvider.token=", "--ServerApp.disable_check_xsrf=True"),
        *("--LabApp.expose_app_in_browser=True", f"--LabApp.workspaces_dir={config}/workspaces"),
    ]
    with (place.root / "lab.log").open("wb") as log:
        server = subprocess.Popen(
            command, cwd=place.workspace, env=place.environ(**environ), stdout=log, stderr=log
        )
    try:
        yield _announced(server, place.root / "jupyter-runtime")
    finally:
        server.terminate()
        try:
            server.wait(SECONDS)
        finally:
            server.kill()
            server.wait()


def _announced(server: subprocess.Popen[bytes], runtime: Path) -> int:
    """The port that the server writes down, once it answers there."""
    file = runtime / f"jpserver-{server.pid}.json"
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            found = json.loads(file.read_text())
            urllib.request.urlopen(f"{found['url']}api", timeout=SECONDS).close()
            return found["port"]
        except (OSError, ValueError):
            time.sleep(0.1)
    raise RuntimeError("The Jupyter server did not start.")
