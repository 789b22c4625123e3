"""Every way in which a model fails, as the real binary reports it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from codex_kernel.scripted_model import ScriptedModel

from .app_server import AppServer, Turn, app_server

_RETRIES = {"request_max_retries": 0, "stream_max_retries": 2}


@pytest.fixture
def slug() -> str:
    """The style of the tools plays no part here."""
    return "gpt-5.5"


@pytest.fixture
async def codex(
    model: ScriptedModel, codex_home: Path, workspace: Path, slug: str
) -> AsyncIterator[AppServer]:
    model.write_config(codex_home, slug, stream_idle_timeout_ms=1500, **_RETRIES)
    async with app_server(codex_home, workspace, slug) as server:
        yield server


def _error(turn: Turn) -> tuple[Any, str]:
    assert turn.end is not None
    assert turn.end["status"] == "failed"
    return turn.end["error"]["codexErrorInfo"], turn.end["error"]["message"]


def _retries(turn: Turn) -> int:
    return sum(m["params"]["willRetry"] for m in turn.of("error"))


async def test_fail_400_fails_the_turn_with_the_body(codex: AppServer) -> None:
    turn = await codex.play(["fail", 400, {"error": {"message": "bad thing"}}])
    info, message = _error(turn)
    assert info == "other"
    assert "bad thing" in message


async def test_fail_always_fails_after_the_retries(codex: AppServer, model: ScriptedModel) -> None:
    turn = await codex.play(["fail", 503, {"error": {"message": "down"}}])
    _error(turn)
    assert _retries(turn) == 2
    assert len(model.requests) == 3


async def test_fail_twice_and_then_go_on(codex: AppServer, model: ScriptedModel) -> None:
    turn = await codex.play([["fail", 500, {}, {"times": 2}], ["say", "third time lucky"]])
    assert turn.answers == ["third time lucky"]
    assert len(model.requests) == 3


async def test_fail_sends_its_headers_and_body(codex: AppServer) -> None:
    body = {"error": {"type": "usage_limit_reached", "plan_type": "plus", "resets_in_seconds": 60}}
    turn = await codex.play(["fail", 429, body, {"headers": {"x-codex-plan": "plus"}}])
    assert _error(turn)[0] == "usageLimitExceeded"


@pytest.mark.parametrize(
    ("code", "info"),
    [
        ("context_length_exceeded", "contextWindowExceeded"),
        ("insufficient_quota", "usageLimitExceeded"),
        ("server_is_overloaded", "serverOverloaded"),
    ],
)
async def test_failed_fails_the_response(codex: AppServer, code: str, info: str) -> None:
    turn = await codex.play([["say", "begun"], ["failed", code, "no more"]])
    assert _error(turn)[0] == info
    assert turn.answers == ["begun"]


async def test_incomplete_names_its_reason(codex: AppServer) -> None:
    turn = await codex.play([["say", "half"], ["incomplete", "max_output_tokens"]])
    assert "max_output_tokens" in _error(turn)[1]


async def test_drop_cuts_the_stream_and_the_retry_goes_past_it(
    codex: AppServer, model: ScriptedModel
) -> None:
    turn = await codex.play([["say", "before"], ["drop", {"times": 1}], ["say", "after"]])
    assert turn.end is not None
    assert turn.end["status"] == "completed"
    assert turn.answers[-1] == "after"
    assert _retries(turn) == 1
    assert len(model.requests) == 2


async def test_drop_always_fails_the_turn(codex: AppServer) -> None:
    turn = await codex.play([["say", "before"], ["drop"]])
    assert "stream disconnected" in _error(turn)[1]


async def test_a_cut_after_a_tool_call_asks_for_the_same_response_again(
    codex: AppServer, workspace: Path
) -> None:
    turn = await codex.play(
        [["run", "echo x >> log.txt"], ["drop", {"times": 1}], ["say", "whole"]],
        ["say", "end"],
    )
    assert turn.answers == ["whole", "end"]
    assert (workspace / "log.txt").read_text() == "x\nx\n"


async def test_stall_is_given_up_by_the_idle_timeout(
    codex: AppServer, model: ScriptedModel
) -> None:
    turn = await codex.play([["stall", {"times": 1}], ["say", "awake"]])
    assert turn.answers == ["awake"]
    assert len(model.requests) == 2


async def test_a_failure_in_a_later_response_repeats_only_that_response(
    codex: AppServer, workspace: Path
) -> None:
    turn = await codex.play(
        ["run", "echo x >> once.txt"], [["fail", 500, {}, {"times": 1}], ["say", "end"]]
    )
    assert turn.answers == ["end"]
    assert (workspace / "once.txt").read_text() == "x\n"


async def test_a_malformed_script_fails_the_turn_and_says_why(codex: AppServer) -> None:
    turn = await codex.run('@@ [["sing", "la la"]]')
    assert "there is no step 'sing'" in _error(turn)[1]
