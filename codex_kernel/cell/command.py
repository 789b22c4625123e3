"""What a command is: a name, typed arguments, and a function that runs it.

Owns how arguments are read and what a wrong one is told. Refuses to know which commands there
are (`commands`) and what they do.
"""

from __future__ import annotations

import shlex
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, NamedTuple

from codex_kernel.cell.ask import ReadLine
from codex_kernel.cell.output import Output
from codex_kernel.engine.asks import Ask
from codex_kernel.engine.session import Session
from codex_kernel.errors import BadArgument, SessionNotFound
from codex_kernel.ids import SessionId

Arguments = Mapping[str, str]
"""The given arguments by name."""


class Value(NamedTuple):
    """One of the values that an argument takes."""

    text: str
    summary: str = ""


Preview = Callable[[str], str]
"""The text of a kind of context ("cells", "vars") as it would go out now."""


@dataclass(frozen=True)
class Context:
    """What a command works with."""

    session: Session
    say: Callable[[dict[str, Any]], None]
    """Shows a MIME bundle at once."""
    read_line: ReadLine | None = None
    """None when nobody can be asked."""
    preview: Preview | None = None
    """What a Python notebook could send with a prompt; None where there is nothing."""

    async def ask(self, prompt: str, *, is_password: bool) -> str | None:
        """A line that the user types; None when nobody can be asked."""
        return None if self.read_line is None else await self.read_line(prompt, is_password)


@dataclass(frozen=True)
class TurnRequest:
    """A turn that the cell asks for: what the record shows, and what Codex is asked."""

    prompt: str
    ask: Ask


Result = Output | TurnRequest
Values = Callable[[Session, Arguments], Awaitable[Sequence[Value]]]


@dataclass(frozen=True)
class Argument:
    """An argument. With `values` it takes those only, unless it `is_open` to others too."""

    name: str
    summary: str
    values: Sequence[Value] | Values = ()
    is_optional: bool = True
    is_open: bool = False
    takes_rest: bool = False
    """The rest of the line as it stands, blanks and quotes included."""
    asks_codex: bool = False
    """The values are Codex's to tell: a completion does without them when it does not run."""
    is_path: bool = False
    """A folder; completed as one."""


@dataclass(frozen=True)
class Command:
    """A command of a cell."""

    name: str
    summary: str
    run: Callable[[Context, Arguments], Awaitable[Result]]
    arguments: tuple[Argument, ...] = ()
    aliases: tuple[str, ...] = ()
    details: str = ""
    inspect: Callable[[str], None] | None = None
    """Looks at the rest of the line before anything else does; may raise."""
    is_for_python: bool = False
    """Means something in a Python notebook only."""
    takes_prompt: bool = False
    """As the last command of a cell, it takes the text below it as its last argument."""

    @property
    def usage(self) -> str:
        """How the command is written."""
        return " ".join((f"/{self.name}", *map(_placeholder, self.arguments)))

    def read(self, rest: str) -> dict[str, str]:
        """The arguments in the rest of a command line; raises `BadArgument`."""
        if self.inspect is not None:
            self.inspect(rest)
        words = self._words(rest)
        if len(words) > len(self.arguments):
            extra = words[len(self.arguments)]
            raise BadArgument(f"`/{self.name}` does not take {extra!r}.", next_step=_see(self))
        given = {each.name: word for each, word in zip(self.arguments, words, strict=False)}
        for argument in self.arguments:
            if not argument.is_optional and not given.get(argument.name):
                raise BadArgument(
                    f"`/{self.name}` needs {argument.summary}.", next_step=f"Write `{self.usage}`."
                )
            if not callable(argument.values) and argument.name in given:
                check(self, argument, given[argument.name], argument.values)
        return given

    def _words(self, rest: str) -> list[str]:
        """Words as a shell has them, or the rest as it stands for an argument that takes it."""
        if self.arguments and self.arguments[-1].takes_rest:
            return rest.split(maxsplit=len(self.arguments) - 1) if rest else []
        try:
            return shlex.split(rest)
        except ValueError as problem:
            raise BadArgument(
                f"The quotes of `/{self.name}` do not match: {problem}.", next_step=_see(self)
            ) from None

    async def perform(self, context: Context, arguments: Arguments) -> Result:
        """Run with arguments from `read`, those that must be looked up checked first."""
        for argument in self.arguments:
            if callable(argument.values) and argument.name in arguments and not argument.is_open:
                values = await argument.values(context.session, arguments)
                check(self, argument, arguments[argument.name], values)
        return await self.run(context, arguments)


def check(command: Command, argument: Argument, given: str, values: Sequence[Value]) -> None:
    """Raise `BadArgument`, with the closest value, when an argument does not take this one."""
    known = [value.text for value in values]
    if not known or argument.is_open or given in known:
        return
    raise BadArgument(
        f"`/{command.name}` does not take {given!r} as {argument.name}.",
        next_step=suggestion(given, known),
    )


def suggestion(given: str, known: Sequence[str]) -> str:
    """The sentence that names the closest of the known words, or all of them."""
    close = get_close_matches(given, known, n=1)
    listed = ", ".join(f"`{word}`" for word in known)
    return f"Did you mean `{close[0]}`? There are {listed}." if close else f"There are {listed}."


async def known_session(session: Session) -> SessionId:
    """The id of the session, taken up when the notebook has one, with an app-server running.

    Raises `SessionNotFound` when there is none yet.
    """
    await session.attach()
    if session.id is None:
        raise SessionNotFound("There is no session yet.", next_step="Run a prompt first.")
    await session.connect()
    return session.id


def _placeholder(argument: Argument) -> str:
    name = argument.name.upper()
    return f"[{name}]" if argument.is_optional else name


def _see(command: Command) -> str:
    return f"Write `{command.usage}`; `/help {command.name}` says more."
