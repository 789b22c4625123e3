"""One Jupyter server for the tests of a module, and a log that another process writes: this one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from codex_kernel.scripted_model import ScriptedModel
from codex_kernel.turn_log.log import TurnLog

from ..end_to_end import notebook
from ..end_to_end.place import Place, new_place, processes_of, scripted, wait_until
from .place import Server, jupyter_server
from .running import Jupyter, jupyter_in


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


@pytest.fixture
def place() -> Iterator[Place]:
    """Folders for a server with real kernels; no process of it may be left."""
    with new_place() as place:
        yield place
        wait_until(lambda: not processes_of(place), seconds=10)


@pytest.fixture
def model(place: Place) -> Iterator[ScriptedModel]:
    """What the place's Codex talks to."""
    with scripted(place) as model:
        yield model


@pytest.fixture
def jupyter(place: Place, model: ScriptedModel) -> Iterator[Jupyter]:
    """A server with real kernels, and `test.ipynb` in its folder."""
    notebook.write(place.workspace / "test.ipynb", "a-cell")
    with jupyter_in(place) as running:
        yield running
