"""A shared app-server that somebody else runs, over WebSocket with a token and a Unix socket."""

from __future__ import annotations

import secrets
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from codex_kernel.scripted_model import ScriptedModel

from .place import Kernel, Place, kernel_in, wait_until
from .script import cell, say
from .test_interrupts import shows


@contextmanager
def app_server(place: Place, codex_bin: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [codex_bin, "app-server", *options],
        env=place.environ(),
        cwd=place.codex_home,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=20)


@pytest.fixture(params=["ws", "unix"])
def endpoint(
    request: pytest.FixtureRequest, place: Place, model: ScriptedModel, codex_bin: Path
) -> Iterator[tuple[dict[str, str], subprocess.Popen[str]]]:
    """Settings that lead to a running app-server, and its process."""
    if request.param == "unix":
        socket = place.root / "s.sock"
        with app_server(place, codex_bin, "--listen", f"unix://{socket}") as process:
            wait_until(socket.is_socket)
            behind = socket.resolve()
            yield {"CODEX_KERNEL_ENDPOINT": f"unix://{socket}"}, process
        behind.unlink(missing_ok=True)
        behind.with_name(behind.name + ".lock").unlink(missing_ok=True)
        return
    token = place.root / "token"
    token.write_text(secrets.token_urlsafe())
    options = ["--ws-auth", "capability-token", "--ws-token-file", str(token)]
    with app_server(place, codex_bin, "--listen", "ws://127.0.0.1:0", *options) as process:
        assert process.stderr is not None
        banner = (line.partition("listening on: ")[2].strip() for line in process.stderr)
        url = next(filter(None, banner))
        yield {"CODEX_KERNEL_ENDPOINT": url, "CODEX_KERNEL_TOKEN_FILE": str(token)}, process


@pytest.fixture
def kernel(place: Place, endpoint) -> Iterator[Kernel]:
    with kernel_in(place, **endpoint[0]) as kernel:
        yield kernel


def test_turns_run_on_a_shared_app_server_that_outlives_the_kernel(
    kernel: Kernel, endpoint, place: Place
):
    result = kernel.run(cell(["run", "pwd"], say("Here.")))
    lines = result.items("command")[0]["output"].splitlines()
    assert lines[-1] == str(place.workspace)  # a login shell may have printed more
    assert result.data["text/plain"] == "Here."
    assert not [child for child in kernel.children() if "app-server" in child.cmdline()]
    kernel.manager.shutdown_kernel()
    assert endpoint[1].poll() is None


def test_interrupting_twice_never_kills_a_shared_app_server(kernel: Kernel, endpoint):
    request = kernel.send(
        cell([say("Stuck"), ["wait", "never"]]), allow_stdin=True, cell_id="a-cell"
    )
    kernel.until(request, shows("Stuck"))
    server = psutil.Process(endpoint[1].pid)
    server.suspend()
    kernel.interrupt()
    kernel.until(request, shows("interrupting", "state"))
    kernel.interrupt()
    server.resume()
    assert kernel.finish(request).reply["ename"] == "TurnInterrupted"
    assert endpoint[1].poll() is None
    assert kernel.run(cell(say("Again."))).data["text/plain"] == "Again."


def test_a_shared_app_server_that_ends_fails_the_turn(kernel: Kernel, endpoint):
    request = kernel.send(
        cell([say("Stuck"), ["wait", "never"]]), allow_stdin=True, cell_id="a-cell"
    )
    kernel.until(request, shows("Stuck"))
    endpoint[1].kill()
    assert kernel.finish(request).reply["ename"] == "TurnFailed"
    again = kernel.run(cell(say("Nobody there.")))
    assert again.status == "error"
    assert "codex app-server --listen" in again.reply["evalue"]


def test_a_wrong_token_is_said(place: Place, endpoint):
    settings = dict(endpoint[0])
    if "CODEX_KERNEL_TOKEN_FILE" not in settings:
        return  # a Unix socket is guarded by its permissions
    wrong = place.root / "wrong"
    wrong.write_text("no")
    with kernel_in(place, **{**settings, "CODEX_KERNEL_TOKEN_FILE": str(wrong)}) as kernel:
        result = kernel.run(cell(say("never")))
        assert result.status == "error"
        assert "token" in result.reply["evalue"]
