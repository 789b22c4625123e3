"""A place to run the real thing in: private folders, a scripted model, a kernel and its client."""

from __future__ import annotations

import os
import queue
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

from codex_kernel.scripted_model import ScriptedModel

MIME = "application/vnd.codex.turn.v1+json"
SECONDS = 60.0
"""Deadline of every wait; a test that meets it has failed."""


@dataclass(frozen=True)
class Place:
    """Folders of one test: `workspace` is the notebook's folder."""

    root: Path

    @property
    def workspace(self) -> Path:
        return self.root / "workspace"

    @property
    def codex_home(self) -> Path:
        return self.root / "codex-home"

    @property
    def data(self) -> Path:
        return self.root / "data"

    def environ(self, **more: str) -> dict[str, str]:
        """The environment of a kernel in this place, without anything of the user's own."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("CODEX", "OPENAI", "JPY"))}
        return {
            **kept,
            "CODEX_HOME": str(self.codex_home),
            "CODEX_KERNEL_DATA_DIR": str(self.data),
            "JUPYTER_CONFIG_DIR": str(self.root / "jupyter-config"),
            "JUPYTER_RUNTIME_DIR": str(self.root / "jupyter-runtime"),
            "IPYTHONDIR": str(self.root / "ipython"),
            **more,
        }


@contextmanager
def new_place() -> Iterator[Place]:
    """Fresh folders outside the system's temporary folder, where Codex makes no helpers."""
    parent = Path.home() / ".cache" / "codex-kernel-tests"
    parent.mkdir(parents=True, exist_ok=True)
    root = Path(tempfile.mkdtemp(prefix="e2e-", dir=parent))
    place = Place(root)
    place.workspace.mkdir()
    place.codex_home.mkdir()
    try:
        yield place
    finally:
        shutil.rmtree(root, ignore_errors=True)


@dataclass
class Result:
    """What a cell gave: its reply and its iopub messages in order."""

    reply: dict[str, Any]
    messages: list[dict[str, Any]] = field(default_factory=list)

    @property
    def status(self) -> str:
        return self.reply["status"]

    def of(self, *kinds: str) -> list[dict[str, Any]]:
        """The contents of the messages of these types."""
        return [m["content"] for m in self.messages if m["msg_type"] in kinds]

    @property
    def text(self) -> str:
        """Everything sent as stream text."""
        return "".join(content["text"] for content in self.of("stream"))

    @property
    def data(self) -> dict[str, Any]:
        """The last picture of the last display."""
        return self.of("display_data", "update_display_data")[-1]["data"]

    @property
    def bundle(self) -> dict[str, Any]:
        """The turn's final bundle."""
        assert MIME in self.data, self.data
        return self.data[MIME]

    def items(self, kind: str) -> list[dict[str, Any]]:
        return [item for item in self.bundle["items"] if item["type"] == kind]


Answer = Callable[[str], str]


class Kernel:
    """A running Codex kernel and a client."""

    def __init__(self, manager: KernelManager, client: BlockingKernelClient) -> None:
        self.manager = manager
        self.client = client

    @property
    def pid(self) -> int:
        return self.manager.provisioner.process.pid

    def send(
        self, code: str, *, allow_stdin: bool = False, cell_id: str | None = None, **content: Any
    ) -> str:
        """Send a cell without waiting; returns the id of the request."""
        body = {
            "code": code,
            "silent": False,
            "store_history": True,
            "user_expressions": {},
            "allow_stdin": allow_stdin,
            "stop_on_error": True,
            **content,
        }
        message = self.client.session.msg("execute_request", body)
        if cell_id is not None:
            message["metadata"] = {"cellId": cell_id}
        self.client.shell_channel.send(message)
        return message["header"]["msg_id"]

    def run(self, code: str, *, answer: Answer | None = None, **options: Any) -> Result:
        """Run a cell to its end; `answer` makes the lines that the kernel asks for."""
        if answer is not None:
            options = {"allow_stdin": True, "cell_id": "a-cell", **options}
        return self.finish(self.send(code, **options), answer)

    def finish(self, request: str, answer: Answer | None = None) -> Result:
        """Wait for the end of a cell that was sent."""
        messages = [*self.until(request, _is_idle, answer)]
        return Result(self.reply_to(request), messages)

    def until(
        self,
        request: str,
        found: Callable[[dict[str, Any]], bool],
        answer: Answer | None = None,
    ) -> list[dict[str, Any]]:
        """The iopub messages of a request up to one that is `found`."""
        messages: list[dict[str, Any]] = []
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            if answer is not None:
                self._answer(answer)
            try:
                message = self.client.get_iopub_msg(timeout=0.05)
            except queue.Empty:
                continue
            if message["parent_header"].get("msg_id") != request:
                continue
            messages.append(message)
            if found(message):
                return messages
        raise AssertionError(f"not found in {[m['content'] for m in messages[-5:]]}")

    def _answer(self, answer: Answer) -> None:
        try:
            question = self.client.get_stdin_msg(timeout=0)
        except queue.Empty:
            return
        text = answer(question["content"]["prompt"])
        reply = self.client.session.msg("input_reply", {"value": text}, parent=question)
        self.client.stdin_channel.send(reply)

    def reply_to(self, request: str) -> dict[str, Any]:
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            reply = self.client.get_shell_msg(timeout=SECONDS)
            if reply["parent_header"].get("msg_id") == request:
                return reply["content"]
        raise AssertionError("no reply")

    def ask(self, kind: str, **content: Any) -> dict[str, Any]:
        """A request other than execute, e.g. `complete_request`; returns its reply's content."""
        message = self.client.session.msg(kind, content)
        self.client.shell_channel.send(message)
        return self.reply_to(message["header"]["msg_id"])

    def interrupt(self) -> None:
        self.manager.interrupt_kernel()

    def children(self) -> list[psutil.Process]:
        return psutil.Process(self.pid).children(recursive=True)


def _is_idle(message: dict[str, Any]) -> bool:
    return message["msg_type"] == "status" and message["content"]["execution_state"] == "idle"


@contextmanager
def kernel_in(
    place: Place, *, spec: str = "codex", notebook: str | None = "test.ipynb", **environ: str
) -> Iterator[Kernel]:
    """A kernel started in the workspace as a Jupyter server would; shut down at the end."""
    if notebook is not None:
        environ["JPY_SESSION_NAME"] = str(place.workspace / notebook)
    manager, client = _started(place, spec, environ)
    try:
        yield Kernel(manager, client)
    finally:
        client.stop_channels()
        if manager.is_alive():
            manager.shutdown_kernel(now=False)
        manager.cleanup_resources()


def _started(
    place: Place, spec: str, environ: dict[str, str]
) -> tuple[KernelManager, BlockingKernelClient]:
    """A kernel that has answered; once more when it ended, for its ports may just be taken."""
    for is_last in (False, True):
        manager = KernelManager(kernel_name=spec)
        manager.start_kernel(cwd=str(place.workspace), env=place.environ(**environ))
        client = manager.blocking_client()
        client.start_channels()
        try:
            client.wait_for_ready(timeout=SECONDS)
            return manager, client
        except BaseException as failure:
            client.stop_channels()
            has_ended = not manager.is_alive()
            manager.shutdown_kernel(now=True)
            manager.cleanup_resources()
            if is_last or not has_ended or not isinstance(failure, RuntimeError):
                raise
    raise AssertionError


@contextmanager
def scripted(place: Place, model: str = "gpt-5.5", **settings: Any) -> Iterator[ScriptedModel]:
    """A scripted model that the place's CODEX_HOME points to."""
    with ScriptedModel.in_thread() as server:
        server.write_config(place.codex_home, model, **settings)
        yield server


def processes_of(place: Place) -> list[psutil.Process]:
    """Every process that belongs to the place: its environment or command line names it."""
    found = []
    mark = str(place.root)
    for process in psutil.process_iter():
        try:
            belongs = mark in " ".join(process.cmdline()) or mark in "".join(
                process.environ().values()
            )
        except psutil.Error:
            continue
        if belongs and process.status() != psutil.STATUS_ZOMBIE:
            found.append(process)
    return found


def wait_until(condition: Callable[[], bool], seconds: float = SECONDS) -> None:
    """Wait for a condition that nothing announces."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true"
        time.sleep(0.02)
