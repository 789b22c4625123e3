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
from codex_kernel.app_server.login import DeviceCode, log_in_by_code
from codex_kernel.cli.codex_checks import describe_account
from codex_kernel.cli.command import ALIASES, FLAGS, Command
from codex_kernel.errors import CodexError, NotLoggedIn
from codex_kernel.render.escape import printable
from codex_kernel.settings import Settings

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
    try:
        key = getpass("API key: ") if sys.stdin.isatty() else sys.stdin.readline()
    except EOFError:  # Ctrl-D
        key = ""
    if not key.strip():
        raise CodexError("No API key was given.", next_step="Type it, or send it to stdin.")
    return key.strip()


async def _login(server: AppServer, key: str | None) -> None:
    if key is None:
        await log_in_by_code(server, _tell, other_way=_OTHER_WAY)
    else:
        await server.request("account/login/start", {"type": "apiKey", "apiKey": key})
    account = (await server.request("account/read", {})).get("account")
    if account is None:
        raise NotLoggedIn("Codex did not keep the account.", next_step="Try again.")
    print(f"Logged in ({describe_account(account)}).")


def _tell(code: DeviceCode) -> None:
    print(f"Open {printable(code.url)} in any browser and enter the code")
    print(f"\n    {printable(code.code)}\n", flush=True)


async def _logout(server: AppServer) -> None:
    await server.request("account/logout")
    print("Logged out.")
