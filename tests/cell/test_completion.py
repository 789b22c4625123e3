"""Tab, Shift-Tab and Enter."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from codex_kernel.cell.completion import complete, inspect, is_complete

from .bench import Bench


async def at_mark(bench: Bench, text: str) -> tuple[list[str], str]:
    """The matches at the `|` in a text, and the part of it that they replace."""
    cursor = text.index("|")
    text = text.replace("|", "")
    reply = await complete(text, cursor, bench.session)
    assert reply["status"] == "ok"
    assert reply["cursor_end"] == cursor
    types = reply["metadata"]["_jupyter_types_experimental"]
    assert [each["text"] for each in types] == reply["matches"]
    assert all((each["start"], each["end"]) == (reply["cursor_start"], cursor) for each in types)
    return reply["matches"], text[reply["cursor_start"] : cursor]


@pytest.fixture
def files(bench: Bench) -> None:
    for name in ("data.csv", "Date of birth.txt", ".hidden", "sub/data2.csv", "sub/größe.txt"):
        file = bench.workspace / name
        file.parent.mkdir(exist_ok=True)
        file.write_text("x")


@pytest.mark.parametrize(
    ("text", "matches", "replaced"),
    [
        ("/mo|", ["/model"], "/mo"),
        ("%st|", ["%status", "%stop"], "%st"),
        ("/new\n/res|\nhello", ["/resume"], "/res"),
        ("🙂🙂\n/mo|", [], ""),
        ("/nothing|", [], ""),
        ("/sandbox |", ["read-only", "workspace-write", "danger-full-access"], ""),
        ("/sandbox dan|", ["danger-full-access"], "dan"),
        ("/sandbox read-only |", [], ""),
        ("/set max|", ["max_minutes=", "max_turns=", "max_tokens="], "max"),
        ("/help app|", ["approvals"], "app"),
        ("/unknown x|", [], ""),
        ("/cd s|", ["sub/"], "s"),
        ("/model gpt|", [], ""),
        ("Look at @da|", ["@data.csv", '@"Date of birth.txt"'], "@da"),
        ("🙂 @da| 🙂", ["@data.csv", '@"Date of birth.txt"'], "@da"),
        ('@"Date o|', ['@"Date of birth.txt"'], '@"Date o'),
        ("/plan look at @da|", ["@data.csv", '@"Date of birth.txt"'], "@da"),
        ("@sub/|", ["@sub/data2.csv", "@sub/größe.txt"], "@sub/"),
        ("@.h|", ["@.hidden"], "@.h"),
        ("ada@da|", [], ""),
        ("plain words|", [], ""),
        ("|", [], ""),
    ],
)
@pytest.mark.usefixtures("files")
async def test_completion_without_an_app_server(
    bench: Bench, text: str, matches: list[str], replaced: str
) -> None:
    assert await at_mark(bench, text) == (matches, replaced)
    assert bench.session.server is None


@pytest.mark.usefixtures("files")
async def test_completion_asks_codex_when_it_runs(bench: Bench) -> None:
    await bench.play(["say", "hi"], prompt="Draw a map")
    assert (await at_mark(bench, "/model gpt-5.5|"))[0] == ["gpt-5.5"]
    assert (await at_mark(bench, "/model gpt-5.5 x|")) == (["xhigh"], "x")
    assert (await at_mark(bench, "/effort l|"))[0] == ["low"]
    assert await at_mark(bench, "/resume draw a|") == ([bench.session.id], "draw a")
    assert await at_mark(bench, "see @größ|") == (["@sub/größe.txt"], "@größ")


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    text=st.lists(st.sampled_from(["/mo", "@", "da", "🙂", " ", "\n", '"', "é", "/cd "])).map(
        "".join
    ),
    cursor=st.integers(-3, 60),
)
async def test_offsets_lie_in_the_text_and_before_the_cursor(
    bench: Bench, text: str, cursor: int
) -> None:
    reply = await complete(text, cursor, bench.session)
    start, end = reply["cursor_start"], reply["cursor_end"]
    assert 0 <= start <= end <= len(text)
    assert "\n" not in text[start:end]


async def _inspected(bench: Bench, text: str) -> dict[str, Any] | None:
    return await inspect(text.replace("|", ""), text.index("|"), bench.session)


async def test_inspect_explains_the_command_under_the_cursor(bench: Bench) -> None:
    found = await _inspected(bench, "/new\n/sand|box read-only\nhello")
    assert found is not None
    assert "danger-full-access" in found["text/plain"]
    assert await _inspected(bench, "/unknown|") is None
    assert await _inspected(bench, "hello\n/mod|el") is None


async def test_inspect_shows_the_head_of_a_file_and_no_more(bench: Bench) -> None:
    (bench.workspace / "long.txt").write_text("<b>begin</b>\n" + "x" * 100_000)
    (bench.workspace / "data.bin").write_bytes(b"\0\1\2")
    found = await _inspected(bench, "🙂 see @lo|ng.txt.")
    assert found is not None
    assert "<b>begin</b>" in found["text/plain"]
    assert len(found["text/plain"]) < 5000
    assert "&lt;b&gt;begin" in found["text/html"]
    binary = await _inspected(bench, "@data.bin|")
    assert binary is not None
    assert binary["text/plain"].endswith("data.bin, 3 bytes")
    assert await _inspected(bench, "@/dev/zero|") is None
    assert await _inspected(bench, "@missing|") is None


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("What is this?", "complete"),
        ("It's a prompt", "complete"),
        ("", "complete"),
        ("go on \\", "incomplete"),
        ("go on \\\n", "incomplete"),
        ("go on \\\nmore", "complete"),
        ("```python\nx = 1", "incomplete"),
        ("```python\nx = 1\n```", "complete"),
        ("````\n```\n", "incomplete"),
        ("~~~\n```\n~~~", "complete"),
        ("use `code` here", "complete"),
        ('/model "gpt', "incomplete"),
        ('/model "gpt"', "complete"),
        ("/name It's mine", "complete"),
        ("/new\n/model 'x", "incomplete"),
        ("/model 'x\nprompt", "complete"),
    ],
)
def test_is_complete(text: str, status: str) -> None:
    assert is_complete(text) == status
