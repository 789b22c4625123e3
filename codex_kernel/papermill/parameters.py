"""Parameters as a cell of a Codex notebook: one `/set name=value` line each.

Imports papermill only where it must, because papermill imports this package while it is being
imported itself.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from codex_kernel.cell.text import parse


class CodexParameters:
    """What papermill calls a translator."""

    @classmethod
    def codify(cls, parameters: Mapping[str, Any], comment: str = "") -> str:
        """The cell with these parameters; it has no comment: every other line is a prompt."""
        return "".join(f"/set {name}={_text(value)}\n" for name, value in parameters.items())

    @classmethod
    def inspect(cls, parameters_cell: Mapping[str, Any]) -> list[Any]:
        """The parameters in the cell of a notebook that has the tag `parameters`."""
        from papermill.models import Parameter

        lines = parse(parameters_cell["source"]).commands
        given = [line.rest.partition("=") for line in lines if line.name == "set"]
        return [
            Parameter(name.strip(), "None", value.strip(), "")
            for name, is_given, value in given
            if is_given
        ]


def _text(value: Any) -> str:
    """A value as `/set` reads it."""
    if value is None:
        return ""
    if isinstance(value, str):
        is_plain = value == value.strip() and "\n" not in value and not value.startswith('"')
        return value if is_plain and value else json.dumps(value, ensure_ascii=False)
    if isinstance(value, (bool, int, float, list, dict)):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)
