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

import nbformat
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import start_new_kernel

from codex_kernel.scripted_model import ScriptedModel, load_scenarios

FOLDER = Path(__file__).resolve().parent.parent / "notebooks"
NAMES = ("quickstart", "approvals", "headless", "sessions")
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
    """The notebook with new outputs."""
    with _place() as root, ScriptedModel.in_thread(load_scenarios(FOLDER / "scenarios.json")) as it:
        it.write_config(root / "codex-home")
        manager, client = start_new_kernel(
            kernel_name="codex", cwd=str(root / "work"), env=_environ(root, name)
        )
        try:
            for number, cell in enumerate(_code_cells(notebook), 1):
                cell.execution_count = number
                cell.outputs = _run(client, cell)
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
    }


def _run(client: BlockingKernelClient, cell: Any) -> list[Any]:
    """The outputs of a cell; displays that are updated end as their last state."""
    answers = list(cell.metadata.get("codex_answers", ()))
    message = client.session.msg(
        "execute_request",
        {
            "code": cell.source,
            "silent": False,
            "store_history": True,
            "user_expressions": {},
            "allow_stdin": bool(answers),
            "stop_on_error": True,
        },
    )
    message["metadata"] = {"cellId": cell.id}
    client.shell_channel.send(message)
    outputs: dict[str, Any] = {}
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        _answer(client, answers)
        try:
            found = client.get_iopub_msg(timeout=0.1)
        except queue.Empty:
            continue
        if found["parent_header"].get("msg_id") != message["header"]["msg_id"]:
            continue
        if found["content"].get("execution_state") == "idle":
            return list(outputs.values())
        _take(found, outputs)
    raise TimeoutError(f"A cell did not end: {cell.source}")


def _answer(client: BlockingKernelClient, answers: list[str]) -> None:
    try:
        question = client.get_stdin_msg(timeout=0)
    except queue.Empty:
        return
    reply = client.session.msg("input_reply", {"value": answers.pop(0)}, parent=question)
    client.stdin_channel.send(reply)


def _take(message: dict[str, Any], outputs: dict[str, Any]) -> None:
    kind, content = message["msg_type"], message["content"]
    if kind == "clear_output":
        outputs.clear()
    if kind not in ("display_data", "update_display_data", "stream", "error"):
        return
    name = content.get("transient", {}).get("display_id") or f"output-{len(outputs)}"
    if kind == "update_display_data":
        message = {**message, "header": {**message["header"], "msg_type": "display_data"}}
    outputs[name] = nbformat.v4.output_from_msg(message)


if __name__ == "__main__":
    main()
