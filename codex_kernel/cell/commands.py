"""The registry: all commands of a cell, their help, and how one is run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches

from codex_kernel.cell import (
    account_commands,
    session_commands,
    settings_commands,
    show_commands,
)
from codex_kernel.cell.command import (
    Argument,
    Arguments,
    Command,
    Context,
    TurnRequest,
    Value,
)
from codex_kernel.cell.output import Output, joined, pairs, prose, table
from codex_kernel.cell.text import Cell, CommandLine
from codex_kernel.engine.session import Session
from codex_kernel.errors import UnknownCommand

AS_IT_IS = "A backslash before the line sends it to Codex as it is."


def prepare(cell: Cell) -> Cell:
    """A cell whose command lines are all right, before the first of them runs.

    A last command that takes a prompt gets the text below it. Raises `UnknownCommand` and
    `BadArgument`.
    """
    if not cell.commands:
        return cell
    *first, last = cell.commands
    prompt = cell.prompt
    if prompt and find(last).takes_prompt:
        last, prompt = replace(last, rest=f"{last.rest}\n{prompt}".strip()), ""
    for line in (*first, last):
        find(line).read(line.rest)
    return replace(cell, commands=(*first, last), prompt=prompt)


async def run_command(line: CommandLine, context: Context) -> TurnRequest | None:
    """Run a command line: shows what it has to show, or returns the turn that it asks for.

    Raises `CellError` and what the command raises.
    """
    command = find(line)
    result = await command.perform(context, command.read(line.rest))
    if isinstance(result, TurnRequest):
        return result
    context.say(result.bundle())
    return None


def find(line: CommandLine) -> Command:
    """The command that a line names; raises `UnknownCommand` with the closest name."""
    command = BY_NAME.get(line.name)
    if command is None:
        mark = line.text[0]
        close = get_close_matches(line.name, list(BY_NAME), n=1)
        hint = f"Did you mean `{mark}{close[0]}`? " if close else "`/help` lists the commands. "
        raise UnknownCommand(f"There is no command `{mark}{line.name}`.", next_step=hint + AS_IT_IS)
    return command


async def _help(context: Context, arguments: Arguments) -> Output:
    name = arguments.get("command", "").lstrip("/%")
    prefix = context.session.command_prefix
    if not name:
        return overview(prefix)
    return describe(find(CommandLine(name, "", f"/{name}")), prefix)


_IN_A_CELL = (
    "Commands stand on the first lines of a cell; the rest is a prompt for Codex.\n"
    f"{AS_IT_IS}\n"
    "`!ls` as the only line of a cell runs a command in the sandbox. `@path` names a file or "
    "shows Codex an image. `/help model` says more about one command."
)
_IN_PYTHON = (
    "`%codex PROMPT` asks Codex, `%%codex` takes the whole cell below it as the prompt; commands "
    f"may stand on its first lines. {AS_IT_IS}\n"
    "`%codex !ls` runs a command in the sandbox. `@path` names a file or shows Codex an image. "
    "`%codex?` lists the options, `%codex /help model` says more about one command."
)


def commands_of(prefix: str) -> list[Command]:
    """The commands that mean something in a host where one writes `prefix` before them."""
    return [command for command in COMMANDS if prefix or not command.is_for_python]


def overview(prefix: str = "") -> Output:
    """All commands of a host, and what else a cell can hold."""
    rows = [(prefix + command.usage, command.summary) for command in commands_of(prefix)]
    notes = prose(_IN_PYTHON if prefix else _IN_A_CELL)
    return joined(table(("Command", ""), rows), notes)


def describe(command: Command, prefix: str = "") -> Output:
    """One command with its arguments and their values, as far as these are fixed."""
    lines = f"`{command.usage}`\n{command.summary}."
    if command.aliases:
        lines += f"\nAlso: {', '.join(f'`/{alias}`' for alias in command.aliases)}."
    if command.details:
        lines += f"\n{command.details}"
    lines = lines.replace("`/", f"`{prefix}/")
    rows: list[tuple[str, object]] = []
    for argument in command.arguments:
        rows.append((argument.name.upper(), argument.summary))
        if not callable(argument.values):
            rows += [(value.text, value.summary) for value in argument.values]
    return joined(prose(lines), pairs(rows))


async def _names(session: Session, _arguments: Arguments) -> Sequence[Value]:
    return [Value(each.name, each.summary) for each in commands_of(session.command_prefix)]


COMMANDS: tuple[Command, ...] = (
    Command(
        "help",
        "List the commands, or explain one",
        _help,
        (Argument("command", "the name of a command", _names, is_open=True),),
    ),
    *show_commands.COMMANDS,
    *settings_commands.COMMANDS,
    *session_commands.COMMANDS,
    *account_commands.COMMANDS,
)
BY_NAME: dict[str, Command] = {
    name: command for command in COMMANDS for name in (command.name, *command.aliases)
}

__all__ = [
    "BY_NAME",
    "COMMANDS",
    "Context",
    "TurnRequest",
    "commands_of",
    "describe",
    "find",
    "overview",
    "prepare",
    "run_command",
]
