"""Parameters of papermill as a cell, and back."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_kernel.cell.text import parse
from codex_kernel.cell.variables import filled, read_value
from codex_kernel.papermill.parameters import CodexParameters


@given(text=st.text(st.characters(codec="utf-8", exclude_characters="\r")))
def test_every_text_comes_back_from_the_cell(text: str) -> None:
    cell = parse(CodexParameters.codify({"name": text}))
    assert cell.prompt == ""
    [line] = cell.commands
    name, _, value = line.rest.partition("=")
    assert (line.name, name) == ("set", "name")
    assert read_value(value.strip()) == text


@pytest.mark.parametrize(
    ("value", "line"),
    [
        (1, "1"),
        (1.5, "1.5"),
        (True, "true"),
        (None, ""),
        (["a", "b"], '["a", "b"]'),
        ({"a": None}, '{"a": null}'),
        ("a = b", "a = b"),
        ("", '""'),
    ],
)
def test_values_are_written_as_set_reads_them(value: Any, line: str) -> None:
    assert CodexParameters.codify({"x": value}) == f"/set x={line}\n"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("{a} {b} {c}", "1 {a} {c}"),
        ("{{a}} { a } {a.b} {a!r} ${a}", "{1} { a } {a.b} {a!r} $1"),
        ("no braces", "no braces"),
    ],
)
def test_names_are_replaced_once_and_only_those_that_were_set(text: str, shown: str) -> None:
    assert filled(text, {"a": "1", "b": "{a}"}) == shown


@pytest.mark.parametrize("first", ["papermill", "codex_kernel.papermill.parameters"])
def test_papermill_knows_the_language_whatever_is_imported_first(first: str) -> None:
    code = (
        f"import {first}, papermill.translators as t; "
        "print(t.papermill_translators.find_translator('other', 'codex').__name__)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "CodexParameters"
