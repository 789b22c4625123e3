"""Values that stand for `{name}` in prompts: those that `/set` or the settings gave, no others."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PLACE = re.compile(rf"\{{({NAME.pattern})\}}")


def filled(text: str, variables: Mapping[str, str]) -> str:
    """The text with `{name}` replaced for these names; all other braces stay."""
    return _PLACE.sub(lambda found: variables.get(found[1], found[0]), text) if variables else text


def read_value(text: str) -> str:
    """What stands after `NAME=`: the text as it is, or what it says as a JSON string."""
    if text.startswith('"'):
        try:
            value = json.loads(text)
        except ValueError:
            return text
        return value if isinstance(value, str) else text
    return text
