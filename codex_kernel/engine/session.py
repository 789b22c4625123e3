"""A conversation with Codex: which thread on which app-server, and one turn after the other.

A session belongs to one host (a kernel, a magic). It starts an app-server when it first needs
one and again when that has died, and opens its thread there (see `open_thread`). Turns are run
in the order they were submitted, one at a time: a second `turn/start` on a busy thread would
silently become part of the first turn.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from codex_kernel.app_server.client import (
    AppServer,
    effective,
    fork_params,
    resume_params,
    thread_params,
)
from codex_kernel.engine.background import Background
from codex_kernel.engine.connection import Connection, mark_retrieved
from codex_kernel.engine.document import Document
from codex_kernel.engine.doors import Doors
from codex_kernel.engine.keeper import Keeper
from codex_kernel.engine.limits import Limits
from codex_kernel.engine.notes import Notes
from codex_kernel.engine.open_thread import OpenThread, foreign_servers
from codex_kernel.engine.threads import fork, let_go
from codex_kernel.engine.turn import Submission, Turn
from codex_kernel.engine.wishes import Wishes
from codex_kernel.errors import CodexError, LogError, SessionInUse, SessionNotFound
from codex_kernel.ids import CellId, KernelId, NotebookPath, SessionId, TurnId, new_turn_id
from codex_kernel.settings import AppServerSettings, SessionSettings, Settings
from codex_kernel.turn_log import bindings
from codex_kernel.turn_log.log import TurnLog

logger = logging.getLogger(__name__)

IDLE_SECONDS = 0.3
"""From the end of a turn, when no other follows, to the compaction: its end is shown by then."""

HEEDED_SECONDS = 0.1
"""A cell looks at what is asked for in a page when it begins; its turn looks again unless it begins
right after."""


class Session:
    """The current session of a host; `new()`, `resume()` and `fork()` change which one it is."""

    def __init__(
        self,
        settings: Settings,
        log: TurnLog,
        *,
        notebook: NotebookPath | None = None,
        kernel_id: KernelId | None = None,
    ) -> None:
        """Nothing is started before `open()` or the first turn."""
        self.log = log
        self.settings: SessionSettings = settings.session
        self.id: SessionId | None = None
        self.order = asyncio.Lock()
        self.current: Turn | None = None
        self.turns: list[Turn] = []
        """The turn that runs and those that wait."""
        self.notes = Notes(settings.log.commit_seconds)
        self.connection = Connection(settings.app_server, settings.log.folder)
        self.thread = OpenThread(self, settings.turn.batch_seconds)
        self.background = Background(self)
        self.keeper = Keeper(self, settings.log)
        self.document = Document(
            log, self.notes, notebook, self.keeper.cell_ids, kernel_id, self.keeper.carried
        )
        self.wishes = Wishes(self.document, settings.session, settings.app_server.environ)
        self.limits = Limits()
        self.reported: dict[str, Any] = {}
        self.request_seconds = settings.app_server.request_seconds
        self._all = settings
        self.offered: Mapping[str, object] = {}
        """Configuration that every thread gets from the host, e.g. its tools."""
        self._notices: list[str] = []
        self._opening: asyncio.Task[dict[str, Any]] | None = None
        self._heeded = float("-inf")
        self._is_fresh = True
        self._is_attached = False
        self._has_told_unrecorded = False
        self._must_reopen = False
        self._has_offered_fork = False
        self._attaching = asyncio.Lock()
        self._compacting: asyncio.Task[object] | None = None
        self._is_closed = False

    @property
    def notebook(self) -> NotebookPath | None:
        """The document whose cells the turns are."""
        return self.document.path

    @property
    def _app_server(self) -> AppServerSettings:
        ours = self._all.app_server
        return replace(ours, config={**self.offered, **ours.config})  # the user's own comes last

    @property
    def command_prefix(self) -> str:
        """What a user of the host writes before a command."""
        return self._all.command_prefix

    @property
    def server(self) -> AppServer | None:
        """The app-server, when one was started."""
        return self.connection.server

    # Turns

    async def submit(self, submission: Submission) -> Turn:
        """Run a turn and return it when it has ended; its transcript tells how."""
        door = Doors(self.log, submission.notebook, submission.door)
        submission = replace(submission, door=door)
        turn = submission.turn or self.new_turn()
        try:
            await turn.run(submission)
        finally:
            self.turns.remove(turn)
            asyncio.get_running_loop().call_later(IDLE_SECONDS, self._compact_if_idle)
        return turn

    def _compact_if_idle(self) -> None:
        """A turn that runs needs the processor, and is followed by another call."""
        is_compacting = self._compacting is not None and not self._compacting.done()
        if not self.turns and not is_compacting and not self._is_closed:
            compacting = self.log.compact_ended(lambda: not self.turns)
            self._compacting = self.notes.write_later(compacting)

    async def enqueue(self, prompt: str, cell_id: CellId | None, turn_id: TurnId) -> Turn:
        """Record a turn whose cell waits; `submit` runs it, or `withdraw` takes it back."""
        turn = self.new_turn(turn_id)
        await turn.begin(prompt, cell_id)
        return turn

    def new_turn(self, turn_id: TurnId | None = None) -> Turn:
        """A turn that `submit` gets; nothing of it is recorded yet."""
        turn = Turn(self, self._all.turn, turn_id or new_turn_id())
        self.turns.append(turn)
        return turn

    async def withdraw(self, turn: Turn, by: str) -> None:
        """Take back a turn whose cell will not run."""
        turn.withdraw(by)
        await turn.done.wait()
        self.turns.remove(turn)

    def interrupt(self, by: str) -> bool:
        """Stop the turn that runs; False when none does."""
        if self.current is None:
            return False
        self.current.interrupt(by)
        return True

    def cancel_all(self, by: str) -> bool:
        """Stop every turn whose cell runs; False when there is none.

        Those of queued cells are left to the host, which aborts the cells or runs them.
        """
        running = [turn for turn in self.turns if turn.is_running]
        for turn in running:
            turn.interrupt(by)
        return bool(running)

    def requested(self) -> dict[str, Any]:
        """The settings that the next turn asks for."""
        settings = self.settings
        return {
            "model": settings.model,
            "effort": settings.effort,
            "sandbox": settings.sandbox,
            "approval_policy": settings.approval_policy,
            "cwd": settings.cwd,
        }

    def configure(self, **changes: Any) -> None:
        """Change settings from the next turn on; field names of `SessionSettings`."""
        self.settings = replace(self.settings, **changes)

    async def choose(self, **changes: Any) -> None:
        """Change settings as `configure` does, and keep them with the notebook."""
        self.configure(**changes)
        await self.wishes.remember(changes)

    async def heed_wishes(self) -> None:
        """Change settings to what was asked for in a page; without a log as they are."""
        began = asyncio.get_running_loop().time()
        await self.document.locate()
        try:
            changes, notices = await self.wishes.changes(self.settings)
        except LogError as failure:
            logger.debug("What the notebook asks for cannot be read: %s", failure)
            return
        self._notices += notices
        self._must_reopen |= "env" in changes
        self.configure(**changes)
        self._heeded = began

    def mark_used(self, cell_id: CellId | None) -> None:
        """Note that the session has a turn, in this cell; the turn does not wait for it."""
        self._is_fresh = False
        if self.id is not None:
            self.notes.write_later(self.document.mark_used(self.id, cell_id))

    # Which session

    async def attach(self) -> None:
        """Take up the session that the notebook is bound to, when it still is that notebook.

        As long as it is bound to none, the next call looks again.
        """
        async with self._attaching:
            if not self._is_attached and self.id is None:
                self._is_attached = await self._attach()

    async def _attach(self) -> bool:
        """Whether it is settled what the notebook is bound to."""
        if self.notebook is None or self.settings.on_restart == "new":
            return True
        try:
            binding = await self.document.binding()
        except LogError as failure:
            self._notices.append(f"This is a new session: {failure}")
            return True
        if binding is None:
            await self._offer_fork()
            return False
        if binding.is_foreign:
            self._notices.append(_foreign(binding.session_id))
            return True
        self.id = binding.session_id
        known = await bindings.session(self.log, binding.session_id)
        self._is_fresh = known is None or known.is_fresh
        if known is not None and not known.is_fresh:
            count = f"{known.turns} turn" + ("s" if known.turns != 1 else "")
            self._notices.append(f"Continuing a session of {count}; `/new` begins a new one.")
        return True

    async def _offer_fork(self) -> None:
        origin = None if self._has_offered_fork else await self.document.origin()
        if origin is not None:
            self._has_offered_fork = True
            self._notices.append(
                "This notebook is a copy of one that has a session. It begins blank; "
                f"`/fork {origin}` goes on from a copy of that session."
            )

    async def recognise(self, cell_id: CellId | None) -> None:
        """Begin blank when the notebook's file has become another notebook under the kernel, and
        take up what is asked for in a page. Called by a turn whose turn it is."""
        await self.attach()
        if self.id is not None and await self.document.is_another(cell_id):
            earlier = self.id
            await self.new()
            await self.document.forget()
            self._notices.append(_foreign(earlier))
            await self.heed_wishes()
        elif asyncio.get_running_loop().time() > self._heeded + HEEDED_SECONDS:
            await self.heed_wishes()
        await self._heed_session(self.wishes.session)
        if self._must_reopen and not self.background.running:
            self._must_reopen = False
            await self._leave()

    def reopen_soon(self) -> None:
        """Open the thread anew before the next turn: Codex reads its configuration and the
        variables of commands only then."""
        self._must_reopen = True

    async def _heed_session(self, wanted: str | None) -> None:
        if wanted == bindings.NO_SESSION:
            await self.new()
        elif wanted is not None and wanted != self.id:
            await self._leave()
            known = await bindings.session(self.log, wanted)
            self.id, self._is_fresh = SessionId(wanted), known is not None and known.is_fresh
            self._is_attached, self._notices, self.document.cells = True, [], set()
        if wanted is not None:
            await self.wishes.taken()

    async def leave(self, why: str) -> None:
        """Let go of the session; the next turn begins a new one and says why."""
        await self.new()
        self._notices.append(why)

    async def close_left(self, session_id: str) -> None:
        """Have the app-server close a session that was left, for whoever wants to open it.

        Raises `SessionInUse` for the present one.
        """
        if session_id == self.id:
            raise SessionInUse(f"The session {session_id} is open here.")
        if session_id in self.thread.held and self.connection.is_alive:
            await let_go(await self.connect(), session_id)
        self.thread.held.discard(session_id)

    def take_notices(self) -> list[str]:
        """What the next turn should tell about its session, once."""
        prefixed = f"`{self.command_prefix}/"
        notices = [text.replace("`/", prefixed) for text in self._notices]
        self._notices = []
        if self.log.reason is not None and not self._has_told_unrecorded:
            self._has_told_unrecorded = True
            notices.append(f"Turns are not recorded. {self.log.reason}")
        return notices

    async def new(self) -> None:
        """Let go of the session; the next turn begins a new one."""
        await self._leave()
        self.id, self._is_fresh, self._is_attached = None, True, True
        self._notices, self.reported = [], {}
        await self.document.unbind()

    async def resume(self, session_id: SessionId) -> dict[str, Any]:
        """Take up another session; returns the settings it reports.

        When that fails, the next turn goes on with the one before.
        """
        before = self.id, self._is_fresh, self._is_attached
        await self._leave()
        self.id, self._is_fresh, self._is_attached, self._notices = session_id, False, True, []
        try:
            reported = await self.open()
        except CodexError:
            self.id, self._is_fresh, self._is_attached = before
            raise
        await self.document.bind(session_id)
        return reported

    async def fork(self, session_id: SessionId | None = None) -> SessionId:
        """Go on from a copy of a session (default: this one); returns the id of the copy."""
        source = session_id or self.id
        if source is None:
            raise SessionNotFound("There is no session to fork yet.", next_step="Run a prompt.")
        server = await self.connection.connect()
        others = await foreign_servers(server, self.settings)
        params = fork_params(self.settings, self._app_server, source, self.notebook, others)
        result = await self.thread.request(server, "thread/fork", params)
        await self._leave()
        self._is_fresh, self._is_attached = False, True
        copy = SessionId(result["thread"]["id"])
        await self._opened(server, copy, result)
        return copy

    async def copy(self, session_id: SessionId, last_turn_id: str | None) -> SessionId:
        """Copy a session, up to a turn of Codex's or as a whole, for whoever takes the copy up."""
        server = await self.connection.connect()
        return await fork(
            server,
            self.log,
            session_id,
            self.settings,
            self._all.app_server,
            last_turn_id=last_turn_id,
        )

    # The app-server and the thread on it

    async def connect(self) -> AppServer:
        """The app-server, started when there is none (any more).

        Between turns one that missed a login or logout elsewhere gives way to a new one.
        """
        if self.current is None and not self.connection.knows_account:
            await self._leave()
            await self.connection.renew()
        return await self.connection.connect()

    @asynccontextmanager
    async def lend(self) -> AsyncIterator[AppServer]:
        """The app-server, for something that is about no turn of ours."""
        yield await self.connect()

    @property
    def is_open(self) -> bool:
        """Whether the thread is open on a running app-server."""
        return self.thread.is_open

    async def open(self) -> dict[str, Any]:
        """Have the thread open on a running app-server; returns the settings it reports.

        Waiting for it may be cancelled, the opening itself goes on for whoever asks next.
        """
        if self.is_open:
            if await self.connection.has_account():
                return self.reported
            await self._leave()  # the app-server may have to give way to one that knows of a login
        if self._opening is None or self._opening.done():
            self._opening = asyncio.create_task(self._open())
            self._opening.add_done_callback(mark_retrieved)
        return await asyncio.shield(self._opening)

    async def _open(self) -> dict[str, Any]:
        await self.connection.require_account()
        server = await self.connection.connect()
        await self.attach()
        if self.id is not None:
            result = await self._resumed(server, self.id)
            if result is not None:
                return await self._opened(server, self.id, result)
        others = await foreign_servers(server, self.settings)
        params = thread_params(
            self.settings, self._app_server, notebook=self.notebook, mcp_servers=others
        )
        result = await server.request("thread/start", params)
        return await self._opened(server, SessionId(result["thread"]["id"]), result)

    async def _resumed(self, server: AppServer, session_id: SessionId) -> dict[str, Any] | None:
        """Resume; None for a session that never had a turn, which Codex does not keep."""
        others = await foreign_servers(server, self.settings)
        params = resume_params(self.settings, self._app_server, session_id, self.notebook, others)
        try:
            return await self.thread.request(server, "thread/resume", params)
        except SessionNotFound:
            if self._is_fresh:
                return None
            raise

    async def _opened(
        self, server: AppServer, session_id: SessionId, result: dict[str, Any]
    ) -> dict[str, Any]:
        self.id = session_id
        self.reported = {**effective(result, self.settings), "version": server.version}
        self._notices += [text for text in server.warnings if text not in self._notices]
        server.warnings.clear()
        await self.thread.note(server, session_id)
        await self.notes.write(
            bindings.remember_session(
                self.log,
                session_id,
                cwd=self.settings.cwd,
                model=self.reported.get("model"),
                is_fresh=self._is_fresh,
            )
        )
        await self.document.bind(session_id)
        self.thread.listen(server, session_id)
        return self.reported

    # The end

    async def _leave(self) -> None:
        if self._opening is not None:  # or it would put the old session back later
            await asyncio.wait((self._opening,))
        await self.thread.leave()

    async def aclose(self) -> None:
        """End what runs, then the app-server with everything it started."""
        self._compact_if_idle()
        self._is_closed = True
        turns = list(self.turns)
        for turn in turns:
            turn.shut_down()
        if self._opening is not None and not self._opening.done():
            self._opening.cancel()
            await asyncio.gather(self._opening, return_exceptions=True)
        await self.connection.aclose()
        for turn in turns:
            await turn.done.wait()
        await self.thread.aclose()
        await self.notes.write(self.log.forget_app_server())
        await self.notes.aclose()


def _foreign(session_id: str) -> str:
    return (
        "An earlier notebook of this name had a session of its own. "
        f"This one begins blank; `/resume {session_id}` takes that session up."
    )
