"""Commands about the account: who is logged in, log in, log out.

A key is read without echo and handed to Codex, which keeps it in its CODEX_HOME; here it is
neither kept nor shown, and errors about it do not repeat it. Codex is asked one thing after the
other: its answers are wrong while a login is still being looked up.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from codex_kernel.app_server.client import AppServer
from codex_kernel.app_server.login import DeviceCode, log_in_by_code
from codex_kernel.cell.command import Argument, Arguments, Command, Context, Value
from codex_kernel.cell.output import Output, prose
from codex_kernel.errors import (
    BadArgument,
    CodexError,
    NotLoggedIn,
    RequestRefused,
    RequestTimedOut,
)

Row = tuple[str, object]


async def account_rows(server: AppServer) -> list[Row]:
    """Who is logged in."""
    try:
        answer = await server.request("account/read", {})
    except (RequestRefused, RequestTimedOut) as failure:
        return [("Account", f"not available: {failure.message}")]
    return [("Account", account_name(answer))]


def account_name(answer: dict[str, Any]) -> str:
    """What `account/read` says, in words."""
    account = answer.get("account")
    if account is None:
        needed = answer.get("requiresOpenaiAuth")
        return "not logged in: run /login" if needed else "none; the model provider needs none"
    kind = account["type"]
    if kind == "chatgpt":
        return f"ChatGPT {account.get('planType') or ''} {account.get('email') or ''}".strip()
    return {"apiKey": "API key", "amazonBedrock": "Amazon Bedrock"}.get(kind) or str(kind)


async def limit_rows(server: AppServer) -> list[Row]:
    """What is left of the account's limits."""
    try:
        answer = await server.request("account/rateLimits/read", None)
    except (RequestRefused, RequestTimedOut):
        return [("Limits", "not available")]
    limits = answer.get("rateLimits") or {}
    rows = [_window(limits.get(name)) for name in ("primary", "secondary")]
    return [row for row in rows if row] or [("Limits", "none reported")]


def _window(window: dict[str, Any] | None) -> Row | None:
    if not window:
        return None
    left = max(0, 100 - window["usedPercent"])
    minutes = window.get("windowDurationMins")
    name = f"Limit of {_span(minutes)}" if minutes else "Limit"
    at = window.get("resetsAt")
    until = f", until {datetime.fromtimestamp(at):%Y-%m-%d %H:%M}" if at else ""
    return name, f"{left} % left{until}"


def _span(minutes: int) -> str:
    if minutes % 1440 == 0:
        return f"{minutes // 1440} d"
    return f"{minutes // 60} h" if minutes % 60 == 0 else f"{minutes} min"


async def _login(context: Context, arguments: Arguments) -> Output:
    server = await context.session.connect()
    if arguments.get("way") == "api-key":
        await _with_key(context, server)
    else:
        await _with_device_code(context, server)
    answer = await server.request("account/read", {})
    return prose(f"Logged in. Account: {account_name(answer)}.")


async def _with_key(context: Context, server: AppServer) -> None:
    key = await context.ask("API key (it is not shown): ", is_password=True)
    if key is None:
        raise BadArgument(
            "Nobody can be asked for the key here.",
            next_step="Run `codex login --with-api-key` in a terminal.",
        )
    if not (key := key.strip()):
        raise BadArgument("No key was given.")
    try:
        await server.request("account/login/start", {"type": "apiKey", "apiKey": key})
    except RequestRefused as refused:
        text = refused.message.replace(key, "(the key)")
        raise NotLoggedIn(f"Codex does not take the key: {text}.") from None


async def _with_device_code(context: Context, server: AppServer) -> None:
    def tell(code: DeviceCode) -> None:
        shown = prose(
            f"Open {code.url} and enter the code `{code.code}`.\n"
            "Enter it only if you began this login. Interrupt the cell to give up."
        )
        context.say(shown.bundle())

    other_way = "Check the network, or log in with a key: `/login api-key`."
    await log_in_by_code(server, tell, other_way=other_way)


async def _logout(context: Context, _arguments: Arguments) -> Output:
    server = await context.session.connect()
    try:
        await server.request("account/logout", None)
    except RequestRefused as refused:
        raise CodexError(f"Codex could not log out: {refused.message}.") from refused
    return prose("Logged out.")


def _refuse_key(rest: str) -> None:
    """A key on the command line would stay in the notebook: say so, without repeating it."""
    if rest not in ("", "api-key", "device-code"):
        raise BadArgument(
            "`/login` takes no key: it would be saved with the notebook.",
            next_step="Delete it from the cell, then run `/login api-key`, which asks for it.",
        )


COMMANDS = (
    Command(
        "login",
        "Log in with a ChatGPT account, or with an API key",
        _login,
        (
            Argument(
                "way",
                "how",
                (
                    Value("device-code", "enter a code in the browser"),
                    Value("api-key", "asks for the key and hides it"),
                ),
            ),
        ),
        inspect=_refuse_key,
    ),
    Command("logout", "Log out; Codex forgets the account", _logout),
)
