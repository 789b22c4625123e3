"""The state table: every pair of state and event leads to a state or raises."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_kernel.errors import InvalidTransition
from codex_kernel.turn.events import EVENT_TYPES
from codex_kernel.turn.state import (
    ENDINGS,
    FINAL_STATES,
    LIVE_STATES,
    TRANSITIONS,
    advance,
    end,
    is_final,
)

STATES = (*LIVE_STATES, *FINAL_STATES)


@given(st.sampled_from(STATES), st.sampled_from(EVENT_TYPES), st.integers(0, 3))
def test_every_pair_moves_to_a_live_state_or_raises(state, event, open_questions):
    try:
        after = advance(state, event, open_questions=open_questions)
    except InvalidTransition:
        assert event not in TRANSITIONS[state]
    else:
        assert after in LIVE_STATES
        assert not is_final(state)


@given(st.sampled_from(STATES), st.sampled_from(FINAL_STATES))
def test_every_ending_is_final_or_raises(state, final):
    try:
        assert is_final(end(state, final))
    except InvalidTransition:
        assert final not in ENDINGS[state]


@pytest.mark.parametrize("state", FINAL_STATES)
def test_nothing_follows_an_end(state):
    assert TRANSITIONS[state] == {}
    assert ENDINGS[state] == frozenset()


@pytest.mark.parametrize("state", LIVE_STATES)
def test_every_live_state_can_be_lost_and_can_fail(state):
    assert {"lost", "failed"} <= ENDINGS[state]


def test_a_turn_that_was_accepted_is_never_cancelled():
    assert "cancelled" not in ENDINGS["running"] | ENDINGS["waiting"]


def test_a_turn_waits_while_a_question_is_open():
    assert advance("running", "approval.requested", open_questions=1) == "waiting"
    assert advance("waiting", "item.text", open_questions=1) == "waiting"
    assert advance("waiting", "approval.decided", open_questions=1) == "waiting"
    assert advance("waiting", "approval.decided", open_questions=0) == "running"


@pytest.mark.parametrize(
    "event", [e for e in EVENT_TYPES if e not in ("turn.queued", "turn.ended")]
)
def test_a_turn_that_is_being_stopped_stays_so_until_its_end(event):
    assert advance("interrupting", event) == "interrupting"


def test_the_tables_are_those_that_pages_use():
    """`labextension/src/state.ts` is held to the same file."""
    tables = json.loads((Path(__file__).parent / "states.json").read_text())
    assert tables["transitions"] == TRANSITIONS
    assert tables["endings"] == {state: sorted(finals) for state, finals in ENDINGS.items()}
