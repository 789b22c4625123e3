"""The one writer of a turn: stamps, checks, folds and records its events.

The turn is more important than its record: when the log does not take an event in time, the
turn goes on from memory, and what is owed is written, in order, as soon as the log can.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from itertools import islice

from codex_kernel.errors import InvalidTransition, LogUnavailable, OwnershipLost
from codex_kernel.ids import TurnId
from codex_kernel.turn.events import Draft, Event, now, stamp
from codex_kernel.turn.transcript import Transcript
from codex_kernel.turn_log.database import Database
from codex_kernel.turn_log.rows import Batch, batch, encode
from codex_kernel.turn_log.writing import write_batches

RETRY_SECONDS = 0.25
"""Between two attempts to write what is owed; a locked file was waited for already."""
CLOSE_SECONDS = 2.0
"""How long the end of a turn waits for what is owed."""
_BATCHES_AT_ONCE = 500


class TurnRecord:
    """The record of one live turn of this process, from `TurnLog.begin`.

    `transcript` is the fold of every event appended so far, recorded or not.
    """

    def __init__(
        self,
        turn_id: TurnId,
        database: Database,
        owner: str,
        commit_seconds: float,
        unavailable: str | None,
        keep: Callable[[TurnRecord, asyncio.Task[None]], None],
    ) -> None:
        """`unavailable`: why nothing is kept at all; `keep` is told of background tasks."""
        self.turn_id = turn_id
        self.transcript = Transcript()
        self.epoch = 1
        self._database = database
        self._owner = owner
        self._commit_seconds = commit_seconds
        self._unavailable = unavailable
        self._keep = keep
        self._is_new = True
        self._owed: deque[Batch] = deque()
        self._writing: asyncio.Task[None] | None = None
        self._answered = asyncio.Event()
        self._problem: str | None = None
        self._lost: str | None = None

    @property
    def is_recorded(self) -> bool:
        """Whether every event appended so far is in the log."""
        return self.problem is None

    @property
    def problem(self) -> str | None:
        """Why the turn is not recorded at this moment, as a sentence."""
        return self._unavailable or self._lost or self._problem

    async def append(self, drafts: Iterable[Draft]) -> list[Event]:
        """Stamp events, take them into the transcript, return them when they are committed.

        They are also returned, after `commit_seconds` at most, when the log does not take them:
        then `is_recorded` is False until it has. Raises `InvalidTransition`, and nothing is
        written, when an event cannot follow; `OwnershipLost` when another process has ended
        this turn: write no more, its outcome is in the log.
        """
        if self._lost is not None:
            raise OwnershipLost(self._lost)
        if self.transcript.is_final:
            raise InvalidTransition(f"The turn has ended ({self.transcript.state}).")
        events = stamp(self.turn_id, self.transcript.seq, drafts, now())
        if not events:
            return events
        encoded = encode(events)
        _rehearse(self.transcript, events)
        self.transcript.apply(events)
        self._owed.append(batch(encoded, self.transcript))
        await self._settle()
        return events

    async def aclose(self, seconds: float = CLOSE_SECONDS) -> bool:
        """Wait at most so long for what is owed; whether all is recorded.

        What is still owed then goes on being tried until the log is closed.
        """
        if self._writing is not None and not self._writing.done():
            await asyncio.wait({self._writing}, timeout=seconds)
        return self.is_recorded

    async def _settle(self) -> None:
        if self._database.is_closed:
            self._problem = "The turn log was closed."
            return
        self._answered.clear()
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write(), name=f"record {self.turn_id}")
            self._keep(self, self._writing)
        if self._problem is not None:
            return
        try:
            async with asyncio.timeout(self._commit_seconds):
                await self._answered.wait()
        except TimeoutError:
            self._problem = (
                f"The turn log did not take the turn's events within {self._commit_seconds:g} s."
            )
        if self._lost is not None:
            raise OwnershipLost(self._lost)

    async def _write(self) -> None:
        """Write until nothing is owed; after each outcome, `append` may go on."""
        while self._owed:
            batches = list(islice(self._owed, _BATCHES_AT_ONCE))
            try:
                await self._commit(batches)
            except OwnershipLost as error:
                self._lost = error.message
                self._owed.clear()
            except LogUnavailable as error:
                self._problem = error.message
                self._answered.set()
                await asyncio.sleep(RETRY_SECONDS)
            else:
                for _ in batches:
                    self._owed.popleft()
        self._problem = None
        self._answered.set()

    async def _commit(self, batches: list[Batch]) -> None:
        await self._database.transaction(
            write_batches, batches, self._owner, self.epoch, is_new=self._is_new
        )
        self._is_new = False


def _rehearse(transcript: Transcript, events: list[Event]) -> None:
    """Raise `InvalidTransition` if the events cannot follow, without touching the transcript.

    States depend on open questions alone, so the rest is left out instead of copied.
    """
    rehearsal = Transcript()
    rehearsal.data |= {"state": transcript.state, "seq": transcript.seq}
    for kind in ("approvals", "inputs"):
        asked = transcript.data[kind]
        rehearsal.data[kind] = [dict(each) for each in asked if each["outcome"] is None]
    for event in events:
        if rehearsal.is_final:
            raise InvalidTransition(f"{event['type']} cannot follow the end of the turn.")
        rehearsal.apply([event])
