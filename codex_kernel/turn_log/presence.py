"""Which notebooks are open in a page of ours, as the Jupyter server of that page knows it.

A row is a page's word that it shows a notebook. It counts while the page is connected and its
server lives; one that has just gone counts a little longer, so that a reload is no absence. A
server that was killed removes nothing: its rows end with the proof that it is dead.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection

from codex_kernel.ids import NotebookPath
from codex_kernel.turn.events import ago, now
from codex_kernel.turn_log.leases import owner_from
from codex_kernel.turn_log.log import TurnLog
from codex_kernel.turn_log.owners import owner_is_dead

STALE_SECONDS = 60.0
"""A page of a server that cannot be looked at from here counts this long after its last sign."""


async def note(log: TurnLog, page: str, notebooks: Collection[NotebookPath]) -> None:
    """The page shows these notebooks, and no others."""
    moment = now()

    def replace(connection: sqlite3.Connection) -> None:
        connection.execute(_GONE, (moment, page))
        connection.executemany(
            "INSERT OR REPLACE INTO presence VALUES (?, ?, ?, ?, NULL)",
            [(page, notebook, log.owner.owner, moment) for notebook in notebooks],
        )

    await log.database.transaction(replace)


async def refresh(log: TurnLog) -> None:
    """The pages of this process are still there; forgets what has long gone, whoever noted it."""

    def renew(connection: sqlite3.Connection) -> None:
        connection.execute(
            "UPDATE presence SET seen_at = ? WHERE owner = ? AND gone_at IS NULL",
            (now(), log.owner.owner),
        )
        connection.execute(
            "DELETE FROM presence WHERE gone_at < ? "
            "OR (gone_at IS NULL AND owner NOT IN (SELECT owner FROM owners))",
            (ago(STALE_SECONDS),),
        )

    await log.database.transaction(renew)


async def forget(log: TurnLog, page: str) -> None:
    """The page has gone."""
    await log.database.write(_GONE, (now(), page))


async def is_present(log: TurnLog, notebook: NotebookPath, within_seconds: float = 2.0) -> bool:
    """Whether a page shows the notebook now, or did so within the last seconds."""
    return await pages(log, notebook, within_seconds) > 0


async def shown(log: TurnLog) -> set[NotebookPath]:
    """The notebooks that pages show now."""
    rows = await log.database.rows(
        "SELECT presence.notebook, presence.seen_at, presence.gone_at, owners.* FROM presence "
        "LEFT JOIN owners USING (owner) WHERE gone_at IS NULL"
    )
    return {NotebookPath(row["notebook"]) for row in rows if _counts(row, 0)}


async def pages(log: TurnLog, notebook: NotebookPath, within_seconds: float = 0.0) -> int:
    """How many pages show the notebook now, or did so within the last seconds."""
    rows = await log.database.rows(
        "SELECT presence.seen_at, presence.gone_at, owners.* FROM presence LEFT JOIN owners "
        "USING (owner) WHERE notebook = ?",
        (notebook,),
    )
    return sum(_counts(row, within_seconds) for row in rows)


def _counts(row: sqlite3.Row, within_seconds: float) -> bool:
    if row["gone_at"] is not None:
        return row["gone_at"] >= ago(within_seconds)
    if row["pid"] is None:  # the server has closed its log since
        return False
    is_dead = owner_is_dead(owner_from(row))
    return row["seen_at"] >= ago(STALE_SECONDS) if is_dead is None else not is_dead


_GONE = "UPDATE presence SET gone_at = ? WHERE page = ? AND gone_at IS NULL"
