"""Turns as Codex keeps them, where there is no record."""

from __future__ import annotations

from typing import Any

import pytest

from codex_kernel.export.threads import _transcript


@pytest.mark.parametrize(
    ("times", "began", "ended"),
    [
        ({"startedAt": 1_800_000_000, "durationMs": 1500}, "00.000Z", "01.500Z"),
        ({"startedAt": 1_800_000_000, "completedAt": 1_800_000_002}, "00.000Z", "02.000Z"),
        ({"startedAt": 1_800_000_000}, "00.000Z", "00.000Z"),
        ({}, "05.000Z", "05.000Z"),
    ],
)
def test_a_turn_without_times_has_those_of_its_thread(
    times: dict[str, int], began: str, ended: str
) -> None:
    turn: dict[str, Any] = {"id": "t", "status": "completed", "items": [], "error": None, **times}
    transcript = _transcript(turn, {"id": "s", "updatedAt": 1_800_000_005})
    assert transcript["started_at"] == f"2027-01-15T08:00:{began}"
    assert transcript["finished_at"] == f"2027-01-15T08:00:{ended}"
