"""A session of ours as the caller of tools: its turn asks the user, and ends what it began."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from codex_kernel.engine.session import Session
from codex_kernel.engine.turn import Turn
from codex_kernel.errors import ToolRefused, ToolStopped
from codex_kernel.tools.policy import asks_to_write, needs_no_leave
from codex_kernel.tools.tool import Answer, Leave
from codex_kernel.turn.items import OWN_SERVER

CHOICES = ["once", "session", "decline", "stop"]


class SessionCaller:
    """The turn of `session` that runs when a tool is called."""

    name = "Codex"

    def __init__(self, session: Session) -> None:
        """Nothing is allowed yet."""
        self._session = session
        self._allowed: set[tuple[str | None, str]] = set()

    @property
    def turn_id(self) -> str | None:
        """The turn that runs."""
        turn = self._session.current
        return None if turn is None else turn.id

    async def ask_leave(self, leave: Leave) -> None:
        """Ask the user, unless that was answered for the session, or must not be asked."""
        turn = self._turn()
        if needs_no_leave(self._session.settings):
            return
        granted = (self._session.id, leave.scope)
        if granted in self._allowed:
            return
        decision = await turn.asking.ask_leave(_question(leave))
        if decision.choice == "session":
            self._allowed.add(granted)
        elif decision.choice != "once":
            said = f": {decision.reason}" if decision.reason else "."
            raise ToolRefused(f"The user did not allow it{said}")

    async def ask_leave_to_write(self, leave: Leave) -> None:
        """Ask where the settings say so."""
        if asks_to_write(self._session.settings):
            await self.ask_leave(leave)

    async def during(self, work: Coroutine[Any, Any, Answer]) -> Answer:
        """The answer, unless the turn is stopped before; raises `ToolStopped`."""
        turn = self._turn(work)
        doing = asyncio.ensure_future(work)
        stopped = asyncio.ensure_future(turn.until_stopped())
        try:
            await asyncio.wait((doing, stopped), return_when=asyncio.FIRST_COMPLETED)
            if not doing.done():
                raise ToolStopped("The turn was stopped.")
            return doing.result()
        finally:
            for task in (doing, stopped):
                task.cancel()
            await asyncio.gather(doing, stopped, return_exceptions=True)

    def _turn(self, work: Coroutine[Any, Any, Answer] | None = None) -> Turn:
        turn = self._session.current
        if turn is None or not turn.has_begun:
            if work is not None:
                work.close()
            raise ToolRefused("No turn of this notebook runs.")
        return turn


def _question(leave: Leave) -> dict[str, Any]:
    about = {"item_id": None, "reason": leave.why, "choices": CHOICES}
    if leave.code is not None:
        return {"kind": "code", "command": leave.code, **about}
    tool = {"server": OWN_SERVER, "tool": leave.tool, "arguments": leave.arguments}
    return {"kind": "mcp_tool_call", **tool, **about}
