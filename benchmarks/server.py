"""What following turns through the Jupyter server costs: delay, processor time, bytes.

The turns are written here, as a kernel writes them; the server is a process of its own.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from websockets.asyncio.client import ClientConnection, connect

from benchmarks.place import cache_folder
from benchmarks.table import Row
from codex_kernel.ids import new_turn_id
from codex_kernel.settings import LogSettings
from codex_kernel.turn.events import (
    Draft,
    item_completed,
    item_started,
    item_text,
    settings_updated,
    turn_ended,
    turn_queued,
    turn_started,
)
from codex_kernel.turn_log.log import TurnLog
from codex_kernel.turn_log.record import TurnRecord

READERS = (1, 10, 50)
COMMIT_SECONDS = 0.05
"""A running turn commits this often."""
DELTAS = 100_000
DELTA = "text "
DELTAS_PER_EVENT = 20
"""What a fast model says between two commits."""
START_SECONDS = 60.0
TOKEN = "benchmark"


@dataclass(frozen=True)
class Server:
    """A running Jupyter server and the log it reads."""

    url: str
    process: psutil.Process
    log: LogSettings

    @asynccontextmanager
    async def socket(self, path: str) -> AsyncIterator[ClientConnection]:
        """A WebSocket of the extension."""
        url = f"{self.url.replace('http', 'ws', 1)}codex-kernel/api/{path}"
        headers = {"Authorization": f"token {TOKEN}"}
        async with connect(url, additional_headers=headers, max_size=None) as socket:
            yield socket

    def cpu_seconds(self) -> float:
        """Processor time used so far."""
        times = self.process.cpu_times()
        return times.user + times.system


def server_rows(*, quick: bool) -> list[Row]:
    """Delay and processor time of readers, opening a long turn, bytes of the database."""
    with _server() as server:
        return asyncio.run(_rows(server, quick=quick))


async def _rows(server: Server, *, quick: bool) -> list[Row]:
    seconds = 3.0 if quick else 15.0
    async with TurnLog.open(server.log) as log:
        rows = [await _idle(server, log, readers, seconds) for readers in (0, 50)]
        for readers in READERS:
            rows += await _follow(server, log, readers, commits=40 if quick else 200)
        rows += await _open_long_turn(server, log, rounds=3 if quick else 9)
    return rows


async def _idle(server: Server, log: TurnLog, readers: int, seconds: float) -> Row:
    """Sockets on turns in which nothing happens."""
    async with AsyncExitStack() as stack:
        for _ in range(readers):
            record = await _running(log)
            path = f"turns/{record.turn_id}/stream?after={record.transcript.seq}"
            await stack.enter_async_context(server.socket(path))
        await asyncio.sleep(1)
        began = server.cpu_seconds()
        await asyncio.sleep(seconds)
        used = 100 * (server.cpu_seconds() - began) / seconds
    return Row(
        f"server, {readers} sockets open, nothing happens",
        "% of a core",
        [used],
        target=2.0 if readers else 0.5,
        target_of="value",
    )


async def _follow(server: Server, log: TurnLog, readers: int, commits: int) -> list[Row]:
    """From before a commit until each reader has its message."""
    record = await _running(log)
    sent: dict[int, float] = {}
    async with AsyncExitStack() as stack:
        path = f"turns/{record.turn_id}/stream?after={record.transcript.seq}"
        sockets = [await stack.enter_async_context(server.socket(path)) for _ in range(readers)]
        reading = [asyncio.create_task(_delays(socket, sent)) for socket in sockets]
        cpu, began = server.cpu_seconds(), time.perf_counter()
        for _ in range(commits):
            sent[record.transcript.seq + 1] = time.perf_counter()
            await record.append([item_text("m1", "text", DELTA * DELTAS_PER_EVENT)])
            await asyncio.sleep(COMMIT_SECONDS)
        used = 100 * (server.cpu_seconds() - cpu) / (time.perf_counter() - began)
        await record.append(_ending(record))
        delays = [delay for found in await asyncio.gather(*reading) for delay in found]
    tail = statistics.quantiles(delays, n=100)
    return [
        Row(
            f"commit to WebSocket message, p50, {readers} readers",
            "ms",
            [statistics.median(delays)],
            target=60.0,
            target_of="value",
            details={"p95": tail[94], "p99": tail[98], "messages": len(delays)},
        ),
        Row(f"server, {readers} readers of 20 commits a second", "% of a core", [used]),
    ]


async def _delays(socket: ClientConnection, sent: dict[int, float]) -> list[float]:
    found: list[float] = []
    async for message in socket:
        now = time.perf_counter()
        seq = json.loads(message).get("event", {}).get("seq")
        if seq in sent:
            found.append((now - sent[seq]) * 1000)
    return found


async def _open_long_turn(server: Server, log: TurnLog, rounds: int) -> list[Row]:
    """A finished turn of 100,000 deltas, opened by a new page; and what it takes on the disk."""
    empty = await _used_bytes(log)
    record = await _running(log)
    part = [item_text("m1", "text", DELTA * DELTAS_PER_EVENT)] * 50
    for _ in range(DELTAS // DELTAS_PER_EVENT // len(part)):
        await record.append(part)
    await record.append(_ending(record))
    text = len(DELTA) * DELTAS
    as_written = (await _used_bytes(log) - empty) / text
    rows = await _opened(server, record, "as it was written", rounds)
    await log.compact(record.turn_id)
    rows += await _opened(server, record, "compacted", rounds)
    compacted = (await _used_bytes(log) - empty) / text
    return [
        *rows,
        Row("database bytes per byte of text, as it was written", "x", [as_written]),
        Row(
            "database bytes per byte of text, compacted",
            "x",
            [compacted],
            target=1.5,
            target_of="value",
        ),
    ]


async def _opened(server: Server, record: TurnRecord, how: str, rounds: int) -> list[Row]:
    first: list[float] = []
    whole: list[float] = []
    for _ in range(rounds):
        began = time.perf_counter()
        async with server.socket(f"turns/{record.turn_id}/stream") as socket:
            await socket.recv()
            first.append((time.perf_counter() - began) * 1000)
            async for _message in socket:
                pass
            whole.append((time.perf_counter() - began) * 1000)
    name = f"turn of {DELTAS:,} deltas, {how}"
    # The first message is the whole snapshot: its first byte comes earlier.
    return [
        Row(f"{name}: first message", "ms", first, target=100.0, target_of="value"),
        Row(f"{name}: all of it", "ms", whole, target=1000.0, target_of="value"),
    ]


async def _used_bytes(log: TurnLog) -> int:
    numbers = [
        (await log.database.pragma(name))[0][0]
        for name in ("page_count", "freelist_count", "page_size")
    ]
    return (numbers[0] - numbers[1]) * numbers[2]


async def _running(log: TurnLog) -> TurnRecord:
    """A turn whose answer is being written."""
    record, _ = await log.begin(new_turn_id(), turn_queued("go", notebook="/workspace/a.ipynb"))
    message = {"id": "m1", "type": "message", "status": "running", "text": "", "phase": None}
    await record.append(
        [
            settings_updated({"model": "m"}, session_id="benchmark"),
            turn_started("benchmark", "benchmark"),
            item_started(message),
        ]
    )
    return record


def _ending(record: TurnRecord) -> list[Draft]:
    item = {**(record.transcript.item("m1") or {}), "status": "completed"}
    return [item_completed(item), turn_ended("completed")]


@contextmanager
def _server() -> Iterator[Server]:
    cache_folder().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="server-", dir=cache_folder()) as name:
        folder = Path(name)
        (folder / "root").mkdir()
        own = ("CODEX", "OPENAI", "JPY", "JUPYTER_")
        kept = {key: value for key, value in os.environ.items() if not key.startswith(own)}
        with jupyter(folder, kept) as server:
            yield server


@contextmanager
def jupyter(folder: Path, environ: Mapping[str, str]) -> Iterator[Server]:
    """A Jupyter server with everything of its own in a folder that has a `root` for documents."""
    environ = {
        **environ,
        "CODEX_KERNEL_DATA_DIR": str(folder / "data"),
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_DATA_DIR": str(folder / "jupyter-data"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
    }
    command = [sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root"]
    command += ["--ServerApp.port=0", f"--IdentityProvider.token={TOKEN}"]
    command += [f"--ServerApp.root_dir={folder / 'root'}"]
    command += ['--ServerApp.jpserver_extensions={"codex_kernel": True}']
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, env=environ)
    try:
        url = _address(process, folder / "runtime")
        yield Server(url, psutil.Process(process.pid), LogSettings(folder=folder / "data"))
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def _address(process: subprocess.Popen[bytes], runtime: Path) -> str:
    """Where the server listens, as soon as it does."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        for file in runtime.glob("jpserver-*.json"):
            try:
                url: str = json.loads(file.read_text(encoding="utf-8"))["url"]
                urllib.request.urlopen(f"{url}api", timeout=1).close()
            except (OSError, ValueError):
                continue
            else:
                return url
        time.sleep(0.05)
    raise RuntimeError("The Jupyter server did not start.")
