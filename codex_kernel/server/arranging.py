"""Changing sessions and notebooks by REST: titles, archive, forks, bindings, wishes, deletion.

What a session's owner must do is asked of it; a session that nobody has open is the clerk's.
What a notebook asks for is noted, and its kernel reads it when the next turn begins.
"""

from __future__ import annotations

import os
from typing import Any

from codex_kernel.ids import stored_path
from codex_kernel.server.errands import ask_session
from codex_kernel.server.models import (
    Background,
    BindBody,
    DeleteQuery,
    ForkBody,
    Notebook,
    NotebookPatch,
    NotebookQuery,
    Outcome,
    SessionPatch,
    StopBody,
    Thread,
    Threads,
    ThreadsQuery,
)
from codex_kernel.server.routes import Call, Refusal, Route, unknown
from codex_kernel.server.sessions import known_session, notebook_answer
from codex_kernel.server.turns import known_turn
from codex_kernel.turn_log import bindings


async def change_session(call: Call) -> Outcome:
    """Rename a session, put it away, or get it back."""
    body: SessionPatch = call.body
    session_id = (await known_session(call)).session_id
    asked: list[tuple[str, dict[str, Any]]] = []
    if body.title is not None:
        asked.append(("rename", {"title": " ".join(body.title.split())}))
    if body.archived is not None:
        asked.append(("archive" if body.archived else "unarchive", {}))
    if not asked:
        return Outcome(command_id=None, done=True, outcome={"ok": True})
    outcomes = [await ask_session(call, session_id, verb, args) for verb, args in asked]
    return next((each for each in outcomes if not each.done), outcomes[-1])


async def fork_session(call: Call) -> Outcome:
    """Copy a session, up to a turn or as a whole; `session_id` of the outcome is the copy's."""
    body: ForkBody = call.body
    session_id = (await known_session(call)).session_id
    args: dict[str, Any] = {}
    if body.turn_id is not None:
        args["last_turn_id"] = await _codex_turn_id(call, session_id, body.turn_id)
    if body.notebook is not None:
        args["notebook"] = call.service.notebook(body.notebook)
    return await ask_session(call, session_id, "fork", args)


async def _codex_turn_id(call: Call, session_id: str, turn_id: str) -> str:
    turn = await known_turn(call.log, turn_id)
    if turn.session_id != session_id:
        raise unknown("turn of this session", turn_id)
    if turn.codex_turn_id is None:
        raise Refusal(
            409,
            "Codex was never asked this turn.",
            next_step="Fork from the turn before it.",
            kind="Refused",
        )
    return turn.codex_turn_id


async def delete_session(call: Call) -> Outcome:
    """Delete our record of a session, and with `thread=true` Codex's own; files stay."""
    query: DeleteQuery = call.query
    session_id = (await known_session(call)).session_id
    return await ask_session(call, session_id, "delete", {"thread": query.thread})


async def list_background(call: Call) -> Background:
    """The commands that outlived their turns; none when no kernel has the session open."""
    outcome = await _background(call, "list_background", {})
    if outcome.outcome is None:
        raise Refusal(
            504,
            "The kernel of this session did not answer.",
            next_step="Try again when its turn has ended.",
            kind="RequestTimedOut",
        )
    return Background(commands=outcome.outcome["commands"])


async def stop_background(call: Call) -> Outcome:
    """Stop a command that outlived its turn, or all of them."""
    body: StopBody = call.body
    args = {} if body.process_id is None else {"process_id": body.process_id}
    return await _background(call, "stop_background", args)


async def _background(call: Call, verb: str, args: dict[str, Any]) -> Outcome:
    return await ask_session(call, (await known_session(call)).session_id, verb, args)


async def show_settings(call: Call) -> Outcome:
    """Every setting of a session, as its kernel has it, else as the server's configuration does.

    `settings` and `mcp_servers` (null: they did not tell in time) of the outcome.
    """
    session_id = (await known_session(call)).session_id
    return await ask_session(call, session_id, "show_settings", {})


async def change_notebook(call: Call) -> Notebook:
    """Change what the notebook asks for; its turns heed it from the next one on."""
    query: NotebookQuery = call.query
    body: NotebookPatch = call.body
    path = call.service.notebook(query.path)
    asked = body.model_dump(exclude_unset=True)
    await bindings.set_notebook_settings(call.log, path, asked, by=call.by)
    return await notebook_answer(call, path)


async def bind_notebook(call: Call) -> Notebook:
    """Have a notebook go on with a session from its next turn on, or with a new one (null).

    A session of Codex's that was begun elsewhere is adopted.
    """
    body: BindBody = call.body
    path = call.service.notebook(body.path)
    if body.session_id is not None:
        known = await bindings.session(call.log, body.session_id)
        if known is None:
            await call.service.clerk.adopt(call.log, body.session_id)
        elif known.archived_at is not None:
            raise Refusal(
                409, "The session is archived.", next_step="Get it back first.", kind="Archived"
            )
        elif body.take_over:
            await _free(call, body.session_id)
    await bindings.ask_for_session(call.log, path, body.session_id, by=call.by)
    return await notebook_answer(call, path)


async def _free(call: Call, session_id: str) -> None:
    """Have whoever has a session open close it; raises `Refusal`, also while its turn runs."""
    outcome = await ask_session(call, session_id, "release", {})
    if not outcome.done:
        raise Refusal(
            504,
            "The kernel that has this session open did not answer.",
            next_step="Shut it down, or go on from a copy of the session.",
            kind="RequestTimedOut",
        )


async def list_threads(call: Call) -> Threads:
    """Codex's own sessions of a folder, also those begun in a terminal or an editor.

    The folder is `cwd` (absolute, or as the contents API names it), else that of the notebook,
    else the server's root.
    """
    found = await call.service.clerk.threads_in(_folder(call))
    return Threads(threads=[await _thread(call, thread) for thread in found])


def _folder(call: Call) -> str:
    query: ThreadsQuery = call.query
    if query.cwd is not None and os.path.isabs(query.cwd):
        return stored_path(query.cwd)
    if query.cwd is not None:
        return call.service.notebook(query.cwd)
    if query.notebook is not None:
        return os.path.dirname(call.service.notebook(query.notebook))
    return stored_path(call.service.root_dir)


async def _thread(call: Call, thread: dict[str, Any]) -> Thread:
    return Thread(
        session_id=thread["id"],
        title=thread.get("name"),
        preview=thread.get("preview") or "",
        cwd=thread.get("cwd"),
        model=thread.get("model"),
        source=thread.get("originator") or str(thread.get("source") or "") or None,
        updated_at=thread["updatedAt"],
        known=await bindings.session(call.log, thread["id"]) is not None,
    )


_CODEX = (404, 409, 500, 502, 504)

ROUTES = (
    Route(
        "PATCH",
        "sessions/{session_id}",
        "Rename or archive a session",
        change_session,
        Outcome,
        body=SessionPatch,
        problems=_CODEX,
    ),
    Route(
        "DELETE",
        "sessions/{session_id}",
        "Delete a session",
        delete_session,
        Outcome,
        DeleteQuery,
        problems=_CODEX,
    ),
    Route(
        "POST",
        "sessions/{session_id}/fork",
        "Fork a session",
        fork_session,
        Outcome,
        body=ForkBody,
        problems=_CODEX,
    ),
    Route(
        "GET",
        "sessions/{session_id}/background",
        "Commands that outlived their turns",
        list_background,
        Background,
        problems=_CODEX,
    ),
    Route(
        "GET",
        "sessions/{session_id}/settings",
        "Every setting of a session",
        show_settings,
        Outcome,
        problems=_CODEX,
    ),
    Route(
        "POST",
        "sessions/{session_id}/background/stop",
        "Stop background commands",
        stop_background,
        Outcome,
        body=StopBody,
        problems=_CODEX,
    ),
    Route(
        "PATCH",
        "notebooks",
        "What a notebook asks for",
        change_notebook,
        Notebook,
        NotebookQuery,
        body=NotebookPatch,
    ),
    Route(
        "POST",
        "notebooks/bind",
        "Bind a notebook to a session",
        bind_notebook,
        Notebook,
        body=BindBody,
        problems=_CODEX,
    ),
    Route(
        "GET",
        "threads",
        "Codex's own sessions of a folder",
        list_threads,
        Threads,
        ThreadsQuery,
        problems=(500, 502, 504),
    ),
)
