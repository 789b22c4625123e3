"""The same contract for every transport, against the real binary."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest

from codex_kernel.errors import AppServerError, AppServerGone, RequestRefused
from codex_kernel.rpc.framing import Message
from codex_kernel.rpc.peer import Peer
from codex_kernel.rpc.websocket import WebSocketTransport

from .conftest import Server, over_ws

INITIALIZE = {
    "clientInfo": {"name": "codex_kernel", "title": "codex_kernel", "version": "0"},
    "capabilities": {"experimentalApi": True},
}


class Ear:
    """What a peer was told, and a way to wait for it."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.ends: list[AppServerGone] = []
        self._news = asyncio.Event()

    def on_batch(self, batch: list[Message]) -> None:
        self.messages += batch
        self._news.set()

    async def hears(self, method: str) -> Message:
        while True:
            for message in self.messages:
                if message["method"] == method:
                    return message
            self._news.clear()
            await self._news.wait()


@asynccontextmanager
async def connected(server: Server, ear: Ear) -> AsyncIterator[Peer]:
    transport = await server.connect()
    async with Peer(transport, on_batch=ear.on_batch, on_close=ear.ends.append) as peer:
        yield peer


async def test_it_answers_refuses_and_notifies(server: Server, codex_home: Path) -> None:
    ear = Ear()
    async with connected(server, ear) as peer:
        with pytest.raises(RequestRefused, match="Not initialized") as refusal:
            await peer.request("thread/list", {})
        assert refusal.value.code == -32600
        answer = await peer.request("initialize", INITIALIZE)
        assert answer["codexHome"] == str(codex_home)
        await peer.notify("initialized")
        with pytest.raises(RequestRefused, match="unknown variant"):
            await peer.request("no/such/method", {})
        started = await peer.request("thread/start", {"cwd": str(codex_home)})
        heard = await ear.hears("thread/started")
        assert heard["params"]["thread"]["id"] == started["thread"]["id"]
        assert peer.gone is None
        assert peer.noise_count == 0
    assert len(ear.ends) == 1


async def test_a_long_message_passes_both_ways(server: Server, codex_home: Path) -> None:
    text = "é" * 2_000_000
    async with connected(server, Ear()) as peer:
        await peer.request("initialize", INITIALIZE)
        with pytest.raises(RequestRefused) as refusal:
            await peer.request(text)
        assert text in str(refusal.value)


async def test_hundreds_of_requests_at_once_are_all_answered(server: Server) -> None:
    async with connected(server, Ear()) as peer:
        await peer.request("initialize", INITIALIZE)
        answers = await asyncio.gather(*(peer.request("model/list", {}) for _ in range(300)))
        assert all(answer["data"] for answer in answers)


async def test_death_fails_what_waits_and_is_told_once(server: Server) -> None:
    ear = Ear()
    async with connected(server, ear) as peer:
        await peer.request("initialize", INITIALIZE)
        server.process.suspend()
        while server.process.status() != psutil.STATUS_STOPPED:  # noqa: ASYNC110  # nothing tells
            await asyncio.sleep(0.01)
        waiting = [asyncio.ensure_future(peer.request("model/list", {})) for _ in range(20)]
        await asyncio.sleep(0)
        server.process.kill()
        results = await asyncio.gather(*waiting, return_exceptions=True)
        assert [type(result) for result in results] == [AppServerGone] * 20
        with pytest.raises(AppServerGone, match=r"app-server .*(SIGKILL|closed)"):
            await peer.request("model/list", {})
        await peer.respond(0, {})
        await peer.notify("initialized")
    assert len(ear.ends) == 1


async def test_closing_twice_and_while_cancelled_is_harmless(server: Server) -> None:
    ear = Ear()
    async with connected(server, ear) as peer:
        await peer.request("initialize", INITIALIZE)
        closing = asyncio.ensure_future(peer.aclose())
        await asyncio.sleep(0)
        closing.cancel()
        await peer.aclose()
        await peer.aclose()
    assert len(ear.ends) == 1


async def test_a_listening_server_outlives_its_clients(
    codex_home: Path, codex_environment: dict[str, str]
) -> None:
    async with over_ws(codex_home, codex_environment) as server:
        for _ in range(2):
            async with connected(server, Ear()) as peer:
                await peer.request("initialize", INITIALIZE)
        assert server.process.is_running()


async def test_a_wrong_or_missing_token_is_told_as_such(
    codex_home: Path, codex_environment: dict[str, str]
) -> None:
    async with over_ws(codex_home, codex_environment) as server:
        with pytest.raises(AppServerError, match="does not take this token") as error:
            await WebSocketTransport.connect(server.url, "wrong-token")
        assert "wrong-token" not in str(error.value)
        with pytest.raises(AppServerError, match="asks for a token"):
            await WebSocketTransport.connect(server.url)


async def test_an_origin_is_refused_and_explained(
    codex_home: Path, codex_environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from websockets.asyncio import client

    plain = client.connect

    def with_origin(target: str, **options: object) -> object:
        return plain(target, origin="http://localhost", **options)  # type: ignore[arg-type]  # as given

    async with over_ws(codex_home, codex_environment) as server:
        monkeypatch.setattr(client, "connect", with_origin)
        with pytest.raises(AppServerError, match="takes no Origin header"):
            await WebSocketTransport.connect(server.url, server.token)


async def test_an_address_where_nobody_listens_is_gone(codex_home: Path) -> None:
    with pytest.raises(AppServerGone, match="cannot be reached"):
        await WebSocketTransport.connect("ws://127.0.0.1:1")
    with pytest.raises(AppServerGone, match="cannot be reached"):
        await WebSocketTransport.connect(f"unix://{codex_home}/none.sock")


async def test_a_server_of_another_kind_is_told_as_such() -> None:
    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example ESMTP\r\n")
        await reader.read(1)
        writer.close()

    async with await asyncio.start_server(greet, "127.0.0.1", 0) as other:
        port = other.sockets[0].getsockname()[1]
        with pytest.raises(AppServerGone, match="does not answer as an app-server"):
            await WebSocketTransport.connect(f"ws://127.0.0.1:{port}")


async def test_a_silent_server_is_given_up() -> None:
    visits: list[asyncio.Task[None] | None] = []

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        visits.append(asyncio.current_task())
        await reader.read()
        writer.close()

    async with await asyncio.start_server(say_nothing, "127.0.0.1", 0) as other:
        port = other.sockets[0].getsockname()[1]
        with pytest.raises(AppServerGone, match=r"did not answer within 0.2 s"):
            await WebSocketTransport.connect(f"ws://127.0.0.1:{port}", timeout_seconds=0.2)
        await asyncio.wait([visit for visit in visits if visit])


@pytest.mark.parametrize(
    "url",
    ["http://localhost:1", "localhost:1", "ws://", "unix://", "", "ws://[::1", "ws://localhost:x"],
)
async def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(AppServerError, match=r"no address .* Use ws://"):
        await WebSocketTransport.connect(url)
