"""Shapes of answers: what the model is told, and what is taken from it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal

import jsonschema
import pytest
from pydantic import BaseModel, Field

from codex_kernel.errors import AnswerInvalid, BadArgument
from codex_kernel.magic.schema import shape_of


class Cat(BaseModel):
    kind: Literal["cat"] = "cat"
    default: int = 3


class Dog(BaseModel):
    kind: Literal["dog"]


class Home(BaseModel):
    pet: Cat | Dog = Field(discriminator="kind", description="who lives here")
    others: list[Cat] = []


@dataclass
class Point:
    x: int


def objects(schema: Any) -> list[dict[str, Any]]:
    """Every object of a schema, however deep."""
    if isinstance(schema, list):
        return [found for each in schema for found in objects(each)]
    if not isinstance(schema, dict):
        return []
    inner = [found for each in schema.values() for found in objects(each)]
    return [schema, *inner] if "properties" in schema and "type" in schema else inner


def test_a_model_becomes_a_schema_that_providers_take() -> None:
    shape = shape_of(Home)
    found = objects(shape.schema)
    assert len(found) == 3
    for each in found:
        assert each["additionalProperties"] is False
        assert each["required"] == list(each["properties"])
    assert "oneOf" not in json.dumps(shape.schema)
    assert "default" in shape.schema["$defs"]["Cat"]["properties"]
    answer = {"pet": {"kind": "dog"}, "others": [{"kind": "cat", "default": 1}]}
    jsonschema.validate(answer, shape.schema)
    assert shape.read(json.dumps(answer)).pet == Dog(kind="dog")


@pytest.mark.parametrize(
    ("wanted", "answer", "value"),
    [
        (Point, '{"x": 1}', Point(1)),
        (list[int], '{"value": [1]}', [1]),
        (int, '{"value": 4}', 4),
        ({"type": "object", "required": ["a"]}, '{"a": null}', {"a": None}),
    ],
)
def test_types_and_schemas_are_read(wanted: Any, answer: str, value: Any) -> None:
    shape = shape_of(wanted)
    assert shape.schema["type"] == "object"
    assert shape.read(answer) == value


@pytest.mark.parametrize("wanted", [Point, list[int], {"type": "object", "required": ["a"]}])
@pytest.mark.parametrize("answer", ["", "no", "{}", "[]", '{"x": "y", "value": "z"}'])
def test_what_does_not_fit_is_an_error(wanted: Any, answer: str) -> None:
    with pytest.raises(AnswerInvalid):
        shape_of(wanted).read(answer)


def test_what_is_no_schema_is_an_error() -> None:
    with pytest.raises(BadArgument, match="is no schema"):
        shape_of(object())
