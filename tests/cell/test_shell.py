"""`!command` in the sandbox of the session, on the real binary."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from codex_kernel.errors import CellError

from .bench import Bench


async def test_a_command_shows_what_it_printed(bench: Bench) -> None:
    assert (await bench.run("!pwd; echo err >&2")).splitlines() == [str(bench.workspace), "err"]
    assert "\x1b" not in await bench.run("!printf '\\033[31mred\\033[0m <b>'")
    assert "&lt;b&gt;" in bench.said[0]["text/html"]


async def test_a_failing_command_shows_its_output_and_fails_the_cell(bench: Bench) -> None:
    with pytest.raises(CellError, match="exit code 3"):
        await bench.run("!echo before; exit 3")
    assert bench.said[0]["text/plain"] == "before\n"


async def test_a_command_runs_in_the_sandbox_with_the_variables(bench: Bench) -> None:
    await bench.run("/env GREETING=hello\n/sandbox read-only")
    assert await bench.run("!echo $GREETING") == "hello\n"
    with pytest.raises(CellError):
        await bench.run("!touch here")
    assert not (bench.workspace / "here").exists()
    await bench.run("/sandbox workspace-write")
    await bench.run("!touch here")
    assert (bench.workspace / "here").exists()
    assert bench.session.id is None


async def test_a_cancelled_command_is_ended(bench: Bench) -> None:
    mark = bench.workspace / "started"
    running = asyncio.create_task(bench.run("!touch started; sleep 987654; touch never"))
    async with asyncio.timeout(20):
        while not (mark.exists() and _sleepers()):
            assert not running.done()
            await asyncio.sleep(0.02)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    async with asyncio.timeout(10):
        while True:
            if not _sleepers():
                break
            await asyncio.sleep(0.02)
    assert not (bench.workspace / "never").exists()


def _sleepers() -> list[str]:
    found: list[str] = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if b"sleep\x00987654\x00" in file.read_bytes():
                found.append(file.parent.name)
        except OSError:
            continue
    return found


async def test_long_output_is_cut_in_its_middle(bench: Bench) -> None:
    shown = await bench.run("!seq 1 100000")
    assert shown.startswith("1\n2\n")
    assert shown.endswith("99999\n100000\n")
    assert "characters left out" in shown
    assert len(shown) < 100_000
