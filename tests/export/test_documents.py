"""What of a notebook gets into a document, in which order, and how much of it."""

from __future__ import annotations

from typing import Any

import pytest
from markdown_it import MarkdownIt
from nbformat import v4

from codex_kernel.export.document import Cell, Prose, Turn
from codex_kernel.export.page import page
from codex_kernel.export.text import text

from ..render import turns
from . import notebooks
from .documents import document
from .pages import Document


def test_everything_of_a_session_is_in_the_page() -> None:
    shown = Document(page(document(notebooks.everything()))).text
    for expected in (
        "A study of circles", turns.SESSION, "gpt-5.5", "2026-01-02 03:04 UTC", "900,000",
        "Fix the area function", "✓ Completed", "✗ Failed", "■ Interrupted", "Looking around",
        "$ pytest --color=yes -q", "exit 1", "-def area(r):", "☑ Read the code", "314.159",
        "45.7k tokens", "Allowed for this session by ada", "/status", "Model  gpt-5.5",
        "You've hit your usage limit.", "Try again after 6:40 PM",
    ):  # fmt: skip
        assert expected in shown, expected
    assert "never" not in shown


def test_the_markdown_has_the_same_and_no_html() -> None:
    shown = text(document(notebooks.everything()))
    for expected in (
        "# A study of circles", "| 1 | Fix the area function | ✓ Completed |", "```diff",
        "-def area(r):", "$ pytest --color=yes -q", "*failed · exit 1 · 12 s*", "- [x] Read",
        "> ✻ *Looking around*", "| 10 | 314 | 314.159 |", "Model  gpt-5.5",
    ):  # fmt: skip
        assert expected in shown, expected
    assert html_of(shown) == []


def html_of(markdown: str) -> list[str]:
    """Every piece of raw HTML that a reader which allows it finds."""
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    tokens = [each for token in parser.parse(markdown) for each in (token, *(token.children or []))]
    return [token.content for token in tokens if token.type.startswith("html")]


def test_a_compact_turn_has_prompt_files_steps_and_answer() -> None:
    made = document(notebooks.notebook(notebooks.turn_cell(turns.everything())), variant="compact")
    shown = Document(page(made)).text
    for expected in (
        "Fix the area function", "Edited shapes.py +3 -2", "Created data.csv +2 -0", "5 commands",
        "Declined by ada: nobody asked for mail", "314.159", "The open notebook was changed",
    ):  # fmt: skip
        assert expected in shown, expected
    for left_out in ("--color=yes", "Looking around", "def area", "I look at the code first", "☑"):
        assert left_out not in shown, left_out


def test_reasoning_can_be_left_out() -> None:
    made = notebooks.everything()
    assert "Looking around" in page(document(made))
    assert "Looking around" not in page(document(made, reasoning=False))
    assert "Looking around" not in text(document(made, reasoning=False))


def test_command_lines_of_a_cell_stand_before_its_turn() -> None:
    cell = notebooks.turn_cell(turns.failed(), source="/model gpt-5.5\nDo it")
    cell.outputs.insert(0, notebooks.text_output("From the next turn on: model gpt-5.5."))
    first, second = document(notebooks.notebook(cell)).parts
    said = (("text", "From the next turn on: model gpt-5.5."),)
    assert first == Cell("/model gpt-5.5", said)
    assert isinstance(second, Turn)


def test_the_error_of_a_failed_turn_is_told_once_and_that_of_fail_on_stays() -> None:
    error = v4.new_output("error", ename="TurnFailed", evalue="You've hit it.", traceback=[])
    failed, refused = (notebooks.turn_cell(each) for each in (turns.failed(), turns.long_run()))
    failed.outputs.append(error)
    refused.outputs.append(v4.new_output("error", ename="TurnRefused", evalue="But.", traceback=[]))
    assert [type(part) for part in document(notebooks.notebook(failed)).parts] == [Turn]
    assert (
        Cell("", (("error", "TurnRefused: But."),)) in document(notebooks.notebook(refused)).parts
    )


def test_output_of_python_cells_is_text_and_images() -> None:
    figure = {"image/png": turns.png(), "text/plain": "<Figure>"}
    cell = v4.new_code_cell(
        "df.plot()",
        outputs=[
            v4.new_output("stream", text="hello\n"),
            v4.new_output("display_data", data=figure),
            v4.new_output("execute_result", data={"text/plain": "42"}, execution_count=1),
        ],
    )
    [part] = document(notebooks.notebook(cell)).parts
    assert isinstance(part, Cell)
    assert [kind for kind, _ in part.outputs] == ["text", "image", "text"]
    assert Document(page(document(notebooks.notebook(cell)))).images


@pytest.mark.parametrize(
    ("metadata", "first", "title"),
    [
        ({"title": "Named"}, "# Heading\n\nText", "Named"),
        ({}, "# Heading\n\nText", "Heading"),
        ({}, "Text", "notebook"),
    ],
)
def test_the_title_is_named_or_the_first_heading_or_the_file(
    metadata: dict[str, Any], first: str, title: str
) -> None:
    made = notebooks.notebook(v4.new_markdown_cell(first))
    made.metadata.update(metadata)
    found = document(made)
    assert found.title == title
    assert any(isinstance(part, Prose) and "Text" in part.markdown for part in found.parts)


def test_an_empty_notebook_is_a_document() -> None:
    made = document(notebooks.notebook())
    assert "notebook" in Document(page(made)).text
    assert text(made) == "# notebook\n"
