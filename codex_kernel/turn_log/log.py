"""The turn log: open it, begin a turn, read and follow turns.

Everybody may read; a turn is written through the `TurnRecord` of its owner alone.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Collection
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Any

from codex_kernel.errors import InvalidTransition, LogUnavailable
from codex_kernel.ids import NotebookPath, SessionId, TurnId
from codex_kernel.settings import LogSettings
from codex_kernel.turn.events import Draft, now
from codex_kernel.turn.transcript import Transcript
from codex_kernel.turn_log.database import Database
from codex_kernel.turn_log.leases import Owner, this_process
from codex_kernel.turn_log.record import TurnRecord
from codex_kernel.turn_log.rows import IS_LIVE, TURN_COLUMNS, TurnRow, event, turn_row
from codex_kernel.turn_log.tail import POLL_SECONDS, Poller, Tail

PAGE = 1000
"""Events that are read at once."""


class TurnLog:
    """An open log, from `open` or `unavailable`."""

    def __init__(
        self, database: Database, settings: LogSettings, owner: Owner, reason: str | None = None
    ) -> None:
        """`reason`: why this log is in memory only."""
        self.database = database
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

    async def begin(self, turn_id: TurnId, draft: Draft) -> TurnRecord:
        """Record a new turn; `draft` is its `turn.queued`. Returns its only writer."""
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
        [record.first_event] = await record.append([draft])
        return record

    async def events(
        self, turn_id: TurnId, after: int = 0, limit: int = PAGE
    ) -> list[dict[str, Any]]:
        """The events after number `after`, in order, at most `limit`.

        For a compacted turn: one `{"type": "snapshot", "seq", "transcript"}` at its last number,
        or nothing when `after` is that far.
        """
        found = await self.database.rows(
            "SELECT turn_id, seq, at, body FROM events WHERE turn_id = ? AND seq > ? "
            "ORDER BY seq LIMIT ?",
            (turn_id, after, limit),
        )
        # Looked up after the events: were they compacted in between, the snapshot is there.
        snapshot = await self._snapshot(turn_id)
        if snapshot is None:
            return [event(row) for row in found]
        if after >= snapshot["seq"]:
            return []
        return [{"type": "snapshot", "seq": snapshot["seq"], "transcript": snapshot}]

    async def turn(self, turn_id: TurnId) -> TurnRow | None:
        """What lists show of one turn."""
        return next(iter(await self.turns(ids=[turn_id])), None)

    async def turns(
        self,
        *,
        notebook: NotebookPath | None = None,
        cell_id: str | None = None,
        session_id: SessionId | str | None = None,
        state: str | Collection[str] | None = None,
        ids: Collection[str] | None = None,
        before: str | None = None,
        limit: int = 100,
    ) -> list[TurnRow]:
        """Turns that match everything that is given, the latest first.

        `before` is the turn id where the last page ended. `state="live"`: any that has not ended.
        """
        where: list[str] = []
        values: list[Any] = []
        for column, value in (
            ("notebook", notebook),
            ("cell_id", cell_id),
            ("session_id", session_id),
        ):
            if value is not None:
                where.append(f"{column} = ?")
                values.append(value)
        if before is not None:
            where.append("turn_id < ?")
            values.append(before)
        if state == "live":
            where.append(IS_LIVE)
        elif state is not None:
            where.append("state IN (SELECT value FROM json_each(?))")
            values.append(json.dumps([state] if isinstance(state, str) else list(state)))
        if ids is not None:
            where.append("turn_id IN (SELECT value FROM json_each(?))")
            values.append(json.dumps(list(ids)))
        condition = f"WHERE {' AND '.join(where)}" if where else ""
        found = await self.database.rows(
            f"SELECT {TURN_COLUMNS} FROM turns {condition} ORDER BY turn_id DESC LIMIT ?",
            (*values, limit),
        )
        return [turn_row(row) for row in found]

    async def transcript(self, turn_id: TurnId) -> Transcript | None:
        """The transcript of a turn as far as it is recorded; None when it is not known."""
        row = await self.turn(turn_id)
        if row is None:
            return None
        transcript = Transcript()
        while page := await self.events(turn_id, after=transcript.seq):
            if page[0]["type"] == "snapshot":
                transcript = Transcript(page[0]["transcript"])
            else:
                transcript.apply(page)
        # A notebook may have been renamed since.
        transcript.data["notebook"] = row.notebook
        return transcript

    async def compact(self, turn_id: TurnId) -> bool:
        """Replace the text events of an ended turn by its final transcript; whether it did."""
        row = await self.turn(turn_id)
        transcript = await self.transcript(turn_id)
        if row is None or transcript is None or row.is_compacted or not transcript.is_final:
            return False
        async with self.database.transaction() as connection:
            await connection.execute_fetchall(
                "UPDATE turns SET snapshot = ? WHERE turn_id = ? AND snapshot IS NULL",
                (json.dumps(transcript.data, ensure_ascii=False), turn_id),
            )
            await connection.execute_fetchall(
                "DELETE FROM events WHERE turn_id = ? AND type = 'item.text'", (turn_id,)
            )
            await connection.execute_fetchall(
                "UPDATE turns SET bytes = length(CAST(snapshot AS BLOB)) + "
                "(SELECT total(length(CAST(body AS BLOB))) FROM events WHERE turn_id = :turn) "
                "WHERE turn_id = :turn",
                {"turn": turn_id},
            )
        return True

    def tail(self, poll_seconds: float = POLL_SECONDS) -> AbstractAsyncContextManager[Tail]:
        """Follow the log: `async with log.tail() as tail`, read, `await tail.changed()`, ..."""
        return self._poller.tail(poll_seconds)

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
            await self._end_writing()
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

    async def _end_writing(self) -> None:
        """A last while for what is owed, then no more."""
        tasks = set(self._writing)
        if not tasks:
            return
        _, late = await asyncio.wait(tasks, timeout=self.settings.commit_seconds)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late)

    async def _snapshot(self, turn_id: TurnId) -> dict[str, Any] | None:
        row = await self.database.row("SELECT snapshot FROM turns WHERE turn_id = ?", (turn_id,))
        return json.loads(row["snapshot"]) if row is not None and row["snapshot"] else None
