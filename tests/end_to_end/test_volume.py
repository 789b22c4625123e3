"""Much of everything: nothing of what Codex gave is lost, and the notebook stays small."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from typing import Any

import pytest

from codex_kernel.scripted_model import ScriptedModel

from .place import Kernel, Place, Result, kernel_in, new_place, scripted
from .record import item_text, items
from .script import cell, say

pytestmark = pytest.mark.timeout(240)

WORDS = 100_000
MILLION = 1_000_000


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    with new_place() as place:
        yield place


@pytest.fixture(scope="module")
def model(place: Place) -> Iterator[ScriptedModel]:
    with scripted(place) as model:
        yield model


@pytest.fixture(scope="module")
def kernel(place: Place, model: ScriptedModel) -> Iterator[Kernel]:
    with kernel_in(place) as kernel:
        yield kernel


def run_live(kernel: Kernel, code: str) -> Result:
    result = kernel.run(code, allow_stdin=True, cell_id="a-cell")
    assert result.status == "ok"
    assert result.bundle["state"] == "completed"
    return result


def size(content: Any) -> int:
    return len(json.dumps(content))


def displays(result: Result) -> list[dict[str, Any]]:
    kinds = ("display_data", "update_display_data", "stream")
    return [message for message in result.messages if message["msg_type"] in kinds]


def assert_gentle(result: Result, text_bytes: int) -> None:
    """At most 20 messages in any second, and bytes in proportion to the text."""
    at: list[datetime] = [message["header"]["date"] for message in displays(result)]
    for first, later in zip(at, at[22:], strict=False):
        assert (later - first).total_seconds() >= 1, "too many messages a second"
    sent = sum(size(message["content"]) for message in displays(result))
    assert sent <= 7 * text_bytes + 300_000


def assert_bounded(result: Result) -> None:
    """What stays in the notebook."""
    assert size(result.data) < 1.5 * MILLION
    assert len(result.data["text/plain"]) <= 4 * 1024


def test_fifty_megabytes_of_output_stay_out_of_the_notebook(kernel: Kernel, place: Place):
    command = "yes 0123456789abcdefghijklmnopqrstuvwxyz | head -c 50000000"
    result = run_live(kernel, cell(["run", command, {"yield_time_ms": 30_000}], say("Much.")))
    [shown] = result.items("command")
    assert shown["exit_code"] == 0
    assert len(shown["output"]) <= 17 * 1024
    assert_gentle(result, MILLION)
    assert size(result.data) < 100_000
    assert len(recorded(place, result, "command")["output"]) > MILLION


def recorded(place: Place, result: Result, kind: str) -> dict[str, Any]:
    """The one item of this kind, as the log has it."""
    found = [item for item in items(place, result.bundle["turn_id"]) if item["type"] == kind]
    [item] = found
    return item


def test_a_line_of_five_megabytes_is_cut_in_the_notebook(kernel: Kernel, place: Place):
    command = "head -c 5000000 /dev/zero | tr '\\\\0' x"
    result = run_live(kernel, cell(["run", command, {"yield_time_ms": 30_000}], say("Long.")))
    [shown] = result.items("command")
    assert len(shown["output"]) <= 17 * 1024
    assert_gentle(result, MILLION)
    assert len(recorded(place, result, "command")["output"]) > MILLION


def test_of_a_hundred_thousand_pieces_of_text_none_is_lost(kernel: Kernel, place: Place):
    result = run_live(kernel, cell(["words", WORDS]))
    text = "".join(f"word{number} " for number in range(WORDS))
    assert item_text(place, result.bundle["turn_id"]) == text
    assert_gentle(result, len(text))
    assert_bounded(result)


def test_text_of_five_megabytes_in_one_piece_is_kept_whole(kernel: Kernel, place: Place):
    result = run_live(kernel, cell(["text", 5 * MILLION]))
    text = item_text(place, result.bundle["turn_id"])
    assert len(text) == 5 * MILLION
    assert text.startswith("The quick brown fox")
    assert_gentle(result, len(text))
    assert_bounded(result)


def test_the_log_is_sound_after_all_this(kernel: Kernel, place: Place):
    assert kernel.run(cell(say("Light again."))).data["text/plain"] == "Light again."
    with closing(sqlite3.connect(place.data / "turns.sqlite")) as log:
        assert log.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
