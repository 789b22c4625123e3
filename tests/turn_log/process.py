"""A second process with the log open, told what to do line by line (run as a script).

Lines in: `run` (begin a turn, answer its id), `text` (append to it), `recover`, `show NOTEBOOK`
(as a server does for a page). Each is answered by one line of JSON.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from codex_kernel.errors import CodexError
from codex_kernel.ids import NotebookPath
from codex_kernel.settings import LogSettings
from codex_kernel.turn_log import leases, presence
from codex_kernel.turn_log.log import TurnLog

ROOT = Path(__file__).parents[2]


class Other:
    """The other process, seen from the test."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.pid = process.pid

    async def do(self, line: str) -> Any:
        """Have it do something and return what it answers."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{line}\n".encode())
        async with asyncio.timeout(30):
            answer = await self._process.stdout.readline()
        return json.loads(answer)

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    async def kill(self) -> None:
        """kill -9."""
        self._process.kill()
        await self._process.wait()


@asynccontextmanager
async def other(folder: Path) -> AsyncIterator[Other]:
    """Another process that has the log in `folder` open."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.turn_log.process",
        str(folder),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )
    found = Other(process)
    try:
        assert await found.do("hello") == "hello"
        yield found
    finally:
        if process.returncode is None:
            await found.kill()
        transport = process._transport  # type: ignore[attr-defined]  # no public way
        transport.close()


async def _serve(folder: Path) -> None:
    from tests.turn_log.turns import running, text

    async with TurnLog.open(LogSettings(folder=folder)) as log:
        record = None
        while line := (await asyncio.to_thread(sys.stdin.readline)).strip():
            answer: Any = line
            try:
                if line == "run":
                    record = await running(log)
                    answer = record.turn_id
                elif line == "text":
                    assert record is not None
                    answer = (await record.append([text("x")]))[0]["seq"]
                elif line.startswith("show "):
                    await presence.note(log, "page", [NotebookPath(line[5:])])
                elif line == "recover":
                    answer = await leases.recover(log)
            except CodexError as error:
                answer = type(error).__name__
            sys.stdout.write(json.dumps(answer) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1])))
    os._exit(0)
