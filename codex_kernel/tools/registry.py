"""`@codex.tool`: functions of the user's that Codex may call.

The schema is made from the type hints, by pydantic. Registering a function is leave to call it
with any arguments that fit; `ask=True` has the user asked for every call.
"""

from __future__ import annotations

import functools
import inspect
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar, overload

from codex_kernel.errors import BadArgument, CodexError, ToolRefused
from codex_kernel.tools import values
from codex_kernel.tools.names import type_name
from codex_kernel.tools.tool import Answer, Caller, Content, Leave, Schema, Text, Tool, cut

F = TypeVar("F", bound=Callable[..., Any])

CALL_SECONDS = 600.0
_NAME = re.compile(r"(?!python_|notebook_)[A-Za-z_][A-Za-z0-9_]{0,47}")
JSON_CHARS = 20_000


class Runner(Protocol):
    """Runs a function where the user's objects live."""

    async def call(
        self, function: Callable[[], Any], seconds: float, turn_id: str | None
    ) -> tuple[Any, list[Content]]:
        """Its value, and what it showed meanwhile; raises what it raises."""
        ...


class Registered:
    """A function as a tool."""

    def __init__(self, function: Callable[..., Any], name: str, description: str, ask: bool):
        """Raises `BadArgument` for what has no schema."""
        if inspect.iscoroutinefunction(function):
            raise BadArgument(f"{name} is a coroutine function; a tool is a plain one.")
        self.function = function
        self.name = name
        self.description = description
        self.asks = ask
        self._check, self.schema = _checker(function, name)

    def tool(self, runner: Runner) -> Tool:
        """The tool that calls it by this runner."""

        async def call(arguments: dict[str, Any], caller: Caller) -> Answer:
            bound = self._bind(arguments)
            if self.asks:
                why = "A function of yours, registered with ask=True."
                leave = Leave(f"tool {self.name}", self.name, why, arguments=arguments)
                await caller.ask_leave(leave)
            try:
                value, shown = await runner.call(bound, CALL_SECONDS, caller.turn_id)
            except CodexError:
                raise
            except Exception as failure:  # of the user's function: Codex can react to it
                kind = type_name(type(failure))
                raise ToolRefused(f"{self.name} raised {kind}: {failure}") from failure
            return Answer((*answer_of(value), *shown))

        return _Given(self.name, self.description, self.schema, call)

    def _bind(self, arguments: dict[str, Any]) -> Callable[[], Any]:
        from pydantic import ValidationError

        try:
            checked = self._check(arguments)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False, include_context=False)[0]
            where = ".".join(map(str, first["loc"])) or "arguments"
            raise ToolRefused(f"{self.name}: `{where}`: {first['msg']}.") from None
        return functools.partial(self.function, **checked)


class _Given(Tool):
    """A tool whose arguments pydantic checks."""

    def checked(self, arguments: dict[str, Any]) -> dict[str, Any]:
        return arguments


_registered: dict[str, Registered] = {}
_listeners: list[Callable[[], None]] = []


@overload
def tool(function: F, /) -> F: ...
@overload
def tool(*, name: str | None = ..., ask: bool = ...) -> Callable[[F], F]: ...
def tool(function: Any = None, /, *, name: str | None = None, ask: bool = False) -> Any:
    """Let Codex call a function; its docstring and type hints are what Codex is told.

    A session that has begun learns of it with its next prompt, once its commands in the background
    have ended.

    name: what Codex calls it by, instead of the function's own name
    ask:  have the user asked for every call

    Registered again under the same name, the newer one counts. Raises `BadArgument`.
    """

    def register(function: F) -> F:
        called = name or function.__name__
        if not _NAME.fullmatch(called):
            raise BadArgument(
                f"A tool cannot be called {called!r}.",
                next_step="Letters, digits and _, and not beginning with python_ or notebook_.",
            )
        described = inspect.getdoc(function) or f"The user's function {called}."
        _registered[called] = Registered(function, called, described, ask)
        for listener in _listeners:
            listener()
        return function

    return register if function is None else register(function)


def forget(name: str) -> bool:
    """Take a function back; whether there was one of that name."""
    known = _registered.pop(name, None) is not None
    for listener in _listeners:
        listener()
    return known


@contextmanager
def listening(listener: Callable[[], None]) -> Iterator[None]:
    """While the block lasts, call this on whatever thread registers a function or takes it back."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)


def registered() -> list[Registered]:
    """The functions of the moment."""
    return list(_registered.values())


def answer_of(value: Any) -> list[Text]:
    """A value as text: itself, JSON, or what can be told without its `__repr__`."""
    if value is None:
        return []
    if type(value) is str:
        return [Text(value)]
    try:
        return [Text(cut(_json(value), JSON_CHARS))]
    except Exception:  # whatever pydantic or the value's own code raises: it is no JSON
        shown = values.head(value)
        kind = f"{type_name(type(value))} {values.shape(value)}".rstrip()
        return [Text(f"{kind}\n{shown}" if shown else kind)]


def _json(value: Any) -> str:
    from pydantic_core import to_jsonable_python

    return json.dumps(to_jsonable_python(value), ensure_ascii=False)


def _checker(
    function: Callable[..., Any], name: str
) -> tuple[Callable[[dict[str, Any]], dict[str, Any]], Schema]:
    from pydantic import ConfigDict, PydanticUserError, create_model
    from pydantic.errors import PydanticSchemaGenerationError

    try:
        fields = dict(_fields(function))
        model = create_model(name, __config__=ConfigDict(extra="forbid"), **fields)
        schema = model.model_json_schema()
    except (PydanticUserError, PydanticSchemaGenerationError, NameError, TypeError) as error:
        raise BadArgument(
            f"{name} cannot be a tool: {str(error).splitlines()[0]}",
            next_step="Give every parameter a type that JSON can hold.",
        ) from error

    def check(arguments: dict[str, Any]) -> dict[str, Any]:
        found = model.model_validate(arguments)
        return {key: getattr(found, key) for key in fields}

    return check, {"properties": {}, **schema}


def _fields(function: Callable[..., Any]) -> Any:
    hints = inspect.get_annotations(function, eval_str=True)
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            raise TypeError(f"the parameter {parameter.name} has no name to be called by")
        default = ... if parameter.default is parameter.empty else parameter.default
        yield parameter.name, (hints.get(parameter.name, Any), default)
