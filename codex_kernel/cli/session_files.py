"""What `export` and `import` share: a session from the record and from Codex, files, bindings."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from io import TextIOWrapper
from pathlib import Path
from typing import TypeVar

from codex_kernel._version import __version__
from codex_kernel.app_server.client import AppServer
from codex_kernel.cell.text import as_prompt, parse
from codex_kernel.errors import AppServerError, CodexError, SessionNotFound
from codex_kernel.export import gathering, notebook, threads
from codex_kernel.export.session import Session, Transcript
from codex_kernel.ids import NotebookPath, SessionId, stored_path
from codex_kernel.settings import Settings
from codex_kernel.turn_log import bindings
from codex_kernel.turn_log.log import TurnLog

T = TypeVar("T")

_TURN_COMMANDS = frozenset({"compact", "plan", "review"})
"""Commands of a cell that are turns; the record has them as prompts."""


def gathered(settings: Settings, session_id: str) -> Session:
    """A session with all its turns.

    Raises `SessionNotFound`, and what keeps Codex from starting when the record has nothing.
    """
    return asyncio.run(_gathered(settings, session_id))


async def _gathered(settings: Settings, session_id: str) -> Session:
    async with TurnLog.open(settings.log, kind="cli") as log:
        failure: CodexError | None = None
        try:
            found = await _with_server(settings, lambda it: gathering.gathered(log, it, session_id))
        except AppServerError as error:
            failure = error
            found = await gathering.gathered(log, None, session_id)
    if found is None:
        raise failure or SessionNotFound(
            f"Neither Codex nor the record knows a session {session_id!r}.",
            next_step="`jupyter codex sessions` lists those of the record, `codex resume` all.",
        )
    if failure is not None:
        print(f"This is what the record has. {failure}", file=sys.stderr)
    return found


async def _with_server(settings: Settings, work: Callable[[AppServer], Awaitable[T]]) -> T:
    server = await AppServer.start(
        settings.app_server, data_folder=settings.log.folder, client_version=__version__
    )
    async with server:
        return await work(server)


def known_here(settings: Settings, session: Session, path: Path) -> Session:
    """The session itself where Codex knows it, else a new one that begins with what it was."""
    folder = str(path.absolute().parent)
    own = replace(settings.session, cwd=folder)

    async def look(server: AppServer) -> Session:
        if await threads.read(server, session.session_id) is not None:
            return session
        begun = await threads.begin_from(server, session, own, settings.app_server)
        return replace(session, session_id=begun, cwd=folder)

    return asyncio.run(_with_server(settings, look))


def refuse_to_replace(path: Path | None, *, is_forced: bool) -> None:
    """Raise CodexError when a file exists that nobody said to replace."""
    if path is not None and path.exists() and not is_forced:
        raise CodexError(f"{path} exists.", next_step="--force replaces it.")


def write(path: Path | None, text: str) -> None:
    """Write a file, or to standard output, as UTF-8 everywhere; raises CodexError."""
    if path is None:
        if isinstance(sys.stdout, TextIOWrapper):
            sys.stdout.reconfigure(encoding="utf-8")
        sys.stdout.write(text)
        return
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CodexError(f"{path} cannot be written: {error.strerror}.") from error


def notebook_text(session: Session, settings: Settings) -> str:
    """The session as the text of a notebook file."""
    made = notebook.written(session, settings.view, _source)
    return json.dumps(made, ensure_ascii=False, indent=1) + "\n"


def _source(transcript: Transcript) -> str:
    """The text of a cell that asks for this turn again."""
    prompt: str = transcript["prompt"]
    commands = parse(prompt).commands
    is_ours = transcript["turn_id"] != transcript["codex_turn_id"]
    if is_ours and commands and commands[0].name in _TURN_COMMANDS:
        return prompt
    return as_prompt(prompt)


def bind(settings: Settings, path: Path, session: Session) -> list[str]:
    """Have the notebook go on with the session; what to tell the user."""
    cell_ids = notebook.cell_ids(json.loads(path.read_text(encoding="utf-8")))
    told = [f"{path} goes on with the session {session.session_id}: open it and run a cell."]
    folder = session.cwd
    if folder is None or not os.path.isdir(folder) or os.path.samefile(folder, path.parent):
        folder = None
    else:
        told.append(f"Codex goes on working in {folder}; `/cd` in a cell changes that.")
    asyncio.run(_bind(settings, stored_path(path), session, cell_ids, folder))
    return told


async def _bind(
    settings: Settings,
    place: NotebookPath,
    session: Session,
    cell_ids: list[str],
    folder: str | None,
) -> None:
    session_id = SessionId(session.session_id)
    async with TurnLog.open(settings.log, kind="cli") as log:
        await bindings.remember_session(
            log,
            session_id,
            title=session.title,
            cwd=session.cwd,
            is_fresh=False,
            turns=len(session.transcripts),
        )
        await bindings.forget_notebook(log, place)
        for cell_id in cell_ids or [None]:
            await bindings.bind(log, place, session_id, cell_id=cell_id)
        if folder is not None:
            await bindings.set_notebook_settings(log, place, {"cwd": folder})
