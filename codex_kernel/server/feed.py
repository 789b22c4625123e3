"""The page's one socket: `feed?after=N`.

Tells what changes in the log, behind a cursor; and its being open, with the notebooks that the
page names, is the page's presence. Without a usable cursor the first frame is `state`: the turns
that live and the questions that are open, and the cursor to go on from.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from typing import Any

from pydantic import ValidationError

from codex_kernel.errors import CodexError
from codex_kernel.server.follower import FEED, Follower, Subscription, feed_frames
from codex_kernel.server.handler import SocketHandler
from codex_kernel.server.models import FeedQuery, Presence
from codex_kernel.server.questions import read_questions
from codex_kernel.server.routes import Refusal
from codex_kernel.server.stream import HEARTBEAT
from codex_kernel.server.turns import turn_answer
from codex_kernel.turn_log import feed, presence
from codex_kernel.turn_log.log import TurnLog

MAX_TURNS = 1000


class Feed(SocketHandler):
    """A page."""

    query_model = FeedQuery

    def open(self, *args: Any, **ids: str) -> None:
        """The page gets an id; it shows nothing yet."""
        self._page = secrets.token_hex(8)
        self._shown: asyncio.Queue[Presence | None] = asyncio.Queue(maxsize=100)
        super().open()
        self.service.spawn(self._note_presence(), "codex page")

    def on_message(self, message: str | bytes) -> None:
        """The page says which notebooks it shows."""
        try:
            self._shown.put_nowait(Presence.model_validate_json(message))
        except (ValidationError, asyncio.QueueFull):
            # The socket's other half is still good: the page keeps its feed.
            problem = {"message": "That is no presence.", "next_step": "", "kind": "BadRequest"}
            self.write_message(json.dumps({"type": "problem", **problem}))

    def on_close(self) -> None:
        """The page has gone."""
        super().on_close()
        if self._shown.full():
            self._shown.get_nowait()
        self._shown.put_nowait(None)

    async def send_frames(self) -> None:
        """Frames are JSON objects with a `type`.

        Without a usable cursor first `state` (`cursor`, `turns`, `approvals`); then what changes,
        as `turn`, `question`, `session`, `notebook` or `operation`, each with its `cursor`;
        `heartbeat` in silence. A page sends `presence` (`notebooks`: the paths it shows).
        """
        log, follower = await self.service.opened()
        with follower.follow(FEED) as live:
            await self._send(log, follower, live)

    async def _send(self, log: TurnLog, follower: Follower, live: Subscription) -> None:
        position: int | None = self.query.after
        if position is None or not await feed.is_known(log, position):
            position = await self._send_state(log)
        while True:
            frames = await live.take(self.service.heartbeat_seconds)
            if frames is None:
                while page := await feed_frames(log, position, self.service.api_path):
                    for frame in page:
                        await self.write_message(frame.text)
                    position = page[-1].number
                continue
            if not frames:
                await self.write_message(HEARTBEAT)
            for frame in frames:
                if frame.number > position:
                    position = frame.number
                    await self.write_message(frame.text)

    async def _send_state(self, log: TurnLog) -> int:
        # The cursor first: what changes meanwhile is told again rather than not at all.
        cursor = await feed.newest_cursor(log)
        turns = await log.turns(state="live", limit=MAX_TURNS)
        questions = await read_questions(self.service, log)
        state = {
            "type": "state",
            "cursor": cursor,
            "turns": [turn_answer(self.service, row).model_dump(mode="json") for row in turns],
            "approvals": [question.model_dump(mode="json") for question in questions],
        }
        await self.write_message(json.dumps(state))
        return cursor

    async def _note_presence(self) -> None:
        """One writer per page, so that its last word is the one that stays."""
        log = await self.service.log()
        try:
            while (shown := await self._shown.get()) is not None:
                self.service.pages.add(self._page)
                await self._try(log, shown)
        finally:
            self.service.pages.discard(self._page)
            await asyncio.shield(self._leave(log))

    async def _try(self, log: TurnLog, shown: Presence) -> None:
        try:
            notebooks = {self.service.notebook(path) for path in shown.notebooks}
            await presence.note(log, self._page, notebooks)
        except (CodexError, Refusal) as error:
            self.log.debug("Codex: presence was not noted: %s", type(error).__name__)

    async def _leave(self, log: TurnLog) -> None:
        try:
            await presence.forget(log, self._page)
        except CodexError as error:
            # It ends with the proof that this server is gone.
            self.log.debug("Codex: presence was not taken back: %s", type(error).__name__)
