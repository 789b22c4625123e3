"""What is asked of a session from outside, when the log fails for a moment."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from codex_kernel.engine.inbox import Inbox
from codex_kernel.errors import LogError
from codex_kernel.ids import SessionId
from codex_kernel.turn_log import commands

from ..cell.bench import Bench


async def test_a_command_that_could_not_be_claimed_is_claimed_later(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim = commands.claim
    failed = asyncio.Event()

    async def fails_once(*arguments: Any) -> list[commands.CommandRow]:
        if not failed.is_set():
            failed.set()
            raise LogError("database is locked")
        return await claim(*arguments)

    monkeypatch.setattr(commands, "claim", fails_once)
    bench.session.id = SessionId("s")
    asked = await commands.ask(bench.session.log, "session", "s", "juggle", {}, "ada")
    serving = asyncio.create_task(Inbox(bench.session).run())
    answer = await commands.wait(bench.session.log, asked, 10)
    serving.cancel()
    assert answer == {"error": "`juggle` is not known here."}
