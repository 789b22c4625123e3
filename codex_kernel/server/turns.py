"""Reading turns and their events by REST."""

from __future__ import annotations

from collections.abc import Sequence

from codex_kernel.ids import NotebookPath, TurnId
from codex_kernel.render.bundle import mime_bundle
from codex_kernel.server.models import (
    Events,
    EventsQuery,
    Turn,
    TurnBundle,
    TurnDetail,
    Turns,
    TurnsQuery,
)
from codex_kernel.server.routes import Call, Route, unknown
from codex_kernel.server.service import Service
from codex_kernel.turn.state import LIVE_STATES
from codex_kernel.turn_log.log import TurnLog
from codex_kernel.turn_log.rows import TurnRow


async def list_turns(call: Call) -> Turns:
    """Turns that match everything given, the latest first; the empty list when none does."""
    query: TurnsQuery = call.query
    notebook = None if query.notebook is None else call.service.notebook(query.notebook)
    rows = await call.log.turns(
        notebook=notebook,
        cell_id=query.cell,
        session_id=query.session,
        state=_states(query.state),
        ids=query.ids,
        before=query.before,
        limit=query.limit,
    )
    is_full = len(rows) == query.limit
    return Turns(
        turns=[turn_answer(call.service, row) for row in rows],
        next=rows[-1].turn_id if is_full else None,
    )


async def show_turn(call: Call) -> TurnDetail:
    """One turn with its transcript as far as it is recorded."""
    row = await known_turn(call.log, call.ids["turn_id"])
    transcript = await call.log.transcript(row.turn_id)
    if transcript is None:
        raise unknown("turn", row.turn_id)
    fields = turn_answer(call.service, row).model_dump()
    return TurnDetail(**fields, transcript=transcript.data)


async def show_bundle(call: Call) -> TurnBundle:
    """What the kernel puts into the notebook, from the record: for an output it could not fill."""
    row = await known_turn(call.log, call.ids["turn_id"])
    transcript = await call.log.transcript(row.turn_id)
    if transcript is None:
        raise unknown("turn", row.turn_id)
    view = call.service.settings.view
    drawn = mime_bundle(transcript.data, view, final=transcript.is_final)
    return TurnBundle(
        turn_id=row.turn_id,
        state=transcript.state,
        final=transcript.is_final,
        execution_count=row.execution_count,
        data=drawn,
    )


async def list_events(call: Call) -> Events:
    """Events after a number; of a compacted turn one snapshot."""
    query: EventsQuery = call.query
    row = await known_turn(call.log, call.ids["turn_id"])
    events = await call.log.events(row.turn_id, query.after, query.limit)
    # A later look: the state is never older than the events.
    row = await known_turn(call.log, row.turn_id)
    return Events(events=events, state=row.state, seq=row.seq)


async def known_turn(log: TurnLog, turn_id: str) -> TurnRow:
    """The turn of that id; raises `Refusal` (404)."""
    row = await log.turn(TurnId(turn_id))
    if row is None:
        raise unknown("turn", turn_id)
    return row


def turn_answer(service: Service, row: TurnRow) -> Turn:
    """A row of the log as pages see it."""
    fields = {name: getattr(row, name) for name in Turn.model_fields if name != "path"}
    notebook = None if row.notebook is None else NotebookPath(row.notebook)
    return Turn(**fields, path=service.api_path(notebook))


def _states(states: Sequence[str] | None) -> str | Sequence[str] | None:
    if states is None or "live" not in states:
        return states
    others = [state for state in states if state != "live"]
    return [*LIVE_STATES, *others] if others else "live"


ROUTES = (
    Route("GET", "turns", "List turns", list_turns, Turns, TurnsQuery),
    Route("GET", "turns/{turn_id}", "A turn", show_turn, TurnDetail, problems=(404,)),
    Route(
        "GET",
        "turns/{turn_id}/bundle",
        "A turn as an output of a notebook",
        show_bundle,
        TurnBundle,
        problems=(404,),
    ),
    Route(
        "GET",
        "turns/{turn_id}/events",
        "A turn's events",
        list_events,
        Events,
        EventsQuery,
        problems=(404,),
    ),
)
