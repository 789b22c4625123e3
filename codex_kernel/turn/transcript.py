"""The transcript: `fold(events)`, the state that a reader of a turn sees.

The same fold exists in TypeScript; both are held to the same golden files. It is insensitive
to how events are cut into batches and to events seen twice. Unknown kinds of events only move
`seq` on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import deepcopy
from typing import Any

from codex_kernel.turn.approvals import CLOSED, Answer, Decision, approval_decided, input_answered
from codex_kernel.turn.events import Draft, Event, Item, item_completed
from codex_kernel.turn.state import State, advance, end, is_final


class Transcript:
    """What is known of a turn after the events applied so far.

    `data` is a JSON object: `turn_id session_id codex_turn_id notebook cell_id again state seq
    prompt items plan plan_explanation diff usage approvals inputs steers retry warnings settings
    error queued_at started_at finished_at`, and `execution_count` where the turn's host counts its
    cells. It belongs to the transcript; `snapshot()` gives a
    copy.
    """

    def __init__(self, data: dict[str, Any] | None = None) -> None:
        """Begin blank, or go on from a `snapshot()`."""
        self.data: dict[str, Any] = _blank() if data is None else deepcopy(data)
        self._items: dict[str, Item] = {item["id"]: item for item in self.data["items"]}

    @property
    def state(self) -> State:
        """The state of the turn."""
        return self.data["state"]

    @property
    def seq(self) -> int:
        """The number of the last event applied."""
        return self.data["seq"]

    @property
    def is_final(self) -> bool:
        """Whether the turn has ended."""
        return is_final(self.data["state"])

    def item(self, item_id: str) -> Item | None:
        """The item of that id, when it is known."""
        return self._items.get(item_id)

    def open_items(self) -> list[Item]:
        """Items that have begun and not ended."""
        return [item for item in self.data["items"] if item["status"] == "running"]

    def open_questions(self) -> list[dict[str, Any]]:
        """Approvals and inputs without a decision."""
        asked = self.data["approvals"] + self.data["inputs"]
        return [question for question in asked if question["outcome"] is None]

    def answer(self) -> str:
        """The final answer: the last message marked so, else the last message."""
        messages = [item for item in self.data["items"] if item["type"] == "message"]
        final = [item for item in messages if item.get("phase") == "final_answer"]
        return (final or messages or [{"text": ""}])[-1]["text"]

    def snapshot(self) -> dict[str, Any]:
        """A deep copy of `data`."""
        return deepcopy(self.data)

    def apply(self, events: Iterable[Event]) -> None:
        """Take events in, in order; those with a known number are passed over.

        Raises `InvalidTransition` for an event that cannot follow, leaving it out.
        """
        for event in events:
            if event["seq"] <= self.data["seq"]:
                continue
            step = _FOLD.get(event["type"])
            if step is not None:
                step(self, event)
            self.data["seq"] = event["seq"]

    def _advance(self, event: Event) -> None:
        questions = len(self.open_questions())
        self.data["state"] = advance(self.state, event["type"], open_questions=questions)


def fold(events: Iterable[Event]) -> dict[str, Any]:
    """The transcript of all events of a turn, as a JSON object."""
    transcript = Transcript()
    transcript.apply(events)
    return transcript.data


def closing_drafts(transcript: Transcript, status: str = "interrupted") -> list[Draft]:
    """Events that close every open item and question of a turn that is about to end."""
    drafts: list[Draft] = []
    for approval in transcript.data["approvals"]:
        if approval["outcome"] is None:
            decision = Decision("decline", CLOSED)
            drafts.append(approval_decided(approval["id"], decision, outcome="closed"))
    drafts += [
        input_answered(question, Answer(None, CLOSED))
        for question in transcript.data["inputs"]
        if question["outcome"] is None
    ]
    drafts += [
        item_completed({**deepcopy(item), "status": status}) for item in transcript.open_items()
    ]
    return drafts


def _blank() -> dict[str, Any]:
    return {
        "turn_id": None,
        "session_id": None,
        "codex_turn_id": None,
        "notebook": None,
        "cell_id": None,
        "again": False,
        "state": "queued",
        "seq": 0,
        "prompt": "",
        "items": [],
        "plan": None,
        "plan_explanation": None,
        "diff": None,
        "usage": None,
        "approvals": [],
        "inputs": [],
        "steers": [],
        "retry": None,
        "warnings": [],
        "settings": {},
        "error": None,
        "queued_at": None,
        "started_at": None,
        "finished_at": None,
    }


def _turn_queued(turn: Transcript, event: Event) -> None:
    turn._advance(event)
    for key in ("turn_id", "prompt", "notebook", "cell_id", "session_id", "again"):
        turn.data[key] = event.get(key, turn.data[key])
    turn.data["queued_at"] = event["at"]


def _settings_updated(turn: Transcript, event: Event) -> None:
    turn._advance(event)
    turn.data["settings"].update(event["settings"])
    turn.data["session_id"] = event.get("session_id") or turn.data["session_id"]


def _turn_started(turn: Transcript, event: Event) -> None:
    turn._advance(event)
    turn.data["session_id"] = event["session_id"]
    turn.data["codex_turn_id"] = event["codex_turn_id"]
    turn.data["started_at"] = event["at"]
    if "execution_count" in event:
        turn.data["execution_count"] = event["execution_count"]


def _item_started(turn: Transcript, event: Event) -> None:
    turn._advance(event)
    turn.data["retry"] = None
    _put_item(turn, event["item"])


def _item_text(turn: Transcript, event: Event) -> None:
    turn._advance(event)
    turn.data["retry"] = None
    item = turn._items.get(event["item_id"])
    if item is None:
        return
    field, index = event["field"], event.get("index")
    if index is None:
        item[field] = (item.get(field) or "") + event["text"]
        return
    parts: list[str] = item.setdefault(field, [])
    parts.extend("" for _ in range(index + 1 - len(parts)))
    parts[index] += event["text"]


def _item_completed(turn: Transcript, event: Event) -> None:
    turn._advance(event)
    _put_item(turn, event["item"])


def _put_item(turn: Transcript, item: Item) -> None:
    copy = deepcopy(item)
    known = turn._items.get(item["id"])
    if known is None:
        turn.data["items"].append(copy)
        turn._items[item["id"]] = copy
    else:
        known.clear()
        known.update(copy)


def _plan_updated(turn: Transcript, event: Event) -> None:
    turn._advance(event)
    turn.data["plan"] = event["plan"]
    turn.data["plan_explanation"] = event.get("explanation")


def _diff_updated(turn: Transcript, event: Event) -> None:
    turn._advance(event)
    turn.data["diff"] = event["diff"]


def _usage_updated(turn: Transcript, event: Event) -> None:
    turn._advance(event)
    turn.data["usage"] = event["usage"]


def _asked(collection: str, field: str) -> Callable[[Transcript, Event], None]:
    def step(turn: Transcript, event: Event) -> None:
        asked = {**event[field], "requested_at": event["at"], "outcome": None}
        turn.data[collection].append(asked)
        turn._advance(event)

    return step


def _approval_decided(turn: Transcript, event: Event) -> None:
    fields = ("outcome", "decision", "by", "decision_reason")
    _close(turn, "approvals", event["approval_id"], event, fields)
    turn._advance(event)


def _input_answered(turn: Transcript, event: Event) -> None:
    outcome = "declined" if event["answers"] is None else "answered"
    closed = {**event, "outcome": outcome}
    _close(turn, "inputs", event["input_id"], closed, ("outcome", "answers", "by"))
    turn._advance(event)


def _close(
    turn: Transcript, collection: str, question_id: str, event: Event, fields: tuple[str, ...]
) -> None:
    for question in turn.data[collection]:
        if question["id"] == question_id and question["outcome"] is None:
            question.update({field: event.get(field) for field in fields})
            question["decided_at"] = event["at"]


def _steer_sent(turn: Transcript, event: Event) -> None:
    turn._advance(event)
    turn.data["steers"].append({key: event[key] for key in ("text", "by", "at")})


def _interrupt_requested(turn: Transcript, event: Event) -> None:
    turn._advance(event)


def _retry(turn: Transcript, event: Event) -> None:
    turn._advance(event)
    turn.data["retry"] = {"message": event["message"], "details": event.get("details")}


def _warning(turn: Transcript, event: Event) -> None:
    turn._advance(event)
    entry = {"message": event["message"], "kind": event.get("kind")}
    if entry not in turn.data["warnings"]:
        turn.data["warnings"].append(entry)


def _turn_ended(turn: Transcript, event: Event) -> None:
    turn.data["state"] = end(turn.state, event["state"])
    turn.data["error"] = event.get("error")
    turn.data["retry"] = None
    turn.data["finished_at"] = event["at"]


_FOLD: dict[str, Callable[[Transcript, Event], None]] = {
    "turn.queued": _turn_queued,
    "settings.updated": _settings_updated,
    "turn.started": _turn_started,
    "item.started": _item_started,
    "item.text": _item_text,
    "item.completed": _item_completed,
    "plan.updated": _plan_updated,
    "diff.updated": _diff_updated,
    "usage.updated": _usage_updated,
    "approval.requested": _asked("approvals", "approval"),
    "approval.decided": _approval_decided,
    "input.requested": _asked("inputs", "input"),
    "input.answered": _input_answered,
    "steer.sent": _steer_sent,
    "interrupt.requested": _interrupt_requested,
    "retry": _retry,
    "warning": _warning,
    "turn.ended": _turn_ended,
}
