"""The states of a turn. Everything that affects transitions lives here.

    queued -> starting -> running <-> waiting
       |         |           |          |
       +---------+-> interrupting <-----+
                           |
    completed | interrupted | failed | cancelled | lost

`queued`: recorded, nothing sent. `starting`: its settings are known, Codex is being asked.
`running`: Codex accepted it. `waiting`: a question is open. `interrupting`: a stop was asked
for and Codex has not stopped yet. `cancelled`: ended and nothing was ever sent.
"""

from __future__ import annotations

from typing import Literal, get_args

from codex_kernel.errors import InvalidTransition
from codex_kernel.turn.events import EVENT_TYPES, EventType

LiveState = Literal["queued", "starting", "running", "waiting", "interrupting"]
FinalState = Literal["completed", "interrupted", "failed", "cancelled", "lost"]
State = LiveState | FinalState

LIVE_STATES: tuple[LiveState, ...] = get_args(LiveState)
FINAL_STATES: tuple[FinalState, ...] = get_args(FinalState)

_DURING: dict[EventType, State] = dict.fromkeys(
    (
        "item.started",
        "item.text",
        "item.completed",
        "plan.updated",
        "diff.updated",
        "usage.updated",
        "steer.sent",
        "settings.updated",
        "retry",
        "warning",
    ),
    "running",
)
_OPENED: dict[EventType, State] = {"approval.requested": "waiting", "input.requested": "waiting"}
_ANSWERED: dict[EventType, State] = {"approval.decided": "running", "input.answered": "running"}
_STOPPING: dict[EventType, State] = {"interrupt.requested": "interrupting"}

TRANSITIONS: dict[State, dict[EventType, State]] = {
    "queued": {
        "turn.queued": "queued",
        "warning": "queued",
        "settings.updated": "starting",
        **_STOPPING,
    },
    "starting": {
        "turn.started": "running",
        "settings.updated": "starting",
        "warning": "starting",
        "retry": "starting",
        **_STOPPING,
    },
    "running": {**_DURING, **_OPENED, **_ANSWERED, **_STOPPING},
    "waiting": {**dict.fromkeys(_DURING, "waiting"), **_OPENED, **_ANSWERED, **_STOPPING},
    "interrupting": dict.fromkeys(
        (kind for kind in EVENT_TYPES if kind not in ("turn.queued", "turn.ended")), "interrupting"
    ),
    **{state: {} for state in FINAL_STATES},
}
"""Which state an event leads to. `turn.ended` carries its state, see `ENDINGS`."""

ENDINGS: dict[State, frozenset[State]] = {
    "queued": frozenset({"cancelled", "failed", "lost"}),
    "starting": frozenset({"cancelled", "interrupted", "failed", "lost"}),
    "running": frozenset({"completed", "interrupted", "failed", "lost"}),
    "waiting": frozenset({"completed", "interrupted", "failed", "lost"}),
    "interrupting": frozenset({"completed", "interrupted", "failed", "cancelled", "lost"}),
    **{state: frozenset() for state in FINAL_STATES},
}
"""The states in which a turn may end from a live one."""


def is_final(state: str) -> bool:
    """Whether nothing can follow."""
    return state in FINAL_STATES


def advance(state: State, event_type: EventType, *, open_questions: int = 0) -> State:
    """The state after an event other than `turn.ended`.

    `open_questions` counts those left open after the event: while there is one, the turn waits.
    Raises `InvalidTransition` when the event cannot follow.
    """
    after = TRANSITIONS[state].get(event_type)
    if after is None:
        raise InvalidTransition(f"{event_type} cannot follow in state {state}.")
    return "waiting" if after == "running" and open_questions else after


def end(state: State, final: State) -> State:
    """The final state, when a turn may end so from `state`; raises `InvalidTransition`."""
    if final not in ENDINGS[state]:
        raise InvalidTransition(f"A turn that is {state} cannot end as {final}.")
    return final
