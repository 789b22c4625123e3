"""Every route there is. Handlers, the OpenAPI document and the authorization test walk this."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Any

from codex_kernel.server import (
    account,
    acting,
    arranging,
    audit,
    files,
    operations,
    questions,
    sessions,
    turns,
)
from codex_kernel.server.feed import Feed
from codex_kernel.server.handler import RestHandler
from codex_kernel.server.models import AfterQuery, FeedQuery
from codex_kernel.server.openapi import AnyObject, document
from codex_kernel.server.routes import PREFIX, Call, Method, Route, Socket
from codex_kernel.server.service import Service
from codex_kernel.server.stream import TurnStream


async def show_openapi(call: Call) -> AnyObject:
    """The OpenAPI document of this table."""
    return AnyObject.model_validate(document(ROUTES, SOCKETS, call.service.base_url))


ROUTES: tuple[Route, ...] = (
    *sessions.ROUTES,
    *audit.ROUTES,
    *turns.ROUTES,
    *files.ROUTES,
    *questions.ROUTES,
    *acting.ROUTES,
    *arranging.ROUTES,
    *operations.ROUTES,
    *account.ROUTES,
    Route("GET", "openapi.json", "This document", show_openapi, AnyObject, needs_log=False),
)
SOCKETS: tuple[Socket, ...] = (
    Socket("turns/{turn_id}/stream", "A turn as it happens", TurnStream, AfterQuery),
    Socket("feed", "What changes; the page's presence", Feed, FeedQuery),
)


def handlers(service: Service) -> list[tuple[str, type[Any], dict[str, Any]]]:
    """The table as tornado wants it."""
    by_path: defaultdict[str, dict[Method, Route]] = defaultdict(dict)
    for route in ROUTES:
        by_path[route.path][route.method] = route
    rest = [
        (_pattern(path), RestHandler, {"service": service, "routes": routes})
        for path, routes in by_path.items()
    ]
    sockets = [(_pattern(s.path), s.handler, {"service": service}) for s in SOCKETS]
    return [*sockets, *rest]


def _pattern(path: str) -> str:
    literal = re.escape(path).replace(r"\{", "{").replace(r"\}", "}")
    return f"/{PREFIX}/" + re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", literal)
