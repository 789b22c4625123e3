"""As much of HTTP/1.1 as a model on the loopback needs: one request per connection.

Knows neither scripts nor the Responses API.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

# Far above what Codex sends; it keeps a stray client from filling the memory.
_MOST_BYTES = 1 << 29
_STREAM_HEADERS = {"content-type": "text/event-stream", "cache-control": "no-cache"}


class BadRequest(Exception):
    """What arrived is not a request that can be answered."""


@dataclass(frozen=True)
class HttpRequest:
    """A request line, its headers (names in lower case) and its body."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


async def read_request(reader: asyncio.StreamReader) -> HttpRequest | None:
    """The request of a connection, or None when it is closed instead; BadRequest if malformed."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        method, path, _version = lines[0].split(" ", 2)
        headers = {
            name.strip().lower(): value.strip()
            for name, _colon, value in (line.partition(":") for line in lines[1:] if line)
        }
        length = int(headers.get("content-length", "0"))
        if "transfer-encoding" in headers or not 0 <= length <= _MOST_BYTES:
            raise BadRequest("a body with a content-length is expected")
        return HttpRequest(method, path, headers, await reader.readexactly(length))
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    except (ValueError, asyncio.LimitOverrunError) as error:
        raise BadRequest(str(error)) from error


def response_head(status: int, headers: Mapping[str, str]) -> bytes:
    """The status line and headers of an answer after which the connection is closed."""
    try:
        reason = HTTPStatus(status).phrase
    except ValueError:
        reason = "Scripted"
    lines = [f"HTTP/1.1 {status} {reason}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "connection: close", "", ""]).encode("latin-1")


def stream_head() -> bytes:
    """The beginning of an answer made of server-sent events; it ends with the connection."""
    return response_head(200, _STREAM_HEADERS)


def json_response(status: int, value: object, headers: Mapping[str, str] | None = None) -> bytes:
    """A whole answer with a JSON body."""
    body = json.dumps(value).encode()
    fields = {"content-type": "application/json", "content-length": str(len(body))}
    return response_head(status, fields | dict(headers or {})) + body
