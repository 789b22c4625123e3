"""How events and turns stand in the tables, in both directions: pure.

An event's body is its JSON without what the columns hold (`turn_id`, `seq`, `at`).
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from codex_kernel.ids import TurnId
from codex_kernel.turn.events import Event
from codex_kernel.turn.state import LIVE_STATES, State
from codex_kernel.turn.transcript import Transcript

PROMPT_CHARACTERS = 500
"""How much of a prompt the turn's row holds, for lists; its first event holds all of it."""

_LIVE = ", ".join(f"'{state}'" for state in LIVE_STATES)
IS_LIVE = f"state IN ({_LIVE})"
"""A condition on `turns`, spelt so that the partial index serves it."""


IS_AUDITED = """
    (type IN ('turn.queued', 'approval.requested', 'approval.decided', 'input.requested',
        'input.answered', 'steer.sent', 'interrupt.requested', 'settings.updated', 'turn.ended')
    OR (type = 'item.completed'
        AND json_extract(body, '$.item.type') IN ('command', 'file_change', 'mcp_tool_call')))
"""
"""A condition on `events`: what tells who did what. The rest is in the transcript alone, once a
turn is compacted."""


@dataclass(frozen=True)
class TurnRow:
    """What lists show of a turn. `prompt` is its beginning, `seq` the last event recorded.

    `execution_count` is the number in the prompt of its cell, where there is one.
    `session_tokens` is what its session had used by then, all turns together; `client` is what
    ran it (kernel, server, ...).
    """

    turn_id: TurnId
    notebook: str | None
    cell_id: str | None
    session_id: str | None
    codex_turn_id: str | None
    prompt: str
    state: State
    seq: int
    error: dict[str, Any] | None
    owner: str
    epoch: int
    queued_at: str | None
    started_at: str | None
    finished_at: str | None
    execution_count: int | None
    updated_at: str
    bytes: int
    session_tokens: int | None
    client: str | None
    is_compacted: bool


TURN_COLUMNS = """
    turn_id, notebook, cell_id, session_id, codex_turn_id, prompt, state, seq, error, owner,
    epoch, queued_at, started_at, finished_at, execution_count, updated_at, bytes,
    session_tokens, client,
    snapshot IS NOT NULL AS is_compacted
"""


def turn_row(row: sqlite3.Row) -> TurnRow:
    """A row of `TURN_COLUMNS`."""
    fields = dict(row)
    fields["error"] = json.loads(fields["error"]) if fields["error"] else None
    fields["is_compacted"] = bool(fields["is_compacted"])
    return TurnRow(**fields)


def event(row: sqlite3.Row) -> Event:
    """A row of `turn_id, seq, at, body`."""
    stamps = {"turn_id": row["turn_id"], "seq": row["seq"], "at": row["at"]}
    return {**stamps, **json.loads(row["body"])}


@dataclass(frozen=True)
class Batch:
    """Events that follow each other and the turn's row as it is after them."""

    events: list[tuple[str, int, str, str, str]]
    """`turn_id, seq, at, type, body`."""
    turn: dict[str, Any]


def encode(events: Sequence[Event]) -> list[tuple[str, int, str, str, str]]:
    """Rows of `events`; raises TypeError for what JSON cannot say."""
    return [
        (item["turn_id"], item["seq"], item["at"], item["type"], _body(item)) for item in events
    ]


def batch(encoded: list[tuple[str, int, str, str, str]], transcript: Transcript) -> Batch:
    """Encoded events with the columns of the transcript that has taken them in."""
    data = transcript.data
    copied = ("turn_id", "notebook", "cell_id", "session_id", "codex_turn_id", "state", "seq")
    times = ("queued_at", "started_at", "finished_at")
    turn = {key: data[key] for key in (*copied, *times)}
    turn["prompt"] = data["prompt"][:PROMPT_CHARACTERS]
    turn["execution_count"] = data.get("execution_count")
    turn["error"] = None if data["error"] is None else json.dumps(data["error"])
    turn["updated_at"] = encoded[-1][2]
    turn["session_tokens"] = ((data["usage"] or {}).get("total") or {}).get("total_tokens")
    return Batch(
        encoded, {key: _text(val) if isinstance(val, str) else val for key, val in turn.items()}
    )


def _body(item: Event) -> str:
    fields = {key: val for key, val in item.items() if key not in ("turn_id", "seq", "at")}
    return to_json(fields)


def to_json(value: Any) -> str:
    """Compact JSON that SQLite can hold: half a surrogate pair is stored as an escape."""
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return body if _text(body) == body else json.dumps(value, separators=(",", ":"))


def _text(text: str) -> str:
    """Text as SQLite can hold it: half a surrogate pair becomes a question mark."""
    return text.encode("utf-8", "replace").decode("utf-8")


def fold_rows(rows: Iterable[sqlite3.Row]) -> Transcript:
    """The transcript of all event rows of a turn."""
    transcript = Transcript()
    transcript.apply(event(row) for row in rows)
    return transcript
