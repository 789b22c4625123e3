"""A login by device code: begun by one request, completed by the user on another page.

At most one at a time; while it waits the clerk's app-server is kept, because it is what asks
OpenAI whether the code was entered.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Literal

from codex_kernel.app_server.login import DeviceCode, log_in_by_code
from codex_kernel.errors import CodexError, NotLoggedIn
from codex_kernel.server.clerk import Clerk

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
        while self._waiting is not None:
            await self.cancel()
        begun: asyncio.Future[Login] = asyncio.get_running_loop().create_future()
        self._waiting = asyncio.create_task(self._follow(begun), name="codex login")
        login = await asyncio.shield(begun)
        self.last = login
        return login

    async def cancel(self) -> None:
        """Give up the login that waits."""
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)

    async def _follow(self, begun: asyncio.Future[Login]) -> None:
        def tell(code: DeviceCode) -> None:
            begun.set_result(Login(code.login_id, code.url, code.code))

        try:
            async with self._clerk.server() as server:
                await log_in_by_code(server, tell, other_way=_OTHER_WAY)
            begun.result().state = "done"
        except CodexError as failure:
            if begun.done():
                login = begun.result()
                login.state, login.problem = "failed", failure.message
            else:
                begun.set_exception(_refusal(failure))
        except asyncio.CancelledError:
            if begun.done():
                begun.result().state = "cancelled"
            raise
        finally:
            if not begun.done():
                begun.set_exception(refused("The login was given up.", ""))
            begun.exception()  # whoever asked may be gone


def refused(message: str, next_step: str) -> CodexError:
    """There is no login; 409, because pages take 401 for the Jupyter server's own."""
    problem = NotLoggedIn(message, next_step=next_step)
    problem.http_status = 409
    return problem


def _refusal(failure: CodexError) -> CodexError:
    if isinstance(failure, NotLoggedIn):
        return refused(failure.message, failure.next_step)
    return failure
