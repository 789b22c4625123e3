"""Everybody's changes stand in the feed, once, in order, behind a cursor that only grows."""

from __future__ import annotations

from typing import Any

from codex_kernel.ids import NotebookPath
from codex_kernel.settings import LogSettings
from codex_kernel.turn.approvals import Approval, Decision, approval_decided, approval_requested
from codex_kernel.turn_log import bindings, feed
from codex_kernel.turn_log.log import TurnLog
from codex_kernel.turn_log.retention import prune

from .process import other
from .turns import NOTEBOOK, SESSION, ended, running, text

NB = NotebookPath(NOTEBOOK)


def approval(turn_id: str) -> Approval:
    return {
        "id": f"{turn_id}.1",
        "kind": "command",
        "item_id": None,
        "reason": None,
        "choices": ["once", "decline"],
    }


async def told(log: TurnLog, kind: str, after: int = 0) -> list[dict[str, Any]]:
    return [change for change in await feed.changes(log, after) if change["type"] == kind]


async def test_every_state_of_a_turn_is_told_in_order(log: TurnLog) -> None:
    record = await ended(log)
    states = [change["state"] for change in await told(log, "turn")]
    assert states == ["queued", "running", "completed"]
    [*_, last] = await told(log, "turn")
    assert (last["turn_id"], last["session_id"]) == (record.turn_id, SESSION)
    assert (last["notebook"], last["cell_id"]) == (NOTEBOOK, "cell-1")


async def test_text_is_no_change(log: TurnLog) -> None:
    record = await running(log)
    cursor = await feed.newest_cursor(log)
    await record.append([text("x")] * 5)
    assert await feed.changes(log, cursor) == []


async def test_questions_are_told_with_the_event_that_opened_or_closed_them(log: TurnLog) -> None:
    record = await running(log)
    asked = await record.append([approval_requested(approval(record.turn_id))])
    decision = Decision("once", "ada")
    answered = await record.append([approval_decided(f"{record.turn_id}.1", decision)])
    changes = await told(log, "question")
    assert [change["event"] for change in changes] == asked + answered
    assert {change["notebook"] for change in changes} == {NOTEBOOK}


async def test_sessions_and_notebooks_are_told_also_when_they_go(log: TurnLog) -> None:
    await bindings.remember_session(log, "s", title="first", cwd="/workspace")
    await bindings.bind(log, NB, "s", cell_id="c")
    await bindings.set_notebook_settings(log, NB, {"model": "m"})
    cursor = await feed.newest_cursor(log)
    await bindings.bind(log, NB, "s", cell_id="c")
    await bindings.remember_session(log, "s", title="first")
    assert await feed.changes(log, cursor) == []
    [session, *_] = await told(log, "session")
    assert (session["title"], session["is_gone"]) == ("first", False)
    await bindings.move(log, NB, NotebookPath("/workspace/b.ipynb"))
    moved = {c["notebook"]: c for c in await told(log, "notebook", cursor)}
    assert moved[NOTEBOOK]["is_gone"]
    assert moved["/workspace/b.ipynb"]["settings"] == {"model": "m"}
    await bindings.forget_session(log, "s")
    assert (await told(log, "session", cursor))[-1]["is_gone"]


async def test_changes_of_another_process_join_ours_without_gap(
    settings: LogSettings, log: TurnLog
) -> None:
    async with other(settings.folder) as process:
        for _ in range(3):
            await process.do("run")
            await ended(log)
    numbers = [change["cursor"] for change in await feed.changes(log, 0)]
    assert numbers == list(range(1, len(numbers) + 1))
    paged: list[int] = []
    while page := await feed.changes(log, paged[-1] if paged else 0, limit=2):
        paged += [change["cursor"] for change in page]
    assert paged == numbers


async def test_cursors_are_never_given_twice_and_old_ones_are_known_as_such(log: TurnLog) -> None:
    await ended(log)
    newest = await feed.newest_cursor(log)
    assert await feed.is_known(log, 0)
    assert not await feed.is_known(log, newest + 1)
    await log.database.write("UPDATE changes SET at = '2020-01-01T00:00:00.000Z'")
    await prune(log)
    assert not await feed.is_known(log, 0)
    assert await feed.is_known(log, newest)
    assert await feed.newest_cursor(log) == newest
    await log.database.write("DELETE FROM changes")
    await ended(log)
    assert (await feed.changes(log, newest))[0]["cursor"] == newest + 1
