"""A login by device code: Codex gives out a code, the user enters it on a page of OpenAI's.

Owns the waiting: until this very login has ended, no longer than its code is valid or Codex
lives, and taken back at Codex when nobody waits any more. Keys and tokens are Codex's; none
passes through here. Refuses to know how the user is told.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from codex_kernel.app_server.client import AppServer
from codex_kernel.errors import (
    AppServerError,
    AppServerGone,
    NotLoggedIn,
    RequestRefused,
    RequestTimedOut,
)

CODE_SECONDS = 15 * 60.0
"""As long as a device code is valid."""
CANCEL_SECONDS = 5.0


@dataclass(frozen=True)
class DeviceCode:
    """What the user needs: the `code` is entered at `url`. Both come from outside."""

    login_id: str
    url: str
    code: str


async def log_in_by_code(
    server: AppServer, tell: Callable[[DeviceCode], object], *, other_way: str
) -> None:
    """Begin a login, `tell` the user its code and wait until they have entered it.

    `other_way`: the next step when that does not work here. Raises NotLoggedIn, AppServerGone;
    when cancelled, the login is given up.
    """
    outcomes: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    def take(message: dict[str, Any]) -> None:
        if message["method"] == "account/login/completed":
            outcomes.put_nowait(message["params"])

    unsubscribe = server.subscribe(take)
    try:
        code = await _begin(server, other_way)
        tell(code)
        outcome = await _outcome(server, code.login_id, outcomes)
    finally:
        unsubscribe()
    if not outcome.get("success"):
        reason = str(outcome.get("error") or "Codex gave no reason").rstrip(".")
        raise NotLoggedIn(f"The login did not succeed: {reason}.", next_step=other_way)


async def _begin(server: AppServer, other_way: str) -> DeviceCode:
    try:
        answer = await server.request("account/login/start", {"type": "chatgptDeviceCode"})
    except (RequestRefused, RequestTimedOut) as failure:
        reason = failure.message.rstrip(".")
        raise NotLoggedIn(f"The login could not begin: {reason}.", next_step=other_way) from failure
    return DeviceCode(answer["loginId"], answer["verificationUrl"], answer["userCode"])


async def _outcome(
    server: AppServer, login_id: str, outcomes: asyncio.Queue[dict[str, Any]]
) -> dict[str, Any]:
    waiting = asyncio.create_task(_ended(login_id, outcomes))
    try:
        await asyncio.wait(
            (waiting, server.gone), timeout=CODE_SECONDS, return_when=asyncio.FIRST_COMPLETED
        )
        if waiting.done():
            return waiting.result()
    finally:
        if not waiting.done():
            waiting.cancel()
            await asyncio.shield(_give_up(server, login_id))
    if server.gone.done():
        raise AppServerGone(server.gone.result().message, next_step="Begin the login again.")
    return {"error": "nobody entered the code in time"}


async def _ended(login_id: str, outcomes: asyncio.Queue[dict[str, Any]]) -> dict[str, Any]:
    """What became of this login: one that was given up before may end after this one began."""
    while (outcome := await outcomes.get()).get("loginId") not in (login_id, None):
        continue
    return outcome


async def _give_up(server: AppServer, login_id: str) -> None:
    with suppress(AppServerError):  # it has ended by itself
        await server.request("account/login/cancel", {"loginId": login_id}, CANCEL_SECONDS)
