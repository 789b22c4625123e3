"""What tests of `rpc` share: the leak check, and the real binary behind every transport."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from codex_cli_bin import bundled_codex_path

from codex_kernel.rpc.peer import Transport
from codex_kernel.rpc.stdio import StdioTransport
from codex_kernel.rpc.websocket import WebSocketTransport

BINARY = str(bundled_codex_path())


@dataclass
class Server:
    """A running app-server: how to connect to it, and its process."""

    connect: Callable[[], Awaitable[Transport]]
    process: psutil.Process
    url: str = ""
    token: str = ""


@pytest.fixture(autouse=True)
async def nothing_left() -> AsyncIterator[None]:
    """No child process and no asyncio task outlives a test."""
    me = psutil.Process()
    children = set(me.children(recursive=True))
    tasks = asyncio.all_tasks()
    yield
    left = [child for child in me.children(recursive=True) if child not in children]
    assert left == []
    now = {task for task in asyncio.all_tasks() if not task.done()}
    assert now - tasks == {asyncio.current_task()}


@pytest.fixture
def codex_home() -> Iterator[Path]:
    # Not in the system's temporary folder: there Codex refuses to make its helpers.
    parent = Path.home() / ".cache" / "codex-kernel-tests"
    parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="rpc-", dir=parent))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def codex_environment(codex_home: Path) -> dict[str, str]:
    return {**os.environ, "CODEX_HOME": str(codex_home)}


@pytest.fixture(params=["stdio", "ws", "unix"])
async def server(
    request: pytest.FixtureRequest, codex_home: Path, codex_environment: dict[str, str]
) -> AsyncIterator[Server]:
    """The real app-server, by every way there is to it."""
    running = {"stdio": over_stdio, "ws": over_ws, "unix": over_unix}[request.param]
    async with running(codex_home, codex_environment) as server:
        yield server


@asynccontextmanager
async def over_stdio(home: Path, env: dict[str, str]) -> AsyncIterator[Server]:
    transport = await StdioTransport.start([BINARY, "app-server"], cwd=home, env=env)

    async def connect() -> Transport:
        return transport

    try:
        yield Server(connect, psutil.Process(transport.pid))
    finally:
        await transport.aclose()


@asynccontextmanager
async def over_ws(home: Path, env: dict[str, str]) -> AsyncIterator[Server]:
    token = secrets.token_urlsafe()
    token_file = home / "token"
    token_file.write_text(token)
    auth = ["--ws-auth", "capability-token", "--ws-token-file", str(token_file)]
    async with listening("ws://127.0.0.1:0", auth, env) as process:
        assert process.stderr is not None
        url = ""
        while not url:
            line = (await process.stderr.readline()).decode()
            assert line, "The app-server ended."
            url = line.partition("listening on: ")[2].strip()

        async def connect() -> Transport:
            return await WebSocketTransport.connect(url, token)

        yield Server(connect, psutil.Process(process.pid), url, token)


@asynccontextmanager
async def over_unix(home: Path, env: dict[str, str]) -> AsyncIterator[Server]:
    socket = home / "s.sock"
    async with listening(f"unix://{socket}", [], env) as process:
        while not socket.is_socket():  # noqa: ASYNC110 (nothing is printed for a Unix socket)
            await asyncio.sleep(0.02)
        url = f"unix://{socket}"
        behind = socket.resolve()

        async def connect() -> Transport:
            return await WebSocketTransport.connect(url)

        try:
            yield Server(connect, psutil.Process(process.pid), url)
        finally:
            behind.unlink(missing_ok=True)
            behind.with_name(behind.name + ".lock").unlink(missing_ok=True)


@asynccontextmanager
async def listening(
    url: str, options: list[str], env: dict[str, str]
) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        BINARY, "app-server", "--listen", url, *options, env=env, stderr=asyncio.subprocess.PIPE
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.communicate()
