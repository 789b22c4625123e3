"""`jupyter codex login` on an app-server that gives out codes."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from codex_kernel.cli.login import _login
from codex_kernel.errors import AppServerGone, NotLoggedIn

from ..device_code import Codex


async def _begun(codex: Any) -> asyncio.Task[None]:
    login = asyncio.create_task(_login(codex, None))
    await asyncio.wait_for(codex.begun.wait(), 10)
    return login


async def test_the_code_is_printed_and_waited_for(capsys: pytest.CaptureFixture[str]) -> None:
    codex = Codex()
    login = await _begun(codex)
    codex.tell(success=True, loginId="login-1", error=None)
    await login
    printed = capsys.readouterr().out
    assert "AB-12" in printed
    assert "Logged in (chatgpt, ada@example.org, plus)." in printed


async def test_an_app_server_that_ends_ends_the_wait() -> None:
    codex = Codex()
    login = await _begun(codex)
    codex.gone.set_result(AppServerGone("The app-server was killed."))
    async with asyncio.timeout(10):
        with pytest.raises(AppServerGone, match=r"was killed. Begin the login again."):
            await login


async def test_a_login_that_fails_names_the_other_way() -> None:
    codex = Codex()
    login = await _begun(codex)
    codex.tell(success=False, loginId="login-1", error="the code has expired")
    with pytest.raises(NotLoggedIn, match=r"the code has expired. .*--api-key"):
        await login
