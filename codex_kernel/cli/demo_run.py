"""Running a notebook of the demo: headless by nbclient, or in a JupyterLab of its own.

It knows nothing of the model; the environment says to which one the kernels talk.
"""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from codex_kernel.errors import CodexError

TURN_TYPE = "application/vnd.codex.turn.v1+json"
_STOP_SECONDS = 15.0
"""JupyterLab shuts its kernels down first; each may take some seconds."""


@dataclass(frozen=True)
class Outcome:
    """What came of a headless run: one line per prompt, and the error that ended it."""

    lines: tuple[str, ...]
    error: str = ""


def require(module: str) -> None:
    """Raise CodexError when an optional package is not installed."""
    if importlib.util.find_spec(module) is None:
        raise CodexError(
            f"The package {module} is not installed.",
            next_step="Install it with `pip install 'codex-kernel[lab]'`.",
        )


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """A request to terminate unwinds the stack, so that every child is ended."""

    def leave(number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    names = [name for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {name: signal.signal(getattr(signal, name), leave) for name in names}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(getattr(signal, name), handler)


def open_lab(notebook: Path, environ: Mapping[str, str], *, port: int, browser: bool) -> None:
    """Run JupyterLab on the notebook until it ends or Ctrl-C is pressed."""
    page = f"--LabApp.default_url=/lab/tree/{notebook.name}"
    root = f"--ServerApp.root_dir={notebook.parent}"
    command = [sys.executable, "-P", "-m", "jupyterlab", page, root]
    if not browser:
        command.append("--no-browser")
    if port:
        command += [f"--ServerApp.port={port}", "--ServerApp.port_retries=0"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")  # in a container there may be no other user
    print("Starting JupyterLab; press Ctrl-C here to end it.", flush=True)
    # A session of its own: Ctrl-C reaches us alone, and Lab is not made to ask whether it should.
    lab = subprocess.Popen(
        command,
        cwd=notebook.parent,
        env=dict(environ),
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        code = lab.wait()
    finally:
        _end(lab)
    if code:
        raise CodexError(
            f"JupyterLab ended with exit code {code}.", next_step="Its own messages are above."
        )


def _end(child: subprocess.Popen[bytes]) -> None:
    if child.poll() is not None:
        return
    child.terminate()
    try:
        child.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def execute(notebook: Path, environ: Mapping[str, str]) -> Outcome:
    """Run all cells with the kernel that the notebook names and write the notebook back."""
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, DeadKernelError

    document: Any = nbformat.read(notebook, as_version=4)
    client = NotebookClient(
        document, timeout=None, resources={"metadata": {"path": str(notebook.parent)}}
    )
    error = ""
    try:
        client.execute(env=dict(environ))
    except CellExecutionError as failure:
        error = f"A cell failed: {failure.ename}: {failure.evalue}"
    except DeadKernelError:
        error = "The kernel died."
    except RuntimeError as failure:  # what jupyter_client raises when a kernel does not start
        error = f"The kernel did not start: {failure}."
    finally:
        nbformat.write(document, notebook)
    return Outcome(tuple(summary(document)), error)


def summary(document: Any) -> Iterator[str]:
    """One line per executed prompt: its number, its state, how much it did, how it begins."""
    for cell in document["cells"]:
        if cell["cell_type"] != "code":
            continue
        turns = [turn for output in cell["outputs"] for turn in _turns(output)]
        did = "; ".join(f"{turn['state']}, {len(turn['items'])} items" for turn in turns)
        first_line = cell["source"].strip().splitlines()[:1]
        number = cell["execution_count"] or " "
        yield f"[{number}] {did or 'no turn'}: {''.join(first_line)}"


def _turns(output: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    bundle = output.get("data", {}).get(TURN_TYPE)
    if bundle is not None:
        yield json.loads(bundle) if isinstance(bundle, str) else bundle
