"""Reading turns: lists, events after a number, transcripts.

Reads what is committed, by whichever process, and changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from codex_kernel.ids import NotebookPath, SessionId, TurnId
from codex_kernel.turn.events import Event
from codex_kernel.turn.transcript import Transcript
from codex_kernel.turn_log.database import Database
from codex_kernel.turn_log.rows import IS_LIVE, TURN_COLUMNS, TurnRow, event, turn_row

PAGE = 1000
"""Events that are read at once."""


@dataclass(frozen=True)
class EventText:
    """An event as JSON text, for those who only pass it on."""

    seq: int
    type: str
    text: str


class Reader:
    """The turns in a database."""

    def __init__(self, database: Database) -> None:
        """Reads from `database`, which its opener closes."""
        self.database = database

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

    async def event_texts(
        self, turn_id: TurnId, after: int = 0, limit: int = PAGE
    ) -> list[EventText] | None:
        """As `events`, without parsing; None for a turn that is compacted: see `snapshot_text`."""
        found = await self.database.rows(
            "SELECT seq, at, type, body FROM events WHERE turn_id = ? AND seq > ? "
            "ORDER BY seq LIMIT ?",
            (turn_id, after, limit),
        )
        [row] = await self.database.rows(
            "SELECT EXISTS (SELECT 1 FROM turns WHERE turn_id = ? AND snapshot IS NOT NULL)",
            (turn_id,),
        )
        if row[0]:
            return None
        name = json.dumps(turn_id)
        return [
            EventText(
                row["seq"],
                row["type"],
                f'{{"turn_id":{name},"seq":{row["seq"]},"at":"{row["at"]}",{row["body"][1:]}',
            )
            for row in found
        ]

    async def snapshot_text(self, turn_id: TurnId) -> tuple[int, str] | None:
        """The last number and the transcript, as JSON text, of a turn that is compacted."""
        row = await self.database.row(
            "SELECT seq, snapshot FROM turns WHERE turn_id = ? AND snapshot IS NOT NULL", (turn_id,)
        )
        return None if row is None else (row["seq"], row["snapshot"])

    async def positions(self, turn_ids: Collection[str]) -> dict[TurnId, int]:
        """The last number of each of these turns that is known."""
        rows = await self.database.rows(
            "SELECT turn_id, seq FROM turns WHERE turn_id IN (SELECT value FROM json_each(?))",
            (json.dumps(list(turn_ids)),),
        )
        return {row["turn_id"]: row["seq"] for row in rows}

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
        codex_turn_ids: Collection[str] | None = None,
        execution_count: int | None = None,
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
            ("execution_count", execution_count),
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
        for column, wanted in (("turn_id", ids), ("codex_turn_id", codex_turn_ids)):
            if wanted is not None:
                where.append(f"{column} IN (SELECT value FROM json_each(?))")
                values.append(json.dumps(list(wanted)))
        condition = f"WHERE {' AND '.join(where)}" if where else ""
        found = await self.database.rows(
            f"SELECT {TURN_COLUMNS} FROM turns {condition} ORDER BY turn_id DESC LIMIT ?",
            (*values, limit),
        )
        return [turn_row(row) for row in found]

    async def session_turns(self, session_id: SessionId | str) -> list[TurnRow]:
        """All turns of a session, the first one first."""
        found: list[TurnRow] = []
        before: str | None = None
        while page := await self.turns(session_id=session_id, before=before):
            found += page
            before = page[-1].turn_id
        return found[::-1]

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
                transcript.apply(_joined(page))
        # A notebook may have been renamed since.
        transcript.data["notebook"] = row.notebook
        return transcript

    async def _snapshot(self, turn_id: TurnId) -> dict[str, Any] | None:
        row = await self.database.row("SELECT snapshot FROM turns WHERE turn_id = ?", (turn_id,))
        return json.loads(row["snapshot"]) if row is not None and row["snapshot"] else None


def _joined(events: list[Event]) -> list[Event]:
    """The same with texts that follow each other in one: text that grows bit by bit is copied
    for each bit."""
    joined: list[Event] = []
    for _, group in groupby(events, key=_target):
        first, *rest = group
        if rest:
            text = "".join(event["text"] for event in (first, *rest))
            first = {**first, "seq": rest[-1]["seq"], "text": text}
        joined.append(first)
    return joined


def _target(event: Event) -> tuple[object, ...]:
    """What a text is added to; every other event stands for itself."""
    if event["type"] != "item.text":
        return (event["seq"],)
    return event["item_id"], event["field"], event.get("index")
