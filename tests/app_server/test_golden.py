"""Every recorded stream folds to the transcript that is kept beside it.

The golden files are pairs `NAME.N.events.json` (the stamped events of the N-th turn) and
`NAME.N.json` (their transcript). Write them anew, and read the difference, with
`CODEX_KERNEL_UPDATE_GOLDEN=1 pytest tests/app_server/test_golden.py`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from codex_kernel.turn.transcript import fold

from .replay import FIXTURES, RECORDINGS, Message, Player, one_by_one, recorded_turns, whole

GOLDEN = FIXTURES / "golden"
TURNS = [
    pytest.param(turn, f"{recording.stem}.{number}", id=f"{recording.stem}.{number}")
    for recording in RECORDINGS
    for number, turn in enumerate(recorded_turns(recording), 1)
]


def _without_seq(transcript: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in transcript.items() if key != "seq"}


def _events_text(events: list[dict[str, Any]]) -> str:
    lines = ",\n".join(json.dumps(event, ensure_ascii=False) for event in events)
    return f"[\n{lines}\n]\n"


def _transcript_text(transcript: dict[str, Any]) -> str:
    return json.dumps(transcript, ensure_ascii=False, indent=1) + "\n"


def _kept(path: Path, text: str) -> str:
    if os.environ.get("CODEX_KERNEL_UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    return path.read_text(encoding="utf-8")


@pytest.mark.parametrize(("turn", "name"), TURNS)
def test_a_recorded_turn_gives_the_golden_events_and_transcript(turn: Any, name: str) -> None:
    player = Player(turn, name)
    transcript = player.play(whole)
    assert _events_text(player.events) == _kept(
        GOLDEN / f"{name}.events.json", _events_text(player.events)
    )
    assert _transcript_text(transcript) == _kept(
        GOLDEN / f"{name}.json", _transcript_text(transcript)
    )
    assert fold(player.events) == transcript


@pytest.mark.parametrize(("turn", "name"), TURNS)
def test_a_turn_folds_the_same_when_every_message_comes_alone(turn: Any, name: str) -> None:
    expected = json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))
    assert _without_seq(Player(turn, name).play(one_by_one)) == _without_seq(expected)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), index=st.integers(0, len(TURNS) - 1))
def test_a_turn_folds_the_same_however_its_stream_is_cut(data: st.DataObject, index: int) -> None:
    turn, name = TURNS[index].values

    def cut(run: list[Message]) -> Iterator[list[Message]]:
        cuts = data.draw(st.sets(st.integers(0, len(run))), label="cuts")
        edges = [0, *sorted(cuts), len(run)]
        for begin, end in pairwise(edges):
            yield run[begin:end]

    expected = json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))
    assert _without_seq(Player(turn, str(name)).play(cut)) == _without_seq(expected)


def test_there_is_no_golden_file_without_a_recording() -> None:
    known = {f"{parameters.values[1]}{end}" for parameters in TURNS for end in _ENDS}
    assert {path.name for path in GOLDEN.iterdir()} == known


_ENDS = (".json", ".events.json")
