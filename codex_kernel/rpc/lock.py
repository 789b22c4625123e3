"""One at a time, across processes.

Several app-servers that start at once on one CODEX_HOME fail to set up its databases. Owns a lock
file that keeps them apart; it is held from the spawn until `initialize` is answered. The system
gives the lock back when its holder dies.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

POLL_SECONDS = 0.01
"""A start takes 65 ms; file locks cannot be waited for without a thread."""


@asynccontextmanager
async def start_lock(path: str | os.PathLike[str], timeout_seconds: float) -> AsyncIterator[bool]:
    """Hold the lock at `path`, which is made when needed; True if it was got in time.

    After `timeout_seconds`, or where files cannot be locked, it goes on without: a start that may
    fail is better than none.
    """
    handle = _open(Path(path))
    try:
        yield handle is not None and await _is_got(handle, timeout_seconds)
    finally:
        if handle is not None:
            os.close(handle)


def _open(path: Path) -> int | None:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError:
        return None


async def _is_got(handle: int, timeout_seconds: float) -> bool:
    deadline = asyncio.get_running_loop().time() + timeout_seconds
    while not _try_lock(handle):
        if asyncio.get_running_loop().time() >= deadline:
            return False
        await asyncio.sleep(POLL_SECONDS)
    return True


if sys.platform == "win32":
    import msvcrt

    def _try_lock(handle: int) -> bool:
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _try_lock(handle: int) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
