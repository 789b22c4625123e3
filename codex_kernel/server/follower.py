"""Follows the turn log once for everybody who watches.

One task looks for commits while somebody watches; what it finds is read once per turn, made a
frame once, and offered to every subscription. A subscription is bounded: who does not keep up
loses the offered frames and is told to read on from the log, by number. So nobody waits for a
slow reader, and a reader that is told "behind" needs no other repair.

The order that leaves no gap: subscribe, read the log, then take frames with a higher number.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from codex_kernel.errors import LogUnavailable
from codex_kernel.ids import NotebookPath, TurnId
from codex_kernel.turn_log import feed
from codex_kernel.turn_log.log import TurnLog
from codex_kernel.turn_log.reader import PAGE

BUFFER_BYTES = 1_000_000
"""What waits for one slow reader at most; the rest it reads from the log."""
_QUIET_SECONDS = 2.0
"""After this long without a commit the log is looked at less often, until there is one."""
_QUIET_FACTOR = 3
_PAUSE_SECONDS = 5.0
"""After an error of the log."""

FEED = TurnId("")
"""The key of the feed among the turns."""
ApiPath = Callable[[NotebookPath | None], str | None]


@dataclass(frozen=True)
class Frame:
    """A message to a WebSocket and its number; `state` is set by the last one of a turn."""

    number: int
    text: bytes
    state: str | None = None


class Subscription:
    """What was offered to one reader and not taken yet."""

    def __init__(self) -> None:
        """A new reader is behind: it reads the log first."""
        self._frames: deque[Frame] = deque()
        self._bytes = 0
        self._is_behind = True
        self._wake = asyncio.Event()
        self._wake.set()

    def offer(self, frames: list[Frame]) -> None:
        """More for this reader; too much of it makes the reader behind."""
        if self._is_behind:
            return
        self._frames.extend(frames)
        self._bytes += sum(len(frame.text) for frame in frames)
        if self._bytes > BUFFER_BYTES:
            self.drop()
        self._wake.set()

    def drop(self) -> None:
        """The reader has to read on from the log."""
        self._frames.clear()
        self._bytes = 0
        self._is_behind = True
        self._wake.set()

    async def take(self, seconds: float) -> list[Frame] | None:
        """Frames as soon as there are some; none after `seconds`; None: read on from the log.

        After None, all that is committed later is offered again.
        """
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            return []
        self._wake.clear()
        if self._is_behind:
            self._is_behind = False
            return None
        taken = list(self._frames)
        self._frames.clear()
        self._bytes = 0
        return taken


@dataclass
class _Topic:
    """A turn, or the feed: how far it was offered, and to whom. None: not looked at yet."""

    position: int | None = None
    readers: set[Subscription] = field(default_factory=set[Subscription])

    def advance(self, frames: list[Frame]) -> None:
        if frames:
            self.position = frames[-1].number
        for reader in self.readers:
            reader.offer(frames)

    def jump(self, position: int | None) -> None:
        self.position = position
        for reader in self.readers:
            reader.drop()


class Follower:
    """The one who looks; `run` is its task."""

    def __init__(self, log: TurnLog, api_path: ApiPath, poll_seconds: float) -> None:
        """`api_path` names notebooks for pages; `poll_seconds`: how often to look for commits."""
        self._log = log
        self._api_path = api_path
        self._poll_seconds = poll_seconds
        self._topics: dict[TurnId, _Topic] = {}
        self._wanted = asyncio.Event()

    @contextmanager
    def follow(self, key: TurnId) -> Iterator[Subscription]:
        """Subscribe to a turn, or to `FEED`, while the block lasts."""
        reader = Subscription()
        topic = self._topics.setdefault(key, _Topic())
        topic.readers.add(reader)
        self._wanted.set()
        try:
            yield reader
        finally:
            topic.readers.discard(reader)
            if not topic.readers and self._topics.get(key) is topic:
                del self._topics[key]
            if not self._topics:
                self._wanted.clear()

    async def run(self) -> None:
        """Look while somebody watches, until cancelled."""
        while True:
            await self._wanted.wait()
            async with self._log.tail(self._poll_seconds) as tail:
                often = tail.poll_seconds
                while self._topics:
                    is_busy = await tail.changed(_QUIET_SECONDS)
                    tail.poll_seconds = often if is_busy else often * _QUIET_FACTOR
                    await self._look()

    async def _look(self) -> None:
        topics = dict(self._topics)
        feed_topic = topics.pop(FEED, None)
        try:
            if topics:
                await self._look_at_turns(topics)
            if feed_topic is not None:
                await self._look_at_feed(feed_topic)
        except LogUnavailable:
            # Whoever watches reads by itself next, and tells its client if that fails too.
            for topic in self._topics.values():
                topic.jump(None)
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _look_at_turns(self, topics: dict[TurnId, _Topic]) -> None:
        positions = await self._log.positions(topics)
        for turn_id, topic in topics.items():
            seq = positions.get(turn_id)
            if seq == topic.position:
                continue
            if seq is None or topic.position is None or seq - topic.position > PAGE:
                topic.jump(seq)
                continue
            frames = await turn_frames(self._log, turn_id, topic.position)
            if frames is None:
                topic.jump(seq)
            else:
                topic.advance(frames)

    async def _look_at_feed(self, topic: _Topic) -> None:
        if topic.position is None:
            topic.jump(await feed.newest_cursor(self._log))
            return
        while frames := await feed_frames(self._log, topic.position, self._api_path):
            topic.advance(frames)


async def turn_frames(log: TurnLog, turn_id: TurnId, after: int) -> list[Frame] | None:
    """The next events of a turn as frames; None when it is compacted."""
    events = await log.event_texts(turn_id, after)
    if events is None:
        return None
    return [
        Frame(
            event.seq,
            b'{"type":"event","event":' + event.text.encode() + b"}",
            json.loads(event.text)["state"] if event.type == "turn.ended" else None,
        )
        for event in events
    ]


async def feed_frames(log: TurnLog, after: int, api_path: ApiPath) -> list[Frame]:
    """The next changes as frames."""
    return [
        Frame(change["cursor"], json.dumps(_for_pages(change, api_path)).encode())
        for change in await feed.changes(log, after)
    ]


def _for_pages(change: feed.Change, api_path: ApiPath) -> feed.Change:
    return {**change, "path": api_path(change["notebook"])} if "notebook" in change else change
