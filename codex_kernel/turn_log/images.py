"""Before-images: what files were before a turn changed them, bounded, so that it can be undone."""

from __future__ import annotations

import asyncio
import hashlib
import os
import sqlite3
import stat
from dataclasses import dataclass

from codex_kernel.ids import TurnId
from codex_kernel.turn_log.log import TurnLog


@dataclass(frozen=True)
class BeforeImage:
    """A file before a turn. `content` is None when there was no file, or `why_missing` says."""

    path: str
    existed: bool
    mode: int | None
    sha256: str | None
    content: bytes | None
    why_missing: str | None


async def keep_before(
    log: TurnLog,
    turn_id: TurnId,
    path: str,
    content: bytes | None,
    *,
    existed: bool | None = None,
    max_bytes: int | None = None,
) -> None:
    """Keep the content a file had before this turn; only the first image of a path counts.

    `existed` is told by `content` unless the content of an existing file is not known. Files
    over `max_bytes` (default `LogSettings.image_bytes`) are noted without their content.
    """
    existed = content is not None if existed is None else existed
    mode = await asyncio.to_thread(_mode, path) if existed else None
    limit = log.settings.image_bytes if max_bytes is None else max_bytes
    digest = None if content is None else hashlib.sha256(content).hexdigest()
    size = None if content is None else len(content)

    def keep(connection: sqlite3.Connection) -> None:
        [(kept,)] = connection.execute(
            "SELECT coalesce(sum(length(content)), 0) FROM before_images WHERE turn_id = ?",
            (turn_id,),
        )
        why = _why_missing(content, existed, limit, log.settings.image_bytes_per_turn - kept)
        stored = content if why is None else None
        added = connection.execute(
            "INSERT OR IGNORE INTO before_images VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (turn_id, path, existed, mode, size, digest, stored, why),
        )
        if added.rowcount == 1 and stored:
            connection.execute(
                "UPDATE turns SET bytes = bytes + ? WHERE turn_id = ?", (len(stored), turn_id)
            )

    await log.database.transaction(keep)


async def before_images(log: TurnLog, turn_id: TurnId) -> list[BeforeImage]:
    """What the files that a turn changed were before, by path."""
    rows = await log.database.rows(
        "SELECT path, existed, mode, sha256, content, why_missing FROM before_images "
        "WHERE turn_id = ? ORDER BY path",
        (turn_id,),
    )
    return [BeforeImage(**{**dict(row), "existed": bool(row["existed"])}) for row in rows]


def _why_missing(content: bytes | None, existed: bool, limit: int, left: int) -> str | None:
    if not existed:
        return None
    if content is None:
        return "The content before the turn is not known."
    if len(content) > limit:
        return f"The file is larger than {limit} bytes."
    if len(content) > left:
        return "The files of this turn are too large together."
    return None


def _mode(path: str) -> int | None:
    try:
        return stat.S_IMODE(os.stat(path).st_mode)
    except OSError:
        return None
