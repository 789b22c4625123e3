"""Runs the notebooks of `notebooks/` and writes what came of them: `python -m docs.notebooks`.

The real Codex in a private place, with a scripted model; `codex_answers` in a cell's metadata is
what the user types there. The tests run the same and compare.
"""

from __future__ import annotations

import os
import queue
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import matplotlib
import matplotlib.font_manager  # its cache is made here: a kernel without one tells of it
import nbformat
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import start_new_kernel

from codex_kernel.scripted_model import ScriptedModel, load_scenarios

FOLDER = Path(__file__).resolve().parent.parent / "notebooks"
NAMES = ("quickstart", "approvals", "dataset", "headless", "sessions")
FILES = ("measurements.csv", "summary.py")
SECONDS = 120.0
"""Deadline of a cell."""


def main() -> None:
    """Write every notebook anew."""
    for name in NAMES:
        path = FOLDER / f"{name}.ipynb"
        nbformat.write(executed(nbformat.read(path, as_version=4), name), path)
        print(path.name)


def executed(notebook: Any, name: str) -> Any:
    """The notebook with new outputs, from the kernel that it names."""
    kernel: str = notebook.metadata.kernelspec.name
    with _place() as root, ScriptedModel.in_thread(load_scenarios(FOLDER / "scenarios.json")) as it:
        it.write_config(root / "codex-home")
        manager, client = start_new_kernel(
            kernel_name=kernel, cwd=str(root / "work"), env=_environ(root, name)
        )
        try:
            run = _Run(client)
            for number, cell in enumerate(_code_cells(notebook), 1):
                cell.execution_count = number
                run.cell(cell)
            for cell in _code_cells(notebook):
                cell.outputs = run.outputs(cell)
        finally:
            client.stop_channels()
            manager.shutdown_kernel()
    return notebook


def _code_cells(notebook: Any) -> Iterator[Any]:
    return (cell for cell in notebook.cells if cell.cell_type == "code")


@contextmanager
def _place() -> Iterator[Path]:
    # Not in the system's temporary folder, where Codex makes no helpers.
    parent = Path.home() / ".cache" / "codex-kernel-notebooks"
    parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=parent) as folder:
        root = Path(folder)
        (root / "home").mkdir()
        (root / "work").mkdir()
        for name in FILES:
            shutil.copy(FOLDER / name, root / "work")
        yield root


def _environ(root: Path, name: str) -> dict[str, str]:
    # No more of the environment: it would show in what commands print.
    return {
        **{name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ},
        "HOME": str(root / "home"),  # a shell may read a profile there, and print what it likes
        "CODEX_HOME": str(root / "codex-home"),
        "CODEX_KERNEL_DATA_DIR": str(root / "data"),
        "JUPYTER_CONFIG_DIR": str(root / "jupyter-config"),
        "JPY_SESSION_NAME": str(root / "work" / f"{name}.ipynb"),
        "MPLCONFIGDIR": matplotlib.get_cachedir(),
    }


class _Run:
    """A notebook's cells in a kernel, one after the other, and what each shows, however late."""

    def __init__(self, client: BlockingKernelClient) -> None:
        self._client = client
        self._shown: dict[str, dict[str, Any]] = {}
        """Outputs by request, and by display: those that are updated end as their last state."""
        self._requests: dict[str, str] = {}

    def cell(self, cell: Any) -> None:
        """Run a cell to its end."""
        answers = list(cell.metadata.get("codex_answers", ()))
        request = self._send(cell, allow_stdin=bool(answers))
        self._requests[cell.id] = request
        self._shown[request] = {}
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            self._answer(answers)
            try:
                found = self._client.get_iopub_msg(timeout=0.1)
            except queue.Empty:
                continue
            about = found["parent_header"].get("msg_id")
            if about == request and found["content"].get("execution_state") == "idle":
                return
            if about in self._shown:
                _take(found, self._shown[about])
        raise TimeoutError(f"A cell did not end: {cell.source}")

    def outputs(self, cell: Any) -> list[Any]:
        """What a cell has shown so far."""
        return list(self._shown[self._requests[cell.id]].values())

    def _send(self, cell: Any, *, allow_stdin: bool) -> str:
        content = {
            "code": cell.source,
            "silent": False,
            "store_history": True,
            "user_expressions": {},
            "allow_stdin": allow_stdin,
            "stop_on_error": True,
        }
        message = self._client.session.msg("execute_request", content)
        message["metadata"] = {"cellId": cell.id}
        self._client.shell_channel.send(message)
        return message["header"]["msg_id"]

    def _answer(self, answers: list[str]) -> None:
        try:
            question = self._client.get_stdin_msg(timeout=0)
        except queue.Empty:
            return
        value = {"value": answers.pop(0)}
        reply = self._client.session.msg("input_reply", value, parent=question)
        self._client.stdin_channel.send(reply)


def _take(message: dict[str, Any], outputs: dict[str, Any]) -> None:
    kind, content = message["msg_type"], message["content"]
    if kind == "clear_output":
        outputs.clear()
    if kind not in _OUTPUTS:
        return
    last = next(reversed(outputs.values()), {})
    if kind == "stream" and content["name"] == last.get("name"):
        last["text"] += content["text"]
        return
    name = content.get("transient", {}).get("display_id") or f"output-{len(outputs)}"
    if kind == "update_display_data":
        message = {**message, "header": {**message["header"], "msg_type": "display_data"}}
    outputs[name] = nbformat.v4.output_from_msg(message)


_OUTPUTS = ("display_data", "update_display_data", "execute_result", "stream", "error")


if __name__ == "__main__":
    main()
