"""What the kernel answers when a part of it is broken."""

from __future__ import annotations

import json

from ..end_to_end.place import Place, kernel_in, new_place

BREAK = """
from codex_kernel.kernel import kernel


async def broken(*_):
    raise KeyError("authStatus")


kernel.run_cell = broken
"""


def configure(place: Place, code: str) -> None:
    """Code that every kernel of the place runs as its configuration."""
    folder = place.root / "jupyter-config"
    folder.mkdir()
    (folder / "jupyter_codex_config.py").write_text(code)


def test_a_cell_that_meets_a_bug_ends_with_an_error_that_says_so():
    with new_place() as place:
        configure(place, BREAK)
        with kernel_in(place) as kernel:
            result = kernel.run("/status")
    assert result.status == "error"
    assert result.reply["execution_count"] == 1
    assert "codex_kernel failed: KeyError: 'authStatus'" in result.reply["evalue"]
    assert [content["evalue"] for content in result.of("error")] == [result.reply["evalue"]]


def test_a_cell_with_half_a_character_is_told_which_line_holds_it():
    with new_place() as place, kernel_in(place) as kernel:
        # As a frontend in JavaScript sends it; our client would not.
        kernel.client.session.pack = lambda message: json.dumps(message, default=str).encode()
        result = kernel.run("One\nTwo \ud83d three")
        behind = kernel.send("One\nTwo \ud83d three", silent=True)
        assert kernel.reply_to(behind)["status"] == "ok"
    assert (result.status, result.reply["ename"]) == ("error", "CellError")
    assert result.reply["execution_count"] == 1
    assert "Line 2" in result.reply["evalue"]
    assert [content["evalue"] for content in result.of("error")] == [result.reply["evalue"]]


def test_a_frontend_is_not_told_of_a_debugger_that_is_not_there():
    with new_place() as place, kernel_in(place) as kernel:
        info = kernel.ask("kernel_info_request")
    assert info["supported_features"] == ["kernel subshells"]


STARTS_WHEN_TOLD = """
import asyncio
from pathlib import Path

from codex_kernel.engine import engine


async def recover(*_):
    while not Path({go!r}).exists():
        await asyncio.sleep(0.01)


engine.recover = recover
"""


def test_a_cell_can_be_stopped_while_the_engine_starts():
    with new_place() as place:
        go = place.root / "go"
        configure(place, STARTS_WHEN_TOLD.format(go=str(go)))
        with kernel_in(place) as kernel:
            request = kernel.send("/status", cell_id="a-cell", allow_stdin=True)
            kernel.until(request, lambda message: message["msg_type"] == "execute_input")
            kernel.interrupt()
            go.touch()
            result = kernel.finish(request)
    assert (result.status, result.reply["ename"]) == ("error", "TurnInterrupted")


NO_EARLIER_PROMPTS = """
from codex_kernel.errors import LogUnavailable
from codex_kernel.kernel import kernel


async def broken(_session):
    raise LogUnavailable("The turn log cannot be read.")


kernel.earlier_prompts = broken
"""


def test_a_record_that_cannot_be_read_leaves_the_history_of_this_kernel():
    with new_place() as place:
        configure(place, NO_EARLIER_PROMPTS)
        with kernel_in(place) as kernel:
            kernel.run("/help")
            content = {"hist_access_type": "tail", "output": False, "raw": True, "n": 5}
            answer = kernel.ask("history_request", **content)
    assert [entry[2] for entry in answer["history"]] == ["/help"]


LAST_WORD = """
import time

from codex_kernel.kernel.kernel import CodexKernel

say = CodexKernel._publish_status_and_flush


def say_late(self, status, channel, *rest):
    if status == "idle" and self._shutdown_message is not None:
        time.sleep(0.5)
    say(self, status, channel, *rest)


CodexKernel._publish_status_and_flush = say_late
"""


def test_a_kernel_ends_when_its_control_thread_has_said_the_last_word():
    with new_place() as place:
        configure(place, LAST_WORD)
        with kernel_in(place) as kernel:
            kernel.manager.shutdown_kernel()
            said: list[str] = []
            while kernel.client.iopub_channel.msg_ready():
                message = kernel.client.get_iopub_msg(timeout=1)
                if message["parent_header"].get("msg_type") == "shutdown_request":
                    said.append(message["content"].get("execution_state", "reply"))
    assert sorted(said) == ["busy", "idle", "reply"]
