"""One Jupyter server for the tests of a module, and a log that another process writes: this one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from codex_kernel.turn_log.log import TurnLog
from tests.end_to_end.place import wait_until

from .place import Server, jupyter_server


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A running server."""
    with jupyter_server("--CodexServer.heartbeat_seconds=0.5") as running:
        yield running


@pytest.fixture
async def log(server: Server) -> AsyncIterator[TurnLog]:
    """The server's log, opened here as a kernel would."""
    async with TurnLog.open(server.settings) as opened:
        yield opened


@pytest.fixture(autouse=True)
async def no_socket_is_left(request: pytest.FixtureRequest) -> AsyncIterator[None]:
    """The server ends its side of every WebSocket."""
    yield
    if "server" in request.fixturenames:
        running: Server = request.getfixturevalue("server")
        wait_until(lambda: running.get("health")["readers"] == 0)
