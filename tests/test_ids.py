"""Names and paths: one function derives each, and what a client names never leads elsewhere."""

from __future__ import annotations

import time
import uuid
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_kernel.ids import api_path, new_turn_id, notebook_from_api_path, stored_path


def test_turn_ids_are_in_the_order_in_which_they_were_made() -> None:
    made = [new_turn_id() for _ in range(10_000)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)


def test_a_turn_id_is_a_uuid_of_the_moment() -> None:
    value = uuid.UUID(new_turn_id())
    assert (value.version, value.variant) == (7, uuid.RFC_4122)
    assert abs((value.int >> 80) - time.time() * 1000) < 10_000


@pytest.mark.parametrize(
    "path", ["a.ipynb", "/a.ipynb", "RTC:a.ipynb", "/RTC:a.ipynb", "b/../a.ipynb", "//a.ipynb"]
)
def test_every_way_to_name_a_notebook_gives_one_stored_path(tmp_path: Path, path: str) -> None:
    notebook = notebook_from_api_path(tmp_path, path)
    assert notebook == stored_path(tmp_path / "a.ipynb")
    assert api_path(tmp_path, notebook) == "a.ipynb"


@pytest.mark.parametrize("name", ["C:x.ipynb", "what: a day.ipynb", "sums: 3.ipynb", "ä b.ipynb"])
def test_what_only_looks_like_a_drive_is_part_of_the_name(tmp_path: Path, name: str) -> None:
    assert notebook_from_api_path(tmp_path, name) == stored_path(tmp_path / name)


@pytest.mark.parametrize("path", ["Lecture:1.ipynb", "/Lecture:1.ipynb", "Week:2/a.ipynb"])
def test_what_is_there_under_the_whole_name_is_on_no_drive(tmp_path: Path, path: str) -> None:
    file = tmp_path / path.lstrip("/")
    assert notebook_from_api_path(tmp_path, path) != stored_path(file)
    file.parent.mkdir(exist_ok=True)
    file.touch()
    assert notebook_from_api_path(tmp_path, path) == stored_path(file)
    assert api_path(tmp_path, stored_path(file)) == path.lstrip("/")


def test_links_are_followed_as_the_kernel_follows_them(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "root").symlink_to(tmp_path / "real")
    notebook = notebook_from_api_path(tmp_path / "root", "a.ipynb")
    assert notebook == str(tmp_path / "real" / "a.ipynb")
    assert api_path(tmp_path / "root", notebook) == "a.ipynb"


def test_a_notebook_elsewhere_has_no_api_path(tmp_path: Path) -> None:
    assert api_path(tmp_path, stored_path(tmp_path.parent / "a.ipynb")) is None


def test_a_name_that_begins_with_two_dots_is_inside(tmp_path: Path) -> None:
    assert api_path(tmp_path, stored_path(tmp_path / "..data" / "a.ipynb")) == "..data/a.ipynb"


def test_a_nul_is_no_path(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="NUL"):
        notebook_from_api_path(tmp_path, "a\0.ipynb")


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_no_path_of_a_client_leads_out_of_the_root(path: str) -> None:
    notebook = notebook_from_api_path("/no-such-root/of-tests", path)
    assert notebook == "/no-such-root/of-tests" or notebook.startswith("/no-such-root/of-tests/")
