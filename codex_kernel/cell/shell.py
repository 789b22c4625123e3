"""`!command`: a command line of the user, run in the sandbox of the session.

Runs beside the turns and is not part of the conversation. Owns that a cancelled one is ended.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import uuid
from typing import Any

from codex_kernel.app_server.client import AppServer, sandbox_policy
from codex_kernel.cell.command import Context
from codex_kernel.cell.output import Output, printed
from codex_kernel.cell.settings_commands import full_path
from codex_kernel.engine.session import Session
from codex_kernel.errors import AppServerError, CellError
from codex_kernel.settings import SessionSettings

LONGEST_SECONDS = 7 * 24 * 3600.0
"""Nobody but the user ends a command; a request needs some end."""
END_SECONDS = 2.0
"""How long a cancelled command may take to be ended."""
OUTPUT_BYTES = 1024 * 1024
"""Of each stream; Codex keeps the beginning."""


async def run_shell(context: Context, command: str) -> None:
    """Run a command line and show what it printed; raises `CellError` when it failed.

    Cancelled, it ends the command and everything it started in its sandbox.
    """
    output = await _run(context.session, command)
    if output.text:
        context.say(output.bundle())
    if output.exit_code:
        raise CellError(f"The command ended with exit code {output.exit_code}.")


async def _run(session: Session, command: str) -> Output:
    server = await session.connect()
    settings = session.settings
    process_id = uuid.uuid4().hex
    params = {
        "command": command_line(command),
        "processId": process_id,
        "cwd": full_path(settings.cwd),
        "env": dict(settings.env),
        "sandboxPolicy": _policy(settings),
        "disableTimeout": True,
        "outputBytesCap": OUTPUT_BYTES,
    }
    try:
        result = await server.request("command/exec", params, LONGEST_SECONDS)
    except asyncio.CancelledError:
        await asyncio.shield(_end(server, process_id))
        raise
    text = result["stdout"]
    if result["stderr"]:
        text += ("\n" if text and not text.endswith("\n") else "") + result["stderr"]
    return printed(text, result["exitCode"])


def _policy(settings: SessionSettings) -> dict[str, Any]:
    """The sandbox of the session. What "the workspace" is, a command must be told: left to
    itself, Codex takes the folder that its app-server was started in."""
    policy = sandbox_policy(settings)
    if "writableRoots" in policy:
        policy["writableRoots"] = [full_path(settings.cwd), *policy["writableRoots"]]
    return policy


def command_line(command: str) -> list[str]:
    """The command for a shell of this machine; no login shell, whose profile prints things."""
    if os.name == "nt":
        return ["powershell.exe", "-NoProfile", "-Command", command]
    return [shutil.which("bash") or "/bin/sh", "-c", command]


async def _end(server: AppServer, process_id: str) -> None:
    with contextlib.suppress(AppServerError):
        await server.request("command/exec/terminate", {"processId": process_id}, END_SECONDS)
