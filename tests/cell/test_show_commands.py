"""Commands that only show."""

from __future__ import annotations

import pytest

from codex_kernel._version import __version__
from codex_kernel.errors import BadArgument

from .bench import Bench

_PATCH = "*** Begin Patch\n*** Add File: {name}\n+<b>{name}</b>\n*** End Patch\n"


async def test_status_before_and_after_the_first_turn(bench: Bench) -> None:
    before = await bench.run("/status")
    assert "none yet" in before
    assert "the model provider needs none" in before
    assert "not available" in before
    assert __version__ in before
    await bench.play([["usage", {"input_tokens": 900, "output_tokens": 100}], ["say", "hi"]])
    await bench.run("/name My title")
    after = await bench.run("/status")
    for part in (str(bench.session.id), "My title", "gpt-5.5", "workspace-write", "on-request"):
        assert part in after
    assert "0.163.0" in after
    assert "% left" in after
    assert str(bench.workspace) in after
    assert "turns.sqlite" in after


async def test_status_tells_that_codex_cannot_start(bench: Bench) -> None:
    await bench.session.aclose()
    assert "not running: The session is closed." in await bench.run("/status")


async def test_usage_shows_the_last_request_and_the_session(bench: Bench) -> None:
    assert "used nothing yet" in await bench.run("/usage")
    for _ in range(2):
        await bench.play([["usage", {"input_tokens": 1000, "output_tokens": 50}], ["say", "hi"]])
    shown = await bench.run("/usage")
    assert "1,000" in shown
    assert "2,000" in shown
    assert "% left" in shown


async def test_diff_of_the_last_turn_and_of_the_session(bench: Bench) -> None:
    assert "No turn" in await bench.run("/diff")
    for name in ("one.txt", "two.txt"):
        await bench.play(["patch", _PATCH.format(name=name)], ["say", "ok"])
    await bench.play(["say", "nothing changed"])
    last = await bench.run("/diff")
    assert "two.txt" in last
    assert "one.txt" not in last
    [said] = bench.said
    assert "&lt;b&gt;two.txt&lt;/b&gt;" in said["text/html"]
    whole = await bench.run("/diff session")
    assert whole.index("one.txt") < whole.index("two.txt")
    with pytest.raises(BadArgument, match="`last`, `session`"):
        await bench.run("/diff everything")


async def test_ps_lists_a_background_command_and_stop_ends_it(bench: Bench) -> None:
    await bench.play(["run", "echo up; sleep 60", {"yield_time_ms": 250}], ["say", "started"])
    assert "sleep 60" in await bench.run("/ps")
    with pytest.raises(BadArgument, match="/ps"):
        await bench.run("/stop 0")
    assert "sleep 60" in await bench.run("/stop")
    assert "No command" in await bench.run("/stop all")
    assert "No command" in await bench.run("/ps")


async def test_mcp_lists_servers_with_their_state(bench: Bench) -> None:
    config = bench.home / "config.toml"
    with config.open("a") as file:
        file.write('\n[mcp_servers.broken]\ncommand = "/does/not/exist"\n')
    shown = await bench.run("/mcp")
    assert "broken" in shown


async def test_mcp_without_servers_says_so(bench: Bench) -> None:
    assert "No MCP server" in await bench.run("/mcp")


async def test_help_lists_every_command_and_explains_one(bench: Bench) -> None:
    overview = await bench.run("/help")
    assert "/model [MODEL] [EFFORT]" in overview
    assert "backslash" in overview
    assert "danger-full-access" in await bench.run("/help /sandbox")
    assert await bench.run("%help sandbox") == await bench.run("/help sandbox")
