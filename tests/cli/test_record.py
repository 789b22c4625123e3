"""`sessions`, `show` and `prune` on a log with turns in it."""

from __future__ import annotations

import asyncio
import json

import pytest

from codex_kernel.ids import SessionId, TurnId
from codex_kernel.settings import LogSettings
from codex_kernel.turn.events import (
    Draft,
    item_completed,
    settings_updated,
    turn_ended,
    turn_queued,
    turn_started,
)
from codex_kernel.turn_log import bindings
from codex_kernel.turn_log.images import keep_before
from codex_kernel.turn_log.log import TurnLog
from tests.cli.conftest import CommandLine

SESSION = SessionId("0196c9a2-0000-7000-8000-0000000000aa")
FIRST = TurnId("0196c9a2-0000-7000-8000-000000000001")
SECOND = TurnId("0196c9a2-0000-7000-8000-000000000002")


def turn(prompt: str, answer: str) -> list[Draft]:
    message = {"id": "m1", "type": "message", "status": "completed", "text": answer, "phase": None}
    command = {
        "id": "c1",
        "type": "command",
        "status": "completed",
        "command": "wc -l data.csv",
        "output": "12 data.csv\n",
        "exit_code": 0,
    }
    return [
        turn_queued(prompt, session_id=SESSION),
        settings_updated({"model": "m"}, session_id=SESSION),
        turn_started(SESSION, "codex-turn"),
        item_completed(command),
        item_completed(message),
        turn_ended("completed"),
    ]


@pytest.fixture
def recorded(codex: CommandLine) -> CommandLine:
    """The command line of somebody who has a session of two turns."""

    async def write() -> None:
        async with TurnLog.open(LogSettings(folder=codex.data / "codex_kernel")) as log:
            await bindings.remember_session(
                log, SESSION, title="Count the lines", cwd="/workspace", model="m"
            )
            for turn_id, drafts in (
                (FIRST, turn("How many lines?", "Twelve \x1b]0;evil\x07lines.")),
                (SECOND, turn("And words?\nAll of them.", "Forty words.")),
            ):
                record, _ = await log.begin(turn_id, drafts[0])
                await record.append(drafts[1:])
                if turn_id == SECOND:
                    for name, content in (("own 1.ipynb", b"before"), ("new.py", None)):
                        await keep_before(log, turn_id, str(codex.work / name), content)
                await bindings.mark_used(log, SESSION)

    asyncio.run(write())
    return codex


def test_an_empty_record_says_so(codex: CommandLine) -> None:
    done = codex("sessions")
    assert (done.returncode, done.stdout) == (0, "No sessions.\n")
    assert json.loads(codex("sessions", "--json").stdout) == []


def test_sessions_are_listed_with_id_title_and_number_of_turns(recorded: CommandLine) -> None:
    done = recorded("sessions")
    assert done.returncode == 0, done.stderr
    for part in (SESSION, "2 turns", "Count the lines", "/workspace"):
        assert part in done.stdout
    [row] = json.loads(recorded("sessions", "--json").stdout)
    assert (row["session_id"], row["turns"]) == (SESSION, 2)


@pytest.mark.parametrize(("text", "is_found"), [("count the", True), ("nowhere", False)])
def test_sessions_can_be_searched(recorded: CommandLine, text: str, is_found: bool) -> None:
    assert (SESSION in recorded("sessions", "--search", text).stdout) is is_found


def test_a_turn_is_shown_with_prompt_command_and_answer(recorded: CommandLine) -> None:
    done = recorded("show", FIRST)
    assert done.returncode == 0, done.stderr
    for part in ("> How many lines?", "$ wc -l data.csv", "12 data.csv", "lines."):
        assert part in done.stdout
    assert "Forty words" not in done.stdout


def test_control_characters_of_the_agent_never_reach_the_terminal(recorded: CommandLine) -> None:
    for options in ((), ("--json",), ("--events",)):
        shown = recorded("show", SESSION, *options).stdout
        assert shown
        assert not set(shown) & {"\x1b", "\x07"}


def test_a_session_is_shown_turn_by_turn_in_order(recorded: CommandLine) -> None:
    shown = recorded("show", SESSION).stdout
    assert shown.index("> How many lines?") < shown.index("> And words?\n> All of them.")
    transcripts = json.loads(recorded("show", SESSION, "--json").stdout)
    assert [each["turn_id"] for each in transcripts] == [FIRST, SECOND]
    assert transcripts[0]["items"][0]["command"] == "wc -l data.csv"


def test_events_are_shown_one_per_line_without_a_gap(recorded: CommandLine) -> None:
    lines = recorded("show", SECOND, "--events").stdout.splitlines()
    assert [json.loads(line)["seq"] for line in lines] == list(range(1, len(lines) + 1))
    assert json.loads(lines[-1])["type"] == "turn.ended"


def test_a_compacted_turn_is_shown_too(recorded: CommandLine) -> None:
    async def compact() -> None:
        async with TurnLog.open(LogSettings(folder=recorded.data / "codex_kernel")) as log:
            assert await log.compact(SECOND)

    asyncio.run(compact())
    shown = recorded("show", SECOND).stdout
    for part in ("> And words?", "$ wc -l data.csv", "Forty words."):
        assert part in shown


@pytest.mark.parametrize("name", ["own 1.ipynb", "work/own 1.ipynb"])
def test_a_file_is_restored_beside_what_is_there_now(recorded: CommandLine, name: str) -> None:
    present = recorded.work / "own 1.ipynb"
    present.write_text("after")
    done = recorded("show", SECOND, "--restore", name)
    assert done.returncode == 0, done.stderr
    restored = recorded.work / f"own 1.before-{SECOND[-12:]}.ipynb"
    assert done.stdout == f"Wrote {restored}\n"
    assert (restored.read_text(), present.read_text()) == ("before", "after")
    restored.write_text("edited")
    assert "cannot be written" in recorded("show", SECOND, "--restore", name).stderr
    assert restored.read_text() == "edited"


@pytest.mark.parametrize(
    ("name", "sentence"), [("new.py", "did not exist before"), ("1.ipynb", "has no file")]
)
def test_what_cannot_be_restored_is_said(recorded: CommandLine, name: str, sentence: str) -> None:
    done = recorded("show", SECOND, "--restore", name)
    assert done.returncode == 1
    assert sentence in done.stderr


@pytest.mark.parametrize(("arguments", "code"), [((), 2), (("unknown",), 1), (("a", "b"), 2)])
def test_what_cannot_be_shown_is_said(
    codex: CommandLine, arguments: tuple[str, ...], code: int
) -> None:
    done = codex("show", *arguments)
    assert done.returncode == code
    assert done.stderr
    assert "Traceback" not in done.stderr


def test_a_dry_run_removes_nothing_and_says_what_would_go(recorded: CommandLine) -> None:
    done = recorded("prune", "--dry-run", "--days", "0")
    assert "Would remove 2 turns" in done.stdout
    assert recorded("show", FIRST).returncode == 0


def test_pruned_turns_are_gone(recorded: CommandLine) -> None:
    assert "Removed 0 turns" in recorded("prune").stdout
    assert "Removed 2 turns" in recorded("prune", "--max-size", "1k").stdout
    assert recorded("show", FIRST).returncode == 1


def test_a_size_that_is_none_is_refused(codex: CommandLine) -> None:
    done = codex("prune", "--max-size", "lots")
    assert done.returncode == 2
    assert "'lots'" in done.stderr


def test_a_folder_that_cannot_be_written_is_said_with_a_next_step(codex: CommandLine) -> None:
    (codex.home / "file").write_text("")
    done = codex("sessions", CODEX_KERNEL_DATA_DIR=str(codex.home / "file" / "data"))
    assert done.returncode == 1
    assert "CODEX_KERNEL_DATA_DIR" in done.stderr
    assert "Traceback" not in done.stderr
