"""Unified diffs: numbers, counts and files, whatever their lines look like."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from codex_kernel.render import diff

from .page import Page
from .turns import SHELL_DIFF, UPDATE


def test_lines_carry_the_numbers_before_and_after() -> None:
    shown = [(line.old, line.new, line.mark) for line in diff.lines(UPDATE)]
    assert shown == [
        (None, None, "@"),
        (1, 1, " "),
        (2, 2, " "),
        (3, None, "-"),
        (4, None, "-"),
        (None, 3, "+"),
        (None, 4, "+"),
        (None, 5, "+"),
    ]
    assert diff.count(UPDATE) == (3, 2)


def test_lines_that_look_like_headers_are_content_inside_a_hunk() -> None:
    hunks = "@@ -1,3 +1,3 @@\n--- a\n+++ b\n-diff --git a/x b/x\n+@@ -1 +1 @@\n \n"
    assert [(line.mark, line.text) for line in diff.lines(hunks)[1:]] == [
        ("-", "-- a"),
        ("+", "++ b"),
        ("-", "diff --git a/x b/x"),
        ("+", "@@ -1 +1 @@"),
        (" ", ""),
    ]


def test_only_newlines_end_a_line() -> None:
    hunks = "@@ -0,0 +1,2 @@\n+a\x0cb\u2028c\x85d\n+e\r\n"
    assert [line.text for line in diff.lines(hunks)[1:]] == ["a\x0cb\u2028c\x85d", "e"]


def test_a_missing_newline_at_the_end_is_a_note() -> None:
    hunks = "@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+b\n"
    assert [line.mark for line in diff.lines(hunks)] == ["@", "-", "…", "+"]


def test_files_of_a_whole_diff() -> None:
    unified = SHELL_DIFF + (
        "diff --git a/old name.py b/new name.py\nsimilarity index 90%\n"
        "rename from old name.py\nrename to new name.py\n"
        "--- a/old name.py\t\n+++ b/new name.py\t\n@@ -1 +1 @@\n-diff --git a/x b/x\n+y\n"
        "diff --git a/gone b/gone\ndeleted file mode 100644\n--- a/gone\n+++ /dev/null\n"
        "@@ -1 +0,0 @@\n-x\n"
        "diff --git a/pic.png b/pic.png\nnew file mode 100644\n"
        "Binary files /dev/null and b/pic.png differ\n"
        "diff --git a//home/ada/out.txt b//home/ada/out.txt\n--- a//home/ada/out.txt\n"
        "+++ b//home/ada/out.txt\n@@ -1 +1,2 @@\n x\n+y\n"
    )
    files = diff.file_changes_from_diff(unified)
    assert [(file.path, file.kind, file.move_path, file.added, file.removed) for file in files] == [
        ("shapes.py", "update", None, 3, 2),
        ("data.csv", "add", None, 2, 0),
        ("old name.py", "update", "new name.py", 1, 1),
        ("gone", "delete", None, 0, 1),
        ("pic.png", "add", None, 0, 0),
        ("/home/ada/out.txt", "update", None, 1, 0),
    ]
    assert "".join(file.text for file in files) == unified


def test_an_empty_diff_has_no_files() -> None:
    assert diff.file_changes_from_diff("") == []


def test_a_change_shows_by_sign_and_element_not_by_colour_alone() -> None:
    html = diff.to_html(diff.lines(UPDATE))
    assert html.count("<ins") == html.count("<del") == 1
    assert "-def area(r):" in Page(html).text
    assert "+def area(radius):" in Page(html).text


def test_hidden_characters_in_a_change_are_spelled_out() -> None:
    html = diff.to_html(diff.lines("@@ -0,0 +1 @@\n+if admin\u202e:\u200b\n"))
    assert "⟨U+202E⟩" in html
    assert "⟨U+200B⟩" in html


PIECES = [
    "diff --git a/x b/y", "--- a/x", "+++ /dev/null", "@@ -1,2 +1,3 @@", "@@ -0,0 +1 @@", "+a",
    "-b", " c", "", "\\ No newline", "rename to z", "Binary files differ", "<b>",
]  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=6), max_size=25).map("\n".join))
def test_any_text_is_read_and_every_added_line_is_counted(text: str) -> None:
    for file in diff.file_changes_from_diff(text):
        marks = [line.mark for line in file.lines]
        assert (marks.count("+"), marks.count("-")) == (file.added, file.removed)
        Page(diff.to_html(file.lines))
    Page(diff.to_html(diff.lines(text)))
