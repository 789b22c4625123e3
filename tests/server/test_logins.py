"""Logins by device code that wait in the server, on an app-server that gives out codes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from codex_kernel.errors import AppServerGone
from codex_kernel.server.logins import Login, Logins

from ..device_code import Codex


class Clerk:
    """A clerk as far as logins use it."""

    def __init__(self, codex: Codex) -> None:
        self._codex = codex

    @asynccontextmanager
    async def server(self) -> AsyncIterator[Codex]:
        yield self._codex


@pytest.fixture
async def codex() -> Codex:
    return Codex()


@pytest.fixture
async def logins(codex: Codex) -> AsyncIterator[Logins]:
    logins = Logins(Clerk(codex))  # pyright: ignore[reportArgumentType]
    yield logins
    await logins.cancel()
    assert codex.listeners == []


async def _ended(logins: Logins, login: Login) -> str:
    assert logins._waiting is not None
    await asyncio.wait({logins._waiting}, timeout=10)
    return login.state


async def test_a_code_that_was_entered_ends_the_login(logins: Logins, codex: Codex) -> None:
    login = await logins.begin()
    assert (login.code, login.state) == ("AB-12", "waiting")
    codex.tell(success=True, loginId="login-1", error=None)
    assert await _ended(logins, login) == "done"


async def test_an_app_server_that_ends_is_told_as_such(logins: Logins, codex: Codex) -> None:
    login = await logins.begin()
    codex.gone.set_result(AppServerGone("The app-server was killed."))
    assert await _ended(logins, login) == "failed"
    assert login.problem == "The app-server was killed."


async def test_an_earlier_login_that_ends_late_does_not_end_this_one(
    logins: Logins, codex: Codex
) -> None:
    login = await logins.begin()
    codex.tell(success=False, loginId="login-0", error="it was given up")
    codex.tell(success=True, loginId="login-1", error=None)
    assert await _ended(logins, login) == "done"


async def test_of_logins_begun_at_once_the_last_one_waits(logins: Logins, codex: Codex) -> None:
    begun = [await logins.begin(), *await asyncio.gather(logins.begin(), logins.begin())]
    assert sorted(each.state for each in begun) == ["cancelled", "cancelled", "waiting"]
    assert logins.last is not None
    assert logins.last.state == "waiting"
    assert len(codex.listeners) == 1
    await logins.cancel()
    assert logins.last.state == "cancelled"
