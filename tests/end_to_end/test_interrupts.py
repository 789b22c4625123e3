"""Stopping a turn, whatever it is doing, and stopping it by message and by signal."""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

import psutil
import pytest

from codex_kernel.scripted_model import ScriptedModel

from .place import MIME, SECONDS, Kernel, Place, Result, wait_until
from .script import cell, say

SLOW_SERVER = """
import json, sys, time

def answer(id, result):
    print(json.dumps({"jsonrpc": "2.0", "id": id, "result": result}), flush=True)

for line in sys.stdin:
    request = json.loads(line)
    method = request["method"]
    if method == "initialize":
        version = request["params"]["protocolVersion"]
        info = {"name": "slow", "version": "1"}
        able = {"tools": {}}
        answer(
            request["id"],
            {"protocolVersion": version, "capabilities": able, "serverInfo": info},
        )
    elif method == "tools/list":
        tool = {"name": "wait", "description": "Waits", "inputSchema": {"type": "object"}}
        answer(request["id"], {"tools": [tool]})
    elif "id" in request and method != "tools/call":
        answer(request["id"], {})
"""
"""A server whose tool never answers."""


def stop_when(kernel: Kernel, request: str, found, stop=Kernel.interrupt) -> Result:
    """Interrupt a running cell as soon as one of its messages is `found`."""
    before = kernel.until(request, found)
    stop(kernel)
    result = kernel.finish(request)
    return Result(result.reply, before + result.messages)


def shows(text: str, where: str = "items"):
    def found(message: dict[str, Any]) -> bool:
        bundle = message["content"].get("data", {}).get(MIME, {})
        return text in str(bundle.get(where, ""))

    return found


def assert_stopped(kernel: Kernel, result: Result) -> None:
    assert result.reply["ename"] == "TurnInterrupted"
    assert result.reply["execution_count"]
    assert result.bundle["state"] == "interrupted"
    assert result.bundle["final"]
    assert not [i for i in result.bundle["items"] if i.get("status") == "running"]
    assert kernel.run(cell(say("Still here."))).data["text/plain"] == "Still here."


def live(code: str) -> dict[str, Any]:
    return {"code": code, "allow_stdin": True, "cell_id": "c1"}


@pytest.mark.parametrize("how", ["message", "signal"])
def test_streaming_text_stops_and_what_was_said_stays(
    kernel: Kernel, model: ScriptedModel, how: str
):
    request = kernel.send(**live(cell([say("Half a sentence"), ["wait", "never"]])))

    def stop(kernel: Kernel) -> None:
        if how == "message":
            kernel.interrupt()
        else:
            os.kill(kernel.pid, signal.SIGINT)

    result = stop_when(kernel, request, shows("Half a sentence"), stop)
    assert_stopped(kernel, result)
    assert "Half a sentence" in str(result.bundle["items"])


def test_a_running_command_is_killed(kernel: Kernel):
    command = "sleep 0.5; echo be''gun; sleep 601"
    request = kernel.send(**live(cell(["run", command], say("no"))))
    result = stop_when(kernel, request, shows("begun"))
    wait_until(lambda: not any("601" in p.cmdline() for p in kernel.children()), seconds=5)
    assert_stopped(kernel, result)
    assert result.items("command")[0]["status"] == "interrupted"


def test_a_running_tool_of_an_mcp_server_stops(place: Place, model: ScriptedModel, kernel: Kernel):
    (place.workspace / "server.py").write_text(SLOW_SERVER)
    with (place.codex_home / "config.toml").open("a") as config:
        config.write(
            f'\n[mcp_servers.slow]\ncommand = "{sys.executable}"\n'
            f'args = ["{place.workspace}/server.py"]\n'
            'default_tools_approval_mode = "approve"\n'
        )
    request = kernel.send(**live(cell(["mcp", "slow", "wait", {}], say("no"))))
    result = stop_when(kernel, request, shows("mcp_tool_call"))
    assert_stopped(kernel, result)


def test_a_turn_that_waits_for_the_network_stops(kernel: Kernel):
    request = kernel.send(**live(cell(["fail", 500, {"error": {"message": "down"}}], say("no"))))
    result = stop_when(kernel, request, shows("Reconnecting"))
    assert_stopped(kernel, result)


def test_a_turn_that_has_not_begun_is_cancelled_and_takes_the_queue_along(
    place: Place, model: ScriptedModel, kernel: Kernel
):
    first = kernel.send(cell(["wait", "never"]), cell_id="c1", allow_stdin=True)
    second = kernel.send(cell(say("second")), cell_id="c2", allow_stdin=True)
    model.wait_reached("never")
    kernel.interrupt()
    assert kernel.finish(first).reply["status"] == "error"
    assert kernel.reply_to(second)["status"] == "aborted"


def test_a_second_interrupt_kills_a_codex_that_does_not_listen(kernel: Kernel):
    request = kernel.send(**live(cell([say("Stuck"), ["wait", "never"]])))
    kernel.until(request, shows("Stuck"))
    [codex] = [p for p in kernel.children() if "app-server" in p.cmdline()]
    codex.suspend()
    kernel.interrupt()
    kernel.until(request, shows("interrupting", "state"))
    wait_until(lambda: _second_interrupt(kernel, codex))
    result = kernel.finish(request)
    assert_stopped(kernel, result)


def _second_interrupt(kernel: Kernel, codex: psutil.Process) -> bool:
    kernel.interrupt()
    return not codex.is_running() or codex.status() == psutil.STATUS_ZOMBIE


def test_an_idle_kernel_takes_an_interrupt(kernel: Kernel):
    kernel.client.control_channel.send(kernel.client.session.msg("interrupt_request", {}))
    assert kernel.client.get_control_msg(timeout=SECONDS)["content"]["status"] == "ok"
    assert kernel.run(cell(say("Fine."))).data["text/plain"] == "Fine."
