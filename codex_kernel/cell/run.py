"""A cell from its text to its end: commands in order, then the prompt as a turn."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from codex_kernel.cell.ask import PromptDoor, ReadLine
from codex_kernel.cell.command import Context, Preview
from codex_kernel.cell.commands import prepare, run_command
from codex_kernel.cell.references import referred
from codex_kernel.cell.settings_commands import default_effort
from codex_kernel.cell.shell import run_shell
from codex_kernel.cell.text import Cell, parse
from codex_kernel.cell.variables import filled
from codex_kernel.engine import asks
from codex_kernel.engine.session import Session
from codex_kernel.engine.telling import Listener
from codex_kernel.engine.turn import Submission, Turn
from codex_kernel.errors import (
    CellError,
    CodexError,
    TurnCancelled,
    TurnError,
    TurnFailed,
    TurnInterrupted,
    TurnLost,
    TurnRefused,
)
from codex_kernel.ids import CellId, TurnId
from codex_kernel.turn.transcript import Transcript


async def _nothing(_session: Session) -> None:
    pass


@dataclass(frozen=True)
class Frontend:
    """What the host lends a cell. The functions may be called from the engine's thread."""

    cell_id: CellId | None
    events: Listener
    say: Callable[[dict[str, Any]], None]
    read_line: ReadLine | None
    """None when nobody can be asked."""
    execution_count: int | None = None
    turn_id: TurnId | None = None
    """The id of the turn of the cell's prompt, where the host numbers its cells."""
    turn: Turn | None = None
    """The turn that was recorded when the cell was queued, from `enqueue`."""
    get_ready: Callable[[Session], Awaitable[None]] = _nothing
    """What the host does before anything of the cell is shown."""
    began: Callable[[Turn], None] = lambda _turn: None
    """Gets each turn of the cell before anything of it is recorded."""
    extras: asks.Extras = asks.NOTHING
    """What goes with the cell's prompt."""
    notices: tuple[str, ...] = ()
    """What the turn of the cell's prompt tells about itself."""
    preview: Preview | None = None


async def enqueue(
    session: Session, text: str, cell_id: CellId | None, turn_id: TurnId
) -> Turn | None:
    """Record the turn of a cell that waits behind another; None when it holds no prompt."""
    try:
        cell = prepare(parse(text))
    except CellError:
        return None  # it says so when it runs
    prompt = filled(cell.prompt, session.settings.variables)
    return await session.enqueue(prompt, cell_id, turn_id) if prompt else None


async def run_cell(session: Session, text: str, frontend: Frontend) -> None:
    """Run a cell; raises the `CodexError` that ended it."""
    cell = prepare(parse(text))
    waiting, by = frontend.turn, "a part of its cell that failed"
    try:
        await asyncio.gather(frontend.get_ready(session), session.heed_wishes())
        context = Context(session, frontend.say, frontend.read_line, frontend.preview)
        if cell.shell is not None:
            await run_shell(context, cell.shell)
            return
        if waiting is None or not waiting.done.is_set():
            await _run_commands(cell, context, frontend)
        if cell.prompt:
            prompt = filled(cell.prompt, session.settings.variables)
            asked, images = await referred(prompt, session)
            turn, waiting = waiting, None
            ask = asks.prompt(asked, images, frontend.extras)
            try:
                await run_turn(session, prompt, ask, frontend, turn)
            finally:
                await _set_back(session, frontend.extras.changes)
    except asyncio.CancelledError:
        by = "the user"
        raise
    finally:
        if waiting is not None:
            await session.withdraw(waiting, by)


async def _run_commands(cell: Cell, context: Context, frontend: Frontend) -> None:
    for line in cell.commands:
        turn = await run_command(line, context)
        if turn is not None:
            plain = replace(frontend, notices=(), turn_id=None)
            await run_turn(context.session, turn.prompt, turn.ask, plain)


async def _set_back(session: Session, changes: Mapping[str, Any]) -> None:
    """Have the next turn ask for the model and the effort that the thread had before this one.

    A thread keeps what it was told last, and a choice that was left to Codex is not told.
    """
    left_open = [name for name in _KEPT_BY_CODEX if getattr(session.settings, name) is None]
    before = {name: session.reported.get(name) for name in left_open if name in changes}
    session.configure(**before)
    if "effort" in before and before["effort"] is None:  # then it was the model's default
        with suppress(CodexError):
            session.configure(effort=await default_effort(session))


_KEPT_BY_CODEX = ("model", "effort")


async def run_turn(
    session: Session, prompt: str, ask: asks.Ask, frontend: Frontend, waiting: Turn | None = None
) -> None:
    """Run a turn; raises a `TurnError` unless it completed and nothing of `fail_on` happened.

    `waiting` is the turn that was recorded when the cell was queued.
    """
    door = None
    if frontend.read_line is not None:
        door = PromptDoor(frontend.read_line, cwd=session.settings.cwd)
    turn = waiting or session.new_turn(frontend.turn_id)
    frontend.began(turn)
    submission = Submission(
        prompt,
        ask,
        notebook=session.notebook,
        cell_id=frontend.cell_id,
        door=door,
        listener=frontend.events,
        execution_count=frontend.execution_count,
        notices=frontend.notices,
        turn=turn,
    )
    await session.submit(submission)
    failure = failure_of(turn.transcript, session.settings.fail_on)
    if failure is not None:
        raise failure


_ERRORS: dict[str, type[TurnError]] = {
    "interrupted": TurnInterrupted,
    "failed": TurnFailed,
    "lost": TurnLost,
    "cancelled": TurnCancelled,
}


def failure_of(transcript: Transcript, fail_on: tuple[str, ...]) -> TurnError | None:
    """The error that a finished turn is for its caller, or None."""
    data = transcript.data
    error = _ERRORS.get(data["state"])
    if error is not None:
        info = data["error"] or {}
        message = info.get("message") or f"The turn was {data['state']}."
        return error(message, next_step=info.get("next_step"))
    reasons = [reason for reason in fail_on if _FAILS[reason](data)]
    if not reasons:
        return None
    happened = ", ".join(_HAPPENED[reason] for reason in reasons)
    return TurnRefused(f"The turn completed, but {happened}.")


def _has_item(kind: str, *statuses: str) -> Callable[[dict[str, Any]], bool]:
    def found(data: dict[str, Any]) -> bool:
        return any(it["type"] == kind and it["status"] in statuses for it in data["items"])

    return found


def _is_declined(data: dict[str, Any]) -> bool:
    """Also when another client of a shared app-server said no: then only the item tells."""
    return any(approval["outcome"] == "declined" for approval in data["approvals"]) or any(
        item.get("status") == "declined" for item in data["items"]
    )


_FAILS: dict[str, Callable[[dict[str, Any]], bool]] = {
    "declined": _is_declined,
    "command": _has_item("command", "failed"),
    "patch": _has_item("file_change", "failed", "declined"),
    "warning": lambda data: any(w["kind"] != "notice" for w in data["warnings"]),
}
_HAPPENED = {
    "declined": "an approval was not given",
    "command": "a command failed",
    "patch": "a patch was not applied",
    "warning": "there was a warning",
}
