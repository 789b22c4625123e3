"""Codex's own threads: one of any client of this machine as a session, and a session as a new one.

Reading does not open a thread: it works while the TUI or an IDE has it open.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any

from codex_kernel.app_server.client import AppServer, thread_params
from codex_kernel.app_server.items import item
from codex_kernel.app_server.outcome import outcome
from codex_kernel.errors import Overloaded, RequestRefused
from codex_kernel.export.session import Session, Transcript, untitled
from codex_kernel.ids import SessionId, TurnId
from codex_kernel.render.entries import answer_of
from codex_kernel.settings import AppServerSettings, SessionSettings
from codex_kernel.turn import events
from codex_kernel.turn.events import Draft
from codex_kernel.turn.transcript import fold

PAGE = 50
"""Turns that Codex is asked for at once."""


async def read(server: AppServer, session_id: str) -> Session | None:
    """The turns that have ended of a thread; None when Codex does not know it."""
    try:
        thread = (await server.request("thread/read", {"threadId": session_id}))["thread"]
        turns = [turn async for turn in _turns(server, session_id)]
    except Overloaded:
        raise
    except RequestRefused:
        return None
    transcripts = tuple(
        _transcript(turn, thread) for turn in turns if turn["status"] != "inProgress"
    )
    title = thread.get("name") or untitled(transcripts)
    return Session(thread["id"], title, thread.get("cwd"), transcripts)


async def _turns(server: AppServer, session_id: str) -> AsyncIterator[dict[str, Any]]:
    params = {"threadId": session_id, "limit": PAGE, "sortDirection": "asc", "itemsView": "full"}
    while True:
        answer = await server.request("thread/turns/list", params)
        for turn in answer["data"]:
            yield turn
        if not answer.get("nextCursor"):
            return
        params["cursor"] = answer["nextCursor"]


def _transcript(turn: dict[str, Any], thread: dict[str, Any]) -> Transcript:
    """A turn of `thread/turns/list` as if it had been recorded."""
    codex_turn_id = turn["id"]
    items = [item(raw, is_completed=True) for raw in turn["items"]]
    at = next((at for at, each in enumerate(items) if each["type"] == "user_message"), None)
    prompt = items.pop(at)["text"] if at is not None else ""
    state, error = outcome(turn)
    began, ended = _times(turn, thread)
    drafts: list[Draft] = [
        events.turn_queued(prompt, session_id=thread["id"]),
        events.settings_updated(dict(_settings(thread)), session_id=thread["id"]),
        events.turn_started(thread["id"], codex_turn_id),
        *map(events.item_completed, items),
    ]
    stamped = events.stamp(TurnId(codex_turn_id), 0, drafts, began)
    end = events.turn_ended(state, error)
    return fold([*stamped, *events.stamp(TurnId(codex_turn_id), len(stamped), [end], ended)])


def _settings(thread: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What a thread tells of its settings: those of its last turn."""
    fields = {"model": "model", "effort": "reasoningEffort", "cwd": "cwd", "version": "cliVersion"}
    for ours, name in fields.items():
        if thread.get(name):
            yield ours, thread[name]


def _times(turn: dict[str, Any], thread: dict[str, Any]) -> tuple[str, str]:
    began = turn.get("startedAt") or thread["updatedAt"]  # old turns have no time of their own
    took = turn.get("durationMs")
    ended = began + took / 1000 if took is not None else turn.get("completedAt") or began
    first, last = (
        datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds")
        for moment in (began, ended)
    )
    return first.replace("+00:00", "Z"), last.replace("+00:00", "Z")


async def begin_from(
    server: AppServer, session: Session, settings: SessionSettings, app_server: AppServerSettings
) -> SessionId:
    """A new thread that knows what was asked and answered in a session; its id.

    Commands and changes are not told: they happened elsewhere.
    """
    params = thread_params(settings, app_server)
    thread_id = (await server.request("thread/start", params))["thread"]["id"]
    await server.request(
        "thread/inject_items", {"threadId": thread_id, "items": list(_messages(session))}
    )
    await server.request("thread/name/set", {"threadId": thread_id, "name": session.title})
    return SessionId(thread_id)


def _messages(session: Session) -> Iterator[dict[str, Any]]:
    for transcript in session.transcripts:
        answer = answer_of(transcript["items"])
        yield _message("user", "input_text", transcript["prompt"])
        if answer and answer["text"]:
            yield _message("assistant", "output_text", answer["text"])


def _message(role: str, kind: str, text: str) -> dict[str, Any]:
    return {"type": "message", "role": role, "content": [{"type": kind, "text": text}]}
