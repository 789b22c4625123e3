"""What is written of a turn, inside a transaction that somebody else opens.

One place for the rule that only the owner writes: the row of the turn names (owner, epoch), and
as the transaction holds the write lock, looking and writing are one step.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence

from codex_kernel.errors import OwnershipLost
from codex_kernel.turn.events import now
from codex_kernel.turn.state import is_final
from codex_kernel.turn_log.rows import Batch


def write_batches(
    connection: sqlite3.Connection,
    batches: Sequence[Batch],
    owner: str,
    epoch: int,
    *,
    is_new: bool = False,
) -> None:
    """Write batches of one turn inside a transaction, if (owner, epoch) still has the turn.

    What an earlier attempt already committed is passed over. `is_new`: there is no row yet.
    Raises `OwnershipLost` when the turn is somebody else's, or gone.
    """
    turn = batches[-1].turn
    held = "SELECT owner, epoch, seq FROM turns WHERE turn_id = :turn_id"
    found = connection.execute(held, turn).fetchall()
    if not found and is_new:
        connection.execute(_INSERT, {**turn, "owner": owner, "epoch": epoch})
        seq = 0
    elif not found:
        raise OwnershipLost("The record of this turn was deleted.")
    elif (found[0]["owner"], found[0]["epoch"]) != (owner, epoch):
        raise OwnershipLost("Another process has taken this turn over.")
    else:
        seq = found[0]["seq"]
    events = [row for part in batches for row in part.events if row[1] > seq]
    if events:
        connection.executemany("INSERT INTO events VALUES (?, ?, ?, ?, ?)", events)
    size = sum(len(row[4].encode()) for row in events)
    connection.execute(_UPDATE, {**turn, "size": size})
    if is_final(turn["state"]):
        connection.execute("INSERT OR IGNORE INTO compacted_turns VALUES (:turn_id)", turn)
        error = f"The turn has ended ({turn['state']})."
        answer_commands(connection, turn["turn_id"], error)


_INSERT = """
    INSERT INTO turns
        (turn_id, notebook, cell_id, prompt, state, seq, owner, epoch, updated_at, client)
    VALUES (:turn_id, :notebook, :cell_id, :prompt, :state, 0, :owner, :epoch, :updated_at,
        (SELECT kind FROM owners WHERE owners.owner = :owner))
"""
_UPDATE = """
    UPDATE turns SET state = :state, seq = :seq, session_id = :session_id,
        codex_turn_id = :codex_turn_id, error = :error, queued_at = :queued_at,
        started_at = :started_at, finished_at = :finished_at, updated_at = :updated_at,
        execution_count = :execution_count, bytes = bytes + :size,
        session_tokens = :session_tokens
    WHERE turn_id = :turn_id
"""

ANSWERED = """
    UPDATE commands SET outcome = ?, finished_at = ?,
    args = CASE target_kind WHEN 'approval' THEN '{}' ELSE args END
    WHERE outcome IS NULL
"""
"""Answers commands. What was answered to a question is not kept: it may be a secret."""


def answer_commands(
    connection: sqlite3.Connection, turn_id: str, error: str, *, claimed_too: bool = False
) -> None:
    """Answer what was asked of a turn, when nobody will take it up any more."""
    outcome = json.dumps({"error": error})
    connection.execute(
        f"{ANSWERED} AND turn_id = ? AND (claimed_by IS NULL OR ?)",
        (outcome, now(), turn_id, claimed_too),
    )
