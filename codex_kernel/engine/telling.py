"""What readers get of one turn: every event is recorded first and shown then.

Owns the turn's record and the one who listens. When another process has ended the turn in the
record, nothing more is written or shown but what the record says.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable

from codex_kernel.engine import endings
from codex_kernel.errors import LogError
from codex_kernel.ids import TurnId
from codex_kernel.turn import events
from codex_kernel.turn.events import Draft, Event
from codex_kernel.turn.transcript import Transcript
from codex_kernel.turn_log.log import TurnLog, TurnRecord

logger = logging.getLogger(__name__)

Listener = Callable[[list[Event]], None]

FLUSH_SECONDS = 1.0
"""A cell does not wait longer for a log that cannot take its last events."""


class Telling:
    """The events of one turn on their way out."""

    def __init__(self, turn_id: TurnId, log: TurnLog) -> None:
        """Nothing is recorded before `begin()`."""
        self.is_taken_over = False
        """Whether another process has ended the turn: it is not ours to write any more."""
        self._turn_id = turn_id
        self._log = log
        self._record: TurnRecord | None = None
        self._outcome: Transcript | None = None
        self._listener: Listener = self._keep
        self._unseen: list[Event] = []
        self._shown = 0
        self._emitting = asyncio.Lock()

    @property
    def has_begun(self) -> bool:
        """Whether there is a first event."""
        return self._record is not None

    @property
    def transcript(self) -> Transcript:
        """The state of the turn as of its last event."""
        assert self._record is not None, "begin() opens the record first"
        return self._outcome or self._record.transcript

    @property
    def is_recorded(self) -> bool:
        """Whether everything shown so far is in the log."""
        return self._record is not None and self._record.is_recorded

    async def begin(self, queued: Draft) -> None:
        """Record the first event."""
        self._record, first = await self._log.begin(self._turn_id, queued)
        self._shown = len(first)
        self._show(first)

    def listen(self, listener: Listener) -> None:
        """Show everything to this one, from the first event on."""
        self._listener = listener
        if self._unseen:
            self._show(self._unseen)

    def _show(self, shown: list[Event]) -> None:
        try:
            self._listener(shown)
        except Exception:  # the turn goes on, and is in the record
            logger.exception("Events of a turn could not be shown")

    def _keep(self, shown: list[Event]) -> None:
        self._unseen += shown

    async def emit(self, drafts: Iterable[Draft]) -> None:
        """Record events, then show them; raises `OwnershipLost` when the turn is not ours."""
        assert self._record is not None
        drafts = list(drafts)
        if not drafts or self.is_taken_over:
            return
        async with self._emitting:  # readers get events in the order of their numbers
            recorded = await self._record.append(drafts)
            self._shown = recorded[-1]["seq"]
            self._show(recorded)

    async def aclose(self) -> None:
        """Wait a moment for a log that is behind."""
        assert self._record is not None
        await self._record.aclose(FLUSH_SECONDS)

    def about_record(self) -> list[Draft]:
        """Say when the log did not take the turn while it ran; the session tells of no log."""
        assert self._record is not None
        if self.is_recorded or self._log.reason is not None:
            return []
        text = f"{self._record.problem} This turn is recorded as soon as it can be."
        return [events.warning(text, "notice")]

    async def show_outcome(self) -> None:
        """Show what the record says, from the last event on that was shown."""
        missed: list[Event] = []
        try:
            self._outcome = await self._log.transcript(self._turn_id)
            missed = await self._log.events(self._turn_id, after=self._shown)
        except LogError as failure:
            logger.warning("The end of a turn cannot be read: %s", failure)
        ended = _end_of(self._outcome)
        if not missed or missed[-1]["type"] != "turn.ended":
            # The record is gone, compacted, or behind what was shown while it could not be written.
            missed = events.stamp(self._turn_id, self._shown, [ended], events.now())
        self._show(missed)
        if self._outcome is None:
            self._outcome = Transcript(self.transcript.snapshot())
            self._outcome.data |= {"state": ended["state"], "error": ended["error"]}


def _end_of(outcome: Transcript | None) -> Draft:
    if outcome is None:
        return events.turn_ended("lost", endings.record_gone())
    return events.turn_ended(outcome.data["state"], outcome.data["error"])
