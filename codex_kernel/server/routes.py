"""What a route is: one entry of the table from which handlers, the OpenAPI document and the
tests of authorization are made.

Whoever adds a route writes a function of a `Call` and a `Route` that names it, and puts it into
`table`. Knows no single route and nothing of tornado's handlers.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel
from tornado.web import HTTPError

from codex_kernel.errors import CodexError
from codex_kernel.server.models import Body, Query

if TYPE_CHECKING:
    from codex_kernel.server.service import Service
    from codex_kernel.turn_log.log import TurnLog

PREFIX = "codex-kernel/api"
RESOURCE = "codex"
"""What a deployer's authorizer is asked about; `read` for GET and WebSockets, else `write`."""

Method = Literal["GET", "POST", "PATCH", "DELETE"]


class Refusal(HTTPError):
    """A request that is not done; nothing of it is logged."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        next_step: str = "",
        kind: str,
        outcome: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(status)
        self.outcome = outcome
        self.message = message
        self.next_step = next_step
        self.kind = kind

    @classmethod
    def of(cls, error: CodexError) -> Refusal:
        """Our error as an HTTP answer."""
        return cls(
            error.http_status,
            error.message,
            next_step=error.next_step,
            kind=type(error).__name__,
        )


def unknown(what: str, name: str) -> Refusal:
    """There is nothing of that id."""
    return Refusal(
        404,
        f"There is no {what} {name!r} in the record.",
        next_step="It may have been deleted or pruned; reload the list.",
        kind="NotFound",
    )


def bad_request(message: str) -> Refusal:
    """The request is not as the OpenAPI document says."""
    return Refusal(
        400, message, next_step=f"See GET {PREFIX}/openapi.json for what is.", kind="BadRequest"
    )


@dataclass(frozen=True)
class Text:
    """An answer that is text already: `chunks` are sent as they come."""

    chunks: AsyncIterator[str]
    content_type: str = "application/json"
    file_name: str | None = None


@dataclass(frozen=True)
class Call:
    """A request that was authenticated, authorized and checked."""

    service: Service
    log: TurnLog
    ids: Mapping[str, str]
    """The ids of the path. Never opened as files."""
    query: Any
    body: Any
    user: str
    """Who asks, as the server's identity provider names them."""
    client: str
    """What asks: JupyterLab, the command line, ..."""
    accept: str = ""
    key: str | None = None
    """The same key is the same request, sent again."""

    @property
    def by(self) -> str:
        """Who and from where, as events and the audit have it."""
        return f"{self.user} via {self.client}"


Handle = Callable[[Call], Awaitable[BaseModel | Text]]


@dataclass(frozen=True)
class Route:
    """A method of a path below `PREFIX`, e.g. `turns/{turn_id}`."""

    method: Method
    path: str
    summary: str
    handle: Handle
    answer: type[BaseModel]
    query: type[Query] = Query
    body: type[Body] | None = None
    problems: tuple[int, ...] = ()
    """Statuses of its own; 400, 403 and 503 every route may answer."""
    other_type: str | None = None
    """A second content type it can answer with."""
    needs_log: bool = True


@dataclass(frozen=True)
class Socket:
    """A WebSocket below `PREFIX`, served by a subclass of `handler.SocketHandler`."""

    path: str
    summary: str
    handler: type[Any]
    query: type[Query]
