"""The server's side of MCP over JSON lines, as far as tools need it (protocol of 2025-06-18).

Owns requests of one client, their cancelling, and questions to its user (elicitation). Refuses to
know what a tool does, and what carries the bytes.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

from codex_kernel._version import __version__
from codex_kernel.errors import CodexError
from codex_kernel.rpc.framing import LineFramer, Message, encode
from codex_kernel.tools.tool import Answer, Caller, Content, Text, Tool, bounded, text
from codex_kernel.turn.items import FOR_CODEX

logger = logging.getLogger(__name__)

VERSIONS = ("2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05")
"""Revisions of the protocol whose tools are the same for us, the newest first."""
NO_METHOD, BAD_PARAMS = -32601, -32602
READ_BYTES = 64 * 1024

Toolbox = Callable[[], Sequence[Tool]]
"""The tools of the moment: a user may register more while the server runs."""


class Stream(Protocol):
    """What carries the bytes: a pair of asyncio streams, or the two ends of a process."""

    async def read(self) -> bytes:
        """Some bytes; none at the end."""
        ...

    async def write(self, data: bytes) -> None:
        """Write all of it; raises OSError when nobody reads any more."""
        ...


class Connection:
    """One client, served until it leaves."""

    def __init__(
        self,
        stream: Stream,
        tools: Toolbox,
        caller: Callable[[Connection], Caller],
        instructions: str,
    ) -> None:
        """Nothing is read before `serve()`."""
        self._stream = stream
        self._tools = tools
        self._caller = caller(self)
        self._instructions = instructions
        self._running: dict[Any, asyncio.Task[None]] = {}
        self._ids = itertools.count(1)
        self._asked: dict[Any, asyncio.Future[Message]] = {}
        self._writing = asyncio.Lock()
        self.client: dict[str, Any] = {}
        """What the client said of itself: `capabilities`, `clientInfo`."""

    async def serve(self) -> None:
        """Read and answer until the client leaves; then what still runs is cancelled."""
        framer = LineFramer()
        try:
            while chunk := await self._stream.read():
                for line in framer.feed(chunk):
                    await self._take(line)
        except OSError as failure:
            logger.debug("A client of the tools is gone: %s", failure)
        finally:
            await self._end()

    async def request(self, method: str, params: dict[str, Any]) -> dict[str, Any] | None:
        """Ask the client; None when it refuses or leaves."""
        request_id = next(self._ids)
        answer: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._asked[request_id] = answer
        try:
            await self._send({"id": request_id, "method": method, "params": params})
            return (await answer).get("result")
        except OSError:
            return None
        except asyncio.CancelledError:
            cancelled = {"requestId": request_id, "reason": "The call was cancelled."}
            await self._send({"method": "notifications/cancelled", "params": cancelled})
            raise
        finally:
            del self._asked[request_id]

    async def tell_changed(self) -> None:
        """Say that there are other tools now."""
        with contextlib.suppress(OSError):  # it has left meanwhile
            await self._send({"method": "notifications/tools/list_changed"})

    async def _take(self, line: bytes) -> None:
        try:
            message = json.loads(line)
        except (ValueError, RecursionError):
            return
        if not isinstance(message, dict):
            return
        if "method" not in message:
            answer = self._asked.get(message.get("id"))
            if answer is not None and not answer.done():
                answer.set_result(message)
        elif "id" in message:
            work = asyncio.create_task(self._answer(message))
            self._running[message["id"]] = work
            work.add_done_callback(lambda _: self._running.pop(message["id"], None))
        elif message["method"] == "notifications/cancelled":
            running = self._running.get((message.get("params") or {}).get("requestId"))
            if running is not None:
                running.cancel()

    async def _answer(self, request: Message) -> None:
        method = _METHODS.get(request["method"])
        params = request.get("params")
        try:
            if method is None:
                reply = _error(NO_METHOD, f"There is no method {request['method']}.")
            else:
                reply = await method(self, params if isinstance(params, dict) else {})
            await self._send({"id": request["id"], **reply})
        except OSError as failure:
            logger.debug("An answer of a tool was not taken: %s", failure)

    async def _initialize(self, params: dict[str, Any]) -> Message:
        self.client = params
        wanted = params.get("protocolVersion")
        return _result(
            {
                "protocolVersion": wanted if wanted in VERSIONS else VERSIONS[0],
                "capabilities": {"tools": {"listChanged": True}},
                "serverInfo": {"name": "codex_kernel", "version": __version__},
                "instructions": self._instructions,
            }
        )

    async def _ping(self, _params: dict[str, Any]) -> Message:
        return _result({})

    async def _list(self, _params: dict[str, Any]) -> Message:
        return _result({"tools": [_described(tool) for tool in self._tools()]})

    async def _call(self, params: dict[str, Any]) -> Message:
        name = params.get("name")
        tool = next((tool for tool in self._tools() if tool.name == name), None)
        arguments = params.get("arguments") or {}
        if tool is None or not isinstance(arguments, dict):
            return _error(BAD_PARAMS, f"There is no tool {name!r} with such arguments.")
        answer = bounded(await _called(tool, arguments, self._caller))
        content = [_block(part) for part in answer.content]
        return _result({"content": content, "isError": answer.is_error})

    async def _send(self, message: Message) -> None:
        async with self._writing:
            await self._stream.write(encode({"jsonrpc": "2.0", **message}) + b"\n")

    async def _end(self) -> None:
        for answer in self._asked.values():
            if not answer.done():
                answer.set_result({})
        running = list(self._running.values())
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


_METHODS: dict[str, Callable[[Connection, dict[str, Any]], Awaitable[Message]]] = {
    "initialize": Connection._initialize,
    "ping": Connection._ping,
    "tools/list": Connection._list,
    "tools/call": Connection._call,
}


async def _called(tool: Tool, arguments: dict[str, Any], caller: Caller) -> Answer:
    try:
        return await caller.during(tool.call(tool.checked(arguments), caller))
    except CodexError as failure:
        return text(str(failure), is_error=True)
    except Exception as failure:  # Codex waits for an answer whatever goes wrong here
        logger.exception("The tool %s failed", tool.name)
        return text(f"codex_kernel failed: {type(failure).__name__}: {failure}", is_error=True)


def _described(tool: Tool) -> Message:
    return {
        "name": tool.name,
        "description": tool.description,
        "inputSchema": tool.schema,
        "annotations": {"readOnlyHint": tool.reads_only, "openWorldHint": False},
    }


def _block(part: Content) -> Message:
    if isinstance(part, Text):
        return {"type": "text", "text": part.text}
    audience = {"annotations": {"audience": FOR_CODEX}} if part.is_shown else {}
    return {"type": "image", "data": part.data, "mimeType": part.mime_type, **audience}


def _result(result: Message) -> Message:
    return {"result": result}


def _error(code: int, message: str) -> Message:
    return {"error": {"code": code, "message": message}}
