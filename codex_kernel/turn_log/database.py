"""One SQLite file, open twice: a connection that writes and one that reads.

Two, because a write that waits for another process's lock must not hold up readers, and because
`data_version` of the reader then tells of every commit, our own included. Owns pragmas,
transactions and the threads of aiosqlite; turns sqlite3's errors into ours. Knows no table.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import aiosqlite

from codex_kernel.errors import LogUnavailable
from codex_kernel.turn_log import migrations, storage

BUSY_SECONDS = 5.0
_PAUSE_SECONDS = 0.02

Parameters = Sequence[Any] | Mapping[str, Any]

_SENTENCES = {
    "SQLITE_BUSY": "The turn log is locked by another process.",
    "SQLITE_LOCKED": "The turn log is locked by another process.",
    "SQLITE_FULL": "The disk or quota that holds the turn log is full.",
    "SQLITE_READONLY": "The turn log is not writable.",
    "SQLITE_CANTOPEN": "The turn log cannot be opened.",
    "SQLITE_IOERR": "The disk that holds the turn log reports an error.",
    "SQLITE_CORRUPT": "The turn log is damaged.",
    "SQLITE_NOTADB": "The turn log is damaged: it is not an SQLite file.",
}
_NEXT_STEPS = {
    "SQLITE_FULL": "Free some space, for example with `jupyter codex prune`.",
    "SQLITE_CORRUPT": "Move {path} away (with its -wal and -shm files); a new log is begun.",
    "SQLITE_NOTADB": "Move {path} away (with its -wal and -shm files); a new log is begun.",
}


class Database:
    """The open file; see `open` and `in_memory`."""

    def __init__(self, writer: aiosqlite.Connection, reader: aiosqlite.Connection) -> None:
        """Use two open connections; for a database in memory both are one."""
        self._writer = writer
        self._reader = reader
        self._lock = asyncio.Lock()
        self.path: Path | None = None
        self.file_system = "memory"
        self.journal_mode = "memory"
        self.last_error: str | None = None
        self.is_closed = False

    @classmethod
    @asynccontextmanager
    async def open(cls, folder: Path) -> AsyncIterator[Database]:
        """Open or make the log in `folder`.

        Raises `LogUnavailable`, `LogTooNew`.
        """
        path = await asyncio.to_thread(storage.prepare, folder)
        async with AsyncExitStack() as stack:
            with _converted(path):
                writer = await stack.enter_async_context(_connect(path))
                journal_mode, file_system = await _set_up(writer, path)
                reader = await stack.enter_async_context(_connect(path))
                await reader.execute_fetchall("PRAGMA query_only = ON")
            database = cls(writer, reader)
            database.path = path
            database.file_system = file_system
            database.journal_mode = journal_mode
            try:
                yield database
            finally:
                database.is_closed = True

    @classmethod
    @asynccontextmanager
    async def in_memory(cls) -> AsyncIterator[Database]:
        """A database that ends with the block, for when there is no file."""
        async with _connect(":memory:") as connection:
            await migrations.migrate(connection)
            database = cls(connection, connection)
            try:
                yield database
            finally:
                database.is_closed = True

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[aiosqlite.Connection]:
        """A `BEGIN IMMEDIATE` transaction: committed at the end, rolled back on any error.

        Raises `LogUnavailable` when another process keeps the lock or the disk refuses.
        """
        async with self._lock:
            with self._converted():
                try:
                    await self._writer.execute_fetchall("BEGIN IMMEDIATE")
                    yield self._writer
                    await self._writer.commit()
                except BaseException:
                    # Statements queue in one thread: this also undoes a BEGIN or a COMMIT
                    # whose result a cancelled task no longer waits for.
                    await self._writer.rollback()
                    raise

    async def write(self, sql: str, parameters: Parameters = ()) -> int:
        """One statement in a transaction of its own; the number of rows it changed."""
        async with self.transaction() as connection:
            cursor = await connection.execute(sql, parameters)
            return cursor.rowcount

    async def rows(self, sql: str, parameters: Parameters = ()) -> list[sqlite3.Row]:
        """The rows of a query, as committed."""
        with self._converted():
            return list(await self._reader.execute_fetchall(sql, parameters))

    async def row(self, sql: str, parameters: Parameters = ()) -> sqlite3.Row | None:
        """The first row of a query, when there is one."""
        return next(iter(await self.rows(sql, parameters)), None)

    async def version(self) -> int:
        """A number that differs from the last one when something was committed meanwhile."""
        if self._writer is self._reader:
            return self._writer.total_changes
        with self._converted():
            [(version,)] = await self._reader.execute_fetchall("PRAGMA data_version")
        return version

    async def pragma(self, text: str) -> list[sqlite3.Row]:
        """Run a pragma on the writing connection, outside a transaction."""
        async with self._lock:
            with self._converted():
                return list(await self._writer.execute_fetchall(f"PRAGMA {text}"))

    async def shrink(self, pages: int) -> None:
        """Give at most so many free pages back to the file system."""
        async with self._lock:
            with self._converted():
                # As an ordinary statement sqlite3 takes one step of it, which is one page.
                await self._writer.executescript(f"PRAGMA incremental_vacuum({pages})")

    @contextmanager
    def _converted(self) -> Iterator[None]:
        if self.is_closed:
            raise LogUnavailable("The turn log was closed.")
        try:
            with _converted(self.path):
                yield
        except LogUnavailable as error:
            self.last_error = error.message
            raise


@asynccontextmanager
async def _connect(path: Path | str) -> AsyncIterator[aiosqlite.Connection]:
    # isolation_level None: sqlite3 begins no transactions of its own accord.
    connector = aiosqlite.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
    # Python waits for all other threads at its end, and a host may end without closing the log:
    # a Jupyter server does, when it is interrupted. Its commits are safe without that.
    thread: Any = getattr(connector, "_thread", connector)
    thread.daemon = True
    async with connector as connection:
        connection.row_factory = sqlite3.Row
        yield connection


async def _set_up(connection: aiosqlite.Connection, path: Path) -> tuple[str, str]:
    """Pragmas and schema; journal mode and file system."""
    await migrations.check_version(connection)
    file_system = storage.file_system(path)
    wanted = "wal" if storage.can_use_wal(file_system) else "truncate"
    # Only takes effect on a file without tables; must precede the journal mode.
    await connection.execute_fetchall("PRAGMA auto_vacuum = INCREMENTAL")
    mode = await _set_journal_mode(connection, wanted)
    if mode not in ("wal", "truncate"):
        mode = await _set_journal_mode(connection, "truncate")
    # A rollback journal needs FULL to survive a power cut.
    synchronous = "NORMAL" if mode == "wal" else "FULL"
    await connection.execute_fetchall(f"PRAGMA synchronous = {synchronous}")
    await migrations.migrate(connection)
    return mode, file_system


async def _set_journal_mode(connection: aiosqlite.Connection, mode: str) -> str:
    """Set the mode, also while other processes do the same; the mode that holds then."""
    # Where waiting could be a deadlock SQLite gives up at once, whatever its timeout is.
    deadline = asyncio.get_running_loop().time() + BUSY_SECONDS
    while True:
        try:
            [(found,)] = await connection.execute_fetchall(f"PRAGMA journal_mode = {mode}")
        except sqlite3.OperationalError as error:
            is_late = asyncio.get_running_loop().time() > deadline
            if _code(error) not in ("SQLITE_BUSY", "SQLITE_LOCKED") or is_late:
                raise
            await asyncio.sleep(_PAUSE_SECONDS)
        else:
            return found


@contextmanager
def _converted(path: Path | None) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        code = _code(error)
        step = _NEXT_STEPS.get(code)
        raise LogUnavailable(
            _SENTENCES.get(code, f"The turn log cannot be used: {error}."),
            next_step=step and step.format(path=path),
        ) from error


def _code(error: sqlite3.Error) -> str:
    """The primary result code: SQLITE_IOERR_WRITE and its kin count as SQLITE_IOERR."""
    name: str = getattr(error, "sqlite_errorname", "")
    return "_".join(name.split("_")[:2])
