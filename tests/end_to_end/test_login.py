"""A login by device code, all the way: the real Codex and a scripted issuer."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..issuer import ACCESS_TOKEN, CODE, EMAIL, Issuer, issuer
from .place import Place, kernel_in, new_place, processes_of, scripted, wait_until
from .script import cell, say


@pytest.fixture
def gate() -> Iterator[Issuer]:
    with issuer() as running:
        yield running


@pytest.fixture
def place(gate: Issuer) -> Iterator[Place]:
    """A place whose model needs a login."""
    with new_place() as place:
        with scripted(place, **gate.config):
            yield place
        wait_until(lambda: not processes_of(place), seconds=10)


def test_a_cell_logs_in_by_code_and_the_next_turn_runs(place: Place, gate: Issuer, codex_bin: Path):
    with kernel_in(place, CODEX_BIN=str(codex_bin), **gate.environ) as kernel:
        refused = kernel.run(cell(say("Never said.")), cell_id="a", allow_stdin=True)
        assert refused.bundle["error"]["kind"] == "not_logged_in"
        request = kernel.send("/login", cell_id="b", allow_stdin=True)
        shown = kernel.until(request, lambda message: CODE in str(message["content"]))
        assert f"{gate.url}/codex/device" in str(shown[-1]["content"])
        gate.is_entered.set()
        told = kernel.until(request, lambda message: "Logged in." in str(message["content"]))
        assert f"ChatGPT plus {EMAIL}" in str(told[-1]["content"])
        assert kernel.reply_to(request)["status"] == "ok"
        result = kernel.run(cell(say("Hello, Ada.")), cell_id="a", allow_stdin=True)
        assert [item["text"] for item in result.items("message")] == ["Hello, Ada."]
        assert ACCESS_TOKEN in (place.codex_home / "auth.json").read_text()
        assert ACCESS_TOKEN not in str(shown) + str(told) + str(result.messages)
        assert kernel.run("/logout").status == "ok"
        again = kernel.run(cell(say("Never said.")), cell_id="a", allow_stdin=True)
        assert again.bundle["error"]["kind"] == "not_logged_in"
    for file in place.data.rglob("*"):
        assert not file.is_file() or ACCESS_TOKEN.encode() not in file.read_bytes()


def test_a_login_that_is_given_up_logs_nobody_in(place: Place, gate: Issuer):
    with kernel_in(place, **gate.environ) as kernel:
        request = kernel.send("/login", cell_id="a", allow_stdin=True)
        kernel.until(request, lambda message: CODE in str(message["content"]))
        kernel.manager.interrupt_kernel()
        assert kernel.reply_to(request)["status"] == "error"
        gate.is_entered.set()
        assert "not logged in" in str(kernel.run("/status").data)
    assert not (place.codex_home / "auth.json").exists()


def test_the_command_line_logs_in_by_code(place: Place, gate: Issuer, codex_bin: Path):
    environ = place.environ(CODEX_BIN=str(codex_bin), **gate.environ)
    command = [sys.executable, "-m", "codex_kernel", "login"]
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True) as login:
        assert login.stdout is not None
        said = line = login.stdout.readline()
        while line and CODE not in said:
            line = login.stdout.readline()
            said += line
        assert f"{gate.url}/codex/device" in said
        gate.is_entered.set()
        said += login.stdout.read()
    assert login.returncode == 0
    assert EMAIL in said
    assert ACCESS_TOKEN in (place.codex_home / "auth.json").read_text()
