"""The shape of an answer: what the model is told, and how what it says is read.

Pydantic is loaded only when a shape is asked for. Model providers take a strict subset of JSON
schema: every object lists all its properties and no others, and its root is an object.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from codex_kernel.errors import AnswerInvalid, BadArgument

WRAPPED = "value"
"""The property that holds an answer which is no object."""


@dataclass(frozen=True)
class Shape:
    """`schema` goes to the model; `read` makes the value of its answer, or raises."""

    schema: Mapping[str, Any]
    read: Callable[[str], Any]


def shape_of(wanted: Any) -> Shape:
    """The shape of a JSON schema (a mapping, sent as it is) or of a type that pydantic knows.

    Raises `BadArgument` for anything else.
    """
    if isinstance(wanted, Mapping):
        return Shape(wanted, lambda text: _checked(text, wanted))
    from pydantic import PydanticUserError, TypeAdapter

    try:
        adapter = TypeAdapter(wanted)
        schema = _strict(adapter.json_schema())
    except PydanticUserError as problem:
        raise BadArgument(
            f"{wanted!r} is no schema: {problem.message}.",
            next_step="Give a pydantic model, another type that pydantic knows, or a JSON schema.",
        ) from None
    if schema.get("type") == "object":
        return Shape(schema, lambda text: _valid(text, adapter.validate_json))
    definitions = {name: schema.pop(name) for name in ("$defs",) if name in schema}
    root = _strict({"type": "object", "properties": {WRAPPED: schema}}) | definitions

    def unwrap(text: str) -> Any:
        return adapter.validate_python(json.loads(text)[WRAPPED])

    return Shape(root, lambda text: _valid(text, unwrap))


def _valid(text: str, read: Callable[[str], Any]) -> Any:
    try:
        return read(text)
    except (ValueError, KeyError, TypeError) as problem:  # pydantic's errors are ValueErrors
        raise AnswerInvalid(f"The answer does not have the shape asked for: {problem}") from problem


def _checked(text: str, schema: Mapping[str, Any]) -> Any:
    import jsonschema

    def read(answer: str) -> Any:
        value = json.loads(answer)
        try:
            jsonschema.validate(value, schema)
        except jsonschema.ValidationError as problem:
            raise ValueError(problem.message) from problem
        return value

    return _valid(text, read)


_BY_NAME = ("default", "properties", "$defs")


def _each(named: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _strict(node) for name, node in named.items()}


def _strict(node: Any) -> Any:
    if isinstance(node, list):
        return [_strict(each) for each in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:  # nothing may stand beside it
        return {"$ref": node["$ref"]}
    found = {name: _strict(each) for name, each in node.items() if name not in _BY_NAME}
    found |= {key: _each(node[key]) for key in ("properties", "$defs") if key in node}
    if "oneOf" in found:
        found["anyOf"] = found.pop("oneOf")
        found.pop("discriminator", None)
    if "properties" in found:
        found["required"] = list(found["properties"])
        found["additionalProperties"] = False
    return found
