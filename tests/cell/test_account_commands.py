"""Logging in and out on the real binary, without a network."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from codex_kernel.cell.account_commands import account_name
from codex_kernel.errors import BadArgument, NotLoggedIn, TurnFailed
from codex_kernel.scripted_model import ScriptedModel

from ..device_code import Codex
from .bench import Bench, opened

KEY = "sk-not-a-real-key-0123456789"


async def test_a_key_is_asked_for_without_echo_and_kept_by_codex_alone(bench: Bench) -> None:
    bench.typed = [KEY]
    said = await bench.run("/login api-key")
    assert "Logged in" in said
    assert [hidden for _, hidden in bench.asked] == [True]
    assert json.loads((bench.home / "auth.json").read_text())["OPENAI_API_KEY"] == KEY
    assert KEY not in said
    assert KEY not in "".join(prompt for prompt, _ in bench.asked)
    data = bench.session.log.settings.folder
    written = [file.read_bytes() for file in data.rglob("*") if file.is_file()]
    assert written
    assert not any(KEY.encode() in content for content in written)
    assert "Logged out" in await bench.run("/logout")
    assert not (bench.home / "auth.json").exists()


@pytest.mark.parametrize("rest", [KEY, f"api-key {KEY}"])
async def test_a_key_in_the_cell_is_refused_without_being_repeated(bench: Bench, rest: str) -> None:
    with pytest.raises(BadArgument, match="asks for it") as refused:
        await bench.run(f"/login {rest}")
    assert KEY not in str(refused.value)
    assert bench.asked == []
    assert bench.session.server is None


async def test_a_key_needs_somebody_to_type_it(bench: Bench) -> None:
    with pytest.raises(BadArgument, match="Nobody can be asked"):
        await bench.run("/login api-key")
    bench.typed = ["  "]
    with pytest.raises(BadArgument, match="No key"):
        await bench.run("/login api-key")


async def test_a_device_code_without_network_is_a_readable_error(bench: Bench) -> None:
    with pytest.raises(NotLoggedIn, match=r"could not begin.*/login api-key"):
        await bench.run("/login")


async def test_from_no_account_to_a_key_and_back(folder: Path) -> None:
    (folder / "home").mkdir()
    async with ScriptedModel() as model, opened(folder, model) as bench:
        assert "not logged in: run /login" in await bench.run("/status")
        with pytest.raises(TurnFailed, match="/login"):
            await bench.run("hello")
        assert "No MCP server" in await bench.run("/mcp")
        bench.typed = [KEY]
        assert "Account: API key" in await bench.run("/login api-key")
        status = await bench.run("/status")
        assert "API key" in status
        assert "not available" in status
        await bench.run("/logout")
        assert "not logged in" in await bench.run("/status")


@pytest.fixture
async def codex(bench: Bench) -> Codex:
    codex = Codex()
    bench.session.connection.server = codex  # pyright: ignore[reportAttributeAccessIssue]
    return codex


async def _shown(bench: Bench) -> str:
    await asyncio.wait_for(bench.news.wait(), 10)
    return bench.said[0]["text/plain"]


async def test_a_device_code_is_shown_at_once_and_waited_for(bench: Bench, codex: Codex) -> None:
    login = asyncio.create_task(bench.run("/login device-code"))
    shown = await _shown(bench)
    assert "https://example.org/device" in shown
    assert "AB-12" in shown
    assert not login.done()
    codex.tell(success=True, loginId="login-1", error=None)
    assert "ChatGPT plus ada@example.org" in await login
    assert codex.listeners == []
    assert "account/login/cancel" not in [method for method, _ in codex.asked]


async def test_an_interrupted_login_is_cancelled(bench: Bench, codex: Codex) -> None:
    login = asyncio.create_task(bench.run("/login"))
    await _shown(bench)
    login.cancel()
    with pytest.raises(asyncio.CancelledError):
        await login
    assert ("account/login/cancel", {"loginId": "login-1"}) in codex.asked
    assert codex.listeners == []


async def test_a_login_that_fails_says_why(bench: Bench, codex: Codex) -> None:
    login = asyncio.create_task(bench.run("/login"))
    await _shown(bench)
    codex.tell(success=False, error="the code has expired")
    with pytest.raises(NotLoggedIn, match="the code has expired"):
        await login


async def test_an_earlier_login_that_ends_late_does_not_end_this_one(
    bench: Bench, codex: Codex
) -> None:
    login = asyncio.create_task(bench.run("/login"))
    await _shown(bench)
    codex.tell(success=False, loginId="login-0", error="it was given up")
    codex.tell(success=True, loginId="login-1", error=None)
    assert "Logged in" in await login


@pytest.mark.parametrize(
    ("answer", "name"),
    [
        ({"account": None, "requiresOpenaiAuth": True}, "not logged in: run /login"),
        ({"account": {"type": "apiKey"}}, "API key"),
        ({"account": {"type": "newKind"}}, "newKind"),
        ({"account": {"type": "chatgpt", "planType": "pro", "email": None}}, "ChatGPT pro"),
    ],
)
def test_accounts_are_named(answer: dict[str, Any], name: str) -> None:
    assert account_name(answer) == name
