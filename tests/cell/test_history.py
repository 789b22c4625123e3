"""Earlier inputs."""

from __future__ import annotations

from typing import Any

import pytest

from codex_kernel.cell.history import History, earlier_prompts

from .bench import Bench


@pytest.fixture
def history() -> History:
    history = History()
    history.remember(["old one", "old two"])
    for line, text in enumerate(["plot", "fit", "plot", "plan it"], 1):
        history.add(line, text)
    return history


@pytest.mark.parametrize(
    ("kind", "query", "found"),
    [
        ("tail", {"n": 2}, [(0, 3, "plot"), (0, 4, "plan it")]),
        ("tail", {"n": 5}, [(-1, 2, "old two"), (0, 1, "plot"), (0, 2, "fit"), (0, 3, "plot"),
                            (0, 4, "plan it")]),
        ("tail", {"n": 0}, []),
        ("range", {"session": 0, "start": 2, "stop": 4}, [(0, 2, "fit"), (0, 3, "plot")]),
        ("range", {"session": 0, "start": 4, "stop": None}, [(0, 4, "plan it")]),
        ("range", {"session": -1, "start": 0}, [(-1, 1, "old one"), (-1, 2, "old two")]),
        ("range", {"session": 7, "start": 0}, []),
        ("search", {"pattern": "pl*"}, [(0, 1, "plot"), (0, 3, "plot"), (0, 4, "plan it")]),
        ("search", {"pattern": "pl*", "unique": True}, [(0, 3, "plot"), (0, 4, "plan it")]),
        ("search", {"pattern": "*o?e", "n": 1}, [(-1, 1, "old one")]),
        ("search", {"pattern": "nothing"}, []),
    ],
)  # fmt: skip
def test_history_answers(
    history: History, kind: str, query: dict[str, Any], found: list[tuple[int, int, str]]
) -> None:
    assert history.answer(kind, **query) == found


def test_with_output_an_input_is_a_pair(history: History) -> None:
    assert history.answer("tail", True, n=1) == [(0, 4, ("plan it", None))]


def test_what_a_frontend_sends_besides_is_passed_over(history: History) -> None:
    sent = {
        "raw": True,
        "session": 0,
        "start": 0,
        "stop": 0,
        "n": 1,
        "pattern": "",
        "unique": False,
    }
    assert history.answer("tail", False, **sent) == [(0, 4, "plan it")]


async def test_prompts_of_earlier_turns_come_whole_from_the_log(bench: Bench) -> None:
    assert await earlier_prompts(bench.session) == []
    long = "A long prompt. " * 60
    for prompt in ("First", long):
        await bench.play(["say", "ok"], prompt=prompt)
    first, second = await earlier_prompts(bench.session)
    assert first.startswith("First @@")
    assert second.startswith(long)
