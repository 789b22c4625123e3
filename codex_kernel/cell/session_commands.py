"""Commands about which session it is, and those that run a turn of their own.

Switching waits until no turn of the session runs.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from weakref import WeakKeyDictionary

from codex_kernel.cell.command import (
    Argument,
    Arguments,
    Command,
    Context,
    Result,
    TurnRequest,
    Value,
    known_session,
)
from codex_kernel.cell.output import Output, joined, prose, shortened, table
from codex_kernel.cell.references import referred
from codex_kernel.cell.variables import filled
from codex_kernel.engine import asks
from codex_kernel.engine.session import Session
from codex_kernel.errors import BadArgument, SessionNotFound
from codex_kernel.ids import SessionId
from codex_kernel.turn_log import bindings

PAGE = 100
"""Sessions that Codex is asked for at once, and that are searched."""
LISTED = 20
"""Sessions that a list shows."""
_ID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_listed: WeakKeyDictionary[Session, list[SessionId]] = WeakKeyDictionary()
"""The ids of the list that each host showed last, for `/resume NUMBER`."""

Thread = dict[str, Any]


async def _new(context: Context, _arguments: Arguments) -> Output:
    async with context.session.order:
        await context.session.new()
    return prose("The next prompt begins a new session.")


async def threads(session: Session, search: str = "") -> list[Thread]:
    """Codex's sessions, the last used first: of this folder, or of all folders that match."""
    server = await session.connect()
    params: dict[str, Any] = {"limit": PAGE, "sortKey": "updated_at"}
    if not search:
        params["cwd"] = _names(session.settings.cwd)
    answer = await server.request("thread/list", params)
    # Codex may list a session twice, and its own search tells upper from lower case.
    unique = {thread["id"]: thread for thread in reversed(answer["data"])}
    found = [thread for thread in unique.values() if _fits(thread, search)]
    return sorted(found, key=lambda each: (each["updatedAt"], each["id"]), reverse=True)


def _names(folder: str) -> list[str]:
    """Codex compares folders by the names they were given: ours may be a link."""
    return sorted({os.path.abspath(folder), os.path.realpath(folder)})


def _fits(thread: Thread, search: str) -> bool:
    about = (thread.get("name"), thread.get("preview"), thread.get("cwd"), thread["id"])
    return search.casefold() in "\n".join(text or "" for text in about).casefold()


def thread_title(thread: Thread) -> str:
    """How a session is called: its name, or how it began."""
    return shortened(thread.get("name") or thread.get("preview") or "(no prompt yet)")


async def _sessions(context: Context, arguments: Arguments) -> Output:
    search = arguments.get("search", "")
    found = await threads(context.session, search)
    if not found:
        where = f"that match {search!r}" if search else "in this folder"
        return prose(f"There are no sessions {where}.")
    return _list(context, found)


def _list(context: Context, found: Sequence[Thread]) -> Output:
    shown = found[:LISTED]
    _listed[context.session] = [SessionId(thread["id"]) for thread in shown]
    ids: list[str | None] = [thread["id"] for thread in shown]
    marked = ids.index(context.session.id) if context.session.id in ids else None
    rows = [
        (at, thread_title(thread), _when(thread), thread.get("cwd"), thread["id"])
        for at, thread in enumerate(shown, 1)
    ]
    note = "`/resume NUMBER` takes one up."
    if len(found) > LISTED:
        note += f" {len(found) - LISTED} more are older: `/sessions SEARCH` finds them."
    listed = table(("", "Session", "Last used", "Folder", "Id"), rows, marked=marked)
    return joined(listed, prose(note))


def _when(thread: Thread) -> str:
    return datetime.fromtimestamp(thread["updatedAt"]).strftime("%Y-%m-%d %H:%M")


async def _resume(context: Context, arguments: Arguments) -> Output:
    wanted = arguments.get("session")
    if not wanted:
        return await _sessions(context, arguments)
    session_id = await find_session(context, wanted)
    session = context.session
    if session_id == session.id and session.reported:
        return prose(f"This is the session {session_id} already.")
    async with session.order:
        await session.resume(session_id)
    return prose(f"The next prompt goes on with the session {session_id}.")


async def find_session(context: Context, wanted: str) -> SessionId:
    """The session that an id, the beginning of one, a title or a number of a list means."""
    if wanted.isdecimal() and len(wanted) < 5:
        return await _numbered(context, int(wanted))
    if _ID.fullmatch(wanted):
        return SessionId(wanted.lower())
    found = await threads(context.session, wanted)
    exact = [each for each in found if (each.get("name") or "").casefold() == wanted.casefold()]
    named = exact or [each for each in found if each["id"].startswith(wanted.lower())] or found
    if len(named) == 1:
        return SessionId(named[0]["id"])
    if not named:
        raise SessionNotFound(f"No session matches {wanted!r}.", next_step="See `/sessions`.")
    titles = "; ".join(f"{thread_title(each)!r} {each['id']}" for each in named[:5])
    raise BadArgument(
        f"{len(named)} sessions match {wanted!r}.", next_step=f"Give the id of one: {titles}."
    )


async def _numbered(context: Context, number: int) -> SessionId:
    if context.session not in _listed:
        _list(context, await threads(context.session))
    listed = _listed[context.session]
    if not 1 <= number <= len(listed):
        raise BadArgument(f"There is no session number {number}.", next_step="See `/sessions`.")
    return listed[number - 1]


async def _session_values(session: Session, _arguments: Arguments) -> Sequence[Value]:
    return [Value(each["id"], thread_title(each)) for each in await threads(session)]


async def _fork(context: Context, arguments: Arguments) -> Output:
    wanted = arguments.get("session")
    source = await find_session(context, wanted) if wanted else await known_session(context.session)
    async with context.session.order:
        copy = await context.session.fork(source)
    return prose(f"The next prompt goes on with {copy}, a copy of the session {source}.")


async def _name(context: Context, arguments: Arguments) -> Output:
    session_id = await known_session(context.session)
    title = " ".join(arguments["title"].split())
    await context.session.thread.ask("thread/name/set", name=title)
    await bindings.remember_session(context.session.log, session_id, title=title)
    return prose(f"The session is called {title!r} now.")


async def _compact(context: Context, _arguments: Arguments) -> TurnRequest:
    await known_session(context.session)
    return TurnRequest("/compact", asks.compact())


async def _review(context: Context, arguments: Arguments) -> TurnRequest:
    variables = context.session.settings.variables
    instructions = filled(arguments.get("instructions", ""), variables) or None
    return TurnRequest(f"/review {instructions or ''}".strip(), asks.review(instructions))


async def _plan(context: Context, arguments: Arguments) -> Result:
    session = context.session
    prompt = filled(arguments["prompt"], session.settings.variables)
    text, images = await referred(prompt, session)
    ask = asks.plan(text, images, lambda: session.reported.get("model"))
    return TurnRequest(f"/plan {prompt}", ask)


_SESSION = Argument(
    "session",
    "its number in the last list, its id or its title",
    _session_values,
    is_open=True,
    takes_rest=True,
    asks_codex=True,
)

COMMANDS = (
    Command("new", "Begin a new session with the next prompt", _new),
    Command(
        "resume",
        "Take up another session; lists them when none is named",
        _resume,
        (_SESSION,),
    ),
    Command(
        "sessions",
        "List the sessions of this folder, or find one anywhere",
        _sessions,
        (
            Argument(
                "search", "part of a title, a first prompt, a folder or an id", takes_rest=True
            ),
        ),
    ),
    Command(
        "fork",
        "Go on with a copy of this session or of another; the original stays as it is",
        _fork,
        (_SESSION,),
    ),
    Command(
        "name",
        "Give the session a title",
        _name,
        (Argument("title", "a title", is_optional=False, takes_rest=True),),
    ),
    Command("compact", "Have Codex shorten the history to make room in the context", _compact),
    Command(
        "review",
        "Have Codex review the uncommitted changes, or what you name",
        _review,
        (Argument("instructions", "what to review", takes_rest=True),),
        details="Lines below the command belong to the instructions.",
        takes_prompt=True,
    ),
    Command(
        "plan",
        "Have Codex make a plan and change nothing",
        _plan,
        (Argument("prompt", "a prompt", is_optional=False, takes_rest=True),),
        details="Lines below the command belong to the prompt. The mode ends with the turn: "
        "to have the plan carried out, say so in the next cell.",
        takes_prompt=True,
    ),
)
