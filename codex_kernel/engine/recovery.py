"""What is done about processes that are gone: their turns end, what they left running ends.

Safe at any time and by any host, as often as one likes: only what is proven dead is touched, and
nothing is ever run again.
"""

from __future__ import annotations

import asyncio

from codex_kernel.ids import TurnId
from codex_kernel.rpc.orphans import kill_orphans
from codex_kernel.rpc.processes import kill_group
from codex_kernel.turn_log import leases
from codex_kernel.turn_log.log import TurnLog


async def recover(log: TurnLog) -> list[TurnId]:
    """Close the turns of dead owners, end their app-servers and the commands of these.

    Returns the turns that were ended as lost; raises `LogError`.
    """
    found = await leases.recover(log)
    for left in found.app_servers:
        if left.is_alive:
            kill_group(left.pid)
        await asyncio.to_thread(kill_orphans, left.thread_ids)
        await leases.forget(log, left)
    return found.turns
