"""What of a cell is a command, what a prompt, what a mention."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_kernel.cell.text import COMMAND, Cell, find_mentions, is_escaped, mentions, parse


def names(text: str) -> list[tuple[str, str]]:
    return [(line.name, line.rest) for line in parse(text).commands]


@pytest.mark.parametrize(
    "text",
    [
        "/data/x.csv is broken",
        "/Model gpt",
        "% of users left",
        "%",
        "/",
        "10% more",
        "/model2 is a name",
        "/model: why?",
        " /model gpt",
        "! not a command",
        "Explain\n/model gpt",
    ],
)
def test_what_only_looks_like_a_command_is_a_prompt(text: str) -> None:
    assert parse(text) == Cell(prompt=text)


def test_leading_lines_are_commands_and_the_rest_is_the_prompt() -> None:
    cell = parse("\n/model  gpt-5.5 high \n\n%sandbox\tread-only\n\n  indented\n/new is quoted\n\n")
    assert [(line.name, line.rest) for line in cell.commands] == [
        ("model", "gpt-5.5 high"),
        ("sandbox", "read-only"),
    ]
    assert cell.prompt == "  indented\n/new is quoted"
    assert cell.commands[1].text == "%sandbox\tread-only"


def test_windows_line_ends_are_line_ends() -> None:
    assert parse("/new\r\nhello\r\nworld\r\n") == parse("/new\nhello\nworld\n")
    assert names("/new\r\n") == [("new", "")]


@pytest.mark.parametrize(
    ("text", "prompt"),
    [
        ("\\/model is a word", "/model is a word"),
        ("\\%timeit is slow", "%timeit is slow"),
        ("\\!ls", "!ls"),
        ("\\\\/model", "\\/model"),
        ("/new\n\\/model", "/model"),
        ("\\alpha and \\beta", "\\alpha and \\beta"),
        ("\\", "\\"),
    ],
)
def test_a_backslash_sends_the_line_as_it_is(text: str, prompt: str) -> None:
    assert parse(text).prompt == prompt


@pytest.mark.parametrize(
    ("text", "shell"), [("!ls -l", "ls -l"), ("\n!ls\n\n", "ls"), ("!!x", "!x")]
)
def test_one_line_with_an_exclamation_mark_is_a_shell_command(text: str, shell: str) -> None:
    assert parse(text) == Cell(shell=shell)


@pytest.mark.parametrize("text", ["!ls\npwd", "! ls", "/new\n!ls", "Wow\n!ls"])
def test_anything_more_is_no_shell_command(text: str) -> None:
    assert parse(text).shell is None


@pytest.mark.parametrize("text", ["", "   \n\t\n", "\r\n\r\n"])
def test_a_blank_cell_asks_for_nothing(text: str) -> None:
    assert parse(text) == Cell()


@given(st.text())
def test_every_text_parses_and_nothing_of_a_prompt_is_lost(text: str) -> None:
    cell = parse(text)
    if not cell.commands and cell.shell is None and not is_escaped(text.lstrip()):
        lines = text.replace("\r\n", "\n").rstrip().split("\n")
        while lines and not lines[0].strip():
            lines.pop(0)
        assert cell.prompt == "\n".join(lines) or is_escaped(lines[0])


@given(st.from_regex(COMMAND, fullmatch=True), st.text("ab \"'\\", max_size=9))
def test_a_backslash_makes_a_prompt_of_any_command(name: str, rest: str) -> None:
    line = f"{name} {rest}".rstrip()
    assert [each.text for each in parse(line).commands] == [line]
    assert parse(f"\\{line}") == Cell(prompt=line)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("plot.png", "a b.JPG", "notes.md", "sub/deep.webp", "x.gif"):
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(b"x")
    return tmp_path


def images(prompt: str, folder: Path) -> list[str]:
    text, found = mentions(prompt, str(folder))
    assert text == prompt
    return [os.path.relpath(path, folder) for path in found]


@pytest.mark.parametrize(
    ("prompt", "found"),
    [
        ("See @plot.png.", ["plot.png"]),
        ("(@plot.png, @sub/deep.webp)", ["plot.png", "sub/deep.webp"]),
        ('Compare @"a b.JPG" and @plot.png and @plot.png', ["a b.JPG", "plot.png"]),
        ("@'a b.JPG'", ["a b.JPG"]),
        ("Read @notes.md and @missing.png", []),
        ("mail ada@plot.png", []),
        ("`@plot.png`", []),
        ("```\n@plot.png\n```\n@x.gif", ["x.gif"]),
        ("```python\n@plot.png", []),
        ("@../{name}/x.gif", ["x.gif"]),
        ("{folder}/x.gif @{folder}/x.gif", ["x.gif"]),
        ("@sub", []),
        ("@", []),
        ("@\x00.png", []),
    ],
)
def test_mentioned_images_are_those_that_exist(folder: Path, prompt: str, found: list[str]) -> None:
    prompt = prompt.replace("{name}", folder.name).replace("{folder}", str(folder))
    assert images(prompt, folder) == found


def test_only_regular_files_are_images(folder: Path) -> None:
    os.mkfifo(folder / "pipe.png")
    (folder / "folder.png").mkdir()
    assert images("@pipe.png @folder.png", folder) == []


@given(st.text())
def test_mentions_are_where_they_say_they_are(text: str) -> None:
    for mention in find_mentions(text):
        assert text[mention.start] == "@"
        assert mention.path in text[mention.start : mention.end]
