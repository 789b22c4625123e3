"""What a tool is: a name, a schema, and a function that answers. Knows no wire and no kernel."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from codex_kernel.errors import ToolRefused

Schema = dict[str, Any]
"""A JSON schema of an object."""

TEXT_CHARS = 20_000
"""What one answer says at most; Codex cuts at about 40 kB."""
IMAGES, IMAGE_CHARS = 4, 1_400_000
"""Images of one answer, and base64 characters of one."""


@dataclass(frozen=True)
class Text:
    """A piece of text."""

    text: str


@dataclass(frozen=True)
class Image:
    """An image, in base64; `is_shown`: the user has it before their eyes already."""

    mime_type: str
    data: str
    is_shown: bool = False


Content = Text | Image


@dataclass(frozen=True)
class Answer:
    """What a tool gives back; an error is something that Codex can react to."""

    content: tuple[Content, ...]
    is_error: bool = False


@dataclass(frozen=True)
class Leave:
    """What the user is asked before something is done.

    `scope` names what an answer "for this session" covers from then on.
    """

    scope: str
    tool: str
    why: str
    code: str | None = None
    arguments: dict[str, Any] = field(default_factory=dict[str, Any])


class Caller(Protocol):
    """On whose behalf a tool is called."""

    @property
    def turn_id(self) -> str | None:
        """The turn that calls, when it is one of ours."""
        ...

    @property
    def name(self) -> str:
        """Who is said to have written a cell."""
        ...

    async def ask_leave(self, leave: Leave) -> None:
        """Return when the user allows it; raises `ToolRefused`."""
        ...

    async def ask_leave_to_write(self, leave: Leave) -> None:
        """The same for what the session's sandbox may allow without asking."""
        ...

    async def during(self, work: Coroutine[Any, Any, Answer]) -> Answer:
        """The answer of work that is of no use any more when who called has stopped."""
        ...


Function = Callable[[dict[str, Any], Caller], Coroutine[Any, Any, Answer]]


@dataclass(frozen=True)
class Tool:
    """One tool. `call` gets arguments that fit the schema and may raise a `CodexError`."""

    name: str
    description: str
    schema: Schema
    call: Function
    reads_only: bool = False

    def checked(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """The arguments with defaults filled in; raises `ToolRefused` for what does not fit."""
        known: dict[str, Schema] = self.schema["properties"]
        for name in arguments:
            if name not in known:
                raise ToolRefused(f"{self.name} has no argument {name!r}; it has {_list(known)}.")
        for name in self.schema.get("required", ()):
            if name not in arguments:
                raise ToolRefused(f"{self.name} needs the argument {name!r}.")
        given = {name: value for name, value in arguments.items() if value is not None}
        for name, value in given.items():
            _check(name, value, known[name])
        defaults = {name: schema.get("default") for name, schema in known.items()}
        return {**defaults, **given}


def text(words: str, *, is_error: bool = False) -> Answer:
    """An answer of text alone."""
    return Answer((Text(words),), is_error)


def bounded(answer: Answer) -> Answer:
    """The answer cut to what may go back; what is left out is said."""
    left = TEXT_CHARS
    images = 0
    kept: list[Content] = []
    for part in answer.content:
        if isinstance(part, Text):
            shown = cut(part.text, left)
            left = max(left - len(shown), 0)
            kept.append(Text(shown))
        elif images < IMAGES and len(part.data) <= IMAGE_CHARS:
            images += 1
            kept.append(part)
        else:
            kept.append(Text(f"({part.mime_type} left out: too many or too large)"))
    return Answer(tuple(kept), answer.is_error)


def cut(words: str, limit: int) -> str:
    """The head and the tail of a text that is longer than `limit` characters."""
    if len(words) <= limit:
        return words
    half = limit // 2
    left_out = len(words) - 2 * half
    tail = words[len(words) - half :]
    return f"{words[:half]}\n... {left_out:,} characters left out ...\n{tail}"


def schema(required: Sequence[str] = (), **properties: Schema) -> Schema:
    """The schema of an object with these properties and no others."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


def prop(
    kind: Literal["string", "integer", "number", "boolean"],
    description: str,
    default: Any = None,
    **more: Any,
) -> Schema:
    """The schema of one argument."""
    extra = {} if default is None else {"default": default}
    return {"type": kind, "description": description, **extra, **more}


_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
}


def _check(name: str, value: Any, schema: Schema) -> None:
    kind = schema["type"]
    is_wrong = not isinstance(value, _TYPES[kind])
    if is_wrong or (isinstance(value, bool) and kind != "boolean"):
        raise ToolRefused(f"The argument {name!r} is of type {kind}.")
    if "enum" in schema and value not in schema["enum"]:
        raise ToolRefused(f"The argument {name!r} is one of {_list(schema['enum'])}.")
    if value < schema.get("minimum", value) or value > schema.get("maximum", value):
        low, high = schema.get("minimum"), schema.get("maximum")
        raise ToolRefused(f"The argument {name!r} lies between {low} and {high}.")
    if isinstance(value, list):
        for item in value:
            _check(name, item, schema["items"])


def _list(names: Any) -> str:
    return ", ".join(map(str, names))
