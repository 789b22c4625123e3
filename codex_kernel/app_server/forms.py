"""Forms of MCP servers: a JSON schema of flat fields as questions, and answers as its content."""

from __future__ import annotations

import math
from typing import Any

_YES = frozenset({"true", "yes", "y", "1"})


def questions(schema: dict[str, Any]) -> list[dict[str, Any]]:
    """The fields of a form as questions of an `Input`."""
    required = schema.get("required") or []
    return [
        {
            "id": name,
            "header": field.get("title") or name,
            "question": field.get("description") or field.get("title") or name,
            "options": _options(field),
            "is_secret": False,
            "is_other": False,
            "kind": _kind(field),
            "required": name in required,
        }
        for name, field in schema["properties"].items()
    ]


def content(params: dict[str, Any], answers: dict[str, list[str]] | None) -> dict[str, Any] | None:
    """The answers in the types of the form; None when they do not fit it or there are none.

    Fields that were left empty are left out.
    """
    if answers is None or params.get("mode") != "form":
        return None
    schema = params["requestedSchema"]
    filled = {name: given for name, given in answers.items() if given and given != [""]}
    if any(name not in filled for name in schema.get("required") or []):
        return None
    fields = schema["properties"]
    try:
        return {name: _typed(fields[name], given) for name, given in filled.items()}
    except (KeyError, ValueError):
        return None  # "seven" where a number was asked for, or a field that is not in the form


def _kind(field: dict[str, Any]) -> str:
    if _options(field):
        return "choice"
    kind = field.get("type")
    return kind if kind in ("number", "integer", "boolean") else "text"


def _options(field: dict[str, Any]) -> list[dict[str, str]]:
    """The values of an enumeration; `label` is what is sent, `description` what it is called."""
    source = field.get("items") or field
    if "enum" in source:
        names = field.get("enumNames") or source["enum"]
        return [
            {"label": str(value), "description": str(name)}
            for value, name in zip(source["enum"], names, strict=False)
        ]
    titled = source.get("oneOf") or source.get("anyOf") or []
    return [{"label": entry["const"], "description": entry["title"]} for entry in titled]


def _typed(field: dict[str, Any], given: list[str]) -> Any:
    allowed = {option["label"] for option in _options(field)}
    if allowed and not allowed.issuperset(given):
        raise ValueError(f"{given} is not among {sorted(allowed)}")
    kind = field.get("type")
    if kind == "array":
        return list(given)
    if kind == "integer":
        return int(given[0])
    if kind == "number":
        number = float(given[0])
        if not math.isfinite(number):
            raise ValueError(f"{given[0]} is no number of JSON")
        return number
    if kind == "boolean":
        return given[0].strip().lower() in _YES
    return given[0]
