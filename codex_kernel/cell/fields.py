"""The settings that `/set` knows: what each means, and how its value is read from text.

The types come from `SessionSettings`, so that a new field needs one line here.
"""

from __future__ import annotations

import contextlib
import json
import os
import typing
from dataclasses import dataclass
from types import UnionType
from typing import Any, Literal, Union

from codex_kernel.cell.command import suggestion
from codex_kernel.errors import BadArgument
from codex_kernel.settings import FAILURES, SessionSettings

NONE = "(none)"
"""How a setting without a value is shown."""
_YES = {"true", "yes", "on", "1"}
_NO = {"false", "no", "off", "0"}


@dataclass(frozen=True)
class Field:
    """A setting; `is_for_new_sessions`: it is part of how a session begins and then stays."""

    summary: str
    is_for_new_sessions: bool = False
    is_path: bool = False
    words: tuple[str, ...] = ()
    """What the parts of a list may be; empty for anything."""


FIELDS: dict[str, Field] = {
    "model": Field("the model, by any name"),
    "effort": Field("how hard the model thinks"),
    "sandbox": Field("what commands may do"),
    "approval_policy": Field("when Codex asks you"),
    "network_access": Field("whether commands in the sandbox reach the network"),
    "writable_roots": Field("more folders that may be written, with commas", is_path=True),
    "max_minutes": Field("stop a turn that runs longer"),
    "max_turns": Field("how many turns this kernel runs"),
    "max_tokens": Field("how many tokens the turns of this kernel use"),
    "fail_on": Field("what makes a cell an error, with commas", words=FAILURES),
    "on_restart": Field("what a restarted kernel does with the session"),
    "instructions": Field("what Codex is told about notebooks", is_for_new_sessions=True),
    "isolated": Field(
        "leave out your AGENTS.md, MCP servers, skills and plugins", is_for_new_sessions=True
    ),
}

_TYPES = typing.get_type_hints(SessionSettings)
_DEFAULTS = SessionSettings()


def show_field(settings: SessionSettings, name: str) -> str:
    """The value of a setting as `/set` would read it."""
    value = getattr(settings, name)
    if value is None or value == ():
        return NONE
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:g}"
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def read_field(name: str, text: str) -> Any:
    """The value of a setting from text, the default for none; raises `BadArgument`."""
    if not text or text == NONE:
        return getattr(_DEFAULTS, name)
    return _read(name, _TYPES[name], text)


def _read(name: str, kind: Any, text: str) -> Any:
    origin = typing.get_origin(kind)
    if origin in (Union, UnionType):
        return _read(name, next(a for a in typing.get_args(kind) if a is not type(None)), text)
    if origin is Literal:
        return _one_of(name, text, typing.get_args(kind))
    if origin is tuple:
        return _list(name, text)
    if kind is bool:
        return _boolean(name, text)
    if kind in (int, float):
        return _number(name, text, kind)
    return text


def _one_of(name: str, text: str, known: tuple[str, ...]) -> str:
    if text not in known:
        raise BadArgument(f"{name} is not {text!r}.", next_step=suggestion(text, known))
    return text


def _list(name: str, text: str) -> tuple[str, ...]:
    field = FIELDS[name]
    parts = tuple(part.strip() for part in _parts(text) if part.strip())
    if field.words:
        parts = tuple(_one_of(name, part, field.words) for part in parts)
    if field.is_path:
        parts = tuple(os.path.abspath(os.path.expanduser(part)) for part in parts)
    return parts


def _parts(text: str) -> list[str]:
    """The parts of a list: between commas, or of a JSON list."""
    if text.startswith("["):
        with contextlib.suppress(ValueError):
            return [str(part) for part in json.loads(text)]
    return text.split(",")


def _boolean(name: str, text: str) -> bool:
    if text.lower() not in _YES | _NO:
        raise BadArgument(f"{name} is true or false, not {text!r}.")
    return text.lower() in _YES


def _number(name: str, text: str, kind: type[int] | type[float]) -> float:
    try:
        number = kind(text)
    except ValueError:
        number = -1
    if not 0 < number < float("inf"):
        what = "whole number" if kind is int else "number"
        raise BadArgument(f"{name} is a {what} above 0, not {text!r}.")
    return number
