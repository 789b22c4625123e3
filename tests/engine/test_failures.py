"""A step of ours that fails: the turn ends or goes on, and the next one runs."""

from __future__ import annotations

from typing import Any, NoReturn

import pytest

from codex_kernel.app_server import questions, translate
from codex_kernel.cell.run import Frontend, run_cell
from codex_kernel.engine.keeper import Keeper
from codex_kernel.engine.turn import Turn
from codex_kernel.errors import AppServerGone, RequestTimedOut, TurnFailed
from codex_kernel.ids import new_turn_id
from codex_kernel.settings import TurnSettings

from ..cell.bench import Bench
from ..end_to_end.script import cell, say

ESCALATE = ["escalate", "touch ../outside.txt", "May I?"]


def broken(*_args: Any, **_kwargs: Any) -> NoReturn:
    raise ZeroDivisionError("a bug")


async def broken_step(*_args: Any, **_kwargs: Any) -> NoReturn:
    broken()


@pytest.mark.parametrize("step", ["reading", "completing"])
async def test_a_turn_ends_when_it_cannot_be_taken_in_and_the_next_one_runs(
    bench: Bench, step: str
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        if step == "reading":
            patch.setattr(translate, "translate", broken)
        else:
            patch.setattr(Keeper, "after", broken_step)
        with pytest.raises(TurnFailed, match="ZeroDivisionError: a bug"):
            await bench.play(say("Lost."))
    transcript = await bench.play(say("Found."))
    assert [item["text"] for item in transcript.data["items"]] == ["Found."]


async def test_a_turn_that_cannot_be_shown_is_recorded(bench: Bench) -> None:
    async def nobody(_prompt: str, _is_password: bool) -> None:
        return None

    frontend = Frontend(None, broken, broken, nobody)
    await run_cell(bench.session, cell(say("Unseen.")), frontend)
    [row] = await bench.session.log.turns()
    assert row.state == "completed"


async def test_a_question_that_is_not_understood_is_declined(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("question", "reply"):
        with monkeypatch.context() as patch:
            patch.setattr(questions, name, broken)
            bench.typed = ["y"]
            transcript = await bench.play(ESCALATE, say("Well then."))
        assert transcript.state == "completed"
        assert not (bench.workspace.parent / "outside.txt").exists()


async def test_a_turn_that_never_begins_is_not_waited_for(bench: Bench) -> None:
    hearing = Turn(bench.session, TurnSettings(), new_turn_id()).hearing
    with pytest.raises(RequestTimedOut, match="did not begin"):
        await hearing.announced_id(0.01)
    hearing.broke_off(AppServerGone("It ended."))
    assert await hearing.announced_id(60) is None
