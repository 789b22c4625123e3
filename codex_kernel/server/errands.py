"""Asking the owner of a turn or of a session, and waiting for what became of it, but not for long.

Everything is a command row: asked twice with the same key it is done once, and its outcome can
be read later. A session that nobody has open is the clerk's. What an owner refuses is an HTTP
answer with a sentence, not a success with an error in it.
"""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any

from codex_kernel.server.models import Outcome
from codex_kernel.server.routes import Call, Refusal
from codex_kernel.turn_log import commands
from codex_kernel.turn_log.commands import TargetKind
from codex_kernel.turn_log.leases import is_held, is_run

WAIT_SECONDS = 2.0
"""How long an answer waits for the outcome; then it is 202 and the id of the command."""
CLAIM_SECONDS = 1.2
"""An owner claims within a second, or it has left the session: then the clerk tries."""


def command_id(call: Call, kind: TargetKind, target_id: str, verb: str) -> str | None:
    """The id of a command with the request's key; keys of different requests never meet."""
    if call.key is None:
        return None
    parts = "\0".join((kind, target_id, verb, call.key))
    return hashlib.sha256(parts.encode("utf-8", "replace")).hexdigest()[:32]


async def is_repeated(call: Call, kind: TargetKind, target_id: str, verb: str) -> bool:
    """Whether this very request came before: then only its outcome is wanted."""
    known = command_id(call, kind, target_id, verb)
    return known is not None and await commands.is_known(call.log, known)


async def ask_owner(
    call: Call, kind: TargetKind, target_id: str, verb: str, args: dict[str, Any]
) -> Outcome:
    """Ask the owner of a turn; raises `Refusal` with what it refuses."""
    asked = await _ask(call, kind, target_id, verb, args)
    return told(asked, await commands.wait(call.log, asked, WAIT_SECONDS))


async def ask_session(call: Call, session_id: str, verb: str, args: dict[str, Any]) -> Outcome:
    """Ask who has a session open, else the clerk; raises `Refusal`."""
    deadline = asyncio.get_running_loop().time() + WAIT_SECONDS
    asked = await _ask(call, "session", session_id, verb, args)
    outcome = await commands.outcome(call.log, asked)
    if outcome is None and await is_held(call.log, session_id):
        outcome = await commands.wait(call.log, asked, CLAIM_SECONDS)
    if outcome is None:
        # Never while a turn runs: its owner may be suspended, and does it afterwards.
        if not await is_run(call.log, session_id):
            call.service.spawn(_serve(call, session_id), "codex clerk")
        left = deadline - asyncio.get_running_loop().time()
        outcome = await commands.wait(call.log, asked, max(left, 0.1))
    return told(asked, outcome)


def told(asked: str, outcome: dict[str, Any] | None) -> Outcome:
    """The outcome as an answer; one that is a refusal is raised as such."""
    if outcome is None or "error" not in outcome:
        return Outcome(command_id=asked, done=outcome is not None, outcome=outcome)
    more = {name: value for name, value in outcome.items() if name not in _SAID}
    raise Refusal(
        int(outcome.get("status") or 409),
        outcome["error"],
        next_step=outcome.get("next_step") or "",
        kind=outcome.get("kind") or "Refused",
        outcome={"command_id": asked, **more},
    )


_SAID = ("error", "next_step", "kind", "status")


async def _ask(
    call: Call, kind: TargetKind, target_id: str, verb: str, args: dict[str, Any]
) -> str:
    key = command_id(call, kind, target_id, verb)
    return await commands.ask(call.log, kind, target_id, verb, args, call.by, key=key)


async def _serve(call: Call, session_id: str) -> None:
    for row in await commands.claim(call.log, [("session", session_id)]):
        await call.service.clerk.carry_out(call.log, row)
