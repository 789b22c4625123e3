"""What can happen in a turn.

An event is a JSON object `{"turn_id", "seq", "at", "type", ...}`: `seq` counts 1, 2, 3 ... per
turn without gaps, `at` is UTC in ISO 8601 with milliseconds. Who reports an event makes a
*draft*, the fields without the first three; the one writer of the turn stamps it. Text is
coalesced first: an `item.text` event is one batch of one field of one item, not one delta.

An item is a JSON object `{"id", "type", "status", ...}`; its types are in `items`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, NotRequired, TypedDict, get_args

from codex_kernel.ids import TurnId

EventType = Literal[
    "turn.queued",
    "turn.started",
    "item.started",
    "item.text",
    "item.completed",
    "plan.updated",
    "diff.updated",
    "usage.updated",
    "approval.requested",
    "approval.decided",
    "input.requested",
    "input.answered",
    "steer.sent",
    "interrupt.requested",
    "retry",
    "warning",
    "settings.updated",
    "turn.ended",
]
EVENT_TYPES: tuple[EventType, ...] = get_args(EventType)

Event = dict[str, Any]
"""A stamped event: the fields of its type and `turn_id`, `seq`, `at`."""
Draft = dict[str, Any]
"""An event before it is stamped: `type` and the fields of that type."""
Item = dict[str, Any]

ItemStatus = Literal[
    "running", "completed", "failed", "declined", "interrupted", "background", "lost"
]
"""`background`: a command that goes on after its turn; `lost`: how it ended is not known."""

TextField = Literal["text", "output", "summary", "content"]
"""Fields that grow. `summary` and `content` of reasoning are lists of parts, see `index`."""


class TurnErrorInfo(TypedDict):
    """Why a turn did not complete: a kind to switch on, a sentence, what to do about it.

    `continue_prompt`: where a turn was cut off, a prompt that goes on from there, to be offered.
    """

    kind: str
    message: str
    next_step: str
    details: NotRequired[str | None]
    continue_prompt: NotRequired[str]


def now() -> str:
    """The present moment as events carry it."""
    return ago()


def ago(seconds: float = 0, *, days: float = 0) -> str:
    """The moment so long ago as events carry it."""
    try:
        moment = datetime.now(UTC) - timedelta(days=days, seconds=seconds)
    except OverflowError:  # longer ago than there are dates
        moment = datetime.min.replace(tzinfo=UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def stamp(turn_id: TurnId, after: int, drafts: Iterable[Draft], at: str) -> list[Event]:
    """Drafts as events of a turn whose last event had the number `after`."""
    return [
        {"turn_id": turn_id, "seq": seq, "at": at, **draft}
        for seq, draft in enumerate(drafts, after + 1)
    ]


def turn_queued(
    prompt: str,
    *,
    notebook: str | None = None,
    cell_id: str | None = None,
    session_id: str | None = None,
    again: bool = False,
) -> Draft:
    """The first event of every turn. `again`: this cell has run before in the session."""
    return {
        "type": "turn.queued",
        "prompt": prompt,
        "notebook": notebook,
        "cell_id": cell_id,
        "session_id": session_id,
        "again": again,
    }


def settings_updated(
    settings: dict[str, Any], *, session_id: str | None = None, by: str | None = None
) -> Draft:
    """What the turn runs with, as far as known: asked for at first, then as Codex reports.

    With `by`: what somebody asked for outside of the turn, which takes it up.
    """
    draft: Draft = {"type": "settings.updated", "settings": settings, "session_id": session_id}
    return draft if by is None else {**draft, "by": by}


def turn_started(session_id: str, codex_turn_id: str, execution_count: int | None = None) -> Draft:
    """Codex has accepted the turn. `execution_count` is the number in the prompt of its cell."""
    started = {"type": "turn.started", "session_id": session_id, "codex_turn_id": codex_turn_id}
    return started if execution_count is None else started | {"execution_count": execution_count}


def item_started(item: Item) -> Draft:
    """Codex began something; its text may still grow."""
    return {"type": "item.started", "item": item}


def item_text(item_id: str, field: TextField, text: str, *, index: int | None = None) -> Draft:
    """Text to append to a field of an item; `index` names the part where the field is a list."""
    return {
        "type": "item.text",
        "item_id": item_id,
        "field": field,
        "index": index,
        "text": text,
    }


def item_completed(item: Item) -> Draft:
    """The item as it finally is; replaces what was collected from its text events."""
    return {"type": "item.completed", "item": item}


def plan_updated(plan: list[dict[str, str]], explanation: str | None = None) -> Draft:
    """The whole plan: steps with `step` and `status` (pending, in_progress, completed)."""
    return {"type": "plan.updated", "plan": plan, "explanation": explanation}


def diff_updated(diff: str) -> Draft:
    """The unified diff of all files the turn changed so far; replaces the earlier one."""
    return {"type": "diff.updated", "diff": diff}


def usage_updated(usage: dict[str, Any]) -> Draft:
    """Tokens: `{"last": {...}, "total": {...}, "context_window": int | None}`."""
    return {"type": "usage.updated", "usage": usage}


def steer_sent(text: str, by: str) -> Draft:
    """A user added this to the running turn."""
    return {"type": "steer.sent", "text": text, "by": by}


def interrupt_requested(by: str) -> Draft:
    """A user or a limit asked the turn to stop; it has not stopped yet."""
    return {"type": "interrupt.requested", "by": by}


def retry(message: str, details: str | None = None) -> Draft:
    """Codex tries again by itself: a status, not an error."""
    return {"type": "retry", "message": message, "details": details}


def warning(message: str, kind: str = "codex") -> Draft:
    """Something the reader should know; the turn goes on."""
    return {"type": "warning", "message": message, "kind": kind}


def turn_ended(state: str, error: TurnErrorInfo | None = None) -> Draft:
    """The last event of every turn."""
    return {"type": "turn.ended", "state": state, "error": error}
