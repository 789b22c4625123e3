"""Another program as the caller of tools: its own user is asked, by MCP's elicitation."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from codex_kernel.errors import ToolRefused
from codex_kernel.render.escape import visible
from codex_kernel.settings import SessionSettings
from codex_kernel.tools.policy import asks_to_write, needs_no_leave
from codex_kernel.tools.tool import Answer, Leave
from codex_kernel.tools.wire import Connection

_SCHEMA = {
    "type": "object",
    "properties": {
        "decision": {
            "type": "string",
            "title": "Do you allow it?",
            "description": "once; for this session: without asking again; no",
            "enum": ["once", "session", "no"],
        }
    },
    "required": ["decision"],
}


class ClientCaller:
    """Whoever is at the other end of a connection."""

    turn_id: str | None = None

    def __init__(self, connection: Connection, settings: SessionSettings) -> None:
        """Nothing is allowed yet. `settings`: the user's own, as for a session."""
        self._connection = connection
        self._settings = settings
        self._allowed: set[str] = set()

    @property
    def name(self) -> str:
        """What the program calls itself."""
        about = self._connection.client.get("clientInfo") or {}
        return str(about.get("title") or about.get("name") or "an MCP client")[:40]

    async def ask_leave(self, leave: Leave) -> None:
        """Ask the program's user; whoever cannot be asked has not allowed it."""
        if needs_no_leave(self._settings) or leave.scope in self._allowed:
            return
        capabilities = self._connection.client.get("capabilities") or {}
        if "elicitation" not in capabilities:
            raise ToolRefused(
                "This program cannot ask its user (no MCP elicitation), so nothing is done.",
                next_step="Ask the user to do it.",
            )
        what = leave.code if leave.code is not None else str(leave.arguments)
        doing = "Run this code?" if leave.code is not None else f"Allow {leave.tool}?"
        message = f"{doing} {leave.why}\n\n{_shown(what)}"
        params = {"mode": "form", "message": message, "requestedSchema": _SCHEMA}
        answer = await self._connection.request("elicitation/create", params) or {}
        decision = (answer.get("content") or {}).get("decision")
        if answer.get("action") != "accept" or decision not in ("once", "session"):
            raise ToolRefused("The user did not allow it.")
        if decision == "session":
            self._allowed.add(leave.scope)

    async def ask_leave_to_write(self, leave: Leave) -> None:
        """Ask where the user's settings say so; the program also asks by its own rules."""
        if asks_to_write(self._settings):
            await self.ask_leave(leave)

    async def during(self, work: Coroutine[Any, Any, Answer]) -> Answer:
        """The answer; a call that is cancelled cancels it."""
        return await work


def _shown(text: str) -> str:
    return "\n".join(visible(line) for line in text.split("\n"))
