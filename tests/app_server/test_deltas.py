"""Runs of deltas become one delta each, and nothing else changes."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from codex_kernel.app_server.deltas import joined
from codex_kernel.app_server.translate import translate

from .replay import RECORDINGS, messages


def delta(text: Any, item: str = "m", method: str = "item/agentMessage/delta", **more: Any) -> Any:
    params = {"threadId": "1", "turnId": "t", "itemId": item, "delta": text, **more}
    return {"method": method, "params": params}


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda path: path.stem)
def test_a_recorded_stream_says_the_same(recording: Path) -> None:
    incoming = [m for way, m in messages(recording) if way == "in" and "method" in m]
    batch = joined(deepcopy(incoming))
    assert translate(batch) == translate(incoming)
    assert len(joined(deepcopy(batch))) == len(batch)


def test_a_run_is_its_first_delta_with_all_of_the_text() -> None:
    first = {**delta("a"), "emittedAtMs": 1}
    [run] = joined([first, {**delta("b"), "emittedAtMs": 2}, {**delta("c"), "emittedAtMs": 3}])
    assert run == {**delta("abc"), "emittedAtMs": 1}


@pytest.mark.parametrize(
    "between",
    [
        delta("x", item="another"),
        delta("x", method="item/plan/delta"),
        delta("x", summaryIndex=1),
        delta(None),
        {"method": "item/completed", "params": {"item": {"id": "m"}}},
        {"method": "item/agentMessage/delta"},
    ],
)
def test_nothing_is_joined_across_another_message(between: Any) -> None:
    batch = [delta("a"), delta("b"), between, delta("c"), delta("d")]
    assert joined(deepcopy(batch)) == [delta("ab"), between, delta("cd")]


def test_without_deltas_nothing_changes() -> None:
    assert joined([]) == []
    request = {"method": "item/tool/call", "id": 0, "params": {"delta": "x"}}
    assert joined([deepcopy(request), deepcopy(request)]) == [request, request]
