"""Turns that the tests write."""

from __future__ import annotations

from typing import Any

from codex_kernel.ids import TurnId, new_turn_id
from codex_kernel.turn.events import (
    Draft,
    item_completed,
    item_started,
    item_text,
    settings_updated,
    turn_ended,
    turn_queued,
    turn_started,
)
from codex_kernel.turn_log.log import TurnLog
from codex_kernel.turn_log.record import TurnRecord

NOTEBOOK = "/workspace/a.ipynb"
SESSION = "session-1"


def beginning(session_id: str = SESSION) -> list[Draft]:
    """What follows `turn.queued` until text comes."""
    message = {"id": "m1", "type": "message", "status": "running", "text": "", "phase": None}
    return [
        settings_updated({"model": "m"}, session_id=session_id),
        turn_started(session_id, "codex-turn-1"),
        item_started(message),
    ]


def text(part: str) -> Draft:
    """More of the answer."""
    return item_text("m1", "text", part)


def ending(answer: str, state: str = "completed") -> list[Draft]:
    """The answer in full and the end."""
    message = {"id": "m1", "type": "message", "status": "completed", "text": answer, "phase": None}
    return [item_completed(message), turn_ended(state)]


async def begin(
    log: TurnLog,
    *,
    notebook: str | None = NOTEBOOK,
    cell_id: str | None = "cell-1",
    turn_id: TurnId | None = None,
) -> TurnRecord:
    """A queued turn."""
    draft = turn_queued("hello", notebook=notebook, cell_id=cell_id, session_id=SESSION)
    record, _ = await log.begin(turn_id or new_turn_id(), draft)
    return record


async def running(log: TurnLog, **where: Any) -> TurnRecord:
    """A turn whose answer is being written."""
    record = await begin(log, **where)
    await record.append(beginning())
    return record


async def ended(log: TurnLog, answer: str = "42", **where: Any) -> TurnRecord:
    """A turn that is over."""
    record = await running(log, **where)
    await record.append([text(part) for part in answer])
    await record.append(ending(answer))
    return record
