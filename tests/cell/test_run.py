"""What a turn is for the cell that runs it, and a cell for its turn."""

from __future__ import annotations

from typing import Any

import pytest

from codex_kernel.cell.run import Frontend, enqueue, failure_of, run_cell
from codex_kernel.errors import LogUnavailable, TurnRefused
from codex_kernel.ids import new_turn_id
from codex_kernel.turn.transcript import Transcript

from .bench import Bench


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


async def test_a_cell_that_ends_before_its_turn_takes_the_waiting_turn_back(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unreadable() -> None:
        raise LogUnavailable("The turn log cannot be read.")

    turn = await enqueue(bench.session, "Hello", None, new_turn_id())
    assert turn is not None
    monkeypatch.setattr(bench.session, "heed_wishes", unreadable)
    frontend = Frontend(None, lambda _events: None, lambda _data: None, None, turn=turn)
    with pytest.raises(LogUnavailable):
        await run_cell(bench.session, "Hello", frontend)
    assert turn.transcript.state == "cancelled"
    assert bench.session.turns == []
