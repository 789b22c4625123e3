"""What a finished turn is for the cell that ran it."""

from __future__ import annotations

from typing import Any

import pytest

from codex_kernel.cell.run import failure_of
from codex_kernel.errors import TurnRefused
from codex_kernel.turn.transcript import Transcript


def completed(**more: Any) -> Transcript:
    transcript = Transcript()
    transcript.data |= {"state": "completed", **more}
    return transcript


@pytest.mark.parametrize(
    "more",
    [
        {"approvals": [{"outcome": "declined"}]},
        # Another client of a shared app-server answered: what, only the item tells.
        {
            "approvals": [{"outcome": "closed"}],
            "items": [{"type": "command", "status": "declined"}],
        },
    ],
)
def test_a_declined_approval_fails_a_turn_that_is_to_fail_on_it(more: dict[str, Any]) -> None:
    assert isinstance(failure_of(completed(**more), ("declined",)), TurnRefused)
    assert failure_of(completed(**more), ("patch",)) is None


def test_an_approval_that_was_given_elsewhere_fails_nothing() -> None:
    turn = completed(
        approvals=[{"outcome": "closed"}], items=[{"type": "command", "status": "completed"}]
    )
    assert failure_of(turn, ("declined", "command", "patch")) is None
