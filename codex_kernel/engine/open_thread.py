"""The thread of a session on its app-server, from its opening until it is left.

Owns the one reader of the thread's messages, which go to the turn that runs, and what is asked
of Codex about the thread. Which thread that is, and with which settings, the session says.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from codex_kernel.app_server import questions
from codex_kernel.app_server.client import AppServer, Channel
from codex_kernel.engine.threads import session_error
from codex_kernel.errors import (
    AppServerGone,
    CodexError,
    RequestRefused,
    SessionInUse,
    SessionNotFound,
)
from codex_kernel.rpc.orphans import kill_orphans
from codex_kernel.settings import SessionSettings
from codex_kernel.turn_log import commands

if TYPE_CHECKING:
    from codex_kernel.engine.session import Session

logger = logging.getLogger(__name__)

WRITER_SECONDS = 5.0
"""How long a killed predecessor may take to let go of a thread (measured: well below one)."""

INTERRUPT_REPLY_SECONDS = 5.0
"""An interrupt that comes too late may never be answered (0.163): nobody waits for it longer."""


class OpenThread:
    """The present thread of `session`; also knows the threads that were open before it."""

    def __init__(self, session: Session, batch_seconds: float) -> None:
        """Nothing is open. While only text comes, it is gathered for `batch_seconds`."""
        self.held: set[str] = set()
        """The sessions that the app-server has open: the present one and those left behind."""
        self._session = session
        self._batch_seconds = batch_seconds
        self._threads: set[str] = set()
        self._channel: Channel | None = None
        self._pump: asyncio.Task[None] | None = None

    @property
    def is_open(self) -> bool:
        """Whether the thread is open on a running app-server."""
        return self._channel is not None and self._session.connection.is_alive

    # Opening and leaving

    async def request(self, server: AppServer, method: str, params: dict[str, Any]) -> Any:
        """Open a thread that may be held by a process that was just killed, or by a kernel that
        has left it; raises `SessionInUse`, `SessionNotFound`, `RequestRefused`."""
        deadline = asyncio.get_running_loop().time() + WRITER_SECONDS
        has_asked = False
        while True:
            try:
                return await server.request(method, params)
            except RequestRefused as refused:
                failure = session_error(refused, params["threadId"])
                is_late = asyncio.get_running_loop().time() > deadline
                if not isinstance(failure, SessionInUse) or is_late:
                    raise failure from refused
            if not has_asked:
                has_asked = True
                self._ask_for(params["threadId"])
            await asyncio.sleep(0.1)

    def _ask_for(self, session_id: str) -> None:
        """Ask the kernel that has left a session, but still has it open, to let go of it."""
        by = self._session.notebook or "another kernel"
        asking = commands.ask(self._session.log, "session", session_id, "let_go", {}, by)
        self._session.notes.write_later(asking)

    async def note(self, server: AppServer, session_id: str) -> None:
        """Note who has the thread open, for whoever has to tidy up after this process."""
        self._threads.add(session_id)
        self.held.add(session_id)
        if server.process is not None:
            log, threads = self._session.log, sorted(self._threads)
            await self._session.notes.write(log.remember_app_server(*server.process, threads))

    def listen(self, server: AppServer, session_id: str) -> None:
        """Begin to read the thread's messages."""
        self._channel = server.open_channel(session_id)
        self._pump = asyncio.create_task(self._run_pump(self._channel))

    async def leave(self) -> None:
        """Read no more, and tell the app-server so."""
        self._session.background.commands.clear()
        if self._channel is not None:
            self._channel.close()
            self._channel = None
        if self._pump is not None:
            self._pump.cancel()
            await asyncio.gather(self._pump, return_exceptions=True)
            self._pump = None
        if self._session.id is not None and self._session.connection.is_alive:
            try:
                await self.ask("thread/unsubscribe")
            except CodexError:
                logger.debug("The thread was not open any more")

    async def aclose(self) -> None:
        """The app-server has ended: read to the end, and end the commands that it left."""
        if self._pump is not None:
            await asyncio.gather(self._pump, return_exceptions=True)
        await asyncio.to_thread(kill_orphans, self._threads)

    # Messages

    async def _run_pump(self, channel: Channel) -> None:
        """The one reader of the thread: hands its messages to the turn that runs."""
        linger = 0.0
        try:
            while batch := await channel.batch(linger):
                linger = self._batch_seconds if channel.is_text(batch[-1]) else 0.0
                await self._take(batch)
        except AppServerGone as failure:
            self._break_off(failure)
        except Exception as failure:  # a bug: the turn must end, not wait
            logger.exception("What Codex says cannot be taken in")
            turn = self._session.current
            await self.give_up(turn.codex_turn_id if turn is not None else None)
            self._break_off(failure)
        else:
            return
        self._session.background.commands.clear()
        self.held.clear()
        await asyncio.to_thread(kill_orphans, self._threads)

    def _break_off(self, failure: Exception) -> None:
        if self._session.current is not None:
            self._session.current.hearing.broke_off(failure)

    async def _take(self, batch: list[dict[str, Any]]) -> None:
        if self._session.current is not None:
            await self._session.current.hearing.take(batch)
            return
        for message in batch:
            if "id" in message:
                await self.refuse(message)
            else:
                self._session.background.take(message)

    # What turns and commands ask of Codex

    async def ask(self, method: str, **params: Any) -> Any:
        """A request about this thread, on the running app-server."""
        server, session_id = self._session.server, self._session.id
        if server is None or session_id is None:
            raise SessionNotFound("There is no session yet.", next_step="Run a prompt first.")
        return await server.request(method, {"threadId": session_id, **params})

    async def respond(self, request: dict[str, Any], result: dict[str, Any] | None) -> None:
        """Answer a request of the app-server; harmless when it is gone."""
        if self._session.server is not None:
            await self._session.server.respond(request, result)

    async def refuse(self, request: dict[str, Any]) -> None:
        """Decline a request in its right shape."""
        await self.respond(request, questions.refusal(request))

    async def steer(self, codex_turn_id: str | None, text: str) -> None:
        """Add text to a running turn; raises `RequestRefused` when it does not run any more."""
        content = [{"type": "text", "text": text}]
        await self.ask("turn/steer", expectedTurnId=codex_turn_id, input=content)

    async def interrupt(self, codex_turn_id: str | None) -> None:
        """Tell Codex to stop a turn; the answer says nothing about its end."""
        server = self._session.server
        if server is not None:
            params = {"threadId": self._session.id, "turnId": codex_turn_id}
            await server.request("turn/interrupt", params, timeout=INTERRUPT_REPLY_SECONDS)

    async def give_up(self, codex_turn_id: str | None) -> None:
        """Stop a turn that nobody hears any more: the next one would become part of it.

        The app-server ends, too, or our connection to a shared one; the next turn has another.
        """
        with contextlib.suppress(CodexError):
            await self.interrupt(codex_turn_id)
        await self._session.connection.renew()

    async def read_turn(self, codex_turn_id: str | None) -> dict[str, Any] | None:
        """What Codex's own history says of a turn, with its items; None when it cannot tell."""
        try:
            answer = await self.ask("thread/read", includeTurns=True)
        except CodexError:
            return None
        turns: Iterable[dict[str, Any]] = answer["thread"]["turns"]
        return next((turn for turn in turns if turn["id"] == codex_turn_id), None)


async def foreign_servers(server: AppServer, settings: SessionSettings) -> list[str]:
    """The MCP servers of the user's configuration, which an isolated session leaves out."""
    return await server.mcp_servers(settings.cwd) if settings.isolated else []
