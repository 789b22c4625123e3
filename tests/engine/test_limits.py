"""What the turns of a host may use together."""

from __future__ import annotations

from typing import Any

import pytest

from codex_kernel.engine.limits import Limits
from codex_kernel.errors import LimitReached
from codex_kernel.settings import SessionSettings


def usage(total: int, last: int) -> dict[str, Any]:
    return {"total": {"total_tokens": total}, "last": {"total_tokens": last}}


def test_without_limits_nothing_is_refused() -> None:
    limits = Limits()
    for _ in range(3):
        limits.begin(SessionSettings())
        assert limits.spend("s", usage(10**9, 10**9), SessionSettings()) is None


def test_turns_are_counted() -> None:
    limits, settings = Limits(), SessionSettings(max_turns=2)
    limits.begin(settings)
    limits.begin(settings)
    with pytest.raises(LimitReached, match="`max_turns` allows 2"):
        limits.begin(settings)
    limits.begin(SessionSettings(max_turns=3))


def test_tokens_are_those_since_the_host_began_of_all_sessions_each_request_once() -> None:
    limits, settings = Limits(), SessionSettings(max_tokens=300)
    assert limits.spend("resumed", usage(9100, 100), settings) is None
    assert limits.spend("resumed", usage(9100, 100), settings) is None
    assert limits.spend("new", usage(150, 150), settings) is None
    assert limits.tokens == 250
    limits.begin(settings)
    stopped = limits.spend("new", usage(250, 100), settings)
    assert stopped is not None
    assert stopped["kind"] == "token_limit"
    assert "350 tokens were used" in stopped["message"]
    with pytest.raises(LimitReached, match="`max_tokens` allows 300"):
        limits.begin(settings)
