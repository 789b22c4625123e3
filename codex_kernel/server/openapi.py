"""The OpenAPI 3.1 document, made from the route table and the models.

WebSockets are listed as GET with status 101; their frames are told in words.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic.json_schema import models_json_schema

from codex_kernel._version import __version__
from codex_kernel.server.models import Outcome, Problem, Query
from codex_kernel.server.routes import PREFIX, Route, Socket

_REFERENCE = "#/components/schemas/{model}"
_EVERYWHERE = (400, 403)
_WITHOUT_LOG = 503


class AnyObject(BaseModel):
    """A JSON object."""

    model_config = ConfigDict(extra="allow")


def document(routes: Iterable[Route], sockets: Iterable[Socket], base_url: str) -> dict[str, Any]:
    """The document of these routes on a server at `base_url` (with slashes at both ends)."""
    routes, sockets = list(routes), list(sockets)
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(f"/{route.path}", {})[route.method.lower()] = _operation(route)
    for socket in sockets:
        paths.setdefault(f"/{socket.path}", {})["get"] = _upgrade(socket)
    return {
        "openapi": "3.1.0",
        "info": {"title": "codex_kernel", "version": __version__},
        "servers": [{"url": f"{base_url}{PREFIX}"}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": _schemas(routes),
            "securitySchemes": {
                "token": {"type": "apiKey", "in": "header", "name": "Authorization"}
            },
        },
    }


def _operation(route: Route) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "summary": route.summary,
        "operationId": route.handle.__name__,
        "description": route.handle.__doc__ or "",
        "parameters": [*_path_parameters(route.path), *_query_parameters(route.query)],
        "responses": {
            "200": _answer(route),
            **({"202": _answer(route)} if issubclass(route.answer, Outcome) else {}),
            **_problems(route),
        },
    }
    if route.body is not None:
        content = {"application/json": {"schema": _reference(route.body)}}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _upgrade(socket: Socket) -> dict[str, Any]:
    return {
        "summary": socket.summary,
        "operationId": socket.handler.__name__,
        "description": inspect.getdoc(socket.handler.send_frames),
        "parameters": [*_path_parameters(socket.path), *_query_parameters(socket.query)],
        "responses": {
            "101": {"description": "A WebSocket"},
            **{str(status): _problem(status) for status in (400, 403, 404, 426, 503)},
        },
    }


def _answer(route: Route) -> dict[str, Any]:
    content: dict[str, Any] = {"application/json": {"schema": _reference(route.answer)}}
    if route.other_type is not None:
        content[route.other_type] = {"schema": {"type": "string"}}
    return {"description": "Done", "content": content}


def _problems(route: Route) -> dict[str, Any]:
    own = (*_EVERYWHERE, *route.problems, *((_WITHOUT_LOG,) if route.needs_log else ()))
    return {str(status): _problem(status) for status in sorted(set(own))}


def _problem(status: int) -> dict[str, Any]:
    content = {"application/json": {"schema": _reference(Problem)}}
    return {"description": HTTPStatus(status).phrase, "content": content}


def _path_parameters(path: str) -> list[dict[str, Any]]:
    schema = {"type": "string", "minLength": 1}
    return [
        {"name": name, "in": "path", "required": True, "schema": schema}
        for name in re.findall(r"{(\w+)}", path)
    ]


def _query_parameters(model: type[Query]) -> list[dict[str, Any]]:
    schema = model.model_json_schema()
    required = schema.get("required", [])
    return [
        {
            "name": name,
            "in": "query",
            "required": name in required,
            "schema": {key: value for key, value in _without_null(field).items() if key != "title"},
        }
        for name, field in schema.get("properties", {}).items()
    ]


def _without_null(field: dict[str, Any]) -> dict[str, Any]:
    """A parameter that is left out is None; there is no other way to say so in a query."""
    if "anyOf" not in field:
        return field
    [choice] = [option for option in field["anyOf"] if option.get("type") != "null"]
    rest = {key: value for key, value in field.items() if key not in ("anyOf", "default")}
    return {**rest, **choice}


def _schemas(routes: list[Route]) -> dict[str, Any]:
    wanted: list[tuple[type[BaseModel], Any]] = [(Problem, "serialization")]
    for route in routes:
        wanted.append((route.answer, "serialization"))
        if route.body is not None:
            wanted.append((route.body, "validation"))
    _, found = models_json_schema(wanted, ref_template=_REFERENCE)
    return found["$defs"]


def _reference(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": _REFERENCE.format(model=model.__name__)}
