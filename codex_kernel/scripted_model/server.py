"""The scripted model as a server on 127.0.0.1: it owns the socket, the holds and the attempts.

What is said is decided by `script`, `scenarios` and `stream`; this module only carries it out.
Routes: POST /v1/responses, GET /v1/models, and for tests in other processes POST /release/NAME
and GET /reached/NAME (answers when a response waits at NAME).
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from . import codex_home as _codex_home
from .connection import Line
from .holds import Drop, Hold, Pause, Stall, Wait
from .request import ModelRequest
from .scenarios import Scenario, choose_response, read_scenarios
from .script import Response, ScriptError
from .stream import stream
from .wire import BadRequest, HttpRequest, json_response, read_request, stream_head

_KEPT_REQUESTS = 200
_KEPT_ATTEMPTS = 10_000
_HEAD_LIMIT = 1 << 20


class _Gate:
    """A named place in a script: whether a response has come there, and may go on."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.released = asyncio.Event()


class ScriptedModel:
    """A Responses API that plays scripts; `async with` runs it.

    `scenarios`: what prompts without a script of their own get, as Scenario objects or as a
    mapping of pattern to script. `port` 0 takes a free one. `pace`: characters per second, None
    for as fast as possible.
    """

    def __init__(
        self,
        scenarios: Iterable[Scenario] | Mapping[str, Any] = (),
        *,
        port: int = 0,
        pace: float | None = None,
    ) -> None:
        is_mapping = isinstance(scenarios, Mapping)
        self.scenarios = read_scenarios(scenarios) if is_mapping else tuple(scenarios)
        self.pace = pace
        self.requests: deque[dict[str, Any]] = deque(maxlen=_KEPT_REQUESTS)
        """The bodies of the newest requests, oldest first."""
        self._wanted_port = port
        self._port = 0
        self._gates: dict[str, _Gate] = {}
        self._attempts: OrderedDict[tuple[object, ...], int] = OrderedDict()
        self._connections: set[asyncio.Task[None]] = set()

    @property
    def base_url(self) -> str:
        """What belongs into the provider's `base_url`."""
        return f"http://127.0.0.1:{self._port}/v1"

    @property
    def addresses(self) -> list[tuple[str, int]]:
        """Where it listens: 127.0.0.1 and the port."""
        return [socket.getsockname()[:2] for socket in self._server.sockets]

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._server = await asyncio.start_server(
            self._connected, "127.0.0.1", self._wanted_port, limit=_HEAD_LIMIT
        )
        self._port = self.addresses[0][1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        await self._server.wait_closed()

    @classmethod
    @contextmanager
    def in_thread(
        cls,
        scenarios: Iterable[Scenario] | Mapping[str, Any] = (),
        *,
        port: int = 0,
        pace: float | None = None,
    ) -> Iterator[Self]:
        """The same for code that is not async: the model runs in a thread of its own."""
        model = cls(scenarios, port=port, pace=pace)
        ready, finished = threading.Event(), asyncio.Event()
        failure: list[Exception] = []

        async def serve() -> None:
            try:
                async with model:
                    ready.set()
                    await finished.wait()
            except Exception as error:  # belongs to the thread that waits for `ready`
                failure.append(error)
                ready.set()

        thread = threading.Thread(target=lambda: asyncio.run(serve()), name="scripted-model")
        thread.start()
        ready.wait()
        try:
            if not failure:
                yield model
        finally:
            with suppress(RuntimeError):  # the loop is closed when it could not begin
                model._loop.call_soon_threadsafe(finished.set)
            thread.join()
        if failure:
            raise failure[0]

    def release(self, name: str) -> None:
        """Let responses pass `["wait", name]`, from now on; any thread may call it."""
        self._loop.call_soon_threadsafe(lambda: self._gate(name).released.set())

    async def reached(self, name: str) -> None:
        """Return when a response has come to `["wait", name]`."""
        await self._gate(name).reached.wait()

    def wait_reached(self, name: str, timeout_seconds: float = 30.0) -> None:
        """`reached` for another thread; TimeoutError when no response comes there in time."""
        waiting = asyncio.run_coroutine_threadsafe(self.reached(name), self._loop)
        try:
            waiting.result(timeout_seconds)
        except TimeoutError:
            waiting.cancel()
            raise

    def write_config(self, codex_home: Path, model: str = "gpt-5.5", **settings: Any) -> Path:
        """Point the private CODEX_HOME `codex_home` at this model; see `codex_home`."""
        return _codex_home.write_config(codex_home, self.base_url, model, **settings)

    def _gate(self, name: str) -> _Gate:
        return self._gates.setdefault(name, _Gate())

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            with suppress(ConnectionError):
                await self._serve(reader, writer)
        except asyncio.CancelledError:
            # Only `__aexit__` cancels; asyncio would report it as an error of the server.
            writer.transport.abort()
        finally:
            self._connections.discard(task)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = await read_request(reader)
        except BadRequest as error:
            writer.write(json_response(400, _error(str(error))))
            return
        if request is None:
            return
        path = request.path.partition("?")[0].rstrip("/")
        if request.method == "POST" and path.endswith("/responses"):
            await self._respond(request, reader, writer)
        else:
            writer.write(await self._answer(request.method, path))
        await writer.drain()

    async def _answer(self, method: str, path: str) -> bytes:
        """Everything but a response of the model."""
        folder, _slash, name = path.rpartition("/")
        if method == "GET" and name == "models":
            return json_response(200, {"models": []})
        if method == "POST" and folder == "/release":
            self._gate(name).released.set()
            return json_response(200, {"released": name})
        if method == "GET" and folder == "/reached":
            await self.reached(name)
            return json_response(200, {"reached": name})
        return json_response(404, _error(f"There is no {method} {path} here."))

    async def _respond(
        self, http: HttpRequest, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            body = json.loads(http.body)
            if not isinstance(body, dict):
                raise BadRequest("the body is not a JSON object")
            request = ModelRequest(body)
            response = choose_response(self.scenarios, request)
        except (ValueError, BadRequest) as error:  # not JSON, or a malformed script
            writer.write(json_response(400, _error(f"Scripted model: {error}")))
            return
        self.requests.append(body)
        attempt = self._next_attempt(request)
        failure = _failure(response, attempt)
        if failure is not None:
            writer.write(failure)
            return
        writer.write(stream_head())
        await self._play(response, request, attempt, Line(reader, writer))

    async def _play(
        self, response: Response, request: ModelRequest, attempt: int, line: Line
    ) -> None:
        for frame in stream(response, request, attempt=attempt, pace=self.pace):
            if isinstance(frame, bytes):
                await line.write(frame)
            elif not await self._hold(frame, line):
                return
        await line.flush()

    async def _hold(self, hold: Hold, line: Line) -> bool:
        """Wait as `hold` says; False when the connection is over."""
        await line.flush()
        match hold:
            case Pause(seconds):
                return await line.outlives(asyncio.sleep(seconds))
            case Wait(name):
                gate = self._gate(name)
                gate.reached.set()
                return await line.outlives(gate.released.wait())
            case Stall():
                return await line.outlives(asyncio.Event().wait())
            case Drop():
                line.cut()
                return False

    def _next_attempt(self, request: ModelRequest) -> int:
        """How often this very response was asked for before."""
        key = (request.turn, request.is_compaction, request.prompt.position, request.round)
        attempt = self._attempts.pop(key, 0)
        self._attempts[key] = attempt + 1
        if len(self._attempts) > _KEPT_ATTEMPTS:
            self._attempts.popitem(last=False)
        return attempt


def _failure(response: Response, attempt: int) -> bytes | None:
    for step in response:
        if step.kind == "fail" and step.is_active(attempt):
            headers = step.options.get("headers")
            return json_response(step.value(0), step.value(1, {}), headers)
    return None


def _error(message: str) -> dict[str, Any]:
    return {"error": {"message": message, "type": "scripted_model"}}


__all__ = ["ScriptError", "ScriptedModel"]
