"""The account by REST: Codex's own, without a network."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator

import pytest

from ..codex_binaries import binaries
from ..end_to_end import notebook
from ..end_to_end.place import SECONDS, Place, scripted, wait_until
from ..end_to_end.script import cell, say
from .acting import app_servers, call
from .running import Jupyter, jupyter_in

HELLO = cell(say("Hello."))
KEY = "sk-not-a-real-key-0123456789"


@pytest.fixture
def stranger(place: Place) -> Iterator[Jupyter]:
    """A server whose Codex needs an account and has none."""
    notebook.write(place.workspace / "test.ipynb", "a-cell")
    with (
        scripted(place, requires_openai_auth=True),
        jupyter_in(place, "--CodexServer.clerk_seconds=1", "--debug") as running,
    ):
        yield running


def test_a_key_logs_in_goes_to_codex_alone_and_a_running_kernel_notices(
    stranger: Jupyter, place: Place
) -> None:
    before = stranger.get("account")
    assert (before["account"], before["needs_login"]) == (None, True)
    with stranger.kernel() as kernel:
        assert "not logged in" in kernel.run(HELLO).reply["evalue"]
        body = {"type": "api_key", "api_key": KEY}
        answer = call(stranger, "POST", "account/login", body)
        assert (answer.status, answer.json["account"]) == (200, {"type": "apiKey"})
        assert kernel.run(HELLO).status == "ok"
        assert "API key" in str(kernel.run("/status", cell_id="a-cell", allow_stdin=True).data)
        kernel.shut_down()
    assert json.loads((place.codex_home / "auth.json").read_text())["OPENAI_API_KEY"] == KEY
    assert KEY not in stranger.output
    assert KEY not in json.dumps(answer.json)
    for file in place.data.iterdir():
        assert not file.is_file() or KEY.encode() not in file.read_bytes()
    assert call(stranger, "POST", "account/logout").json["needs_login"] is True
    assert not (place.codex_home / "auth.json").exists()


def test_logins_and_logouts_reach_every_running_app_server(stranger: Jupyter, place: Place) -> None:
    def status() -> str:
        return str(kernel.run("/status", cell_id="a-cell", allow_stdin=True).data)

    def needs_login() -> bool:
        return stranger.get("account")["needs_login"]

    with stranger.kernel() as kernel:
        call(stranger, "POST", "account/login", {"type": "api_key", "api_key": KEY})
        assert kernel.run(HELLO).status == "ok"
        call(stranger, "POST", "account/logout")
        assert "not logged in" in kernel.run(HELLO).reply["evalue"]
        assert "not logged in" in status()
        call(stranger, "POST", "account/login", {"type": "api_key", "api_key": KEY})
        assert "API key" in status()
        assert needs_login() is False
        kernel.run("/logout")
        assert needs_login() is True
        cli(place, "login", "--api-key", typed=KEY)
        assert needs_login() is False
        assert kernel.run(HELLO).status == "ok"
        cli(place, "logout")
        assert needs_login() is True
        assert "not logged in" in kernel.run(HELLO).reply["evalue"]
        kernel.shut_down()


def cli(place: Place, *words: str, typed: str = "") -> None:
    """Run a subcommand with the account of the place."""
    environ = place.environ(CODEX_BIN=str(next(iter(binaries().values()))))
    command = [sys.executable, "-m", "codex_kernel", *words]
    subprocess.run(command, input=typed, env=environ, check=True, timeout=SECONDS, text=True)


def test_a_code_that_cannot_be_got_is_told_with_the_other_way(stranger: Jupyter) -> None:
    answer = call(stranger, "POST", "account/login", {"type": "device_code"})
    assert (answer.status, answer.json["kind"]) == (409, "NotLoggedIn")
    assert "API key" in answer.json["next_step"]
    assert call(stranger, "POST", "account/login/cancel").json["login"] is None


@pytest.mark.parametrize("body", [{"type": "api_key"}, {"type": "api_key", "api_key": "  "}])
def test_a_login_without_a_key_is_refused(stranger: Jupyter, body: dict[str, str]) -> None:
    assert call(stranger, "POST", "account/login", body).status == 409


def test_models_are_listed_and_the_servers_app_server_ends_when_idle(
    stranger: Jupyter, place: Place
) -> None:
    assert app_servers(place) == []
    models = stranger.get("models")["models"]
    assert any(model["isDefault"] for model in models)
    assert len(app_servers(place)) == 1
    wait_until(lambda: not app_servers(place))
    assert stranger.get("models")["models"] == models
