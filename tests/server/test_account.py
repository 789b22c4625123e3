"""The account by REST: Codex's own, without a network."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from ..end_to_end import notebook
from ..end_to_end.place import Place, wait_until
from .acting import app_servers, call
from .running import Jupyter, jupyter_in

KEY = "sk-not-a-real-key-0123456789"


@pytest.fixture
def stranger(place: Place) -> Iterator[Jupyter]:
    """A server whose Codex needs an account and has none."""
    notebook.write(place.workspace / "test.ipynb", "a-cell")
    with jupyter_in(place, "--CodexServer.clerk_seconds=1", "--debug") as running:
        yield running


def test_a_key_logs_in_goes_to_codex_alone_and_a_running_kernel_notices(
    stranger: Jupyter, place: Place
) -> None:
    before = stranger.get("account")
    assert (before["account"], before["needs_login"]) == (None, True)
    with stranger.kernel() as kernel:
        assert "not logged in" in kernel.run("hello").reply["evalue"]
        body = {"type": "api_key", "api_key": KEY}
        answer = call(stranger, "POST", "account/login", body)
        assert (answer.status, answer.json["account"]) == (200, {"type": "apiKey"})
        kernel.run("hello")  # offline: it fails, but no longer for want of an account
        assert "API key" in str(kernel.run("/status", cell_id="a-cell", allow_stdin=True).data)
        kernel.shut_down()
    assert json.loads((place.codex_home / "auth.json").read_text())["OPENAI_API_KEY"] == KEY
    assert KEY not in stranger.output
    assert KEY not in json.dumps(answer.json)
    for file in place.data.iterdir():
        assert not file.is_file() or KEY.encode() not in file.read_bytes()
    assert call(stranger, "POST", "account/logout").json["needs_login"] is True
    assert not (place.codex_home / "auth.json").exists()


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
