"""Cells whose prompt carries what the scripted model does."""

from __future__ import annotations

import json
from typing import Any


def cell(*responses: Any, prompt: str = "Go") -> str:
    """A prompt with its script; a response of one step may be that step alone."""
    return f"{prompt} @@ {json.dumps(list(responses))}"


def say(text: str, **options: Any) -> list[Any]:
    return ["say", text, options]
