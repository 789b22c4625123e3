"""What a session works with, in full, for those who want to see every setting of it.

Names of variables, never their values. Asks Codex about its MCP servers; changes nothing.
"""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import Any

from codex_kernel.app_server.client import AppServer
from codex_kernel.errors import RequestTimedOut
from codex_kernel.settings import SessionSettings

MCP_SECONDS = 10.0
"""A server that does not answer `resources/list` would hold the whole list up for ever."""


def settings_report(settings: SessionSettings) -> dict[str, Any]:
    """Every setting by its name; `env` as names."""
    return {
        **asdict(settings),
        "cwd": os.path.abspath(settings.cwd),
        "env": sorted(settings.env),
    }


async def mcp_servers(server: AppServer, session_id: str | None) -> list[dict[str, Any]] | None:
    """The MCP servers of a session (or of none), by name; None when they do not tell in time."""
    params: dict[str, Any] = {"detail": "toolsAndAuthOnly"}
    if session_id is not None:
        params["threadId"] = session_id
    try:
        answer = await server.request("mcpServerStatus/list", params, MCP_SECONDS)
    except RequestTimedOut:
        return None
    return [
        {
            "name": each["name"],
            "state": each.get("toolsError") or each.get("runtimeStatus") or "unknown",
            "login": each["authStatus"],
            "tools": sorted(each["tools"]),
        }
        for each in answer["data"]
    ]
