"""What is asked of the page that shows a notebook, and waiting for what came of it.

An open document belongs to its page: only there an edit is seen at once and can be undone. So an
operation is a command to the notebook; the feed tells every page, one takes it up (`take`), does
it on the document and answers (`finish`). One that no page takes up is taken back, so that
nothing happens late. Knows no verb: `server.models` describes them.
"""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass
from typing import Any

from codex_kernel.errors import NotebookNotShown, NotebookRefused
from codex_kernel.ids import NotebookPath
from codex_kernel.turn_log import commands, presence
from codex_kernel.turn_log.log import TurnLog

CLAIM_SECONDS = 3.0
"""A page that shows the notebook takes an operation up within this, or it is not there."""


@dataclass(frozen=True)
class Operation:
    """Something to do on an open notebook. `turn_id`: the turn that wants it, if one does."""

    notebook: NotebookPath
    verb: str
    args: dict[str, Any]
    by: str
    turn_id: str | None = None


async def perform(log: TurnLog, operation: Operation, seconds: float) -> dict[str, Any]:
    """Have a page do it and return its result.

    Raises `NotebookNotShown` when no page shows the notebook, `NotebookRefused` with what the
    page says, or when it has not answered within `seconds`.
    """
    operation_id = await begin(log, operation)
    outcome = await commands.wait(log, operation_id, seconds)
    if outcome is None:
        raise NotebookRefused(
            "The page that shows the notebook did not answer in time; it may still do it.",
            next_step="Read the notebook to see what was done.",
        )
    # What was read may be large, and is of no use to anybody else.
    await commands.forget(log, operation_id)
    return result(outcome)


async def begin(log: TurnLog, operation: Operation) -> str:
    """Ask, and return the command's id once a page has taken it up; raises `NotebookNotShown`."""
    if not await presence.is_present(log, operation.notebook, within_seconds=0):
        raise NotebookNotShown("No page of JupyterLab with the Codex extension shows the notebook.")
    operation_id = secrets.token_hex(16)
    try:
        await _ask(log, operation_id, operation)
        is_taken = await _is_taken(log, operation_id)
    finally:  # also when the asker gives up: nothing is to happen later
        is_withdrawn = await asyncio.shield(commands.withdraw(log, operation_id))
    if is_withdrawn and not is_taken:
        raise NotebookNotShown("The page that shows the notebook does not answer.")
    return operation_id


def result(outcome: dict[str, Any]) -> dict[str, Any]:
    """The result in an outcome; raises `NotebookRefused` when it is an error."""
    if "error" in outcome:
        raise NotebookRefused(outcome["error"], next_step=outcome.get("next_step") or "")
    return outcome["result"]


async def _ask(log: TurnLog, operation_id: str, operation: Operation) -> None:
    args = {"turn_id": operation.turn_id, "args": operation.args}
    target = ("notebook", operation.notebook)
    await commands.ask(log, *target, operation.verb, args, operation.by, key=operation_id)


async def _is_taken(log: TurnLog, operation_id: str) -> bool:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + CLAIM_SECONDS
    async with log.tail() as tail:
        while not await commands.is_claimed(log, operation_id):
            if not await tail.changed(max(deadline - loop.time(), 0)):
                return False
    return True
