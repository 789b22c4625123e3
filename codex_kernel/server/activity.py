"""A turn that runs is activity, however long it is silent: whoever ends idle kernels and idle
servers must not end it.

Only turns of living owners count; one that cannot be reached must not keep a server for ever.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from codex_kernel.turn_log import leases
from codex_kernel.turn_log.log import TurnLog

if TYPE_CHECKING:
    from jupyter_server.serverapp import ServerApp

SETTING = "codex_kernel_last_activity"
"""Jupyter Server takes every setting with this ending for a time of activity."""


class Activity:
    """The live turns of this user, as the server's cullers see them."""

    def __init__(self, server: ServerApp) -> None:
        """Nothing runs."""
        self.owners = 0
        """How many processes have live turns."""
        self._server = server

    async def note(self, log: TurnLog) -> None:
        """Tell the server and its kernels what runs now; raises `LogError`."""
        owners = await leases.live_owners(log)
        self.owners = len(owners)
        if not owners:
            return
        now = datetime.now(UTC)
        self._server.web_app.settings[SETTING] = now
        pids = {owner.pid for owner in owners}
        kernels: Any = self._server.kernel_manager
        for kernel_id in kernels.list_kernel_ids():
            kernel = kernels.get_kernel(kernel_id)
            if getattr(getattr(kernel, "provisioner", None), "pid", None) in pids:
                kernel.last_activity = now
