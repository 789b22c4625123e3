"""Events of a turn's life for those who run the server: who listens gets them, nobody else.

Follows the log's changes; emits by Jupyter's event system, which sends nothing anywhere unless a
deployer has registered a handler or a listener. Ids, states and durations; never a prompt, an
output or a path.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from codex_kernel.ids import TurnId
from codex_kernel.turn.state import is_final
from codex_kernel.turn_log import feed
from codex_kernel.turn_log.log import TurnLog

if TYPE_CHECKING:
    from jupyter_events import EventLogger

SCHEMA_ID = "https://github.com/codex-kernel/codex-kernel/events/turn/v1"
SCHEMA: dict[str, Any] = {
    "$id": SCHEMA_ID,
    "version": "1",
    "title": "Life of a Codex turn",
    "description": "A turn of a Codex session started or ended. No content of it.",
    "personal-data": False,
    "type": "object",
    "required": ["action", "turn_id", "state"],
    "additionalProperties": False,
    "properties": {
        "action": {"enum": ["started", "ended"]},
        "turn_id": {"type": "string"},
        "session_id": {"type": ["string", "null"], "description": "Codex's thread id."},
        "state": {"type": "string", "description": "The state of the turn."},
        "client": {"type": ["string", "null"], "description": "What ran it: kernel, ..."},
        "waited_seconds": {
            "type": ["number", "null"],
            "description": "From the request until Codex began; null = it never did.",
        },
        "duration_seconds": {
            "type": ["number", "null"],
            "description": "From there to the end; null = not (yet) known.",
        },
    },
}


class Telemetry:
    """Tells of the turns that start and end while the server runs."""

    def __init__(self, events: EventLogger) -> None:
        """Make the schema known, so that it can be listened to."""
        self._events = events
        self._cursor: int | None = None
        self._started: set[str] = set()
        events.register_event_schema(SCHEMA)

    async def tell(self, log: TurnLog) -> None:
        """Emit what happened since the last call; the first one only looks. Raises `LogError`."""
        if self._cursor is None:
            self._cursor = await feed.newest_cursor(log)
            self._started |= {row.turn_id for row in await log.turns(state="live", limit=1000)}
            return
        cursor = self._cursor
        while changes := await feed.changes(log, cursor):
            cursor = self._cursor = changes[-1]["cursor"]
            for change in changes:
                if change["type"] == "turn":
                    await self._turn(log, change["turn_id"], change["state"])

    async def _turn(self, log: TurnLog, turn_id: TurnId, state: str) -> None:
        if state in ("queued", "starting") or (not is_final(state) and turn_id in self._started):
            return
        row = await log.turn(turn_id)
        if row is None:
            self._started.discard(turn_id)
            return
        data = {
            "turn_id": turn_id,
            "session_id": row.session_id,
            "state": state,
            "client": row.client,
            "waited_seconds": _seconds(row.queued_at, row.started_at),
            "duration_seconds": None,
        }
        if not is_final(state):
            self._started.add(turn_id)
            self._events.emit(schema_id=SCHEMA_ID, data={"action": "started", **data})
            return
        self._started.discard(turn_id)
        data["duration_seconds"] = _seconds(row.started_at, row.finished_at)
        self._events.emit(schema_id=SCHEMA_ID, data={"action": "ended", **data})


def _seconds(since: str | None, until: str | None) -> float | None:
    if since is None or until is None:
        return None
    return (datetime.fromisoformat(until) - datetime.fromisoformat(since)).total_seconds()
