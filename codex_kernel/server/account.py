"""The account and the models by REST: Codex's own, of the CODEX_HOME that the kernels use too.

A key goes to Codex and nowhere else; what Codex says about it is told without it.
"""

from __future__ import annotations

from typing import Any

from codex_kernel.app_server.client import AppServer
from codex_kernel.errors import CodexError, RequestRefused, RequestTimedOut
from codex_kernel.server.logins import refused
from codex_kernel.server.models import Account, Body, LoginBody, LoginState, Models
from codex_kernel.server.routes import Call, Route


async def show_account(call: Call) -> Account:
    """Who is logged in, what is left of the limits, and the login that waits."""
    async with call.service.clerk.server() as server:
        return await _account(call, server)


async def log_in(call: Call) -> Account:
    """Log in with a key, or get a code: then `login` tells what the user must do."""
    body: LoginBody = call.body
    if body.type == "device_code":
        await call.service.logins.begin()
        return await show_account(call)
    key = "" if body.api_key is None else body.api_key.get_secret_value().strip()
    if not key:
        raise refused("No key was given.", "Send it as `api_key`.")
    async with call.service.clerk.server() as server:
        try:
            await server.request("account/login/start", {"type": "apiKey", "apiKey": key})
        except RequestRefused as failure:
            why = failure.message.replace(key, "(the key)")
            raise refused(f"Codex does not take the key: {why}.", "Check the key.") from None
        return await _account(call, server)


async def cancel_login(call: Call) -> Account:
    """Give up the login that waits for its code; nothing when none does."""
    await call.service.logins.cancel()
    return await show_account(call)


async def log_out(call: Call) -> Account:
    """Log out. Kernels that run notice before their next turn; one that runs is not stopped."""
    async with call.service.clerk.server() as server:
        try:
            await server.request("account/logout", None)
        except RequestRefused as failure:
            raise CodexError(f"Codex could not log out: {failure.message}.") from failure
        return await _account(call, server)


async def list_models(call: Call) -> Models:
    """The models of Codex's catalogue."""
    return Models(models=await call.service.clerk.models())


async def _account(call: Call, server: AppServer) -> Account:
    # One after the other: asked for both at once just after a login, Codex has been seen to
    # answer that there is no account.
    answer = await server.request("account/read", {})
    found = answer.get("account")
    login = call.service.logins.last
    return Account(
        account=None if found is None else _shown(found),
        needs_login=found is None and bool(answer.get("requiresOpenaiAuth")),
        rate_limits=await _limits(server) if found and found["type"] == "chatgpt" else None,
        login=None
        if login is None
        else LoginState(
            login_id=login.login_id,
            url=login.url,
            code=login.code,
            state=login.state,
            problem=login.problem,
        ),
    )


def _shown(account: dict[str, Any]) -> dict[str, Any]:
    named = {"type": "type", "email": "email", "planType": "plan_type"}
    return {ours: account[theirs] for theirs, ours in named.items() if theirs in account}


async def _limits(server: AppServer) -> dict[str, Any] | None:
    try:
        answer = await server.request("account/rateLimits/read", None)
    except (RequestRefused, RequestTimedOut):
        return None  # the account itself is worth telling
    return answer.get("rateLimits")


_CODEX = (409, 500, 502, 503, 504)

ROUTES = (
    Route("GET", "account", "The account", show_account, Account, problems=_CODEX, needs_log=False),
    Route(
        "POST",
        "account/login",
        "Log in",
        log_in,
        Account,
        body=LoginBody,
        problems=_CODEX,
        needs_log=False,
    ),
    Route(
        "POST",
        "account/login/cancel",
        "Give up a login",
        cancel_login,
        Account,
        body=Body,
        problems=_CODEX,
        needs_log=False,
    ),
    Route(
        "POST",
        "account/logout",
        "Log out",
        log_out,
        Account,
        body=Body,
        problems=_CODEX,
        needs_log=False,
    ),
    Route("GET", "models", "The models", list_models, Models, problems=_CODEX, needs_log=False),
)
