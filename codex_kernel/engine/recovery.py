"""What is done about processes that are gone: their turns end, what they left running ends.

Safe at any time and by any host, as often as one likes: only what is proven dead is touched, and
nothing is ever run again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

from codex_kernel.app_server import translate
from codex_kernel.app_server.client import AppServer
from codex_kernel.app_server.outcome import outcome
from codex_kernel.errors import AppServerError
from codex_kernel.ids import TurnId
from codex_kernel.rpc.orphans import kill_orphans
from codex_kernel.rpc.processes import kill_group, wait_for_end
from codex_kernel.turn.transcript import Transcript
from codex_kernel.turn_log import leases
from codex_kernel.turn_log.log import TurnLog

END_SECONDS = 5.0
"""How long the end of a killed process may take on a busy machine."""

Connect = Callable[[], AbstractAsyncContextManager[AppServer]]


async def recover(log: TurnLog, connect: Connect | None = None) -> list[TurnId]:
    """End the app-servers of dead owners and the commands of these, then close their turns.

    A turn that Codex had finished before it ended is closed as that, when `connect` gives an
    app-server to ask; every other one as lost. Returns those turns; raises `LogError`.
    """
    for left in await leases.left_behind(log):
        if left.is_alive:
            kill_group(left.pid)
            # As long as it is above its commands they are not taken for orphans.
            await asyncio.to_thread(wait_for_end, left.pid, END_SECONDS)
        await asyncio.to_thread(kill_orphans, left.thread_ids)
        await leases.forget(log, left)
    return await leases.recover(log, None if connect is None else _asking(connect))


def _asking(connect: Connect) -> Callable[[Transcript], Awaitable[leases.Outcome | None]]:
    async def tell(transcript: Transcript) -> leases.Outcome | None:
        if transcript.data["codex_turn_id"] is None:
            return None
        try:
            async with connect() as server:
                params = {"threadId": transcript.data["session_id"], "includeTurns": True}
                answer = await server.request("thread/read", params)
        except AppServerError:
            return None
        turns: list[dict[str, Any]] = answer["thread"]["turns"]
        wanted = transcript.data["codex_turn_id"]
        return next((_became(turn, transcript) for turn in turns if turn["id"] == wanted), None)

    return tell


def _became(turn: dict[str, Any], transcript: Transcript) -> leases.Outcome | None:
    """What Codex's history says of a turn that it finished; one that it did not is lost."""
    if turn["status"] not in ("completed", "failed"):
        return None
    state, error = outcome(turn)
    done = {item["id"] for item in transcript.data["items"] if item not in transcript.open_items()}
    missed = [
        {"method": "item/completed", "params": {"item": item}}
        for item in turn["items"]
        if item["id"] not in done and item.get("clientId") != transcript.data["turn_id"]
    ]
    drafts = translate.supersede(translate.translate(missed), transcript)
    return leases.Outcome(drafts, state, error)
