from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import PIPE
from contextlib import AsyncExitStack
from pathlib import Path

from codex_kernel.rpc.lock import start_lock
from codex_kernel.rpc.peer import Peer
from codex_kernel.rpc.stdio import StdioTransport

from .conftest import BINARY

HOLDER = """
import asyncio, sys
from codex_kernel.rpc.lock import start_lock
async def main():
    async with start_lock(sys.argv[1], 60) as is_held:
        print(is_held, flush=True)
        sys.stdin.read()
asyncio.run(main())
"""


async def test_one_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "start.lock"
    inside = 0

    async def enter() -> None:
        nonlocal inside
        async with start_lock(path, 60) as is_held:
            assert is_held
            inside += 1
            assert inside == 1
            await asyncio.sleep(0)
            inside -= 1

    await asyncio.gather(*(enter() for _ in range(5)))


async def test_another_process_holds_it_until_it_dies(tmp_path: Path) -> None:
    path = tmp_path / "start.lock"
    holder = await asyncio.create_subprocess_exec(
        sys.executable, "-c", HOLDER, str(path), stdin=PIPE, stdout=PIPE
    )
    assert holder.stdout is not None
    assert await holder.stdout.readline() == b"True\n"
    async with start_lock(path, 0.05) as is_held:
        assert not is_held
    holder.kill()
    async with start_lock(path, 60) as is_held:
        assert is_held
    await holder.communicate()


async def test_a_child_does_not_inherit_it(tmp_path: Path) -> None:
    path = tmp_path / "start.lock"
    async with start_lock(path, 60):
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-c", "input()", stdin=PIPE, close_fds=False
        )
    async with start_lock(path, 0.05) as is_held:
        assert is_held
    await child.communicate(b"\n")


async def test_app_servers_that_start_at_once_on_a_new_home_all_come_up(
    codex_home: Path, codex_environment: dict[str, str]
) -> None:
    # Without the lock most of them end with "failed to initialize sqlite state runtime".
    async def start(servers: AsyncExitStack) -> str:
        async with start_lock(codex_home / "start.lock", 60):
            transport = await StdioTransport.start([BINARY, "app-server"], env=codex_environment)
            peer = Peer(transport, on_batch=lambda batch: None)
            await servers.enter_async_context(peer)
            info = {"name": "codex_kernel", "title": "codex_kernel", "version": "0"}
            return (await peer.request("initialize", {"clientInfo": info}))["codexHome"]

    async with AsyncExitStack() as servers:
        homes = await asyncio.gather(*(start(servers) for _ in range(8)))
    assert homes == [str(codex_home)] * 8


async def test_where_nothing_can_be_locked_it_goes_on(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    entered = False
    async with start_lock(file / "start.lock", 60) as is_held:
        entered = True
        assert not is_held
    assert entered


async def test_only_its_owner_may_open_it(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "start.lock"
    async with start_lock(path, 60):
        assert os.stat(path).st_mode & 0o777 == 0o600
        assert os.stat(path.parent).st_mode & 0o777 == 0o700
