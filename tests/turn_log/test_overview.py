"""Lists over turns: what is known of sessions, what is open, what was done."""

from __future__ import annotations

import pytest

from codex_kernel.turn.approvals import (
    Decision,
    approval_decided,
    approval_requested,
    input_requested,
)
from codex_kernel.turn.events import item_completed, steer_sent, usage_updated
from codex_kernel.turn_log import bindings, overview
from codex_kernel.turn_log.log import TurnLog

from .test_feed import approval
from .turns import NOTEBOOK, SESSION, ended, ending, running


async def test_sessions_tell_what_their_turns_add(log: TurnLog) -> None:
    await bindings.remember_session(log, SESSION, title="Sums", cwd="/workspace")
    for total in (10, 30):
        record = await running(log)
        await record.append([usage_updated({"total": {"total_tokens": total}})])
        [found] = await overview.session_overviews(log)
        assert found.running
        await record.append(ending("x"))
        await log.compact(record.turn_id)
    [found] = await overview.session_overviews(log)
    assert (found.tokens, found.running) == (30, False)
    last = await log.turn(record.turn_id)
    assert last is not None
    assert found.last_activity == last.updated_at


async def test_sessions_are_found_and_paged_without_repeat(log: TurnLog) -> None:
    for number in range(5):
        await bindings.remember_session(log, f"s{number}", title=f"Title {number}", cwd="/w")
    pages: list[str] = []
    before = None
    while page := await overview.session_overviews(log, before=before, limit=2):
        pages += [row.session_id for row in page]
        before = (page[-1].last_activity, page[-1].session_id)
    assert sorted(pages) == [f"s{number}" for number in range(5)]
    [found] = await overview.session_overviews(log, search="title 3")
    assert found.session_id == "s3"
    assert await overview.session_overviews(log, cwd="/elsewhere") == []


async def test_open_questions_are_those_nobody_answered(log: TurnLog) -> None:
    record = await running(log)
    first = approval(record.turn_id)
    second = {**first, "id": f"{record.turn_id}.2"}
    form = {"id": f"{record.turn_id}.3", "item_id": None, "source": "s", "message": None}
    await record.append(
        [
            approval_requested(first),
            approval_requested(second),  # type: ignore[arg-type]  # a plain dict
            input_requested({**form, "questions": []}),  # type: ignore[typeddict-item]  # a plain dict
            approval_decided(first["id"], Decision("once", "ada")),
        ]
    )
    found = await overview.open_questions(log)
    assert [f"{q.event['seq']}" for q in found] == ["6", "7"]
    assert {q.notebook for q in found} == {NOTEBOOK}
    assert await overview.open_questions(log, session_id="another") == []


async def test_questions_are_read_by_their_index(log: TurnLog) -> None:
    plan = await log.database.rows(
        f"EXPLAIN QUERY PLAN {overview._QUESTIONS}", {"notebook": None, "session": None}
    )
    assert any("events_questions" in row["detail"] for row in plan), [row["detail"] for row in plan]


@pytest.mark.parametrize("compacted", [False, True])
async def test_audit_has_what_was_done_and_no_text(log: TurnLog, compacted: bool) -> None:
    record = await running(log)
    command = {"id": "c", "type": "command", "status": "completed", "command": "ls"}
    command["output"] = "a.txt"
    await record.append([item_completed(command), steer_sent("faster", "ada"), *ending("42")])
    await ended(log)
    if compacted:
        await log.compact(record.turn_id)
    entries = await overview.audited_events(log, SESSION)
    kinds = [happened["type"] for happened, _ in entries if happened["turn_id"] == record.turn_id]
    assert kinds == [
        "turn.queued",
        "settings.updated",
        "item.completed",
        "steer.sent",
        "turn.ended",
    ]
    [done] = [happened["item"] for happened, _ in entries if "item" in happened]
    assert done["command"] == "ls"
    assert ("output" in done) is not compacted
    assert {where["client"] for _, where in entries} == {"kernel"}
    paged: list[tuple[str, int]] = []
    while page := await overview.audited_events(
        log, SESSION, after=paged[-1] if paged else ("", 0), limit=2
    ):
        paged += [(happened["turn_id"], happened["seq"]) for happened, _ in page]
    assert paged == [(happened["turn_id"], happened["seq"]) for happened, _ in entries]


async def test_archived_sessions_are_listed_when_they_are_asked_for(log: TurnLog) -> None:
    await bindings.remember_session(log, "kept")
    await bindings.remember_session(log, "away")
    await bindings.archive_session(log, "away")
    for archived, expected in ((False, {"kept"}), (True, {"away"}), (None, {"kept", "away"})):
        found = await overview.session_overviews(log, archived=archived)
        assert {session.session_id for session in found} == expected
