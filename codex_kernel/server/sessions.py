"""Reading sessions and notebooks by REST, and how the record is."""

from __future__ import annotations

from dataclasses import asdict

from codex_kernel._version import __version__
from codex_kernel.engine.report import settings_report
from codex_kernel.errors import CodexError
from codex_kernel.ids import NotebookPath
from codex_kernel.server.models import (
    Health,
    LastTurn,
    Notebook,
    NotebookQuery,
    Session,
    SessionDetail,
    Sessions,
    SessionsQuery,
)
from codex_kernel.server.routes import Call, Route, unknown
from codex_kernel.turn_log import bindings, overview, presence

OWN = ("model", "effort", "sandbox", "approval_policy")
LOOKED_AT = 20
"""Turns that are looked through for one that ran: more do not wait behind each other."""


async def list_sessions(call: Call) -> Sessions:
    """Sessions, the last active first."""
    query: SessionsQuery = call.query
    found = await overview.session_overviews(
        call.log,
        cwd=query.cwd,
        search=query.search,
        archived=query.archived,
        before=None if query.before is None else _cursor(query.before),
        limit=query.limit,
    )
    is_full = len(found) == query.limit
    return Sessions(
        sessions=[Session(**asdict(session)) for session in found],
        next=f"{found[-1].last_activity} {found[-1].session_id}" if is_full else None,
    )


async def show_session(call: Call) -> SessionDetail:
    """One session and the notebooks bound to it."""
    session = await known_session(call)
    notebooks = await bindings.notebooks_of(call.log, session.session_id)
    return SessionDetail(**asdict(session), notebooks=list(notebooks))


async def show_notebook(call: Call) -> Notebook:
    """What is known of a notebook; the file itself is not looked at."""
    query: NotebookQuery = call.query
    path = call.service.notebook(query.path)
    return await notebook_answer(call, path)


async def notebook_answer(call: Call, path: NotebookPath) -> Notebook:
    """What is known of a notebook, as pages see it."""
    binding = await bindings.bound_session(call.log, path, None)
    settings = await bindings.notebook_settings(call.log, path)
    settings.pop("session", None)  # for its kernel; the binding says the same
    own = settings_report(call.service.settings.session)
    return Notebook(
        path=call.service.api_path(path),
        notebook=path,
        session_id=None if binding is None else binding.session_id,
        settings=settings,
        defaults={name: own[name] for name in OWN},
        last_turn=await _last_turn(call, path),
        pages=await presence.pages(call.log, path),
    )


async def _last_turn(call: Call, path: NotebookPath) -> LastTurn | None:
    """The latest of the last turns that Codex has seen: those that wait report nothing yet."""
    for row in await call.log.turns(notebook=path, limit=LOOKED_AT):
        if row.codex_turn_id is None:
            continue
        found = await call.log.transcript(row.turn_id)
        if found is not None:
            settings, usage = found.data["settings"], found.data["usage"]
            return LastTurn(turn_id=row.turn_id, state=row.state, settings=settings, usage=usage)
    return None


async def known_session(call: Call) -> overview.SessionOverview:
    """The session of the path; raises `Refusal` (404)."""
    session_id = call.ids["session_id"]
    found = await overview.session_overviews(call.log, session_id=session_id)
    if not found:
        raise unknown("session", session_id)
    return found[0]


async def show_health(call: Call) -> Health:
    """Whether turns are recorded and followed, and if not why; never an error itself."""
    service = call.service
    readers = len(service.sockets)
    try:
        log = await service.log()
        live = len(await log.turns(state="live", limit=1000))
    except CodexError as error:
        return Health(
            status="unavailable",
            version=__version__,
            problem=error.message,
            next_step=error.next_step,
            log=None,
            live_turns=None,
            readers=readers,
        )
    found = log.health()
    problem = found["problem"] or next(iter(found["warnings"]), None)
    return Health(
        status="degraded" if problem else "ok",
        version=__version__,
        problem=problem,
        next_step="See `jupyter codex doctor`." if problem else None,
        log=found,
        live_turns=live,
        readers=readers,
    )


def _cursor(text: str) -> overview.Cursor:
    moment, _, session_id = text.partition(" ")
    return moment, session_id


ROUTES = (
    Route("GET", "sessions", "List sessions", list_sessions, Sessions, SessionsQuery),
    Route(
        "GET", "sessions/{session_id}", "A session", show_session, SessionDetail, problems=(404,)
    ),
    Route("GET", "notebooks", "A notebook", show_notebook, Notebook, NotebookQuery),
    Route("GET", "health", "How the record is", show_health, Health, needs_log=False),
)
