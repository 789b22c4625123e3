"""What can be done to a session beside its turns: rename, put away, copy, delete.

The owner of a session does it on its own app-server, and whoever finds it without an owner on
another one; here it is the same. Codex is asked first, then the log is told. What Codex refuses
becomes an error of ours that says what to do.
"""

from __future__ import annotations

from typing import Any

from codex_kernel.app_server.client import AppServer, fork_params
from codex_kernel.errors import CodexError, RequestRefused, SessionInUse, SessionNotFound
from codex_kernel.ids import NotebookPath, SessionId
from codex_kernel.settings import AppServerSettings, SessionSettings
from codex_kernel.turn_log import bindings, retention
from codex_kernel.turn_log.log import TurnLog

RUNS = "A turn of this session runs: stop it first."


async def rename(server: AppServer, log: TurnLog, session_id: str, title: str) -> None:
    """Give a session a title."""
    await request(server, "thread/name/set", session_id, name=title)
    await bindings.remember_session(log, session_id, title=title)


async def archive(server: AppServer, log: TurnLog, session_id: str) -> None:
    """Put a session away: it cannot be taken up until it is got back."""
    await request(server, "thread/archive", session_id)
    await bindings.archive_session(log, session_id)


async def unarchive(server: AppServer, log: TurnLog, session_id: str) -> None:
    """Get a session back."""
    await request(server, "thread/unarchive", session_id)
    await bindings.unarchive_session(log, session_id)


async def let_go(server: AppServer, session_id: str) -> None:
    """Have an app-server close a session that nothing runs in, so that another can open it.

    `thread/unsubscribe` keeps the thread open for half an hour more (0.163); to archive it
    closes it at once.
    """
    await request(server, "thread/archive", session_id)
    await request(server, "thread/unarchive", session_id)


async def fork(
    server: AppServer,
    log: TurnLog,
    session_id: str,
    settings: SessionSettings,
    app_server: AppServerSettings,
    *,
    last_turn_id: str | None = None,
) -> SessionId:
    """Copy a session, up to Codex's turn `last_turn_id` or as a whole; the copy's id.

    No process has the copy open, so that any notebook can take it up.
    """
    source = await bindings.session(log, session_id)
    params = fork_params(settings, app_server, session_id)
    if last_turn_id is not None:
        params["lastTurnId"] = last_turn_id
    answer = await request(server, "thread/fork", session_id, **params)
    copy = SessionId(answer["thread"]["id"])
    await bindings.remember_session(
        log,
        copy,
        title=source.title if source else answer["thread"].get("name"),
        cwd=settings.cwd,
        model=answer.get("model"),
        forked_from=session_id,
        is_fresh=False,
    )
    await let_go(server, copy)
    return copy


async def bind_copy(log: TurnLog, notebook: str | None, copy: SessionId, by: str) -> None:
    """Have the notebook for which a copy was made go on with it."""
    if notebook is not None:
        await bindings.ask_for_session(log, NotebookPath(notebook), copy, by=by)


async def delete(server: AppServer | None, log: TurnLog, session_id: str) -> None:
    """Delete the record of a session, and on `server` Codex's own as well; raises `SessionInUse`
    while a turn of it lives."""
    if await log.turns(session_id=session_id, state="live", limit=1):
        raise SessionInUse(RUNS, next_step="")
    if server is not None:
        await request(server, "thread/delete", session_id)
    await retention.delete_session(log, session_id)


async def request(server: AppServer, method: str, session_id: str, **params: Any) -> Any:
    """A request about a session; a refusal says what it means for the session."""
    try:
        return await server.request(method, {"threadId": session_id, **params})
    except RequestRefused as refused:
        raise session_error(refused, session_id) from refused


def session_error(refused: RequestRefused, session_id: str) -> CodexError:
    """What Codex's refusal of a request about a session means."""
    text = refused.message
    if "active writer" in text:
        return SessionInUse(f"The session {session_id} is open in another process.")
    if "forked history" in text:
        return SessionInUse(
            f"Forks of the session {session_id} need its history.",
            next_step="Delete the forks first, or delete the record only.",
        )
    if any(known in text for known in ("no rollout found", "thread not", "invalid thread id")):
        return SessionNotFound(f"Codex does not know the session {session_id}.")
    if "turn not found" in text:
        return SessionNotFound(
            f"Codex does not know that turn of the session {session_id}.", next_step=""
        )
    if "archived" in text:
        return SessionNotFound(
            f"The session {session_id} is archived.",
            next_step=f"Run `codex unarchive {session_id}`, or `/new` to begin anew.",
        )
    return refused
