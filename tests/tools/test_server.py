"""The tools on their socket, driven by the official MCP client through the real relay."""

from __future__ import annotations

import asyncio
import os
import socket
import stat
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client

from codex_kernel.errors import ToolRefused
from codex_kernel.tools.server import offered
from codex_kernel.tools.tool import (
    IMAGE_CHARS,
    IMAGES,
    TEXT_CHARS,
    Answer,
    Caller,
    Image,
    Leave,
    Text,
    Tool,
    prop,
    schema,
    text,
)
from codex_kernel.turn.items import OWN_SERVER

SECONDS = 20.0


class Alone:
    """A caller who allows everything."""

    turn_id = None
    name = "test"

    async def ask_leave(self, leave: Leave) -> None:
        pass

    async def ask_leave_to_write(self, leave: Leave) -> None:
        pass

    async def during(self, work: Coroutine[Any, Any, Answer]) -> Answer:
        return await work


class Bench:
    """Tools of a test."""

    def __init__(self) -> None:
        self.began = asyncio.Event()
        self.cancelled = asyncio.Event()

    async def add(self, arguments: dict[str, Any], _caller: Caller) -> Answer:
        return text(str(arguments["a"] + arguments["b"]))

    async def wait(self, _arguments: dict[str, Any], _caller: Caller) -> Answer:
        self.began.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.cancelled.set()
            raise
        return text("never")

    async def fail(self, _arguments: dict[str, Any], _caller: Caller) -> Answer:
        raise ZeroDivisionError("one by nothing")

    async def refuse(self, _arguments: dict[str, Any], _caller: Caller) -> Answer:
        raise ToolRefused("Not today.")

    async def flood(self, _arguments: dict[str, Any], _caller: Caller) -> Answer:
        images = [Image("image/png", "aGk=")] * (IMAGES + 1)
        return Answer((Text("x" * 10 * TEXT_CHARS), Image("image/png", "A" * (IMAGE_CHARS + 1)),
                       *images, Text("y" * TEXT_CHARS)))  # fmt: skip

    def tools(self) -> list[Tool]:
        whole = prop("integer", "A number.")
        return [
            Tool("add", "Add.", schema(("a",), a=whole, b={**whole, "default": 1}), self.add, True),
            *(Tool(each.__name__, "...", schema(), each) for each in
              (self.wait, self.fail, self.refuse, self.flood)),
        ]  # fmt: skip


@asynccontextmanager
async def served(folder: Path, bench: Bench) -> AsyncIterator[dict[str, Any]]:
    made = offered(bench.tools, lambda _connection: Alone(), folder, lambda: None)
    async with made as config:
        yield config[f"mcp_servers.{OWN_SERVER}"]  # type: ignore[misc]  # Any


@asynccontextmanager
async def client(server: dict[str, Any], **env: str) -> AsyncIterator[ClientSession]:
    start = StdioServerParameters(
        command=server["command"], args=server["args"], env={**server["env"], **env}
    )
    async with stdio_client(start) as streams, ClientSession(*streams) as session:
        await session.initialize()
        yield session


def words(result: Any) -> str:
    return "".join(part.text for part in result.content if part.type == "text")


async def test_the_official_client_lists_and_calls_tools(tmp_path: Path) -> None:
    async with served(tmp_path, Bench()) as server, client(server) as session:
        tools = {tool.name: tool for tool in (await session.list_tools()).tools}
        assert tools["add"].annotations.read_only_hint
        assert not tools["fail"].annotations.read_only_hint
        assert words(await session.call_tool("add", {"a": 40, "b": 2})) == "42"
        assert words(await session.call_tool("add", {"a": 41})) == "42"
        await session.send_ping()


async def test_what_goes_wrong_is_an_answer(tmp_path: Path) -> None:
    async with served(tmp_path, Bench()) as server, client(server) as session:
        for name, arguments, said in (
            ("fail", {}, "one by nothing"),
            ("refuse", {}, "Not today."),
            ("add", {}, "needs the argument 'a'"),
            ("add", {"a": "x"}, "of type integer"),
            ("add", {"a": 1, "c": 2}, "no argument 'c'"),
        ):
            result = await session.call_tool(name, arguments)
            assert result.is_error, name
            assert said in words(result)
        with pytest.raises(Exception, match="no tool 'fly'"):
            await session.call_tool("fly", {})


async def test_what_goes_back_is_bounded_and_says_what_is_missing(tmp_path: Path) -> None:
    async with served(tmp_path, Bench()) as server, client(server) as session:
        result = await session.call_tool("flood", {})
        assert len([part for part in result.content if part.type == "image"]) == IMAGES
        assert len(words(result)) < 1.1 * TEXT_CHARS
        assert "characters left out" in words(result)
        assert words(result).count("left out: too many or too large") == 2


async def test_calls_run_side_by_side_and_end_with_their_client(tmp_path: Path) -> None:
    bench = Bench()
    async with served(tmp_path, bench) as server, client(server) as session:
        waiting = asyncio.create_task(session.call_tool("wait", {}))
        async with asyncio.timeout(SECONDS):
            await bench.began.wait()
            assert words(await session.call_tool("add", {"a": 1})) == "2"
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
            await bench.cancelled.wait()


async def test_a_relay_ends_when_its_kernel_does(tmp_path: Path) -> None:
    async with served(tmp_path, Bench()) as server:
        relay = await asyncio.create_subprocess_exec(
            server["command"], *server["args"], env=server["env"],
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert relay.stdin is not None
        assert relay.stdout is not None
        relay.stdin.write(b'{"jsonrpc":"2.0","id":1,"method":"ping"}\n')
        assert b'"result":{}' in await relay.stdout.readline()
        argv = psutil.Process(relay.pid).cmdline()
        assert server["env"]["CODEX_KERNEL_TOOLS_TOKEN"] not in " ".join(argv)
    async with asyncio.timeout(SECONDS):
        await relay.wait()


async def test_the_socket_is_ours_alone_and_goes_with_us(tmp_path: Path) -> None:
    folder = tmp_path / "tools"
    folder.mkdir(mode=0o755)
    left = folder / "1-dead"
    with socket.socket(socket.AF_UNIX) as dead:  # of a kernel that was killed
        dead.bind(str(left))
    async with served(tmp_path, Bench()) as server:
        path = Path(server["env"]["CODEX_KERNEL_TOOLS_SOCKET"])
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
        assert stat.S_IMODE(os.stat(path.parent).st_mode) == 0o700
        assert not left.exists()
    assert list(folder.iterdir()) == []


async def test_without_the_token_nothing_is_said(tmp_path: Path) -> None:
    async with served(tmp_path, Bench()) as server:
        path = server["env"]["CODEX_KERNEL_TOOLS_SOCKET"]
        for hello in (b"wrong\n", b"\n", b"", b"x" * 100_000 + b"\n"):
            reader, writer = await asyncio.open_unix_connection(path)
            writer.write(hello + b'{"jsonrpc":"2.0","id":1,"method":"tools/list"}\n')
            if not hello:
                writer.write_eof()
            async with asyncio.timeout(SECONDS):
                with suppress(ConnectionError):
                    assert await reader.read() == b""
            writer.close()


async def test_a_long_path_is_replaced_by_a_private_short_one(tmp_path: Path) -> None:
    deep = tmp_path / ("x" * 60) / ("y" * 60)
    async with served(deep, Bench()) as server, client(server) as session:
        path = Path(server["env"]["CODEX_KERNEL_TOOLS_SOCKET"])
        assert len(str(path)) < 100
        assert stat.S_IMODE(os.stat(path.parent).st_mode) == 0o700
        assert words(await session.call_tool("add", {"a": 1})) == "2"
    assert not path.parent.exists()
