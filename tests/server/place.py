"""A real Jupyter server with the extension, in a process and folders of its own, and its client."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from codex_kernel.server.routes import PREFIX
from codex_kernel.settings import LogSettings

ROOT = Path(__file__).parents[2]
SECONDS = 60.0
TOKEN = "a-token-of-the-tests"


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        """The first header of that name."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Server:
    """The running server."""

    def __init__(self, process: subprocess.Popen[bytes], folder: Path, url: str) -> None:
        self.process = process
        self.folder = folder
        self.url = url

    @property
    def settings(self) -> LogSettings:
        """The log that the server reads."""
        return LogSettings(folder=self.folder / "data", commit_seconds=60)

    @property
    def root_dir(self) -> Path:
        return self.folder / "root"

    @property
    def output(self) -> str:
        """Everything the server wrote to its log."""
        return (self.folder / "server.log").read_text(encoding="utf-8")

    def fetch(
        self,
        path: str,
        *,
        method: str = "GET",
        token: str | None = TOKEN,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """A request below the API's prefix."""
        sent = {"Authorization": f"token {token}"} if token else {}
        request = urllib.request.Request(
            f"{self.url}{PREFIX}/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={**sent, **(headers or {})},
        )
        try:
            with urllib.request.urlopen(request, timeout=SECONDS) as answer:
                return Answer(answer.status, answer.headers.items(), answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.headers.items(), error.read())

    def cookie(self) -> str:
        """What a browser sends once it has been let in."""
        answer = self.fetch("health")
        return "; ".join(
            value.partition(";")[0]
            for name, value in answer.headers
            if name.lower() == "set-cookie"
        )

    def xsrf(self) -> str:
        """The value that a page of the server would send back with what it writes."""
        with urllib.request.urlopen(f"{self.url}login", timeout=SECONDS) as answer:
            cookies = " ".join(answer.headers.get_all("Set-Cookie"))
        [value] = re.findall(r"_xsrf=([^;]+)", cookies)
        return value

    def get(self, path: str, status: int = 200, **options: Any) -> Any:
        """The JSON of an answer that has this status."""
        answer = self.fetch(path, **options)
        assert answer.status == status, (answer.status, answer.body)
        return answer.json

    @asynccontextmanager
    async def socket(
        self,
        path: str,
        *,
        token: str | None = TOKEN,
        headers: Mapping[str, str] | None = None,
        **options: Any,
    ) -> AsyncIterator[ClientConnection]:
        """An open WebSocket below the API's prefix."""
        sent = {"Authorization": f"token {token}"} if token else {}
        url = f"{self.url.replace('http', 'ws', 1)}{PREFIX}/{path}"
        async with connect(
            url, additional_headers={**sent, **(headers or {})}, max_size=None, **options
        ) as socket:
            yield socket


async def frame(socket: ClientConnection) -> dict[str, Any]:
    """The next frame that is no heartbeat."""
    async with asyncio.timeout(SECONDS):
        while True:
            found = json.loads(await socket.recv())
            if found["type"] != "heartbeat":
                return found


async def frames(socket: ClientConnection) -> list[dict[str, Any]]:
    """Every frame until the server closes, heartbeats left out."""
    async with asyncio.timeout(SECONDS):
        found = [json.loads(message) async for message in socket]
    return [item for item in found if item["type"] != "heartbeat"]


async def eventually(condition: Callable[[], bool]) -> None:
    """Wait for a condition that nothing announces."""
    async with asyncio.timeout(SECONDS):
        while not condition():  # noqa: ASYNC110 (no event tells)
            await asyncio.sleep(0.005)


def environ(folder: Path, **more: str) -> dict[str, str]:
    """The environment of a server, without anything of the user's own."""
    own = ("CODEX", "OPENAI", "JPY", "JUPYTER")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(own)}
    return {
        **kept,
        "CODEX_KERNEL_DATA_DIR": str(folder / "data"),
        "CODEX_HOME": str(folder / "codex-home"),
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_DATA_DIR": str(folder / "jupyter-data"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "PYTHONPATH": str(ROOT),
        **more,
    }


@contextmanager
def jupyter_server(
    *options: str, without: tuple[str, ...] = (), is_named: bool = True, **more: str
) -> Iterator[Server]:
    """Start a server, `more` and not `without` in its environment; it must end in good order.

    Unless `is_named`, the extension is not named to it: it must find it by itself.
    """
    named = ['--ServerApp.jpserver_extensions={"codex_kernel": True}'] if is_named else []
    with tempfile.TemporaryDirectory(prefix="codex-server-") as name:
        folder = Path(name).resolve()
        for part in ("root", "codex-home"):
            (folder / part).mkdir()
        with (folder / "server.log").open("wb") as output:
            process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "jupyter_server", "--debug", "--allow-root"),
                    *("--no-browser", "--ServerApp.port=0", f"--IdentityProvider.token={TOKEN}"),
                    f"--ServerApp.root_dir={folder / 'root'}",
                    *named,
                    *options,
                ],
                stdout=output,
                stderr=output,
                env={k: v for k, v in environ(folder, **more).items() if k not in without},
                cwd=folder,
            )
        try:
            server = Server(process, folder, _url(process, folder))
            yield server
            process.send_signal(signal.SIGTERM)
            assert process.wait(SECONDS) in (0, -signal.SIGTERM), server.output
            assert "Task was destroyed" not in server.output
            assert "never retrieved" not in server.output
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()


def _url(process: subprocess.Popen[bytes], folder: Path) -> str:
    """The server's address, as soon as it answers."""
    log = folder / "server.log"
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text(encoding="utf-8")
        for file in (folder / "runtime").glob("jpserver-*.json"):
            try:
                url = json.loads(file.read_text(encoding="utf-8"))["url"]
                urllib.request.urlopen(f"{url}api", timeout=SECONDS).close()
            except (ValueError, OSError):
                continue
            else:
                return url
        time.sleep(0.05)
    raise AssertionError(log.read_text(encoding="utf-8"))
