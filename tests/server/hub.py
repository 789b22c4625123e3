"""A real JupyterHub with its proxy, and users whose servers have the extension."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import urllib.error
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from jupyter_client.blocking.client import BlockingKernelClient

from ..end_to_end.place import SECONDS, Place, wait_until
from .running import ServerKernel

ADMIN = "a-token-of-the-tests-own-service"
INSTALL_SECONDS = 300


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    json: Any


class Hub:
    """The running hub."""

    def __init__(self, place: Place, url: str) -> None:
        self.place = place
        self.url = url

    def fetch(self, method: str, path: str, token: str | None, body: Any = None) -> Answer:
        """A request to the hub or, below `user/`, to a user's server."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"token {token}"} if token else {}
        request = Request(f"{self.url}{path}", method=method, data=data, headers=headers)
        try:
            with urlopen(request, timeout=SECONDS) as answer:
                status, text = answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                status, text = error.code, error.read()
        try:
            return Answer(status, json.loads(text))
        except ValueError:
            return Answer(status, None)

    @property
    def output(self) -> str:
        """What the hub, the proxy and the users' servers wrote."""
        return (self.place.root / "hub.log").read_text(encoding="utf-8")

    def home(self, user: str) -> Path:
        """The user's home folder."""
        return self.place.root / "home" / user

    def token(self, user: str) -> str:
        """Create the user and start the user's server; a token of the user's own."""
        self.home(user).mkdir(parents=True)
        assert self.fetch("POST", f"hub/api/users/{user}", ADMIN).status == 201
        started = self.fetch("POST", f"hub/api/users/{user}/server", ADMIN)
        assert started.status in (201, 202), (started, self.output)
        answer = self.fetch("POST", f"hub/api/users/{user}/tokens", ADMIN, {"note": "tests"})
        token = answer.json["token"]
        wait_until(lambda: self.api("GET", user, "health", token).status == 200)
        return token

    def api(self, method: str, user: str, path: str, token: str | None) -> Answer:
        """A request to one of our routes on a user's server."""
        return self.fetch(method, f"user/{user}/codex-kernel/api/{path}", token)

    @contextmanager
    def kernel(self, user: str, token: str) -> Iterator[ServerKernel]:
        """A kernel on the user's server; it is left to the server at the end."""
        body = {"path": "test.ipynb", "name": "test.ipynb", "type": "notebook"}
        session = self.fetch(
            "POST", f"user/{user}/api/sessions", token, {**body, "kernel": {"name": "codex"}}
        ).json
        client = BlockingKernelClient()
        runtime = self.home(user) / ".local/share/jupyter/runtime"
        client.load_connection_file(str(runtime / f"kernel-{session['kernel']['id']}.json"))
        client.start_channels(hb=False)
        try:
            kernel = ServerKernel(self, session, client)  # type: ignore[arg-type]  # only asked
            kernel.wait_for_ready()
            yield kernel
        finally:
            client.stop_channels()


def proxy_command() -> list[str] | None:
    """JupyterHub's proxy, from npm into a cache where it is missing; None without npm."""
    found = shutil.which("configurable-http-proxy")
    if found is not None:
        return [found]
    npm = shutil.which("npm")
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(cache) / "codex-kernel-tests" / "npm-proxy"
    command = folder / "node_modules" / ".bin" / "configurable-http-proxy"
    if not command.exists() and npm is not None:
        folder.mkdir(parents=True, exist_ok=True)
        install = [npm, "install", "--no-audit", "--no-fund", "--prefix", str(folder)]
        subprocess.run(
            [*install, "configurable-http-proxy@5"],
            timeout=INSTALL_SECONDS,
            check=True,
            capture_output=True,
        )
    return [str(command)] if command.exists() else None


@contextmanager
def hub_in(place: Place, proxy: list[str]) -> Iterator[Hub]:
    """A hub in the place whose users need no password; all its servers end with it."""
    front, hub, api = _free_ports(3)
    (place.root / "home").mkdir()
    config = place.root / "jupyterhub_config.py"
    config.write_text(
        "c = get_config()\n"
        f"c.JupyterHub.bind_url = 'http://127.0.0.1:{front}'\n"
        f"c.JupyterHub.hub_bind_url = 'http://127.0.0.1:{hub}'\n"
        f"c.ConfigurableHTTPProxy.api_url = 'http://127.0.0.1:{api}'\n"
        f"c.ConfigurableHTTPProxy.command = {proxy!r}\n"
        f"c.JupyterHub.db_url = 'sqlite:///{place.root}/hub.sqlite'\n"
        "c.JupyterHub.authenticator_class = 'dummy'\n"
        "c.Authenticator.allow_all = True\n"
        "c.JupyterHub.spawner_class = 'simple'\n"
        f"c.SimpleLocalProcessSpawner.home_dir_template = '{place.root}/home/{{username}}'\n"
        f"c.Spawner.cmd = [{sys.executable!r}, '-m', 'jupyterhub.singleuser']\n"
        "c.Spawner.args = ['--allow-root',"
        """ '--ServerApp.jpserver_extensions={"codex_kernel": True}']\n"""
        "c.Spawner.http_timeout = c.Spawner.start_timeout = 60\n"
        f"c.JupyterHub.services = [{{'name': 'tests', 'api_token': {ADMIN!r}}}]\n"
        "c.JupyterHub.load_roles = [{'name': 'tests', 'services': ['tests'], 'scopes':"
        " ['admin:users', 'admin:servers', 'tokens', 'list:users']}]\n"
    )
    environ = {
        name: value
        for name, value in place.environ(PYTHONPATH=str(Path(__file__).parents[2])).items()
        if not name.startswith(("CODEX", "JUPYTER"))
    }
    log = place.root / "hub.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "jupyterhub", "-f", str(config)],
            cwd=place.root,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    running = Hub(place, f"http://127.0.0.1:{front}/")

    def answers() -> bool:
        assert process.poll() is None, log.read_text()
        try:
            return running.fetch("GET", "hub/api/users", ADMIN).status == 200
        except OSError:
            return False

    try:
        wait_until(answers)
        yield running
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(SECONDS)
            raise AssertionError(f"the hub did not end:\n{log.read_text()[-6000:]}") from None


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
