from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import textwrap
from pathlib import Path

import psutil
import pytest

from codex_kernel.errors import AppServerError, AppServerGone, BinaryNotFound
from codex_kernel.rpc import pipes, stdio
from codex_kernel.rpc.framing import Message
from codex_kernel.rpc.peer import Peer
from codex_kernel.rpc.stdio import StdioTransport

PRELUDE = """
import json, os, signal, subprocess, sys, time
def say(message):
    sys.stdout.write(json.dumps(message) + "\\n")
    sys.stdout.flush()
"""
ECHO = """
for line in sys.stdin:
    message = json.loads(line)
    if "id" in message:
        say({"id": message["id"], "result": message.get("params")})
"""


async def start(source: str, **kwargs: str | dict[str, str]) -> StdioTransport:
    argv = [sys.executable, "-c", PRELUDE + textwrap.dedent(source)]
    return await StdioTransport.start(argv, **kwargs)  # type: ignore[arg-type]  # as given


def peer_on(transport: StdioTransport, heard: list[Message] | None = None) -> Peer:
    return Peer(transport, on_batch=([] if heard is None else heard).extend)


async def test_request_and_answer_through_a_child_that_leaves_at_eof() -> None:
    transport = await start(ECHO)
    async with peer_on(transport) as peer:
        assert await peer.request("m", {"é": "😀\n"}) == {"é": "😀\n"}
    assert transport.returncode == 0
    assert transport.ending == "The app-server ended."


async def test_a_line_of_five_megabytes_passes_both_ways() -> None:
    async with peer_on(await start(ECHO)) as peer:
        text = "x" * 5_000_000
        assert await peer.request("m", text) == text


async def test_environment_and_folder_are_the_given_ones(tmp_path: Path) -> None:
    source = "say({'id': 1, 'result': [os.getcwd(), dict(os.environ)]})" + ECHO
    env = {"SECRET": "s", "PATH": os.environ["PATH"]}
    async with peer_on(await start(source, cwd=str(tmp_path), env=env)) as peer:
        cwd, environ = await peer.request("m")
    assert cwd == os.fspath(tmp_path)
    assert environ["SECRET"] == "s"
    assert "HOME" not in environ


async def test_the_child_has_a_session_of_its_own() -> None:
    transport = await start(ECHO)
    async with peer_on(transport):
        assert os.getsid(transport.pid) == os.getpgid(transport.pid) == transport.pid


async def test_a_flood_on_stderr_neither_blocks_nor_stays() -> None:
    source = r"""
    for n in range(10_000):
        sys.stderr.write("\x1b[31mERROR\x1b[0m " + "x" * 1000 + "\n")
    sys.stderr.write("\x1b[2mlast\x1b[0m words\n")
    sys.stderr.flush()
    say({"id": 1, "result": "done"})
    sys.exit(3)
    """
    transport = await start(source)
    async with peer_on(transport) as peer:
        assert await peer.request("m") == "done"
        with pytest.raises(AppServerGone, match=r"exit status 3\..*last words"):
            await peer.request("m")
    assert len(transport.stderr_tail) <= pipes.STDERR_TAIL_BYTES
    assert "\x1b" not in transport.stderr_tail


async def test_last_words_are_the_reason_and_no_backtrace() -> None:
    source = r"""
    sys.stderr.write("Error: no database\n\nStack backtrace:\n" + "   0: <unknown>\n" * 99)
    sys.exit(1)
    """
    transport = await start(source)
    async with peer_on(transport) as peer:
        with pytest.raises(AppServerGone):
            await peer.request("m")
    assert transport.ending.endswith("exit status 1. Its last words: Error: no database")


async def test_death_fails_what_waits_and_tells_the_signal() -> None:
    transport = await start(ECHO)
    async with peer_on(transport) as peer:
        await peer.request("m")
        os.kill(transport.pid, signal.SIGSTOP)
        waiting = asyncio.ensure_future(peer.request("m"))
        await asyncio.sleep(0)
        transport.kill()
        with pytest.raises(AppServerGone, match="SIGKILL"):
            await waiting
    assert transport.returncode == -signal.SIGKILL


async def test_the_last_line_counts_without_a_line_end() -> None:
    heard: list[Message] = []
    transport = await start('sys.stdout.write(\'{"method":"bye"}\')')
    async with peer_on(transport, heard) as peer:
        with pytest.raises(AppServerGone):
            await peer.request("m")
    assert heard == [{"method": "bye"}]


async def test_a_grandchild_that_holds_stdout_does_not_hide_the_end() -> None:
    source = """
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    say({"method": "pid", "params": child.pid})
    sys.exit(1)
    """
    heard: list[Message] = []
    async with peer_on(await start(source), heard) as peer:
        with pytest.raises(AppServerGone, match="exit status 1"):
            await peer.request("m")
    assert not is_running(heard[0]["params"])


async def test_a_child_deaf_to_eof_and_term_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stdio, "EOF_SECONDS", 0.1)
    monkeypatch.setattr(stdio, "TERM_SECONDS", 0.1)
    source = """
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    child = subprocess.Popen([sys.executable, "-c",
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"])
    say({"id": 1, "result": child.pid})
    time.sleep(600)
    """
    transport = await start(source)
    async with peer_on(transport) as peer:
        grandchild = await peer.request("m")
        assert is_running(grandchild)
    assert transport.returncode == -signal.SIGKILL
    assert not is_running(grandchild)


async def test_a_child_that_writes_for_ever_and_is_not_read_can_be_closed() -> None:
    source = """
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    line = json.dumps({"method": "x" * 100_000}) + "\\n"
    while True:
        sys.stdout.write(line)
    """
    transport = await start(source)
    assert await transport.receive()
    await transport.aclose()
    assert transport.returncode is not None
    while await transport.receive():
        pass


async def test_a_reader_that_rests_holds_the_child_back_and_loses_nothing() -> None:
    source = """
    text = "x" * 100_000
    for n in range(400):
        say({"method": text, "params": n})
    """ + textwrap.indent(ECHO, "    ")
    transport = await start(source)
    while not transport._pipes._is_paused:  # noqa: ASYNC110 (a standstill tells nobody)
        await asyncio.sleep(0.01)
    heard: list[Message] = []
    async with peer_on(transport, heard) as peer:
        assert await peer.request("m", "end") == "end"
    assert [message["params"] for message in heard] == list(range(400))


async def test_lines_that_come_in_a_burst_are_taken_together() -> None:
    transport = await start(
        """
        for n in range(300):
            say({"method": "item/agentMessage/delta", "n": n})
            until = time.perf_counter() + 0.0002
            while time.perf_counter() < until:
                pass
        """
    )
    pieces: list[list[bytes]] = []
    while piece := await transport.receive():
        pieces.append(piece)
    await transport.aclose()
    assert [json.loads(line)["n"] for piece in pieces for line in piece] == list(range(300))
    assert len(pieces) < 100


async def test_closing_goes_on_when_the_closer_is_cancelled() -> None:
    transport = await start(ECHO)
    closing = asyncio.ensure_future(transport.aclose())
    await asyncio.sleep(0)
    closing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await closing
    await transport.aclose()
    assert transport.returncode == 0


async def test_closing_and_sending_after_the_end_are_harmless() -> None:
    transport = await start("sys.exit(0)")
    assert await transport.receive() == []
    await transport.send(b"{}")
    await transport.aclose()
    await transport.aclose()
    await transport.send(b"{}")
    transport.kill()
    assert await transport.receive() == []


def test_a_loop_that_ends_while_closing_takes_the_child_with_it() -> None:
    async def leave_closing() -> int:
        source = """
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        say({})
        time.sleep(600)
        """
        transport = await start(source)
        await transport.receive()
        closing = asyncio.ensure_future(transport.aclose())
        await asyncio.sleep(0)
        assert not closing.done()
        return transport.pid

    assert not psutil.pid_exists(asyncio.run(leave_closing()))


async def test_no_file_descriptor_is_left() -> None:
    before = psutil.Process().num_fds()
    for _ in range(5):
        async with peer_on(await start(ECHO)) as peer:
            await peer.request("m")
    assert psutil.Process().num_fds() == before


async def test_what_cannot_be_started_says_why(tmp_path: Path) -> None:
    with pytest.raises(BinaryNotFound, match="no program /nowhere/codex"):
        await StdioTransport.start(["/nowhere/codex"])
    with pytest.raises(AppServerError, match=r"folder .* does not exist"):
        await StdioTransport.start([sys.executable], cwd=tmp_path / "none")
    plain = tmp_path / "codex"
    plain.write_text("not a program")
    with pytest.raises(AppServerError, match="Permission denied"):
        await StdioTransport.start([str(plain)])
    plain.chmod(0o755)
    with pytest.raises(AppServerError, match="Exec format error"):
        await StdioTransport.start([str(plain)])


def test_killing_the_parent_ends_the_child() -> None:
    # The child of a parent that gets no chance to close anything sees the end of its stdin.
    parent = """
import asyncio, sys
from codex_kernel.rpc.stdio import StdioTransport
async def main():
    argv = [sys.executable, "-c", "import sys; sys.stdin.read()"]
    transport = await StdioTransport.start(argv)
    print(transport.pid, flush=True)
    await asyncio.sleep(600)
asyncio.run(main())
"""
    with psutil.Popen([sys.executable, "-c", parent], stdout=-1, text=True) as process:
        child = psutil.Process(int(process.stdout.readline()))
        process.kill()
        gone, alive = psutil.wait_procs([child], timeout=20)
    assert (len(gone), alive) == (1, [])


def is_running(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
