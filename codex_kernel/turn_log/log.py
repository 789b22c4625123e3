"""The turn log: open it, begin a turn, read and follow turns.

Everybody may read; a turn is written through the `TurnRecord` of its owner alone.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sqlite3
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Any

from codex_kernel.errors import InvalidTransition, LogUnavailable
from codex_kernel.ids import TurnId
from codex_kernel.settings import LogSettings
from codex_kernel.turn.events import Draft, Event, now
from codex_kernel.turn_log.database import Database
from codex_kernel.turn_log.owners import Owner, this_process
from codex_kernel.turn_log.reader import Reader
from codex_kernel.turn_log.record import TurnRecord
from codex_kernel.turn_log.rows import IS_AUDITED, to_json
from codex_kernel.turn_log.tail import POLL_SECONDS, Poller, Tail

logger = logging.getLogger(__name__)

CHUNK_ROWS = 1000
"""Rows deleted in one transaction: one DELETE of 118 MB holds the write lock for 0.7 s."""

# Retries are in no transcript that has ended, and tell why a turn took its time.
_DELETE_CHUNK = f"""
    DELETE FROM events WHERE turn_id = :turn AND seq IN (
        SELECT seq FROM events WHERE turn_id = :turn AND type <> 'retry' AND NOT {IS_AUDITED}
        ORDER BY seq LIMIT :rows
    )
"""
_ENDED = """
    SELECT turn_id, turns.turn_id IS NOT NULL AND snapshot IS NULL AS is_whole
    FROM compacted_turns LEFT JOIN turns USING (turn_id)
"""
_GIVE_UP = "DELETE FROM compacted_turns WHERE turn_id = ?"
_SHORTEN = (
    "UPDATE events SET body = json_remove(body, '$.item.output', '$.item.content', "
    "'$.item.structured') "
    "WHERE turn_id = :turn AND type = 'item.completed'",
    "UPDATE turns SET bytes = length(CAST(snapshot AS BLOB)) + "
    "(SELECT coalesce(sum(length(CAST(body AS BLOB))), 0) FROM events WHERE turn_id = :turn) "
    "WHERE turn_id = :turn",
    "DELETE FROM compacted_turns WHERE turn_id = :turn",
)


class TurnLog(Reader):
    """An open log, from `open` or `unavailable`."""

    def __init__(
        self, database: Database, settings: LogSettings, owner: Owner, reason: str | None = None
    ) -> None:
        """`reason`: why this log is in memory only."""
        super().__init__(database)
        self.settings = settings
        self.owner = owner
        self.reason = reason
        self._poller = Poller(database)
        self._begun: set[TurnId] = set()
        self._writing: dict[asyncio.Task[None], TurnRecord] = {}

    @classmethod
    @asynccontextmanager
    async def open(cls, settings: LogSettings, kind: str = "kernel") -> AsyncIterator[TurnLog]:
        """Open the log in `settings.folder`, made where missing, with this process as an owner.

        Raises `LogUnavailable` (not writable, damaged, locked) and `LogTooNew`; a damaged file
        is left as it is.
        """
        async with Database.open(settings.folder) as database:
            log = cls(database, settings, this_process(kind))
            async with log._opened():
                yield log

    @classmethod
    @asynccontextmanager
    async def unavailable(
        cls, reason: str, settings: LogSettings | None = None, kind: str = "kernel"
    ) -> AsyncIterator[TurnLog]:
        """A log in memory, for when `open` failed: all works, only this process sees it.

        Its records are never `is_recorded`; `reason` is their `problem`.
        """
        async with Database.in_memory() as database:
            log = cls(database, settings or LogSettings(), this_process(kind), reason)
            async with log._opened():
                yield log

    async def begin(self, turn_id: TurnId, draft: Draft) -> tuple[TurnRecord, list[Event]]:
        """Record a new turn; `draft` is its `turn.queued`. Its only writer, its first event."""
        if turn_id in self._begun:
            raise InvalidTransition(f"The turn {turn_id} was begun already.")
        self._begun.add(turn_id)
        record = TurnRecord(
            turn_id,
            self.database,
            self.owner.owner,
            self.settings.commit_seconds,
            self.reason,
            self._keep,
        )
        return record, await record.append([draft])

    async def compact(self, turn_id: TurnId) -> bool:
        """Replace the events of an ended turn by its final transcript; whether it did.

        What an audit needs stays beside it, without the outputs. Readers see the transcript at
        once; the events go afterwards, in chunks.
        """
        row = await self.turn(turn_id)
        transcript = await self.transcript(turn_id)
        if row is None or transcript is None or row.is_compacted or not transcript.is_final:
            return False
        await self.database.write(
            "UPDATE turns SET snapshot = ? WHERE turn_id = ? AND snapshot IS NULL",
            (to_json(transcript.data), turn_id),
        )
        await self._shorten(turn_id)
        return True

    async def compact_ended(self, may_go_on: Callable[[], bool] = lambda: True) -> None:
        """Compact the turns that have ended, whoever ran them, and finish what was cut short.

        Asks `may_go_on` before each. A damaged record stays as it is.
        """
        for row in await self.database.rows(_ENDED):
            if not may_go_on():
                return
            turn_id = row["turn_id"]
            if not row["is_whole"]:
                await self._shorten(turn_id)
                continue
            try:
                await self.compact(turn_id)
            except (InvalidTransition, KeyError, TypeError, ValueError):
                logger.warning("The record of the turn %s is damaged", turn_id)
                await self.database.write(_GIVE_UP, (turn_id,))

    async def _shorten(self, turn_id: TurnId) -> None:
        chunk = {"turn": turn_id, "rows": CHUNK_ROWS}
        while await self.database.write(_DELETE_CHUNK, chunk) == CHUNK_ROWS:
            continue

        def shorten(connection: sqlite3.Connection) -> None:
            for statement in _SHORTEN:
                connection.execute(statement, {"turn": turn_id})

        await self.database.transaction(shorten)

    def tail(self, poll_seconds: float = POLL_SECONDS) -> AbstractAsyncContextManager[Tail]:
        """Follow the log: `async with log.tail() as tail`, read, `await tail.changed()`, ..."""
        return self._poller.tail(poll_seconds)

    async def remember_app_server(
        self, pid: int, started: int | None, thread_ids: Collection[str]
    ) -> None:
        """Note an app-server that this process started, for whoever has to end it after us.

        `started` as `owners.process_started` tells it; the threads replace those noted before.
        """
        await self.database.write(
            "INSERT OR REPLACE INTO app_servers VALUES (?, ?, ?, ?)",
            (self.owner.owner, pid, started, json.dumps(list(thread_ids))),
        )

    async def forget_app_server(self, pid: int | None = None) -> None:
        """It has ended; without a pid: all that this process started have."""
        await self.database.write(
            "DELETE FROM app_servers WHERE owner = ? AND pid = coalesce(?, pid)",
            (self.owner.owner, pid),
        )

    def health(self) -> dict[str, Any]:
        """How the log is, as a JSON object."""
        database = self.database
        path = database.path
        problems = [record.problem for record in self._writing.values() if record.problem]
        problem = next(iter(problems), self.reason)
        warnings: list[str] = []
        if database.journal_mode == "truncate":
            warnings.append(
                f"The turn log lies on a file system ({database.file_system}) that SQLite cannot "
                "share well; set CODEX_KERNEL_DATA_DIR to a local folder."
            )
        return {
            "path": None if path is None else str(path),
            "file_system": database.file_system,
            "journal_mode": database.journal_mode,
            "bytes": path.stat().st_size if path is not None and path.exists() else 0,
            "is_recorded": problem is None,
            "problem": problem,
            "last_error": database.last_error,
            "warnings": warnings,
        }

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[TurnLog]:
        await self._register()
        try:
            yield self
        finally:
            await self._poller.aclose()
            # A file that is locked now would keep us waiting once more.
            if await self._end_writing():
                await self._deregister()

    async def _register(self) -> None:
        owner = self.owner
        await self.database.write(
            "INSERT INTO owners VALUES (?, ?, ?, ?, ?, ?, ?, NULL)",
            (
                owner.owner,
                owner.kind,
                owner.boot_id,
                owner.pid_namespace,
                owner.pid,
                owner.started,
                now(),
            ),
        )

    async def _deregister(self) -> None:
        # A file that cannot be written must not keep anybody from closing it.
        with suppress(LogUnavailable):
            await self.database.write(
                "UPDATE owners SET closed_at = ? WHERE owner = ?", (now(), self.owner.owner)
            )

    def _keep(self, record: TurnRecord, task: asyncio.Task[None]) -> None:
        self._writing[task] = record
        task.add_done_callback(self._writing.pop)

    async def _end_writing(self) -> bool:
        """A last while for what is owed, then no more; whether all was written."""
        tasks = set(self._writing)
        if not tasks:
            return True
        _, late = await asyncio.wait(tasks, timeout=self.settings.commit_seconds)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late)
        return not late
