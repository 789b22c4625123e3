"""One turn as a WebSocket: `turns/{turn_id}/stream?after=N`.

Every event after N once and in order, those of the past from the log, those to come as they are
committed; then `end`. Where a snapshot is cheaper than many events it comes in their place.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

from codex_kernel.ids import TurnId
from codex_kernel.server.follower import Follower, Frame, Subscription, turn_frames
from codex_kernel.server.handler import SocketHandler
from codex_kernel.server.models import AfterQuery
from codex_kernel.server.routes import unknown
from codex_kernel.turn.state import is_final
from codex_kernel.turn_log.log import TurnLog

SNAPSHOT_AFTER = 2000
"""So many events are sent as one snapshot instead: at first, or when the turn has ended."""
HEARTBEAT = b'{"type":"heartbeat"}'
GONE = "deleted"
"""The state in the `end` of a turn that was deleted while it was read."""


class TurnStream(SocketHandler):
    """A reader of one turn."""

    query_model = AfterQuery

    async def check(self) -> None:
        """An unknown turn is refused before the upgrade."""
        log = await self.service.log()
        if await log.turn(TurnId(self.ids["turn_id"])) is None:
            raise unknown("turn", self.ids["turn_id"])

    async def send_frames(self) -> None:
        """Frames are JSON objects with a `type`.

        `event` (with `event`) for each after the given number, in order; or `snapshot` (`seq`,
        `transcript`) in place of many; `heartbeat` in silence; `end` (`state`) is the last.
        """
        log, follower = await self.service.opened()
        turn_id = TurnId(self.ids["turn_id"])
        reading = Reading(log, turn_id, self.query.after)
        async for text in reading.all(follower, self.service.heartbeat_seconds):
            await self.write_message(text)


class Reading:
    """How far one reader is; `state` is set when there is nothing more to come."""

    def __init__(self, log: TurnLog, turn_id: TurnId, after: int) -> None:
        """Reads what comes after number `after`."""
        self._log = log
        self._turn_id = turn_id
        self._after = after
        self.position = after
        self.state: str | None = None

    async def all(self, follower: Follower, heartbeat_seconds: float) -> AsyncIterator[bytes]:
        """The frames from the first to `end`; a heartbeat when there was none for that long."""
        with follower.follow(self._turn_id) as live:
            while self.state is None:
                async for text in self._next(live, heartbeat_seconds):
                    yield text
        yield json.dumps({"type": "end", "state": self.state}).encode()

    async def _next(self, live: Subscription, heartbeat_seconds: float) -> AsyncIterator[bytes]:
        frames = await live.take(heartbeat_seconds)
        if frames is None:
            async for text in self._from_log():
                yield text
            return
        if not frames:
            yield HEARTBEAT
        for frame in frames:
            if frame.number > self.position + 1:
                live.drop()
                return
            if frame.number > self.position:
                self._advance(frame)
                yield frame.text

    async def _from_log(self) -> AsyncIterator[bytes]:
        """Everything that is committed, page by page."""
        while self.state is None:
            frames = await self._page()
            for frame in frames:
                self._advance(frame)
                yield frame.text
            if not frames:
                return

    async def _page(self) -> list[Frame]:
        """The next frames; none when this reader has all there is, or the turn is over."""
        row = await self._log.turn(self._turn_id)
        if row is None:
            self.state = GONE
            return []
        behind = row.seq - self.position
        if behind <= 0:
            self.state = row.state if is_final(row.state) else None
            return []
        is_first = self.position == self._after == 0
        if not row.is_compacted:
            if behind > SNAPSHOT_AFTER and (is_first or is_final(row.state)):
                return await self._folded()
            frames = await turn_frames(self._log, self._turn_id, self.position)
            if frames is not None:
                return frames
        return await self._compacted()

    async def _compacted(self) -> list[Frame]:
        """The one snapshot of a compacted turn, passed on as it is stored."""
        found = await self._log.snapshot_text(self._turn_id)
        if found is None or found[0] <= self.position:
            return []
        seq, transcript = found
        return [Frame(seq, _snapshot(seq, transcript))]

    async def _folded(self) -> list[Frame]:
        transcript = await self._log.transcript(self._turn_id)
        if transcript is None or transcript.seq <= self.position:
            return []
        text = json.dumps(transcript.data, separators=(",", ":"))
        return [Frame(transcript.seq, _snapshot(transcript.seq, text))]

    def _advance(self, frame: Frame) -> None:
        self.position = frame.number
        self.state = frame.state


def _snapshot(seq: int, transcript: str) -> bytes:
    return b'{"type":"snapshot","seq":%d,"transcript":%s}' % (seq, transcript.encode())
