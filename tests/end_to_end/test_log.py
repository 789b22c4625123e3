"""A turn log that cannot be written: the turn runs all the same, and says so in one line."""

from __future__ import annotations

import os
import resource
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import psutil
import pytest

from .place import Kernel, Place, Result, kernel_in, wait_until
from .record import end_of, item_text, turns
from .script import cell, say

pytestmark = pytest.mark.usefixtures("model")


def warnings(result: Result) -> list[str]:
    return [w["message"] for w in result.items("warning")]


def assert_ran(result: Result, text: str) -> None:
    assert result.status == "ok"
    assert result.data["text/plain"] == text
    assert result.bundle["state"] == "completed"


@contextmanager
def locked(place: Place) -> Iterator[None]:
    """Another process that holds the write lock."""
    with closing(sqlite3.connect(place.data / "turns.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")


def test_a_locked_log_does_not_stop_a_turn_and_gets_it_later(kernel: Kernel, place: Place):
    assert_ran(kernel.run(cell(say("Before."))), "Before.")
    with locked(place):
        result = kernel.run(cell(["run", "echo 1"], say("During.")))
        assert_ran(result, "During.")
        [told] = warnings(result)
        assert "did not take" in told
        assert "recorded as soon as" in told
        assert len(turns(place)) == 1
        assert "not" in kernel.run("/status").data["text/plain"]
    turn_id = result.bundle["turn_id"]
    wait_until(lambda: [r["state"] for r in turns(place)] == ["completed", "completed"])
    assert end_of(place, turn_id)["state"] == "completed"
    assert item_text(place, turn_id) == "During."


def test_a_full_disk_does_not_stop_a_turn(kernel: Kernel, place: Place):
    assert_ran(kernel.run(cell(say("Before."))), "Before.")
    process = psutil.Process(kernel.pid)
    unlimited = process.rlimit(resource.RLIMIT_FSIZE)
    process.rlimit(resource.RLIMIT_FSIZE, (1, unlimited[1]))
    result = kernel.run(cell(["words", 2000]))
    assert result.status == "ok"
    assert "full" in str(warnings(result)) or "disk" in str(warnings(result))
    [said] = result.items("message")
    assert said["text"].startswith("word0 word1 ")
    process.rlimit(resource.RLIMIT_FSIZE, unlimited)
    wait_until(lambda: [r["state"] for r in turns(place)] == ["completed", "completed"])
    words = "".join(f"word{number} " for number in range(2000))
    assert item_text(place, result.bundle["turn_id"]) == words


def too_new(place: Place) -> None:
    place.data.mkdir(mode=0o700)
    with closing(sqlite3.connect(place.data / "turns.sqlite")) as log, log:
        log.execute("CREATE TABLE migrations (name TEXT)")
        log.execute("PRAGMA user_version = 1000")


def corrupt(place: Place) -> None:
    place.data.mkdir(mode=0o700)
    (place.data / "turns.sqlite").write_bytes(os.urandom(8192))


def no_folder(place: Place) -> None:
    place.data.write_text("A file stands where the folder should be.")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (too_new, "version 1000"),
        (corrupt, "damaged"),
        (no_folder, "cannot be written"),
    ],
)
def test_a_log_that_cannot_be_opened_does_not_stop_a_turn_and_is_told_once(
    place: Place, spoil: Callable[[Place], None], words: str
):
    spoil(place)
    before = (place.data / "turns.sqlite").read_bytes() if place.data.is_dir() else b""
    with kernel_in(place) as kernel:
        first = kernel.run(cell(say("All the same.")))
        assert_ran(first, "All the same.")
        [told] = warnings(first)
        assert words in told
        assert "recorded" in told
        second = kernel.run(cell(say("And again.")))
        assert_ran(second, "And again.")
        assert warnings(second) == []
        assert words in kernel.run("/status").data["text/plain"]
    if before:
        assert (place.data / "turns.sqlite").read_bytes() == before
