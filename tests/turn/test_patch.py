"""What a file was before a patch, seen before and after it was applied."""

from __future__ import annotations

import difflib

from hypothesis import given
from hypothesis import strategies as st

from codex_kernel.turn.patch import before

lines = st.lists(st.sampled_from(["a", "b", "c", "", "  d"]), max_size=12)


def update(old: list[str], new: list[str]) -> dict:
    hunks = list(difflib.unified_diff(old, new, lineterm="", n=3))[2:]
    return {"path": "f", "kind": "update", "move_path": None, "diff": "\n".join(hunks) + "\n"}


def text(file: list[str]) -> bytes:
    return "\n".join([*file, ""]).encode()


@given(lines, lines)
def test_an_applied_patch_is_taken_back(old, new):
    if old != new:
        assert before(update(old, new), text(new)) == text(old)


def test_a_patch_that_is_not_applied_yet_changes_nothing():
    old, new = ["one", "two", "three"], ["one", "TWO", "three"]
    assert before(update(old, new), text(old)) == text(old)


def test_an_added_file_did_not_exist():
    change = {"path": "f", "kind": "add", "move_path": None, "diff": "@@ -0,0 +1 @@\n+x\n"}
    assert before(change, b"x\n") is None


def test_a_deleted_file_is_known_from_the_patch():
    change = {"path": "f", "kind": "delete", "move_path": None, "diff": "@@ -1,2 +0,0 @@\n-x\n-y\n"}
    assert before(change, None) == b"x\ny\n"


def test_a_file_that_fits_neither_way_is_kept_as_it_is():
    assert before(update(["one"], ["two"]), b"something else\n") == b"something else\n"


def test_bytes_that_are_no_text_are_kept_as_they_are():
    assert before(update(["one"], ["two"]), b"\xff\xfe") == b"\xff\xfe"
