"""Options in front, and a prompt that is prose."""

from __future__ import annotations

from argparse import ArgumentParser

import pytest
from IPython.core.error import UsageError
from IPython.core.inputtransformer2 import TransformerManager

from codex_kernel.magic.extension import TRANSFORMERS
from codex_kernel.magic.line import split


@pytest.fixture
def parser() -> ArgumentParser:
    parser = ArgumentParser(add_help=False)
    parser.add_argument("-o", "--out")
    parser.add_argument("--new", action="store_true")
    parser.add_argument("--schema")
    return parser


@pytest.mark.parametrize(
    ("line", "words", "prompt"),
    [
        ("hello", [], "hello"),
        ('don\'t "quote"  me -o x', [], 'don\'t "quote"  me -o x'),
        ("--new -o x say 'hi'", ["--new", "-o", "x"], "say 'hi'"),
        ("--out=x hi", ["--out", "x"], "hi"),
        ("""--schema '{"type": "object"}' hi""", ["--schema", '{"type": "object"}'], "hi"),
        ("--new -- -o is an option", ["--new"], "-o is an option"),
        ("-- --new", [], "--new"),
        ("- a list", [], "- a list"),
        ("-5 is wrong", [], "-5 is wrong"),
        ("--new", ["--new"], ""),
        ("/model gpt-5.5", [], "/model gpt-5.5"),
        ("", [], ""),
    ],
)
def test_options_end_where_the_prompt_begins(
    parser: ArgumentParser, line: str, words: list[str], prompt: str
) -> None:
    assert split(line, parser) == (words, prompt)


@pytest.mark.parametrize(
    ("line", "hint"), [("--nwe hi", "--new"), ("-v hi", "`--`"), ("--new=1 hi", "no value")]
)
def test_an_option_that_is_none_is_an_error(parser: ArgumentParser, line: str, hint: str) -> None:
    with pytest.raises(UsageError, match=hint):
        split(line, parser)


def test_questions_go_to_codex_and_help_stays_help() -> None:
    manager = TransformerManager()
    manager.token_transformers.extend(TRANSFORMERS)

    def call(line: str) -> str:
        return manager.transform_cell(line).rstrip("\n")

    def asks(prompt: str) -> str:
        return f"get_ipython().run_line_magic('codex', {prompt!r})"

    assert call("%codex why?") == asks("why?")
    assert call("%codex don't you know?") == asks("don't you know?")
    assert call("x = %codex -o y is it so?") == f"x = {asks('-o y is it so?')}"
    assert call("if a:\n    %codex what is it?\n") == f"if a:\n    {asks('what is it?')}"
    assert call("%codex?") == "get_ipython().run_line_magic('pinfo', '%codex')"
    assert call("%codex??") == "get_ipython().run_line_magic('pinfo2', '%codex')"
    assert call("len?") == "get_ipython().run_line_magic('pinfo', 'len')"
    text = "text = '''\n%codex is it?\n'''"
    assert call(text) == text
