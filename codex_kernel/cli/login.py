"""`jupyter codex login` and `logout`: through the app-server, as every other client of Codex.

A secret is asked for or read from stdin. It is never an argument, where every user of the machine
could read it, and never printed.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from getpass import getpass
from textwrap import dedent
from typing import Any, ClassVar

from traitlets import Bool

from codex_kernel._version import __version__
from codex_kernel.app_server.client import AppServer
from codex_kernel.cli.codex_checks import describe_account
from codex_kernel.cli.command import ALIASES, FLAGS, Command
from codex_kernel.errors import CodexError, NotLoggedIn, RequestRefused
from codex_kernel.render.escape import printable
from codex_kernel.settings import Settings

_DEVICE_CODE_SECONDS = 15 * 60.0
"""As long as a device code is valid."""
_CANCEL_SECONDS = 5.0
_OTHER_WAY = "Check the network, or use an API key: `jupyter codex login --api-key`."


class LoginApp(Command):
    """Sign in to Codex: with a code to enter in any browser, or with an API key.

    Codex itself keeps the credentials, in CODEX_HOME. With --api-key the key is asked for, or
    read from standard input when that is no terminal.
    """

    name = "jupyter-codex-login"
    description = __doc__
    examples = dedent("""\
        jupyter codex login
        jupyter codex login --api-key < key.txt
    """)

    api_key = Bool(False, help="Sign in with an API key.").tag(config=True)

    flags: ClassVar[dict[str, Any]] = {
        **FLAGS,
        "api-key": ({"LoginApp": {"api_key": True}}, "Sign in with an API key."),
    }
    aliases: ClassVar[dict[str, Any]] = {**ALIASES}

    def run(self) -> None:
        """Sign in and say as whom."""
        key = _read_key() if self.api_key else None
        with_server(self.settings(), lambda server: _login(server, key))


class LogoutApp(Command):
    """Sign out of Codex: the credentials in CODEX_HOME are removed, for every Codex there."""

    name = "jupyter-codex-logout"
    description = __doc__

    def run(self) -> None:
        """Sign out."""
        with_server(self.settings(), _logout)


def with_server(settings: Settings, work: Callable[[AppServer], Awaitable[None]]) -> None:
    """Start the app-server, do something with it, end it."""

    async def started() -> None:
        server = await AppServer.start(
            settings.app_server, data_folder=settings.log.folder, client_version=__version__
        )
        async with server:
            await work(server)

    asyncio.run(started())


def _read_key() -> str:
    key = getpass("API key: ") if sys.stdin.isatty() else sys.stdin.readline()
    if not key.strip():
        raise CodexError("No API key was given.", next_step="Type it, or send it to stdin.")
    return key.strip()


async def _login(server: AppServer, key: str | None) -> None:
    if key is None:
        await _by_device_code(server)
    else:
        await server.request("account/login/start", {"type": "apiKey", "apiKey": key})
    account = (await server.request("account/read", {})).get("account")
    if account is None:
        raise NotLoggedIn("Codex did not keep the account.", next_step="Try again.")
    print(f"Logged in ({describe_account(account)}).")


async def _by_device_code(server: AppServer) -> None:
    outcome: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    def take(message: dict[str, Any]) -> None:
        if message["method"] == "account/login/completed":
            outcome.put_nowait(message["params"])

    unsubscribe = server.subscribe(take)
    try:
        started = await server.request("account/login/start", {"type": "chatgptDeviceCode"})
        print(f"Open {printable(started['verificationUrl'])} in any browser and enter the code")
        print(f"\n    {printable(started['userCode'])}\n", flush=True)
        await _completed(server, started["loginId"], outcome)
    except RequestRefused as error:
        reason = f"The login could not begin: {printable(error.message)}."
        raise NotLoggedIn(reason, next_step=_OTHER_WAY) from error
    finally:
        unsubscribe()


async def _completed(
    server: AppServer, login_id: str, outcome: asyncio.Queue[dict[str, Any]]
) -> None:
    try:
        async with asyncio.timeout(_DEVICE_CODE_SECONDS):
            while (ended := await outcome.get()).get("loginId") not in (login_id, None):
                continue
    except TimeoutError as error:
        raise NotLoggedIn("The code was not entered in time.", next_step="Try again.") from error
    except asyncio.CancelledError:
        await server.request("account/login/cancel", {"loginId": login_id}, _CANCEL_SECONDS)
        raise
    if not ended["success"]:
        reason = ended.get("error") or "The login did not succeed."
        raise NotLoggedIn(printable(reason), next_step=_OTHER_WAY)


async def _logout(server: AppServer) -> None:
    await server.request("account/logout")
    print("Logged out.")
