"""A real Jupyter server with real kernels that run the real Codex, in a place of its own."""

from __future__ import annotations

import json
import queue
import signal
import subprocess
import sys
import urllib.error
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote
from urllib.request import Request, urlopen

import psutil
from jupyter_client.blocking.client import BlockingKernelClient

from ..codex_binaries import binaries
from ..end_to_end import notebook
from ..end_to_end.place import SECONDS, Kernel, Place, wait_until

API = "codex-kernel/api/"
KERNEL_MODULE = "codex_kernel.kernel"


class ServerKernel(Kernel):
    """A kernel that a Jupyter server started, and a client of ours beside the server's."""

    def __init__(self, jupyter: Jupyter, session: dict[str, Any], client: Any) -> None:
        self.jupyter = jupyter
        self.session_id = session["id"]
        self.kernel_id = session["kernel"]["id"]
        self.client = client

    @property
    def pid(self) -> int:
        """The process; looked up anew, as a restart changes it."""
        [process] = self.jupyter.kernel_processes(self.kernel_id)
        return process.pid

    def interrupt(self) -> None:
        self.jupyter.request("POST", f"api/kernels/{self.kernel_id}/interrupt")

    def restart(self) -> None:
        self.jupyter.request("POST", f"api/kernels/{self.kernel_id}/restart")
        self.wait_for_ready()

    def wait_for_ready(self) -> None:
        """Wait until it answers and its iopub messages come through, however busy the machine is.

        The client's own way gives a kernel up that misses one second of heartbeats.
        """

        def answers() -> bool:
            self.client.kernel_info()
            try:
                self.client.get_shell_msg(timeout=1)
                self.client.get_iopub_msg(timeout=1)
            except queue.Empty:
                return False
            return True

        wait_until(answers)

    def shut_down(self) -> None:
        self.jupyter.request("DELETE", f"api/kernels/{self.kernel_id}")


class Jupyter:
    """A running server; its notebooks lie in the workspace of its place."""

    def __init__(self, place: Place, process: subprocess.Popen[bytes], url: str) -> None:
        self.place = place
        self.process = process
        self.url = url

    @property
    def output(self) -> str:
        """Everything that this server and those before it in the place wrote to their log."""
        return (self.place.root / "server.log").read_text(encoding="utf-8")

    def request(self, method: str, path: str, body: Any = None) -> Any:
        """The answer of the server's REST API."""
        data = None if body is None else json.dumps(body).encode()
        request = Request(f"{self.url}{path}", method=method, data=data)
        try:
            with urlopen(request, timeout=SECONDS) as answer:
                text = answer.read()
        except urllib.error.HTTPError as error:
            with error:
                raise AssertionError(f"{method} {path}: {error.code} {error.read()}") from None
        return json.loads(text) if text else None

    def get(self, path: str) -> Any:
        """The answer of one of our own routes."""
        return self.request("GET", API + path)

    def write(self, name: str, *cell_ids: str) -> Path:
        """A notebook with cells of these ids."""
        return notebook.write(self.place.workspace / name, *(cell_ids or ("a-cell",)))

    def begin_session(self, path: str) -> dict[str, Any]:
        """Open a notebook as a page does, or take up the session that it has."""
        body = {"path": path, "name": Path(path).name, "type": "notebook"}
        return self.request("POST", "api/sessions", {**body, "kernel": {"name": "codex"}})

    @contextmanager
    def kernel(self, path: str = "test.ipynb") -> Iterator[ServerKernel]:
        """A kernel for a notebook; it is left to the server at the end."""
        session = self.begin_session(path)
        client = BlockingKernelClient()
        runtime = self.place.root / "jupyter-runtime"
        client.load_connection_file(str(runtime / f"kernel-{session['kernel']['id']}.json"))
        client.start_channels(hb=False)
        try:
            kernel = ServerKernel(self, session, client)
            kernel.wait_for_ready()
            yield kernel
        finally:
            client.stop_channels()

    def rename(self, path: str, new: str) -> None:
        """Rename a file or a folder as the file browser does."""
        self.request("PATCH", f"api/contents/{quote(path)}", {"path": new})

    def kernel_processes(self, kernel_id: str = "") -> list[psutil.Process]:
        """The kernels of this place, or one of them."""
        mark = f"{self.place.root}/jupyter-runtime/kernel-{kernel_id}"
        return [
            process
            for process in psutil.process_iter()
            if _is(process, KERNEL_MODULE) and _is(process, mark)
        ]

    def stop(self) -> None:
        """End it in good order, as by Ctrl-C in its terminal."""
        self.process.send_signal(signal.SIGTERM)
        try:
            assert self.process.wait(SECONDS) in (0, -signal.SIGTERM), self.output
        finally:
            self.kill()

    def kill(self) -> None:
        """End it the hard way."""
        self.process.kill()
        self.process.wait(SECONDS)


def _is(process: psutil.Process, mark: str) -> bool:
    try:
        return mark in " ".join(process.cmdline()) and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


@contextmanager
def jupyter_in(
    place: Place, *options: str, module: str = "jupyter_server", **more: str
) -> Iterator[Jupyter]:
    """A server in the place that asks nobody who he is; ended at the end, if it still runs."""
    environ = place.environ(
        JUPYTER_DATA_DIR=str(place.root / "jupyter-data"),
        CODEX_BIN=str(next(iter(binaries().values()))),
        PYTHONPATH=str(Path(__file__).parents[2]),
        **more,
    )
    with (place.root / "server.log").open("ab") as output:
        process = subprocess.Popen(
            [
                *(sys.executable, "-P", "-m", module, "--no-browser", "--allow-root"),
                *("--ServerApp.port=0", "--IdentityProvider.token="),
                "--ServerApp.disable_check_xsrf=True",
                '--ServerApp.jpserver_extensions={"codex_kernel": True}',
                "--CodexServer.recovery_seconds=0.2",
                *options,
            ],
            cwd=place.workspace,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    jupyter = Jupyter(place, process, "")
    file = place.root / "jupyter-runtime" / f"jpserver-{process.pid}.json"
    try:
        wait_until(lambda: (file.exists() and file.stat().st_size > 0) or _ended(jupyter))
        jupyter.url = json.loads(file.read_text(encoding="utf-8"))["url"]
        wait_until(lambda: _answers(jupyter))
        yield jupyter
    finally:
        if process.poll() is None:
            jupyter.stop()


def _ended(jupyter: Jupyter) -> bool:
    assert jupyter.process.poll() is None, jupyter.output
    return False


def _answers(jupyter: Jupyter) -> bool:
    try:
        return jupyter.get("health") is not None
    except OSError:
        return _ended(jupyter)
