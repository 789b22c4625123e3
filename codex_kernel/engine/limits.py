"""How much the turns of one host may be and use together: counted here, refused or stopped there.

`max_minutes` is a turn's own affair; these limits are for runs that nobody watches.
"""

from __future__ import annotations

from typing import Any

from codex_kernel.errors import LimitReached
from codex_kernel.settings import SessionSettings
from codex_kernel.turn.events import TurnErrorInfo


class Limits:
    """What was used since the host began."""

    def __init__(self) -> None:
        """Nothing yet."""
        self.turns = 0
        self._before: dict[str | None, int] = {}
        self._used: dict[str | None, int] = {}

    @property
    def tokens(self) -> int:
        """Tokens of all requests, those of several sessions together."""
        return sum(self._used.values())

    def begin(self, settings: SessionSettings) -> None:
        """Count a turn that is about to be asked for; raises `LimitReached` instead."""
        if settings.max_turns is not None and self.turns >= settings.max_turns:
            raise LimitReached(
                f"{self.turns} turns were run, and `max_turns` allows {settings.max_turns}.",
                next_step="Raise `max_turns`, or restart the kernel.",
            )
        if (reached := self._out_of_tokens(settings)) is not None:
            raise LimitReached(reached, next_step=_MORE_TOKENS)
        self.turns += 1

    def spend(
        self, session_id: str | None, usage: dict[str, Any], settings: SessionSettings
    ) -> TurnErrorInfo | None:
        """Take in what Codex says was used; why the turn must stop, when it must."""
        total, last = (usage[of].get("total_tokens", 0) for of in ("total", "last"))
        # The total is the session's, from before this host as well.
        before = self._before.setdefault(session_id, total - last)
        self._used[session_id] = total - before
        reached = self._out_of_tokens(settings)
        if reached is None:
            return None
        return {"kind": "token_limit", "message": reached, "next_step": _MORE_TOKENS}

    def _out_of_tokens(self, settings: SessionSettings) -> str | None:
        if settings.max_tokens is None or self.tokens <= settings.max_tokens:
            return None
        return f"{self.tokens:,} tokens were used, and `max_tokens` allows {settings.max_tokens:,}."


_MORE_TOKENS = "Raise `max_tokens`, or restart the kernel."
