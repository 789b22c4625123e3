"""What a reader sees of a turn, in order: its items, and between them what else happened.

An *entry* is an item of the transcript or something the transcript keeps apart, in the form of
an item: `approval` and `input` stand after the item they concern (without one: before
the answer), like `steer` (only what Codex did not take up: otherwise its `user_message` says by
whom); `warning` and `retry` end the list.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from codex_kernel.turn.state import is_final

Entry = dict[str, Any]

_APPROVAL_FIELDS = (
    "kind", "item_id", "reason", "command", "cwd", "changes", "permissions", "server", "tool",
    "arguments", "grant_root", "rule", "outcome", "decision", "by", "decision_reason",
    "requested_at", "decided_at",
)  # fmt: skip
_INPUT_FIELDS = (
    "item_id", "source", "message", "questions", "outcome", "answers", "by", "requested_at",
    "decided_at",
)  # fmt: skip
_SHOWN_BY_ITEM = frozenset({"command", "cwd", "changes", "arguments", "server", "tool"})
_STATUS = {None: "running", "accepted": "completed", "answered": "completed"}
AGAIN = "This cell has run before in this session: Codex remembers, and this is a further turn."


def entries(data: dict[str, Any]) -> list[Entry]:
    """The entries of a transcript; items are the transcript's own objects, not copies."""
    items = [item for item in data["items"] if not _is_repeated(item, data["items"])]
    known = {item["id"]: item for item in items}
    asked = [*_approvals(data, known), *_inputs(data)]
    steers = list(data["steers"])
    shown: list[Entry] = []
    if data.get("again"):
        shown.append(_warning("again", {"kind": "again", "message": AGAIN}))
    warnings = [
        _warning(f"warning-{number}", warning) for number, warning in enumerate(data["warnings"], 1)
    ]
    # What is to be known of the session stands first: the reader may want another one.
    shown += [entry for entry in warnings if entry["kind"] == "notice"]
    for item in items:
        shown.append(_credited(item, steers))
        shown += [entry for entry in asked if entry["item_id"] == item["id"]]
    loose = [entry for entry in asked if entry["item_id"] not in known]
    loose += [
        {"id": f"steer-{number}", "type": "steer", "status": "completed", **steer}
        for number, steer in enumerate(steers, 1)
    ]
    at = _place_before_answer(shown)
    shown[at:at] = loose
    shown += [entry for entry in warnings if entry["kind"] != "notice"]
    if data.get("retry") and not is_final(data["state"]):
        shown.append({"id": "retry", "type": "retry", "status": "running", **data["retry"]})
    return shown


def answer_of(shown: list[Entry]) -> Entry | None:
    """The final answer: the last message marked so, else the last message.

    A message that Codex gave up (a retry says it again) is one only where there is no other.
    """
    said = [entry for entry in shown if entry["type"] == "message"]
    messages = [entry for entry in said if entry["status"] != "lost"] or said
    final = [entry for entry in messages if entry.get("phase") == "final_answer"]
    return (final or messages or [None])[-1]


def around(shown: list[Any], entry_id: str | None) -> tuple[list[Any], list[Any]]:
    """The entries before and after the one of that id; without it, all stand before."""
    ids = [entry["id"] for entry in shown]
    at = ids.index(entry_id) if entry_id in ids else len(shown)
    return shown[:at], shown[at + 1 :]


def _place_before_answer(shown: list[Entry]) -> int:
    """Where entries without a place go: before the answer when that ends the turn."""
    answer = answer_of(shown)
    return len(shown) - 1 if shown and shown[-1] is answer else len(shown)


def _is_repeated(item: Entry, items: list[Entry]) -> bool:
    """Whether this review says what a message says too (Codex sends its findings twice)."""
    if item["type"] != "review" or item.get("phase") != "exited":
        return False
    text = (item.get("text") or "").strip()
    return any(other["type"] == "message" and other["text"].strip() == text for other in items)


def _credited(item: Entry, steers: list[dict[str, Any]]) -> Entry:
    """The item; if it is a steer that Codex took up, with who sent it, and that one struck off."""
    if item["type"] == "user_message":
        for steer in steers:
            if steer["text"].strip() == item["text"].strip():
                steers.remove(steer)
                return {**item, "by": steer["by"]}
    return item


def _approvals(data: dict[str, Any], items: dict[str, Entry]) -> Iterator[Entry]:
    for approval in data["approvals"]:
        hidden = _SHOWN_BY_ITEM if _says_the_same(approval, items) else frozenset[str]()
        yield _asked("approval", approval, [x for x in _APPROVAL_FIELDS if x not in hidden])


def _says_the_same(approval: dict[str, Any], items: dict[str, Entry]) -> bool:
    item = items.get(approval.get("item_id") or "")
    if item is None:
        return False
    command = approval.get("command")
    return command is None or command in (item.get("command"), item.get("raw"))


def _inputs(data: dict[str, Any]) -> Iterator[Entry]:
    for question in data["inputs"]:
        yield _asked("input", question, _INPUT_FIELDS)


def _asked(kind: str, question: dict[str, Any], fields: Any) -> Entry:
    status = _STATUS.get(question["outcome"], "declined")
    said = {key: question[key] for key in fields if question.get(key) is not None}
    said = {"item_id": None, "outcome": None} | said
    return {"id": question["id"], "type": kind, "status": status, **said}


def _warning(entry_id: str, warning: dict[str, Any]) -> Entry:
    return {"id": entry_id, "type": "warning", "status": "completed", **warning}
