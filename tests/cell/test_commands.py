"""How commands are found and their arguments read, without a session."""

from __future__ import annotations

import re

import pytest

from codex_kernel.cell.command import Argument, Command, Context, Value
from codex_kernel.cell.commands import BY_NAME, COMMANDS, describe, overview, prepare
from codex_kernel.cell.output import Output, prose, table
from codex_kernel.cell.text import COMMAND, parse
from codex_kernel.errors import BadArgument, UnknownCommand


@pytest.mark.parametrize(
    ("text", "closest"), [("/modle", "`/model`"), ("%statsu", "`%status`"), ("/xyzzy", "`/help`")]
)
def test_an_unknown_command_names_the_closest_and_the_backslash(text: str, closest: str) -> None:
    with pytest.raises(UnknownCommand) as unknown:
        prepare(parse(text))
    assert closest in str(unknown.value)
    assert "backslash" in str(unknown.value)


def test_words_are_split_as_a_shell_does() -> None:
    assert BY_NAME["model"].read(' "gpt 5"  high') == {"model": "gpt 5", "effort": "high"}
    with pytest.raises(BadArgument, match="quotes"):
        BY_NAME["model"].read('"gpt')


def test_the_rest_of_a_line_is_taken_as_it_stands() -> None:
    assert BY_NAME["name"].read("It's  mine") == {"title": "It's  mine"}


@pytest.mark.parametrize("text", ["/new now", "/model a b c", "/status x"])
def test_too_many_arguments_are_refused(text: str) -> None:
    with pytest.raises(BadArgument, match="does not take"):
        prepare(parse(text))


def test_a_last_command_that_takes_a_prompt_gets_the_text_below() -> None:
    cell = prepare(parse("/new\n/plan first\nsecond"))
    assert [line.rest for line in cell.commands] == ["", "first\nsecond"]
    assert cell.prompt == ""
    cell = prepare(parse("/plan first\n/new\nsecond"))
    assert (cell.commands[0].rest, cell.prompt) == ("first", "second")


def test_a_cell_without_commands_is_left_as_it_is() -> None:
    for text in ("hello", "!ls", ""):
        assert prepare(parse(text)) == parse(text)


def test_every_command_can_be_typed_and_is_in_the_help() -> None:
    shown = overview()
    names = [name for command in COMMANDS for name in (command.name, *command.aliases)]
    assert len(names) == len(set(names)) == len(BY_NAME)
    for command in COMMANDS:
        assert COMMAND.fullmatch(f"/{command.name}")
        assert (command.usage in shown.text) is not command.is_for_python
        assert f"%codex {command.usage}" in overview("%codex ").text
        assert command.summary in describe(command).text
        optional = [argument.is_optional for argument in command.arguments]
        assert optional == sorted(optional), "what is needed comes first"
        assert not any(each.takes_rest for each in command.arguments[:-1])


async def test_values_that_are_looked_up_are_checked_before_the_command_runs() -> None:
    ran: list[str] = []

    async def values(_session: object, _arguments: object) -> list[Value]:
        return [Value("apple"), Value("pear")]

    async def run(_context: Context, arguments: object) -> Output:
        ran.append(str(arguments))
        return prose("ok")

    command = Command("eat", "Eat", run, (Argument("fruit", "a fruit", values),))
    context = Context(None, lambda _bundle: None)  # pyright: ignore[reportArgumentType]
    with pytest.raises(BadArgument, match="Did you mean `apple`"):
        await command.perform(context, command.read("aple"))
    await command.perform(context, command.read("pear"))
    assert ran == ["{'fruit': 'pear'}"]


def test_outputs_escape_what_they_show_and_spell_out_what_hides() -> None:
    hostile = "<script>alert(1)</script>\u202e\x1b[31m"
    for shown in (prose(hostile), table((hostile,), [(hostile,)]), describe(BY_NAME["help"])):
        assert "<script" not in shown.html
        assert not re.search("[\u202e\x1b]", shown.text + shown.html)


def test_a_table_keeps_its_columns_and_marks_a_row() -> None:
    shown = table(("A", "B"), [("x", "1"), ("longer", "2\n3")], marked=1)
    assert shown.text.splitlines() == ["  A       B", "  x       1", "→ longer  2 3"]
    assert shown.html.count("<strong>") == 2
