"""The real binary in every version there is, a scripted model and a private CODEX_HOME."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from codex_kernel.app_server.client import AppServer, Channel, thread_params, turn_params
from codex_kernel.scripted_model import ScriptedModel
from codex_kernel.settings import AppServerSettings, SessionSettings

from ..codex_binaries import binaries
from .schemas import Schema, generated

Message = dict[str, Any]
Start = Callable[..., Awaitable[AppServer]]


@pytest.fixture(params=binaries().values(), ids=binaries().keys())
def codex_bin(request: pytest.FixtureRequest) -> Path:
    return request.param


@pytest.fixture
def schema(codex_bin: Path) -> Schema:
    """All definitions of the protocol of that binary."""
    return generated(codex_bin)


@pytest.fixture
def folder() -> Iterator[Path]:
    # Not in the system's temporary folder: there Codex refuses to make its helpers.
    parent = Path.home() / ".cache" / "codex-kernel-tests"
    parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix="client-", dir=parent))
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture
def workspace(folder: Path) -> Path:
    made = folder / "workspace"
    made.mkdir()
    return made


@pytest.fixture
async def model() -> AsyncIterator[ScriptedModel]:
    async with ScriptedModel() as model:
        yield model


@pytest.fixture
def settings(codex_bin: Path, folder: Path, model: ScriptedModel) -> AppServerSettings:
    """Settings for a child on a CODEX_HOME that uses the scripted model."""
    model.write_config(folder / "home")
    environ = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    return AppServerSettings(
        codex_bin=str(codex_bin), codex_home=str(folder / "home"), environ=environ
    )


@pytest.fixture
async def start(folder: Path, settings: AppServerSettings) -> AsyncIterator[Start]:
    """Start app-servers that end with the test; then no process of theirs is left."""
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    async with contextlib.AsyncExitStack() as stack:

        async def start_one(with_settings: AppServerSettings = settings) -> AppServer:
            server = await AppServer.start(
                with_settings, data_folder=folder / "data", client_version="0"
            )
            return await stack.enter_async_context(server)

        yield start_one
    left = [c for c in psutil.Process().children(recursive=True) if c.pid not in before]
    assert left == []


@pytest.fixture
async def server(start: Start) -> AppServer:
    return await start()


class Conversation:
    """A thread with its channel, and everything that came through it."""

    def __init__(self, server: AppServer, settings: SessionSettings, thread_id: str) -> None:
        self.server = server
        self.settings = settings
        self.id = thread_id
        self.channel: Channel = server.open_channel(thread_id)
        self.messages: list[Message] = []

    @classmethod
    async def begin(cls, server: AppServer, settings: SessionSettings) -> Conversation:
        params = thread_params(settings, server._settings)
        answer = await server.request("thread/start", params)
        return cls(server, settings, answer["thread"]["id"])

    async def ask(self, text: str, client_id: str = "mine") -> str:
        content = [{"type": "text", "text": text}]
        params = turn_params(self.settings, self.id, content, client_id)
        return (await self.server.request("turn/start", params))["turn"]["id"]

    async def until(self, method: str, thread_id: str | None = None) -> Message:
        """The next message of that method (in the thread or, by default, the own one)."""
        wanted = thread_id or self.id
        seen = 0
        async with asyncio.timeout(30):
            while True:
                for message in self.messages[seen:]:
                    seen += 1
                    params = message["params"]
                    if message["method"] == method and params["threadId"] == wanted:
                        return message
                self.messages += await self.channel.batch()

    async def turn(self, text: str) -> Message:
        """Run a turn to its end and return it."""
        self.messages.clear()
        await self.ask(text)
        return (await self.until("turn/completed"))["params"]["turn"]


@pytest.fixture
def session_settings(workspace: Path) -> SessionSettings:
    return SessionSettings(cwd=str(workspace), model="gpt-5.5")


@pytest.fixture
async def conversation(server: AppServer, session_settings: SessionSettings) -> Conversation:
    return await Conversation.begin(server, session_settings)
