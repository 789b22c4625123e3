"""The app-server of a session: started when first needed, and again when it has died."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from codex_kernel._version import __version__
from codex_kernel.app_server.client import AppServer
from codex_kernel.errors import AppServerGone, NotLoggedIn
from codex_kernel.settings import AppServerSettings


class Connection:
    """At most one running app-server; `aclose()` ends it with everything it started."""

    def __init__(self, settings: AppServerSettings, data_folder: Path) -> None:
        """Nothing is started before `connect()`."""
        self.server: AppServer | None = None
        self._settings = settings
        self._data_folder = data_folder
        self._starting: asyncio.Task[AppServer] | None = None
        self._is_logged_in = False
        self._is_closed = False

    @property
    def is_alive(self) -> bool:
        """Whether there is an app-server."""
        return self.server is not None and not self.server.is_gone

    async def connect(self) -> AppServer:
        """The app-server, started when there is none (any more).

        All who ask while it starts wait for the same one; a cancelled wait does not stop it.
        """
        if self._is_closed:
            raise AppServerGone("The session is closed.", next_step="Restart the kernel.")
        if self.server is not None and not self.server.is_gone:
            return self.server
        if self._starting is None or self._starting.done():
            self._starting = asyncio.create_task(self._start())
            self._starting.add_done_callback(mark_retrieved)
        return await asyncio.shield(self._starting)

    @property
    def knows_account(self) -> bool:
        """Whether the app-server, if there is one, has missed no login or logout."""
        return self.server is None or self.server.knows_account

    async def has_account(self) -> bool:
        """Whether Codex has the account that the model needs, or needs none.

        A yes is remembered until somebody logs in or out, here or elsewhere. An app-server that
        does not know of a login or logout elsewhere counts as without.
        """
        if not self.knows_account:
            return False
        if not self._is_logged_in:
            answer = await (await self.connect()).request("account/read", {})
            is_missing = answer.get("account") is None and answer.get("requiresOpenaiAuth")
            self._is_logged_in = not is_missing
        return self._is_logged_in

    async def require_account(self) -> None:
        """Raise `NotLoggedIn` when the model needs an account and Codex has none.

        Codex itself would try the network for minutes. A running app-server does not notice that
        somebody logged in or out elsewhere, so that ours gives way to a new one.
        """
        was_running = self.is_alive
        if await self.has_account():
            return
        server = await self.connect()
        if was_running and not server.is_shared:
            await self.renew()
            if await self.has_account():
                return
        raise NotLoggedIn("Codex is not logged in.")

    async def renew(self) -> None:
        """End the app-server; the next `connect()` starts another."""
        server, self.server, self._is_logged_in = self.server, None, False
        if server is not None:
            await server.aclose()

    def kill(self) -> None:
        """The last means against a turn that does not stop; never on a shared app-server."""
        if self.server is not None and not self.server.is_shared:
            self.server.kill()

    async def aclose(self) -> None:
        """End the app-server, also one that is just being started."""
        self._is_closed = True
        if self._starting is not None and not self._starting.done():
            self._starting.cancel()
            await asyncio.gather(self._starting, return_exceptions=True)
        if self.server is not None:
            await self.server.aclose()

    async def _start(self) -> AppServer:
        self.server, self._is_logged_in = None, False
        server = await AppServer.start(
            self._settings, data_folder=self._data_folder, client_version=__version__
        )
        server.subscribe(self._on_account)
        self.server = server
        return server

    def _on_account(self, message: dict[str, Any]) -> None:
        if message["method"] == "account/updated":
            self._is_logged_in = False


def mark_retrieved(task: asyncio.Task[Any]) -> None:
    """Mark an exception as seen: whoever waited for the task has it."""
    if not task.cancelled():
        task.exception()
