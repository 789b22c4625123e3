"""The notebooks of a folder through the Jupyter server that serves it, for other programs.

Finds the server by the files that it leaves for programs of the same user, with its token. Waits
in threads: the standard library's HTTP is all it needs.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codex_kernel.errors import NotebookNotShown, NotebookRefused
from codex_kernel.ids import NotebookPath, api_path, stored_path
from codex_kernel.tools.documents import read_notebook
from codex_kernel.tools.tool import Caller

API = "codex-kernel/api"
REQUEST_SECONDS = 60.0
POLL_SECONDS = 0.3
NO_SERVER = "No running Jupyter server of yours serves this folder."


@dataclass(frozen=True)
class JupyterServer:
    """A running server."""

    url: str
    token: str
    root_dir: str


def servers(runtime: Path, environ: Mapping[str, str]) -> Iterator[JupyterServer]:
    """The user's servers that run; `runtime` is Jupyter's folder for that."""
    for path in sorted(runtime.glob("jpserver-*.json")):
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            if sys.platform != "win32":  # there it would be Ctrl-C
                os.kill(found["pid"], 0)
            token = found.get("token") or environ.get("JUPYTER_TOKEN", "")
            yield JupyterServer(found["url"], token, stored_path(found["root_dir"]))
        except (OSError, ValueError, KeyError):
            continue  # half written, or left by one that was killed


class RestDocuments:
    """What `notebooks.Documents` asks for; no notebook is its own."""

    own: NotebookPath | None = None
    own_cell: str | None = None
    holds_prompts = False

    def __init__(self, folder: str, runtime: Path, environ: Mapping[str, str]) -> None:
        """A server is looked for with every call: it may be started later."""
        self.folder = stored_path(folder)
        self._runtime = runtime
        self._environ = environ

    async def perform(
        self, path: NotebookPath, verb: str, args: dict[str, Any], seconds: float, caller: Caller
    ) -> dict[str, Any]:
        """Have the page do it, through its server."""
        server = self._server(path)
        body = {"path": api_path(server.root_dir, path), "operation": {"verb": verb, **args}}
        outcome = await _asked(server, "POST", "operations", body, caller.name)
        deadline = asyncio.get_running_loop().time() + seconds
        while not outcome["done"]:
            if asyncio.get_running_loop().time() > deadline:
                raise NotebookRefused("The page that shows the notebook did not answer in time.")
            await asyncio.sleep(POLL_SECONDS)
            address = f"commands/{outcome['command_id']}"
            outcome = await _asked(server, "GET", address, None, caller.name)
        return outcome["outcome"]["result"]

    async def read_file(self, path: NotebookPath) -> dict[str, Any]:
        """The notebook as it was saved."""
        return await asyncio.to_thread(read_notebook, path)

    def _server(self, path: NotebookPath) -> JupyterServer:
        found = [
            server
            for server in servers(self._runtime, self._environ)
            if api_path(server.root_dir, path) is not None
        ]
        if not found:
            raise NotebookNotShown(NO_SERVER, next_step="Start JupyterLab there and open it.")
        return max(found, key=lambda server: len(server.root_dir))


async def _asked(
    server: JupyterServer, method: str, path: str, body: Any, client: str
) -> dict[str, Any]:
    return await asyncio.to_thread(_fetch, server, method, path, body, client)


_open = urllib.request.build_opener(urllib.request.ProxyHandler({})).open
"""Past any proxy: the server is on this machine, and its token is for nobody else."""


def _fetch(server: JupyterServer, method: str, path: str, body: Any, client: str) -> dict[str, Any]:
    request = urllib.request.Request(
        f"{server.url}{API}/{path}",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"token {server.token}", "X-Codex-Client": client},
    )
    try:
        with _open(request, timeout=REQUEST_SECONDS) as answer:
            return json.loads(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            raise _problem(error.code, error.read()) from None
    except (OSError, ValueError) as failure:
        raise NotebookNotShown(f"The Jupyter server does not answer: {failure}.") from None


def _problem(status: int, body: bytes) -> NotebookRefused | NotebookNotShown:
    try:
        told = json.loads(body)
        message, step, kind = told["message"], told["next_step"], told["kind"]
    except (ValueError, KeyError, TypeError):
        message, step, kind = f"The Jupyter server answered {status}.", "", ""
    if kind == "NotebookNotShown":
        return NotebookNotShown(message, next_step=step)
    if status == 404:
        step = "Is codex_kernel installed where the Jupyter server runs?"
    return NotebookRefused(message, next_step=step)
