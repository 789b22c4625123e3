"""A real JupyterLab on a real Jupyter server, and a page of real Chromium that shows it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import nbformat
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Playwright, expect

from codex_kernel.scripted_model import ScriptedModel

from ..end_to_end.place import SECONDS, Place, wait_until

KERNELSPEC = {"name": "codex", "display_name": "Codex", "language": "codex"}
PYTHON = {"name": "python3", "display_name": "Python 3", "language": "python"}
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_OF_ANOTHER_PAGE = "Comm not found for comm id"
"""JupyterLab's word, in a second page of a kernel, on widgets that were closed before it came."""
_ANNOUNCEMENTS = "@jupyterlab/apputils-extension:announcements"
"""Lab's news; it would ask a server far away."""
NOBODY = "http://127.0.0.1:9"
"""What would lead to the internet: the tests see the same with and without a network."""
_NO_CONNECTION = re.compile(r"net::ERR_|NetworkError|Failed to fetch|WebSocket connection to")
LABEXTENSION = "codex-kernel-labextension"


@dataclass(frozen=True)
class Lab:
    """A running server; its notebooks lie in the workspace of its place."""

    url: str
    place: Place
    model: ScriptedModel
    server: subprocess.Popen[bytes]
    has_labextension: bool

    def write(self, name: str, *sources: str) -> Path:
        """A new notebook of the Codex kernel with a code cell for each source."""
        document = nbformat.v4.new_notebook(metadata={"kernelspec": KERNELSPEC})
        document.cells = [nbformat.v4.new_code_cell(source) for source in sources or ("",)]
        return self.write_document(name, document)

    def write_python(self, name: str, *sources: str) -> Path:
        """The same for Python."""
        document = nbformat.v4.new_notebook(metadata={"kernelspec": PYTHON})
        document.cells = [nbformat.v4.new_code_cell(source) for source in sources]
        return self.write_document(name, document)

    def write_document(self, name: str, document: Any) -> Path:
        """Write a notebook into the workspace."""
        path = self.place.workspace / f"{name}.ipynb"
        nbformat.write(document, path)
        return path

    @property
    def port(self) -> int:
        """Where the server listens."""
        return urlsplit(self.url).port or 0

    def text_of(self, notebook: str) -> str:
        """What the record has of the latest turn of a notebook, as JSON."""
        api = "codex-kernel/api/turns"
        turns = self.request("GET", f"{api}?notebook={notebook}&limit=1")["turns"]
        return json.dumps(self.request("GET", f"{api}/{turns[0]['turn_id']}")) if turns else ""

    def request(self, method: str, path: str) -> Any:
        """The answer of the server's REST API."""
        with urlopen(Request(f"{self.url}{path}", method=method), timeout=SECONDS) as answer:
            body = answer.read()
        return json.loads(body) if body else None

    def log(self) -> str:
        """The last words of the server and its kernels."""
        return (self.place.root / "lab.log").read_text()[-4000:]

    def end_kernels(self) -> None:
        """Shut down every kernel that a test left running."""
        for kernel in self.request("GET", "api/kernels"):
            self.request("DELETE", f"api/kernels/{kernel['id']}")


@contextmanager
def lab_in(
    place: Place,
    model: ScriptedModel,
    disabled: Sequence[str] = (),
    port: int = 0,
    prefix: Path | None = None,
    **environ: str,
) -> Iterator[Lab]:
    """A JupyterLab in the place that asks nobody who he is; on a free port unless one is given.

    `disabled`: labextensions that it does without. `prefix`: where it finds more packages.
    """
    config = place.root / "jupyter-config"
    (config / "labconfig").mkdir(parents=True, exist_ok=True)
    (config / "labconfig" / "page_config.json").write_text(
        json.dumps({"disabledExtensions": dict.fromkeys([_ANNOUNCEMENTS, *disabled], True)})
    )
    command = [
        *(sys.executable, "-P", "-m", "jupyterlab", "--no-browser", "--allow-root"),
        *(
            f"--ServerApp.port={port}",
            "--IdentityProvider.token=",
            "--ServerApp.disable_check_xsrf=True",
        ),
        "--LabApp.expose_app_in_browser=True",
        f"--LabApp.user_settings_dir={config}/settings",
        f"--LabApp.workspaces_dir={config}/workspaces",
    ]
    log = place.root / "lab.log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            command,
            cwd=place.workspace,
            env=place.environ(
                JUPYTER_DATA_DIR=str(place.root / "jupyter-data"),
                HTTPS_PROXY=NOBODY,
                **_packages_in(prefix),
                **environ,
            ),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        yield Lab(
            _announced(server, place, log), place, model, server, LABEXTENSION not in disabled
        )
    finally:
        server.terminate()
        try:
            server.wait(SECONDS)
        finally:  # one whose AnyIO threads wait for ever ends no other way
            server.kill()
            server.wait()


def _packages_in(prefix: Path | None) -> dict[str, str]:
    """The environment of a server that has what `pip install --prefix` put there, too."""
    if prefix is None:
        return {}
    library = sysconfig.get_path("purelib", vars={"base": str(prefix)})
    return {
        "PYTHONPATH": library,
        "JUPYTER_PATH": str(prefix / "share/jupyter"),
        "JUPYTER_CONFIG_PATH": str(prefix / "etc/jupyter"),
    }


def _announced(server: subprocess.Popen[bytes], place: Place, log: Path) -> str:
    """The address that the server wrote down when it began to listen."""
    file = place.root / "jupyter-runtime" / f"jpserver-{server.pid}.json"

    def is_there() -> bool:
        assert server.poll() is None, log.read_text()
        return file.exists() and bool(file.read_text())

    wait_until(is_there)
    url = json.loads(file.read_text())["url"]
    wait_until(partial(_answers, url))
    return url


def _answers(url: str) -> bool:
    try:
        urlopen(f"{url}api", timeout=SECONDS).close()
    except OSError:
        return False
    return True


def chromium(playwright: Playwright) -> Browser:
    """The system's Chromium, else the one that Playwright installed."""
    names = ("chromium", "chromium-browser", "google-chrome")
    found = next(filter(None, map(shutil.which, names)), None)
    return playwright.chromium.launch(executable_path=found, args=CHROMIUM_ARGUMENTS)


class LabPage:
    """A page with one notebook open, and what went wrong in it."""

    def __init__(self, page: Page, lab: Lab) -> None:
        self.page = page
        self.lab = lab
        self.errors: list[str] = []
        self.strangers: list[str] = []
        page.set_default_timeout(SECONDS * 1000)
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", lambda request: self._loaded(request.url))
        page.on("websocket", lambda socket: self._loaded(socket.url))

    def _heard(self, said: ConsoleMessage) -> None:
        if said.type == "error" and not said.text.startswith(_OF_ANOTHER_PAGE):
            self.errors.append(said.text)

    def forgive_connections(self) -> None:
        """Forget that the server could not be reached: Chromium calls every such try an error."""
        self.errors = [error for error in self.errors if not _NO_CONNECTION.search(error)]

    def _loaded(self, url: str) -> None:
        host = self.lab.url.partition("://")[2]
        if not url.startswith(("data:", "blob:", f"http://{host}", f"ws://{host}")):
            self.strangers.append(url)

    def open(self, name: str, *, is_announced: bool = True) -> None:
        """Open a notebook of the workspace; wait for its kernel, and until that knows the page."""
        self.page.goto(f"{self.lab.url}lab/workspaces/auto-{name}/tree/{name}.ipynb?reset")
        expect(self.cell(0)).to_be_visible()
        self.wait_for_status("idle")
        if self.lab.has_labextension and is_announced:
            asked = f"codex-kernel/api/notebooks?path={name}.ipynb"
            wait_until(lambda: self.lab.request("GET", asked)["pages"] > 0)

    def cell(self, number: int) -> Locator:
        """A cell of the notebook, from 0."""
        return self.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Cell").nth(number)

    def output(self, number: int) -> Locator:
        """What stands below a cell."""
        return self.cell(number).locator(".jp-Cell-outputArea")

    def prompt(self, number: int) -> Locator:
        """The brackets at the left of a cell."""
        return self.cell(number).locator(".jp-InputArea-prompt")

    @property
    def questions(self) -> Locator:
        """The questions with a box that nobody has typed into; an answered one is hidden first."""
        open_ones = ".jp-OutputArea-stdin-item:not(.jp-OutputArea-stdin-hiding)"
        return self.page.locator(open_ones)

    def answer(self, text: str, number: int = 0) -> None:
        """Type into the box of an open question."""
        box = self.questions.nth(number).locator("input")
        box.fill(text)
        box.press("Enter")

    def command(self, name: str, **arguments: Any) -> None:
        """Begin a command of JupyterLab without waiting for its end."""
        self.page.evaluate(
            "([name, args]) => { window.jupyterapp.commands.execute(name, args) }",
            [name, arguments],
        )

    def run(self, number: int, source: str | None = None) -> None:
        """Run a cell, with a new source where one is given; does not wait."""
        if source is not None:
            self.page.evaluate(
                """([at, text]) => window.jupyterapp.shell.currentWidget.content
                    .widgets[at].model.sharedModel.setSource(text)""",
                [number, source],
            )
        self.page.evaluate(
            "at => { window.jupyterapp.shell.currentWidget.content.activeCellIndex = at }", number
        )
        self.command("notebook:run-cell")

    def run_in(self, name: str, number: int) -> None:
        """Run a cell of a notebook that is not the current tab; does not wait."""
        self.activate(f"{name}.ipynb")
        self.run(number)

    @property
    def notebook_prompt(self) -> Locator:
        """The brackets of the first cell, whichever tab is current."""
        return self.page.locator(".jp-Notebook .jp-InputArea-prompt").first

    def type(self, number: int, text: str) -> None:
        """Replace a cell's source by typing, with the cursor left at its end."""
        self.cell(number).locator(".cm-content").click()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.type(text)

    def activate(self, title: str) -> None:
        """Bring a tab of the main area to the front."""
        self.page.locator(".lm-DockPanel-tabBar .lm-TabBar-tab", has_text=title).first.click()

    def hold_clearing(self) -> None:
        """Make the page forget what a kernel says about clearing outputs, as some frontends do."""
        self.page.evaluate(
            """() => {
                const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
                for (const future of kernel._futures.values()) {
                    const handle = future.onIOPub;
                    future.onIOPub = msg =>
                        msg.header.msg_type === 'clear_output' ? undefined : handle(msg);
                }
            }"""
        )

    def status(self) -> str:
        """What JupyterLab takes the kernel's status for."""
        return self.page.evaluate(
            """() => {
                const context = window.jupyterapp.shell.currentWidget?.sessionContext;
                return context?.session?.kernel?.status ?? 'none';
            }"""
        )

    def wait_for_status(self, status: str) -> None:
        """Wait until JupyterLab shows this status of the kernel."""
        try:
            wait_until(lambda: self.status() == status)
        except AssertionError:
            raise AssertionError(f"{self.status()}: {self.lab.log()}") from None

    def document(self, name: str) -> Any:
        """The notebook as it is on disk."""
        return nbformat.read(self.lab.place.workspace / f"{name}.ipynb", as_version=4)

    def save(self) -> None:
        """Save the notebook and wait until it is on disk."""
        self.page.evaluate("() => window.jupyterapp.shell.currentWidget.context.save()")
