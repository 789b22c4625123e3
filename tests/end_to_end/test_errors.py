"""Every way in which a model provider fails, and a Codex that does not start."""

from __future__ import annotations

import json
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from codex_cli_bin import bundled_codex_path

from codex_kernel.scripted_model import ScriptedModel

from ..codex_binaries import binaries
from .cutter import Cutter
from .place import Kernel, Place, Result, kernel_in, new_place, scripted
from .record import end_of, events
from .script import cell, say

RETRIES: dict[str, Any] = {
    "request_max_retries": 0,
    "stream_max_retries": 1,
    "stream_idle_timeout_ms": 3000,
}


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    with new_place() as place:
        yield place


@pytest.fixture(scope="module")
def model(place: Place) -> Iterator[ScriptedModel]:
    with scripted(place, **RETRIES) as model:
        yield model


@pytest.fixture(scope="module", params=binaries().values(), ids=binaries().keys())
def kernel(place: Place, model: ScriptedModel, request: pytest.FixtureRequest) -> Iterator[Kernel]:
    with kernel_in(place, CODEX_BIN=str(request.param)) as kernel:
        yield kernel


def refusal(message: str, **more: Any) -> dict[str, Any]:
    """The body of an error of the Responses API."""
    return {"error": {"message": message, **more}}


def assert_failed(place: Place, result: Result, kind: str, *words: str) -> None:
    """The failure is told once, readable, with what to do next, in reply, bundle and log."""
    reply, bundle = result.reply, result.bundle
    assert reply["status"] == "error"
    assert reply["ename"] == "TurnFailed"
    assert reply["execution_count"] > 0
    for word in words:
        assert word.lower() in reply["evalue"].lower()
    assert "\n" not in reply["evalue"]
    assert not reply["evalue"].startswith("{")
    assert bundle["error"]["kind"] == kind
    assert bundle["error"]["next_step"]
    assert reply["evalue"] == f"{bundle['error']['message']} {bundle['error']['next_step']}"
    assert len(result.of("error")) == 1
    assert bundle["state"] == "failed"
    assert bundle["final"]
    assert not [item for item in bundle["items"] if item.get("status") == "running"]
    end = end_of(place, bundle["turn_id"])
    assert (end["state"], end["error"]["kind"]) == ("failed", kind)


def assert_goes_on(kernel: Kernel) -> None:
    assert kernel.run(cell(say("Still here."))).data["text/plain"] == "Still here."


FAILURES: dict[str, tuple[list[Any], str, str]] = {
    "400": (["fail", 400, refusal("Bad tool.")], "bad_request", "Bad tool."),
    "401": (["fail", 401, refusal("Incorrect API key.")], "unauthorized", "/login"),
    "403": (["fail", 403, refusal("Not for you.")], "forbidden", "/status"),
    "404": (["fail", 404, refusal("No such model.")], "not_found", "/model"),
    "429": (["fail", 429, refusal("Slow down.")], "rate_limit", "Wait a minute"),
    "500": (["fail", 500, refusal("Broken.")], "server_error", "Wait a moment"),
    "usage limit": (
        ["fail", 429, refusal("Limit.", type="usage_limit_reached", plan_type="plus")],
        "usage_limit",
        "usage limit",
    ),
    "context": (
        ["failed", "context_length_exceeded", "Too long."],
        "context_window",
        "/compact",
    ),
    "quota": (["failed", "insufficient_quota", "No money."], "usage_limit", "/login"),
    "overloaded": (["failed", "server_is_overloaded", "Busy."], "overloaded", "/model"),
    "rate limit": (
        ["failed", "rate_limit_exceeded", "Please try again in 0.1s."],
        "rate_limit",
        "Wait a minute",
    ),
    "incomplete": (["incomplete", "max_output_tokens"], "incomplete", "go on"),
    "cut": (["drop"], "stream", "Run the cell again"),
    "silence": (["stall"], "stream", "idle timeout"),
}


@pytest.mark.parametrize("cause", FAILURES)
def test_a_failing_provider_fails_the_turn_and_not_the_session(
    kernel: Kernel, place: Place, cause: str
):
    step, kind, words = FAILURES[cause]
    result = kernel.run(cell([step], say("never said")))
    assert_failed(place, result, kind, words)
    assert_goes_on(kernel)


@pytest.mark.parametrize(
    "step",
    [
        ["fail", 429, refusal("Slow down."), {"headers": {"retry-after": "0"}, "times": 1}],
        ["fail", 500, refusal("Broken."), {"times": 1}],
        ["drop", {"times": 1}],
        ["stall", {"times": 1}],
    ],
    ids=["429", "500", "cut", "silence"],
)
def test_what_fails_once_is_a_status_and_no_error(kernel: Kernel, place: Place, step: list[Any]):
    result = kernel.run(cell([step, say("Got through.")]), allow_stdin=True, cell_id="c")
    assert result.status == "ok"
    assert not result.of("error")
    assert result.data["text/plain"] == "Got through."
    assert result.bundle["error"] is None
    assert "Reconnecting" not in json.dumps(result.data)
    retries = [e for e in events(place, result.bundle["turn_id"]) if e["type"] == "retry"]
    assert ["Reconnecting" in event["message"] for event in retries] == [True]


def test_a_message_that_breaks_off_is_shown_once_and_its_half_is_closed(place: Place):
    with (
        new_place() as own,
        scripted(own, **RETRIES) as model,
        Cutter.before(model.addresses[0][1]) as cutter,
    ):
        point_to(own, model, cutter)
        with kernel_in(own) as kernel:
            whole = "The first half <cut>and the second half."
            cutter.cuts = 1
            result = kernel.run(cell(say(whole, chunk=20)))
            assert result.status == "ok"
            assert cutter.cuts == 0
            lost, said = result.items("message")
            assert (lost["status"], said["status"]) == ("lost", "completed")
            assert lost["text"] == "The first half <cut>"
            assert said["text"] == whole
            assert result.data["text/plain"] == whole
            assert result.data["text/html"].count("<p>The first half") == 2
            assert "Draft that Codex gave up" in result.data["text/html"]

            cutter.cuts = 10
            result = kernel.run(cell(say(whole, chunk=20)))
            assert_failed(own, result, "stream", "broke off")
            assert [m["status"] for m in result.items("message")] == ["lost", "failed"]
            cutter.cuts = 0
            assert_goes_on(kernel)


def point_to(place: Place, model: ScriptedModel, cutter: Cutter) -> None:
    config = place.codex_home / "config.toml"
    direct = f"127.0.0.1:{model.addresses[0][1]}"
    config.write_text(config.read_text().replace(direct, f"127.0.0.1:{cutter.port}"))


def test_not_being_logged_in_fails_at_once_and_names_login(place: Place, model: ScriptedModel):
    with new_place() as own:
        (own.codex_home / "config.toml").write_text('model = "gpt-5.5"\n')
        with kernel_in(own) as kernel:
            result = kernel.run(cell(say("never said")))
            assert_failed(own, result, "not_logged_in", "not logged in", "/login")
            assert len(events(own, result.bundle["turn_id"])) < 6


def test_a_missing_key_of_the_provider_is_named(place: Place):
    with new_place() as own, scripted(own, **RETRIES):
        with (own.codex_home / "config.toml").open("a") as config:
            config.write('env_key = "NO_SUCH_KEY"\n')
        with kernel_in(own) as kernel:
            result = kernel.run(cell(say("never said")))
            assert_failed(own, result, "environment", "NO_SUCH_KEY", "restart the kernel")


def test_a_provider_that_nobody_serves_is_a_connection_failure(place: Place):
    with new_place() as own:
        with scripted(own, **RETRIES):
            pass
        with kernel_in(own) as kernel:
            result = kernel.run(cell(say("never said")))
            assert_failed(own, result, "connection", "cannot reach", "network")


def test_a_malformed_script_says_where(kernel: Kernel, place: Place):
    result = kernel.run(cell(["sing", "la la"]))
    assert_failed(place, result, "bad_request", "there is no step 'sing'")


# A Codex that does not start


def failing_start(own: Place, kind: str, *words: str, **environ: str) -> None:
    """A kernel whose Codex cannot start answers each cell in the same way, and stays."""
    with scripted(own), kernel_in(own, **environ) as kernel:
        for _ in range(2):
            assert_failed(own, kernel.run(cell(say("never said"))), kind, *words)
        status = kernel.run("/status")
        assert status.status == "ok"
        assert "not running" in status.data["text/plain"]
        assert kernel.ask("kernel_info_request")["status"] == "ok"


def test_a_binary_that_is_missing_is_named():
    with new_place() as own:
        missing = str(own.root / "no-codex")
        failing_start(own, "binary_not_found", missing, CODEX_BIN=missing)


def script_file(path: Path, text: str) -> str:
    path.write_text(f"#!{sys.executable}\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


NOT_CODEX = {
    "dies": ("app_server_gone", "teapot", "import sys; sys.exit('I am a teapot.')"),
    "talks": (
        "request_timed_out",
        "did not start within 2 s",
        "import sys; print('codex-cli 0.163.0'); print('Hello!'); sys.stdin.read()",
    ),
}


@pytest.mark.parametrize("how", NOT_CODEX)
def test_a_binary_that_is_not_codex_is_not_waited_for_long(how: str):
    kind, words, text = NOT_CODEX[how]
    with new_place() as own:
        path = script_file(own.root / "codex", text)
        with scripted(own):
            failing_start(own, kind, words, CODEX_BIN=path, CODEX_KERNEL_START_SECONDS="2")


def test_a_codex_that_starts_slowly_is_started_once():
    with new_place() as own:
        text = (
            "import os, sys, time; time.sleep(1.5 if 'app-server' in sys.argv else 0); "
            f"os.execv({str(bundled_codex_path())!r}, sys.argv)"
        )
        path = script_file(own.root / "codex", text)
        with scripted(own), kernel_in(own, CODEX_BIN=path) as kernel:
            assert_goes_on(kernel)
            servers = [child for child in kernel.children() if "app-server" in child.cmdline()]
            assert len(servers) == 1


def test_an_endpoint_that_refuses_is_named():
    with new_place() as own:
        endpoint = "ws://127.0.0.1:9"
        failing_start(own, "app_server_gone", endpoint, CODEX_KERNEL_ENDPOINT=endpoint)
