"""One SQLite file, open twice: a connection that writes and one that reads.

Two, because a write that waits for another process's lock must not hold up readers, and because
`data_version` of the reader then tells of every commit, our own included. Each has a thread of its
own, on which a query or a whole transaction is one step: the event loop never waits for the disk,
and the lock of the file never for the event loop. Owns pragmas, transactions and these threads;
turns sqlite3's errors into ours. Knows no table.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from codex_kernel.errors import LogUnavailable
from codex_kernel.turn_log import migrations, storage

BUSY_SECONDS = 5.0
_PAUSE_SECONDS = 0.02

Parameters = Sequence[Any] | Mapping[str, Any]
P = ParamSpec("P")
T = TypeVar("T")

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
_WRITABLE = "Make {path} and its folder writable, or set CODEX_KERNEL_DATA_DIR to another folder."
_NEXT_STEPS = {
    "SQLITE_BUSY": "Try again; should it stay locked, end the process that holds {path} open.",
    "SQLITE_LOCKED": "Try again; should it stay locked, end the process that holds {path} open.",
    "SQLITE_READONLY": _WRITABLE,
    "SQLITE_CANTOPEN": _WRITABLE,
    "SQLITE_IOERR": "Check the disk, or set CODEX_KERNEL_DATA_DIR to a folder on another one.",
    "SQLITE_FULL": "Free some space, for example with `jupyter codex prune`.",
    "SQLITE_CORRUPT": "Move {path} away (with its -wal and -shm files); a new log is begun.",
    "SQLITE_NOTADB": "Move {path} away (with its -wal and -shm files); a new log is begun.",
}


class Connection:
    """An SQLite connection and the only thread that uses it; made by `_connect`."""

    def __init__(self, thread: ThreadPoolExecutor, connection: sqlite3.Connection) -> None:
        self._thread = thread
        self._connection = connection

    async def run(
        self,
        work: Callable[Concatenate[sqlite3.Connection, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Call `work` with the connection on its thread; in the order of the calls."""
        call = partial(work, self._connection, *args, **kwargs)
        return await asyncio.get_running_loop().run_in_executor(self._thread, call)


class Database:
    """The open file; see `open` and `in_memory`."""

    def __init__(self, writer: Connection, reader: Connection) -> None:
        """Use two open connections; for a database in memory both are one."""
        self._writer = writer
        self._reader = reader
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
                journal_mode, file_system = await writer.run(_set_up, path)
                reader = await stack.enter_async_context(_connect(path))
                await reader.run(_rows, "PRAGMA query_only = ON")
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
            await connection.run(migrations.migrate)
            database = cls(connection, connection)
            try:
                yield database
            finally:
                database.is_closed = True

    async def transaction(
        self,
        work: Callable[Concatenate[sqlite3.Connection, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """What `work` returns when it is called with the connection, inside `BEGIN IMMEDIATE`.

        Committed at its end, rolled back on any error. When the caller is cancelled, what has begun
        is finished and what has not is left out. Raises `LogUnavailable` when another process
        keeps the lock or the disk refuses.
        """
        with self._converted():
            return await self._writer.run(_in_transaction, work, *args, **kwargs)

    async def write(self, sql: str, parameters: Parameters = ()) -> int:
        """One statement in a transaction of its own; the number of rows it changed."""
        return await self.transaction(_changed, sql, parameters)

    async def rows(self, sql: str, parameters: Parameters = ()) -> list[sqlite3.Row]:
        """The rows of a query, as committed."""
        with self._converted():
            return await self._reader.run(_rows, sql, parameters)

    async def row(self, sql: str, parameters: Parameters = ()) -> sqlite3.Row | None:
        """The first row of a query, when there is one."""
        return next(iter(await self.rows(sql, parameters)), None)

    async def version(self) -> int:
        """A number that differs from the last one when something was committed meanwhile."""
        if self._writer is self._reader:
            with self._converted():
                return await self._writer.run(lambda connection: connection.total_changes)
        [(version,)] = await self.rows("PRAGMA data_version")
        return version

    async def pragma(self, text: str) -> list[sqlite3.Row]:
        """Run a pragma on the writing connection, outside a transaction."""
        with self._converted():
            return await self._writer.run(_rows, f"PRAGMA {text}")

    async def shrink(self, pages: int) -> None:
        """Give at most so many free pages back to the file system."""
        with self._converted():
            # As an ordinary statement sqlite3 takes one step of it, which is one page.
            script = f"PRAGMA incremental_vacuum({pages})"
            await self._writer.run(lambda connection: connection.executescript(script))

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
async def _connect(path: Path | str) -> AsyncIterator[Connection]:
    thread = ThreadPoolExecutor(1, thread_name_prefix="codex-log")
    try:
        connection = await asyncio.wrap_future(thread.submit(_opened, path))
        try:
            yield Connection(thread, connection)
        finally:
            # Behind all that was asked for, also when nobody waits for it any more.
            closed = thread.submit(connection.close)
            await asyncio.shield(asyncio.wrap_future(closed))
    finally:
        thread.shutdown(wait=False)


def _opened(path: Path | str) -> sqlite3.Connection:
    # isolation_level None: sqlite3 begins no transactions of its own accord.
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
    connection.row_factory = sqlite3.Row
    return connection


def _in_transaction(
    connection: sqlite3.Connection,
    work: Callable[Concatenate[sqlite3.Connection, P], T],
    *args: P.args,
    **kwargs: P.kwargs,
) -> T:
    try:
        connection.execute("BEGIN IMMEDIATE")
        result = work(connection, *args, **kwargs)
        connection.commit()
    except BaseException:
        connection.rollback()
        raise
    return result


def _rows(
    connection: sqlite3.Connection, sql: str, parameters: Parameters = ()
) -> list[sqlite3.Row]:
    return connection.execute(sql, parameters).fetchall()


def _changed(connection: sqlite3.Connection, sql: str, parameters: Parameters) -> int:
    return connection.execute(sql, parameters).rowcount


def _set_up(connection: sqlite3.Connection, path: Path) -> tuple[str, str]:
    """Pragmas and schema; journal mode and file system."""
    migrations.check_version(connection)
    file_system = storage.file_system(path)
    wanted = "wal" if storage.can_use_wal(file_system) else "truncate"
    # Only takes effect on a file without tables; must precede the journal mode.
    connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    mode = _set_journal_mode(connection, wanted)
    if mode not in ("wal", "truncate"):
        mode = _set_journal_mode(connection, "truncate")
    # A rollback journal needs FULL to survive a power cut.
    synchronous = "NORMAL" if mode == "wal" else "FULL"
    connection.execute(f"PRAGMA synchronous = {synchronous}")
    migrations.migrate(connection)
    return mode, file_system


def _set_journal_mode(connection: sqlite3.Connection, mode: str) -> str:
    """Set the mode, also while other processes do the same; the mode that holds then."""
    # Where waiting could be a deadlock SQLite gives up at once, whatever its timeout is.
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            [(found,)] = connection.execute(f"PRAGMA journal_mode = {mode}")
        except sqlite3.OperationalError as error:
            is_late = time.monotonic() > deadline
            if _code(error) not in ("SQLITE_BUSY", "SQLITE_LOCKED") or is_late:
                raise
            time.sleep(_PAUSE_SECONDS)
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
