"""The one handler of all REST routes and the base of all WebSockets.

Here a request becomes a `Call`: authenticated, authorized, checked against its models. And here
every error becomes an HTTP answer, once: `{"message", "next_step", "kind"}`. Requests and answers
have prompts and outputs in them, so nothing of them is logged.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from jupyter_server.auth.decorator import authorized, ws_authenticated
from jupyter_server.base.handlers import APIHandler, JupyterHandler
from jupyter_server.base.websocket import WebSocketMixin
from jupyter_server.utils import ensure_async
from pydantic import BaseModel, ValidationError
from tornado.iostream import StreamClosedError
from tornado.web import HTTPError, authenticated
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from codex_kernel.errors import CodexError
from codex_kernel.server.models import Body, Query
from codex_kernel.server.routes import (
    PREFIX,
    RESOURCE,
    Call,
    Method,
    Refusal,
    Route,
    Text,
    bad_request,
)
from codex_kernel.server.service import Service

logger = logging.getLogger(__name__)

CLIENT_HEADER = "X-Codex-Client"
KEY_HEADER = "Idempotency-Key"
_NEXT_STEPS = {
    400: f"See GET {PREFIX}/openapi.json for what a request may hold.",
    403: "Sign in to the Jupyter server, or ask its administrator for the right.",
    404: "Check the address.",
    405: f"See GET {PREFIX}/openapi.json for the methods.",
    500: "See the log of the Jupyter server.",
}


class _Answers(JupyterHandler):
    """What REST and WebSocket handlers have in common."""

    auth_resource = RESOURCE
    service: Service

    def set_default_headers(self) -> None:
        """Nothing of a record is to stay in a cache."""
        super().set_default_headers()
        self.set_header("Cache-Control", "no-store")

    def compute_etag(self) -> None:
        """No cache, so no tags."""
        return

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """An error of whatever kind as JSON."""
        error = (kwargs.get("exc_info") or (None, None, None))[1]
        message = getattr(HTTPStatus(status_code), "description", "") if status_code < 600 else ""
        problem = {
            "message": message or HTTPStatus(status_code).phrase,
            "next_step": _NEXT_STEPS.get(status_code, ""),
            "kind": HTTPStatus(status_code).phrase.title().replace(" ", ""),
            "outcome": None,
        }
        if isinstance(error, Refusal):
            problem |= {
                "message": error.message,
                "next_step": error.next_step,
                "kind": error.kind,
                "outcome": error.outcome,
            }
        self.set_header("Content-Type", "application/json")
        self.finish(json.dumps(problem))

    def read_query(self, model: type[Query]) -> Any:
        """The parameters of the request; raises `Refusal` naming the one that is wrong."""
        found: dict[str, Any] = {}
        for name, field in model.model_fields.items():
            values = self.get_query_arguments(name, strip=False)
            if values:
                found[name] = values if "list" in str(field.annotation) else values[-1]
        return _checked(model, found)


class RestHandler(_Answers, APIHandler):
    """A path with its routes, by method."""

    def initialize(self, service: Service, routes: Mapping[Method, Route]) -> None:
        """As the table says."""
        self.service = service
        self.routes = routes

    @authenticated
    @authorized
    async def get(self, **ids: str) -> None:
        """Read."""
        await self._run("GET", ids)

    @authenticated
    @authorized
    async def post(self, **ids: str) -> None:
        """Ask for something."""
        await self._run("POST", ids)

    @authenticated
    @authorized
    async def patch(self, **ids: str) -> None:
        """Change."""
        await self._run("PATCH", ids)

    @authenticated
    @authorized
    async def delete(self, **ids: str) -> None:
        """Delete."""
        await self._run("DELETE", ids)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """As everywhere; a wrong method is told which ones there are."""
        if status_code == 405:
            self.set_header("Allow", ", ".join(self.routes))
        super().write_error(status_code, **kwargs)

    async def _run(self, method: Method, ids: dict[str, str]) -> None:
        route = self.routes.get(method)
        if route is None:
            raise HTTPError(405)
        try:
            answer = await route.handle(await self._call(route, ids))
            if isinstance(answer, Text):
                await self._send(answer)
            else:
                self.set_status(getattr(answer, "http_status", 200))
                self.finish(json.dumps(answer.model_dump(mode="json")))
        except CodexError as error:
            raise Refusal.of(error) from error

    async def _call(self, route: Route, ids: dict[str, str]) -> Call:
        query = self.read_query(route.query)
        body = None if route.body is None else self._read_body(route.body)
        user = self.current_user
        return Call(
            service=self.service,
            # A route that needs no log finds out by itself whether there is one.
            log=await self.service.log() if route.needs_log else None,  # type: ignore[arg-type]  # such routes use none
            ids=ids,
            query=query,
            body=body,
            user=user.display_name or user.name or user.username,
            client=_client(self.request.headers.get(CLIENT_HEADER)),
            accept=self.request.headers.get("Accept", ""),
            key=self.request.headers.get(KEY_HEADER, "")[:200] or getattr(body, "key", None),
        )

    def _read_body(self, model: type[Body]) -> Body:
        try:
            body = json.loads(self.request.body.decode("utf-8") or "{}")
        except ValueError:
            raise bad_request("The body is not JSON in UTF-8.") from None
        return _checked(model, body)

    async def _send(self, answer: Text) -> None:
        # Not `APIHandler.finish`, which would call everything JSON.
        self.set_header("Content-Type", answer.content_type)
        if answer.file_name:
            self.set_header("Content-Disposition", f'attachment; filename="{answer.file_name}"')
        async for chunk in answer.chunks:
            self.write(chunk)
            await self.flush()
        self.finish(set_content_type=answer.content_type)


class SocketHandler(WebSocketMixin, WebSocketHandler, _Answers):  # pyright: ignore[reportIncompatibleMethodOverride]
    """A WebSocket of ours: who may open it, and that it ends with the service."""

    query_model: type[Query]
    _sending: asyncio.Task[None] | None = None

    def initialize(self, service: Service) -> None:
        """As the table says."""
        self.service = service

    @ws_authenticated
    async def get(self, *args: Any, **ids: str) -> None:
        """Check everything that can be refused, then upgrade."""
        user = self.current_user
        if not await ensure_async(self.authorizer.is_authorized(self, user, "read", RESOURCE)):
            raise HTTPError(403)
        self.query = self.read_query(self.query_model)
        self.ids = ids
        try:
            await self.check()
        except CodexError as error:
            raise Refusal.of(error) from error
        await super().get(*args, **ids)

    def get_compression_options(self) -> dict[str, Any] | None:
        """Frames repeat each other's names, and the end of an item its text: sent deflated."""
        return {}

    async def check(self) -> None:
        """Raise what makes the upgrade impossible."""
        await self.service.log()

    async def send_frames(self) -> None:
        """Send what there is to send; the socket is closed afterwards."""
        raise NotImplementedError

    def open(self, *args: Any, **ids: str) -> None:
        """Begin to send."""
        super().open()
        self.service.sockets.add(self)
        self._sending = self.service.spawn(self._send_all(), f"codex {self.request.path}")

    def on_message(self, message: str | bytes) -> None:
        """What a client says that is not asked anything."""

    def on_close(self) -> None:
        """Stop sending."""
        self.service.sockets.discard(self)
        if self._sending is not None:
            self._sending.cancel()
        super().on_close()

    async def _send_all(self) -> None:
        try:
            await self.send_frames()
        except (WebSocketClosedError, StreamClosedError):
            return
        except CodexError as error:
            self.close(1011, error.message[:100])
        except Exception:  # a socket must not stay open and silent, whatever went wrong
            logger.exception("Codex: a WebSocket ended by an error.")
            self.close(1011, "Internal error")
            return
        self.close(1000)


def _checked(model: type[BaseModel], found: Any) -> Any:
    try:
        return model.model_validate(found)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        name = ".".join(str(part) for part in first["loc"]) or "body"
        raise bad_request(f"`{name}`: {first['msg']}.") from None


def _client(name: str | None) -> str:
    """What a client calls itself, cut down to a harmless word."""
    return re.sub(r"[^\w./ -]", "", name or "")[:40].strip() or "HTTP"
