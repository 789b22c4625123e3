"""Commands of a turn that is stopped."""

from __future__ import annotations

import asyncio
from typing import Any

from codex_kernel.engine.background import Background


class NothingRuns:
    """A session whose app-server lists no running command."""

    async def ask(self, method: str, **_params: Any) -> dict[str, Any]:
        assert method == "thread/backgroundTerminals/list"
        return {"data": []}


async def test_a_command_that_waited_for_an_approval_is_not_waited_for() -> None:
    session: Any = NothingRuns()
    command: Any = {"id": "call_1", "type": "command", "status": "running"}
    async with asyncio.timeout(10):
        await Background(session).end([command], seconds=3600)
