"""Scripts that prompts choose without carrying them: by what the prompt says.

A *scenario* is a named script with a pattern. What a prompt gets that has neither is here too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .request import ModelRequest
from .script import Response, Script, ScriptError, Step, parse_script

_DONE: Response = (Step("say", ("Done.",)),)


@dataclass(frozen=True)
class Scenario:
    """A script for every prompt in which `pattern` is found (a regular expression, any case)."""

    name: str
    pattern: str
    script: Script

    def fits(self, prompt: str) -> bool:
        """Whether this scenario answers `prompt`."""
        return re.search(self.pattern, prompt, re.IGNORECASE) is not None


def read_scenarios(value: object) -> tuple[Scenario, ...]:
    """Scenarios from JSON: `{name: {"when": pattern, "script": script}}`, or `{pattern: script}`.

    Raises ScriptError when one of them is malformed.
    """
    if not isinstance(value, Mapping):
        raise ScriptError("Scenarios are an object: a name or pattern and its script.")
    return tuple(_scenario(str(name), entry) for name, entry in value.items())


def load_scenarios(path: Path) -> tuple[Scenario, ...]:
    """The scenarios of a JSON file; ScriptError when it holds none, OSError when unreadable."""
    try:
        return read_scenarios(json.loads(path.read_text(encoding="utf-8")))
    except json.JSONDecodeError as error:
        raise ScriptError(f"{path.name} is not JSON: {error}.") from error


def choose_response(scenarios: Iterable[Scenario], request: ModelRequest) -> Response:
    """The response that is due: of the prompt's own script, a scenario, or the default.

    ScriptError when the prompt carries a malformed script.
    """
    prompt = request.input_text if request.is_compaction else request.prompt.text
    script = None if request.is_compaction else request.script
    if script is None:
        script = next((each.script for each in scenarios if each.fits(prompt)), None)
    if script is None:
        return _default(request)
    due = 0 if request.is_compaction else request.round
    return script[due] if due < len(script) else _DONE


def _scenario(name: str, entry: Any) -> Scenario:
    pattern, script = name, entry
    if isinstance(entry, Mapping):
        pattern, script = str(entry.get("when", re.escape(name))), entry.get("script")
    try:
        re.compile(pattern)
        return Scenario(name, pattern, parse_script(script))
    except (ScriptError, re.error) as error:
        raise ScriptError(f"Scenario {name!r}: {error}") from error


def _default(request: ModelRequest) -> Response:
    if request.is_compaction:
        return (Step("say", (f"A summary by the scripted model. {request.summary_mark}",)),)
    if request.answer_schema is not None:
        return (Step("say", (json.dumps(_example(request.answer_schema)),)),)
    if request.is_side_request:
        return (Step("say", ("Scripted model",)),)
    return _DONE if request.round else _introduction(request.prompt.text)


def _introduction(prompt: str) -> Response:
    words = " ".join(prompt.split())
    quoted = words if len(words) <= 200 else f"{words[:199]}…"
    text = (
        "I am a scripted model: I run on this machine, cost nothing and know only what I was given "
        "to play. For this prompt there is nothing:\n\n"
        f"> {quoted}\n\n"
        'A prompt may carry its script, for example `@@ [["run", "ls"], ["say", "That was all."]]`.'
    )
    return (Step("think", ("**Looking for a script**",)), Step("say", (text,)))


def _example(schema: Mapping[str, Any]) -> Any:
    """The least value that a JSON schema allows, as far as Codex's schemas go."""
    if schema.get("enum"):
        return schema["enum"][0]
    kind = schema.get("type")
    kind = kind[0] if isinstance(kind, list) and kind else kind
    if kind == "object":
        fields = schema.get("properties") or {}
        wanted = schema.get("required", list(fields))
        return {name: _example(fields.get(name) or {}) for name in wanted}
    plain: dict[Any, Any] = {"array": [], "number": 0, "integer": 0, "boolean": False, "null": None}
    return plain.get(kind, "Scripted model")
