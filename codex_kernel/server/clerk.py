"""What the server does itself because nobody else can: for sessions without an owner, for the
account and for lists of Codex's own.

Its app-server is started when it is first needed and ended when it has not been for a while. It
runs no turn and opens no session for longer than a request, so that any kernel can take it up.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from codex_kernel.app_server.client import AppServer
from codex_kernel.engine import report, threads
from codex_kernel.engine.connection import Connection
from codex_kernel.engine.inbox import Outcome, refused
from codex_kernel.errors import CodexError, SessionNotFound
from codex_kernel.ids import SessionId
from codex_kernel.settings import SessionSettings, Settings
from codex_kernel.turn_log import bindings, commands
from codex_kernel.turn_log.commands import CommandRow
from codex_kernel.turn_log.log import TurnLog

MAX_THREADS = 100

logger = logging.getLogger(__name__)


class Clerk:
    """One app-server of the Jupyter server, or none."""

    def __init__(self, settings: Settings, idle_seconds: float) -> None:
        """Nothing is started before it is needed."""
        self._settings = settings
        self._idle_seconds = idle_seconds
        self._connection: Connection | None = None
        self._users = 0
        self._resting: asyncio.TimerHandle | None = None
        self._ending: set[asyncio.Task[None]] = set()

    @property
    def is_running(self) -> bool:
        """Whether there is an app-server now."""
        return self._connection is not None and self._connection.is_alive

    @asynccontextmanager
    async def server(self) -> AsyncIterator[AppServer]:
        """The app-server, which does not end within the block.

        Raises what starting it raises: BinaryNotFound, AppServerGone, ...
        """
        if self._resting is not None:
            self._resting.cancel()
            self._resting = None
        if self._connection is None:
            app_server = self._settings.app_server
            self._connection = Connection(app_server, self._settings.log.folder)
        elif self._users == 0 and not self._connection.knows_account:
            await self._connection.renew()
        self._users += 1
        try:
            yield await self._connection.connect()
        finally:
            self._users -= 1
            if self._users == 0:
                loop = asyncio.get_running_loop()
                self._resting = loop.call_later(self._idle_seconds, self._end)

    async def aclose(self) -> None:
        """End the app-server."""
        if self._resting is not None:
            self._resting.cancel()
        self._end()
        await asyncio.gather(*self._ending)

    def _end(self) -> None:
        """Whoever comes from now on gets a new app-server."""
        connection, self._connection = self._connection, None
        if connection is not None:
            task = asyncio.create_task(connection.aclose())
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)

    # In place of an owner

    async def carry_out(self, log: TurnLog, row: CommandRow) -> None:
        """Do what was asked of a session that nobody has open, and record the outcome."""
        verb = _VERBS.get(row.verb)
        try:
            outcome = await verb(self, log, row) if verb else _nothing_to_do(row)
        except CodexError as failure:
            outcome = refused(failure)
        except Exception as failure:  # whoever asked waits for an answer
            logger.exception("What was asked of a session failed")
            outcome = {"error": f"codex_kernel failed: {failure}", "status": 500}
        await commands.finish(log, row.command_id, outcome)

    async def _rename(self, log: TurnLog, row: CommandRow) -> Outcome:
        async with self.server() as server:
            await threads.rename(server, log, row.target_id, str(row.args["title"]))
        return {"ok": True}

    async def _archive(self, log: TurnLog, row: CommandRow) -> Outcome:
        async with self.server() as server:
            await threads.archive(server, log, row.target_id)
        return {"ok": True}

    async def _unarchive(self, log: TurnLog, row: CommandRow) -> Outcome:
        async with self.server() as server:
            await threads.unarchive(server, log, row.target_id)
        return {"ok": True}

    async def _fork(self, log: TurnLog, row: CommandRow) -> Outcome:
        settings = await self._settings_of(log, row)
        async with self.server() as server:
            copy = await threads.fork(
                server,
                log,
                row.target_id,
                settings,
                self._settings.app_server,
                last_turn_id=row.args.get("last_turn_id"),
            )
        await threads.bind_copy(log, row.args.get("notebook"), copy, row.by)
        return {"ok": True, "session_id": copy}

    async def _delete(self, log: TurnLog, row: CommandRow) -> Outcome:
        if not row.args.get("thread"):
            await threads.delete(None, log, row.target_id)
            return {"ok": True}
        async with self.server() as server:
            await threads.delete(server, log, row.target_id)
        return {"ok": True}

    async def _show_settings(self, log: TurnLog, row: CommandRow) -> Outcome:
        settings = await self._settings_of(log, row)
        async with self.server() as server:
            servers = await report.mcp_servers(server, None)
        return {"settings": report.settings_report(settings), "mcp_servers": servers}

    async def _settings_of(self, log: TurnLog, row: CommandRow) -> SessionSettings:
        known = await bindings.session(log, row.target_id)
        settings = self._settings.session
        return replace(settings, cwd=known.cwd) if known is not None and known.cwd else settings

    # Codex's own lists

    async def models(self) -> list[dict[str, Any]]:
        """The models of Codex's catalogue, in its order."""
        found: list[dict[str, Any]] = []
        cursor: str | None = None
        async with self.server() as server:
            while True:
                answer = await server.request("model/list", {"cursor": cursor} if cursor else {})
                found += [model for model in answer["data"] if not model.get("hidden")]
                cursor = answer.get("nextCursor")
                if not cursor:
                    return found

    async def threads_in(self, folder: str) -> list[dict[str, Any]]:
        """Codex's sessions of a folder, whoever began them, the last used first."""
        params = {"cwd": _names(folder), "limit": MAX_THREADS, "sortKey": "updated_at"}
        async with self.server() as server:
            answer = await server.request("thread/list", params)
        # Codex may list a session twice (after `thread/revert`).
        unique = {thread["id"]: thread for thread in reversed(answer["data"])}
        return sorted(unique.values(), key=lambda each: each["updatedAt"], reverse=True)

    async def adopt(self, log: TurnLog, session_id: str) -> None:
        """Take a session into the record that was begun elsewhere; raises `SessionNotFound`."""
        async with self.server() as server:
            answer = await threads.request(server, "thread/read", session_id)
        thread = answer["thread"]
        if thread["id"] != session_id:
            raise SessionNotFound(f"Codex does not know the session {session_id}.")
        title = thread.get("name") or " ".join((thread.get("preview") or "").split())[:200]
        await bindings.remember_session(
            log, SessionId(session_id), title=title or None, cwd=thread.get("cwd"), is_fresh=False
        )


def _names(folder: str) -> list[str]:
    """Codex compares folders by the names they were given: this one may be a link."""
    return sorted({os.path.abspath(folder), os.path.realpath(folder)})


def _nothing_to_do(row: CommandRow) -> Outcome:
    """What is asked of a process that has the session open, when there is none."""
    nothing: dict[str, Outcome] = {
        "release": {"ok": True},
        "let_go": {"ok": True},
        "list_background": {"ok": True, "commands": []},
        "stop_background": {"ok": True, "stopped": 0},
    }
    return nothing.get(row.verb, {"error": f"`{row.verb}` is not known here."})


_Verb = Callable[[Clerk, TurnLog, CommandRow], Awaitable[Outcome]]
_VERBS: dict[str, _Verb] = {
    "rename": Clerk._rename,
    "archive": Clerk._archive,
    "unarchive": Clerk._unarchive,
    "fork": Clerk._fork,
    "delete": Clerk._delete,
    "show_settings": Clerk._show_settings,
}
