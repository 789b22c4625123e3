"""How a turn can end other than by Codex's word: each way as the error that its record holds."""

from __future__ import annotations

from codex_kernel.errors import CodexError, TurnLost
from codex_kernel.turn.events import TurnErrorInfo


def error_info(failure: CodexError) -> TurnErrorInfo:
    """An error as a turn records it; its kind is the class in snake case."""
    name = type(failure).__name__
    kind = "".join(f"_{char.lower()}" if char.isupper() else char for char in name).lstrip("_")
    return {"kind": kind, "message": failure.message, "next_step": failure.next_step}


def stopped_by(by: str) -> TurnErrorInfo:
    """Somebody asked for it."""
    return {
        "kind": "interrupted",
        "message": f"The turn was stopped by {by}.",
        "next_step": "Run the next cell to go on from here.",
    }


def out_of_time(minutes: float) -> TurnErrorInfo:
    """The turn took longer than the settings allow."""
    return {
        "kind": "time_limit",
        "message": f"The turn was stopped after {minutes:g} minutes.",
        "next_step": "Raise `max_minutes`, or ask for less in one turn.",
    }


def shut_down(*, was_sent: bool) -> TurnErrorInfo:
    """The host ended under the turn, before or after Codex had it."""
    if not was_sent:
        return {
            "kind": "shutdown",
            "message": "The kernel was shut down before the turn began.",
            "next_step": "Run the cell again: Codex did nothing.",
        }
    return {
        "kind": "shutdown",
        "message": "The kernel was shut down while the turn ran.",
        "next_step": TurnLost.next_step,
    }


def record_gone() -> TurnErrorInfo:
    """Somebody else ended the turn, and nothing tells how."""
    return error_info(TurnLost("The record of this turn is gone."))


def internal(failure: Exception) -> TurnErrorInfo:
    """A bug of ours."""
    return {
        "kind": "internal",
        "message": f"codex_kernel failed: {type(failure).__name__}: {failure}.",
        "next_step": "Please report this; run the cell again to go on.",
    }
