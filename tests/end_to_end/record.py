"""What the turn log of a place holds, read with plain SQLite: no code of ours in between."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import Any

from .place import Place


def rows(place: Place, sql: str, *parameters: Any) -> list[dict[str, Any]]:
    """The rows of a query, as they are on disk now."""
    with closing(sqlite3.connect(place.data / "turns.sqlite", timeout=10)) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(sql, parameters)]


def turns(place: Place) -> list[dict[str, Any]]:
    """All turns, the oldest first."""
    return rows(place, "SELECT * FROM turns ORDER BY turn_id")


def events(place: Place, turn_id: str) -> list[dict[str, Any]]:
    """The events of a turn in order; of a compacted turn, all but the pieces of text."""
    found = rows(place, "SELECT seq, body FROM events WHERE turn_id = ? ORDER BY seq", turn_id)
    [turn] = rows(place, "SELECT seq, snapshot FROM turns WHERE turn_id = ?", turn_id)
    numbers = [row["seq"] for row in found]
    assert numbers[0] == 1
    assert numbers[-1] == turn["seq"]
    if turn["snapshot"] is None:
        assert numbers == list(range(1, len(found) + 1))
    return [json.loads(row["body"]) for row in found]


def end_of(place: Place, turn_id: str) -> dict[str, Any]:
    """The one `turn.ended` of a turn, which is its last event."""
    found = events(place, turn_id)
    assert [event["type"] for event in found].count("turn.ended") == 1
    assert found[-1]["type"] == "turn.ended"
    return found[-1]


def items(place: Place, turn_id: str) -> list[dict[str, Any]]:
    """The items of an ended turn as they finally were, compacted or not."""
    found = rows(place, "SELECT body FROM events WHERE turn_id = ? ORDER BY seq", turn_id)
    # After the events: these go only when the snapshot is there.
    [turn] = rows(place, "SELECT snapshot FROM turns WHERE turn_id = ?", turn_id)
    if turn["snapshot"] is not None:
        return json.loads(turn["snapshot"])["items"]
    bodies = [json.loads(row["body"]) for row in found]
    return [body["item"] for body in bodies if body["type"] == "item.completed"]


def item_text(place: Place, turn_id: str) -> str:
    """All text of all messages of an ended turn."""
    return "".join(item["text"] for item in items(place, turn_id) if item["type"] == "message")
