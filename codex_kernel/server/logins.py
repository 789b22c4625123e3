"""A login by device code: begun by one request, completed by the user on another page.

At most one at a time; while it waits the clerk's app-server is kept, because it is what asks
OpenAI whether the code was entered. Keys and tokens are Codex's; none passes through here.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any, Literal

from codex_kernel.app_server.client import AppServer
from codex_kernel.errors import AppServerError, CodexError, NotLoggedIn
from codex_kernel.server.clerk import Clerk

CODE_SECONDS = 15 * 60.0
"""As long as a device code is valid."""
CANCEL_SECONDS = 5.0
_OTHER_WAY = "Check the network, or log in with an API key."


@dataclass
class Login:
    """A login that was begun; `url` and `code` are for the user."""

    login_id: str
    url: str
    code: str
    state: Literal["waiting", "done", "failed", "cancelled"] = "waiting"
    problem: str | None = None


class Logins:
    """The last login that was begun, if any."""

    def __init__(self, clerk: Clerk) -> None:
        """Nothing is begun."""
        self.last: Login | None = None
        self._clerk = clerk
        self._waiting: asyncio.Task[None] | None = None

    async def begin(self) -> Login:
        """Get a code for the user to enter; raises `NotLoggedIn` with why there is none."""
        await self.cancel()
        begun: asyncio.Future[Login] = asyncio.get_running_loop().create_future()
        self._waiting = asyncio.create_task(self._follow(begun), name="codex login")
        login = await asyncio.shield(begun)
        self.last = login
        return login

    async def cancel(self) -> None:
        """Give up the login that waits."""
        if self._waiting is not None:
            self._waiting.cancel()
            await asyncio.gather(self._waiting, return_exceptions=True)
            self._waiting = None

    async def _follow(self, begun: asyncio.Future[Login]) -> None:
        try:
            async with self._clerk.server() as server:
                await self._with(server, begun)
        except CodexError as failure:
            if not begun.done():
                begun.set_exception(_refusal(failure))
        finally:
            if not begun.done():
                begun.set_exception(NotLoggedIn("The login was given up.", next_step=""))
                begun.exception()  # whoever asked may be gone

    async def _with(self, server: AppServer, begun: asyncio.Future[Login]) -> None:
        completed: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()

        def take(message: dict[str, Any]) -> None:
            if message["method"] == "account/login/completed" and not completed.done():
                completed.set_result(message["params"])

        unsubscribe = server.subscribe(take)
        try:
            answer = await server.request("account/login/start", {"type": "chatgptDeviceCode"})
            login = Login(answer["loginId"], answer["verificationUrl"], answer["userCode"])
            begun.set_result(login)
            await self._wait(server, login, completed)
        finally:
            unsubscribe()

    async def _wait(
        self, server: AppServer, login: Login, completed: asyncio.Future[dict[str, Any]]
    ) -> None:
        try:
            await asyncio.wait(
                (completed, server.gone),
                timeout=CODE_SECONDS,
                return_when=asyncio.FIRST_COMPLETED,
            )
        except asyncio.CancelledError:
            login.state = "cancelled"
            await asyncio.shield(_give_up(server, login.login_id))
            raise
        outcome = completed.result() if completed.done() else {"error": "No code was entered."}
        login.state = "done" if outcome.get("success") else "failed"
        login.problem = outcome.get("error")


async def _give_up(server: AppServer, login_id: str) -> None:
    try:
        await server.request("account/login/cancel", {"loginId": login_id}, CANCEL_SECONDS)
    except AppServerError:
        return  # it has ended by itself


def _refusal(failure: CodexError) -> CodexError:
    if not isinstance(failure, AppServerError):
        return failure
    problem = NotLoggedIn(f"The login could not begin: {failure.message}", next_step=_OTHER_WAY)
    problem.http_status = 409  # not 401, which pages take for the Jupyter server's own
    return problem
