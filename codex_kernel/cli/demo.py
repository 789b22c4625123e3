"""`jupyter codex demo`: the real Codex on a demo notebook, without an account or a network.

Only the model is a script (`scripted_model`); Codex, its tools, its sandbox and its approvals are
real. The user's own Codex home and turn log are not touched, unless --real is given.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import dedent
from typing import Any, ClassVar

from traitlets import Bool, Int, Unicode

from codex_kernel.cli import demo_files, demo_run, kernelspec
from codex_kernel.cli.command import ALIASES, FLAGS, Command
from codex_kernel.config import default_data_folder, environment_name
from codex_kernel.errors import CodexError
from codex_kernel.scripted_model import ScriptedModel, demo_scenarios

_READING_PACE = 400.0
"""Characters per second of the scripted model when somebody watches."""


class DemoApp(Command):
    """Open JupyterLab on a demo notebook whose model is a script.

    Codex itself, its tools, sandbox and approvals are real; no account and no network are needed.
    The files go to a new folder `codex-demo` in the current one. Ctrl-C ends everything.
    """

    name = "jupyter-codex-demo"
    description = __doc__
    examples = dedent("""\
        jupyter codex demo
        jupyter codex demo --execute       # no browser: run it and write the notebook
        jupyter codex demo --real          # with your own account and model
    """)

    folder = Unicode("", help="Folder for the demo's files; by default a new one.").tag(config=True)
    execute = Bool(False, help="Run the notebook without a browser and end.").tag(config=True)
    real = Bool(False, help="Use your Codex account and model, not the script.").tag(config=True)
    browser = Bool(True, help="Open a browser.").tag(config=True)
    port = Int(0, help="Port of JupyterLab; 0 = the usual one, or the next that is free.").tag(
        config=True
    )

    flags: ClassVar[dict[str, Any]] = {
        **FLAGS,
        "execute": ({"DemoApp": {"execute": True}}, "Run the notebook headless and end."),
        "real": ({"DemoApp": {"real": True}}, "Use your own Codex account and model."),
        "no-browser": ({"DemoApp": {"browser": False}}, "Print the address only."),
    }
    aliases: ClassVar[dict[str, Any]] = {
        **ALIASES,
        "folder": "DemoApp.folder",
        "port": "DemoApp.port",
    }

    def run(self) -> None:
        """Copy the files, start the model, and run or open the notebook."""
        demo_run.require("nbclient" if self.execute else "jupyterlab")
        kernelspec.found_folder()
        notebook = demo_files.copy_to(Path(self.folder) if self.folder else None)
        print(f"The demo's files are in {notebook.parent}")
        with demo_run.ended_by_signals(), self._environment() as environ:
            if self.execute:
                self._report(notebook, environ)
            else:
                demo_run.open_lab(notebook, environ, port=self.port, browser=self.browser)

    @contextmanager
    def _environment(self) -> Iterator[Mapping[str, str]]:
        if self.real:
            yield dict(os.environ)
            return
        pace = None if self.execute else _READING_PACE
        with _private_home() as home, ScriptedModel.in_thread(demo_scenarios(), pace=pace) as model:
            model.write_config(home / "codex-home")
            yield scripted_environment(os.environ, home)

    def _report(self, notebook: Path, environ: Mapping[str, str]) -> None:
        outcome = demo_run.execute(notebook, environ)
        for line in outcome.lines:
            print(line)
        print(f"The executed notebook is {notebook}")
        print(f"Open it with: {shlex.join([sys.executable, '-m', 'jupyterlab', str(notebook)])}")
        if outcome.error:
            raise CodexError(outcome.error, next_step="`jupyter codex doctor` checks every part.")


def scripted_environment(environ: Mapping[str, str], home: Path) -> dict[str, str]:
    """The environment in which every kernel talks to the scripted model, whatever is configured."""
    chosen = {
        "codex_home": str(home / "codex-home"),
        "data_dir": str(home),
        "endpoint": "None",
        "model": "None",
        "codex_config": "{}",
        "cwd": ".",
        "fail_on": "[]",
        "max_minutes": "None",
        "max_turns": "None",
        "max_tokens": "None",
    }
    variables = {environment_name(trait): value for trait, value in chosen.items()}
    return {**environ, "CODEX_HOME": chosen["codex_home"], **variables}


@contextmanager
def _private_home() -> Iterator[Path]:
    # Not in the system's temporary folder: Codex refuses to put its tools on the PATH there.
    parent = default_data_folder() / "demo"
    try:
        parent.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        parent.mkdir(mode=0o700, exist_ok=True)
        made = TemporaryDirectory(prefix="run-", dir=parent, ignore_cleanup_errors=True)
    except OSError as error:
        raise CodexError(
            f"The demo cannot write to {parent}: {error.strerror}.",
            next_step="Set JUPYTER_DATA_DIR to a folder that can be written.",
        ) from error
    with made as folder:
        yield Path(folder)
