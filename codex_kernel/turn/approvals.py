"""Questions that Codex asks the user during a turn, and what may be answered.

An *approval* asks for leave (a command, a file change, permissions, a tool call of an MCP
server, code in a kernel or a notebook); an *input* asks for information (the user-input tool, an
MCP form). Both are open until they are decided, withdrawn or closed with the turn, and both fail
closed: what is not clearly a yes is a no.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NotRequired, TypedDict

from codex_kernel.turn.events import Draft

ApprovalKind = Literal["command", "file_change", "permissions", "mcp_tool_call", "code"]
Choice = Literal["once", "session", "always", "decline", "stop"]
Outcome = Literal["accepted", "declined", "stopped", "expired", "closed"]


class Approval(TypedDict):
    """A question for leave. `choices` is what the asker accepts, in the order to offer."""

    id: str
    kind: ApprovalKind
    item_id: str | None
    reason: str | None
    command: NotRequired[str]
    """The command line, or the code."""
    cwd: NotRequired[str | None]
    changes: NotRequired[list[dict[str, Any]]]
    permissions: NotRequired[dict[str, Any]]
    server: NotRequired[str]
    tool: NotRequired[str]
    arguments: NotRequired[Any]
    grant_root: NotRequired[str | None]
    rule: NotRequired[list[str]]
    """The rule that `always` would write."""
    choices: list[Choice]


class Input(TypedDict):
    """A request for information.

    Each question: `{"id", "header", "question", "options": [{"label", "description"}],
    "is_secret", "is_other", "kind", "required"}`; `kind` is text, number, integer, boolean or
    choice.
    """

    id: str
    item_id: str | None
    source: str
    message: str | None
    questions: list[dict[str, Any]]


@dataclass(frozen=True)
class Decision:
    """What was decided about an approval, by whom. `reason` is for Codex, at a decline."""

    choice: Choice
    by: str
    reason: str | None = None


@dataclass(frozen=True)
class Answer:
    """Answers to an input by question id; `None` = declined. Secrets never reach an event."""

    answers: dict[str, list[str]] | None
    by: str


NOBODY = "nobody (no one can be asked)"
EXPIRED = "nobody (no answer in time)"
CLOSED = "nobody (the turn ended)"

_OUTCOMES: dict[Choice, Outcome] = {
    "once": "accepted",
    "session": "accepted",
    "always": "accepted",
    "decline": "declined",
    "stop": "stopped",
}


def is_allowed(approval: Approval, choice: str) -> bool:
    """Whether the choice is one that was offered."""
    return choice in approval["choices"]


def approval_requested(approval: Approval) -> Draft:
    """A question for leave is open."""
    return {"type": "approval.requested", "approval": approval}


def approval_decided(
    approval_id: str,
    decision: Decision,
    *,
    outcome: Outcome | None = None,
) -> Draft:
    """The question is closed: `outcome` follows from the choice unless it was not a choice."""
    return {
        "type": "approval.decided",
        "approval_id": approval_id,
        "decision": decision.choice,
        "outcome": outcome or _OUTCOMES[decision.choice],
        "by": decision.by,
        "decision_reason": decision.reason,
    }


def input_requested(question: Input) -> Draft:
    """A request for information is open."""
    return {"type": "input.requested", "input": question}


def input_answered(question: Input, answer: Answer) -> Draft:
    """The request is closed; answers to secret questions are left out of the record."""
    secret = {item["id"] for item in question["questions"] if item.get("is_secret")}
    answers = answer.answers
    if answers is not None:
        answers = {key: ["(secret)"] if key in secret else val for key, val in answers.items()}
    return {
        "type": "input.answered",
        "input_id": question["id"],
        "answers": answers,
        "by": answer.by,
    }
