from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from codex_kernel.rpc import procfs
from codex_kernel.rpc.orphans import MARK, find_orphans, kill_orphans
from codex_kernel.rpc.peer import Peer
from codex_kernel.rpc.stdio import StdioTransport
from codex_kernel.scripted_model import ScriptedModel

from .conftest import BINARY

SLEEP = "print(flush=True); import time; time.sleep(600)"
DEAF = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SLEEP}"
Abandon = Callable[..., psutil.Process]


@pytest.fixture
def abandon() -> Iterator[Abandon]:
    """Start processes whose parent has ended, in sessions of their own, with a thread id."""
    started: list[psutil.Process] = []

    def start(thread: str, *argv: str) -> psutil.Process:
        command = argv or (sys.executable, "-c", SLEEP)
        source = (
            "import subprocess, sys\n"
            "child = subprocess.Popen(sys.argv[1:], start_new_session=True, stdout=-1)\n"
            "child.stdout.readline()\n"  # it runs, so its signal handlers stand
            "print(child.pid)"
        )
        env = {**os.environ, MARK: thread}
        shell = [sys.executable, "-W", "ignore", "-c", source, *command]
        pid = int(subprocess.run(shell, env=env, stdout=-1, check=True).stdout)
        started.append(psutil.Process(pid))
        return started[-1]

    yield start
    for process in started:
        if is_alive(process):
            process.kill()


def is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_orphans_of_our_threads_are_killed_and_no_others(abandon: Abandon) -> None:
    ours, deaf = abandon("thread-1"), abandon("thread-2", sys.executable, "-c", DEAF)
    other, longer = abandon("thread-3"), abandon("thread-11")
    found = kill_orphans({"thread-1", "thread-2"}, grace_seconds=0.2)
    assert found == sorted([ours.pid, deaf.pid])
    wait_until_dead([ours, deaf])
    assert is_alive(other)
    assert is_alive(longer)
    assert kill_orphans({"thread-1", "thread-2"}) == []


def test_no_thread_means_no_orphan(abandon: Abandon) -> None:
    process = abandon("")
    assert find_orphans([]) == []
    assert find_orphans([""]) == []
    assert is_alive(process)


def test_the_thread_we_run_in_ourselves_is_spared(
    abandon: Abandon, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = abandon("outer")
    monkeypatch.setenv(MARK, "outer")
    assert kill_orphans({"outer"}) == []
    monkeypatch.delenv(MARK)
    assert kill_orphans({"outer"}) == [process.pid]


def test_our_ancestors_and_our_process_group_are_spared() -> None:
    # A marked parent starts a marked sibling and the searcher, which carries no mark itself.
    source = f"""
import os, subprocess, sys
sibling = subprocess.Popen(["sleep", "600"])
search = "from codex_kernel.rpc.orphans import kill_orphans; print(kill_orphans(['t']))"
env = {{name: value for name, value in os.environ.items() if name != "{MARK}"}}
found = subprocess.run([sys.executable, "-c", search], env=env, stdout=-1, text=True)
print(found.stdout.strip(), sibling.poll())
sibling.kill()
sibling.wait()
"""
    env = {**os.environ, MARK: "t"}
    answer = subprocess.run([sys.executable, "-c", source], env=env, stdout=-1, text=True)
    assert answer.returncode == 0
    assert answer.stdout.strip() == "[] None"


def test_commands_below_a_living_codex_are_spared(tmp_path: Path) -> None:
    codex = tmp_path / "codex"
    shutil.copy("/bin/sh", codex)
    env = {**os.environ, MARK: "resumed"}
    command = [str(codex), "-c", f"{sys.executable} -c '{SLEEP}'; :"]
    with subprocess.Popen(command, env=env, stdout=-1, start_new_session=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        (below,) = psutil.Process(process.pid).children()
        spared = find_orphans(["resumed"])
        process.kill()
        process.wait()
        left = find_orphans(["resumed"])
        below.kill()
    # The shell carries the mark too but has no Codex above it; its child has.
    assert below.pid not in [stat.pid for stat in spared]
    assert [stat.pid for stat in left] == [below.pid]


def test_a_process_is_told_from_its_successor_by_its_start() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=-1) as first:
        stat = procfs.read_stat(first.pid)
        assert stat is not None
        assert (stat.parent, stat.group) == (os.getpid(), os.getpgrp())
        assert stat.started > 0
        assert not stat.is_zombie
        first.kill()
        os.waitid(os.P_PID, first.pid, os.WEXITED | os.WNOWAIT)
        dead = procfs.read_stat(first.pid)
        assert dead is not None
        assert dead.is_zombie
    assert procfs.read_stat(first.pid) is None


@pytest.mark.parametrize("ending", ["end of stdin", "SIGTERM", "SIGKILL", "death of the parent"])
async def test_no_command_of_the_real_binary_survives(
    ending: str, codex_home: Path, codex_environment: dict[str, str]
) -> None:
    async with ScriptedModel() as model:
        model.write_config(codex_home)
        if ending == "death of the parent":
            commands = await run_in_a_parent_that_dies(codex_home, codex_environment)
            thread = ""
        else:
            commands, thread = await run_and_close(ending, codex_home, codex_environment)
    orphans = [command for command in commands if is_alive(command)]
    if ending == "SIGKILL":
        # Here the app-server could do nothing, and its commands had a session of their own.
        assert set(kill_orphans({thread})) == {command.pid for command in orphans} != set()
    await asyncio.to_thread(wait_until_dead, commands)


async def run_and_close(
    ending: str, home: Path, env: dict[str, str]
) -> tuple[list[psutil.Process], str]:
    transport = await StdioTransport.start([BINARY, "app-server"], env=env)
    async with Peer(transport, on_batch=lambda batch: None) as peer:
        thread = await start_commands(peer, home)
        commands = await asyncio.to_thread(wait_for_commands, transport.pid)
        if ending == "SIGTERM":
            os.kill(transport.pid, signal.SIGTERM)
        elif ending == "SIGKILL":
            transport.kill()
    assert transport.returncode == (-signal.SIGKILL if ending == "SIGKILL" else 0)
    return commands, thread


async def run_in_a_parent_that_dies(home: Path, env: dict[str, str]) -> list[psutil.Process]:
    source = f"""
import asyncio, sys
from pathlib import Path
sys.path.insert(0, {str(Path(__file__).parent.parent)!r})
from rpc.test_orphans import BINARY, Peer, StdioTransport, start_commands, wait_for_commands
async def main():
    transport = await StdioTransport.start([BINARY, "app-server"])
    async with Peer(transport, on_batch=lambda batch: None) as peer:
        await start_commands(peer, Path({str(home)!r}))
        commands = await asyncio.to_thread(wait_for_commands, transport.pid)
        print(transport.pid, *(command.pid for command in commands), flush=True)
        await asyncio.Event().wait()
asyncio.run(main())
"""
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", source, env=env, stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    pids = [int(pid) for pid in (await parent.stdout.readline()).split()]
    assert len(pids) >= 3
    processes = [psutil.Process(pid) for pid in pids]
    parent.kill()
    await parent.communicate()
    return processes


async def start_commands(peer: Peer, home: Path) -> str:
    """A turn under full access whose command runs two more; returns the thread id."""
    info = {"name": "codex_kernel", "title": "codex_kernel", "version": "0"}
    await peer.request("initialize", {"clientInfo": info})
    await peer.notify("initialized")
    config = {"allow_login_shell": False, "features.shell_snapshot": False}
    started = await peer.request("thread/start", {"cwd": str(home), "config": config})
    thread = started["thread"]["id"]
    script = json.dumps([["run", "sleep 601 & sleep 602", {"yield_time_ms": 30_000}]])
    turn = {
        "threadId": thread,
        "approvalPolicy": "never",
        "sandboxPolicy": {"type": "dangerFullAccess"},
        "input": [{"type": "text", "text": f"go @@ {script}"}],
    }
    await peer.request("turn/start", turn)
    return thread


def wait_for_commands(pid: int) -> list[psutil.Process]:
    """The two sleeps below `pid` and their shell, once they run."""
    server = psutil.Process(pid)
    while True:
        commands = [each for each in server.children(recursive=True) if is_command(each)]
        if len(commands) == 3:
            return commands
        time.sleep(0.02)


def wait_until_dead(processes: list[psutil.Process]) -> None:
    """Zombies count as dead: who should reap an orphan is not ours to say."""
    while any(map(is_alive, processes)):
        time.sleep(0.02)


def is_command(process: psutil.Process) -> bool:
    try:
        return any("sleep" in word for word in process.cmdline())
    except psutil.Error:  # it has just ended
        return False
