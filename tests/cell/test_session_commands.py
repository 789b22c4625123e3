"""Which session it is, and the turns that commands run, on the real binary."""

from __future__ import annotations

import asyncio

import pytest

from codex_kernel.errors import BadArgument, SessionNotFound, UnknownCommand

from .bench import Bench


async def test_new_begins_a_session_with_the_next_prompt(bench: Bench) -> None:
    await bench.play(["say", "one"])
    first = bench.session.id
    await bench.run("/new")
    assert bench.session.id is None
    await bench.play(["say", "two"])
    assert bench.session.id != first


async def test_a_command_and_a_prompt_in_one_cell_run_in_order(bench: Bench) -> None:
    await bench.play(["say", "one"])
    first = bench.session.id
    await bench.run('/new\nhello @@ [["say", "hi"]]')
    assert bench.turns[-1].answer() == "hi"
    assert bench.session.id != first


async def test_a_wrong_command_keeps_those_before_it_from_running(bench: Bench) -> None:
    await bench.play(["say", "one"])
    first = bench.session.id
    with pytest.raises(UnknownCommand, match="`/model`"):
        await bench.run("/new\n/modle gpt-5.5")
    assert bench.session.id == first


async def test_name_shows_in_sessions_and_finds_the_session_again(bench: Bench) -> None:
    await bench.play(["say", "one"], prompt="First prompt")
    first = bench.session.id
    await bench.run("/name  Über   alles")
    await bench.run("/new")
    await bench.play(["say", "two"], prompt="Second prompt")
    listed = await bench.run("/sessions")
    assert "Über alles" in listed
    assert "→ 1" in listed
    assert "Second prompt" not in await bench.run("/sessions über")
    await bench.run("/resume über")
    assert bench.session.id == first
    assert str(first) in await bench.run("/resume über")


async def test_resume_takes_a_number_of_the_last_list_and_an_id(bench: Bench) -> None:
    await bench.play(["say", "one"], prompt="First prompt")
    first = bench.session.id
    await bench.run("/new")
    await bench.play(["say", "two"], prompt="Second prompt")
    second = bench.session.id
    listed = await bench.run("/sessions")
    assert listed.index("Second prompt") < listed.index("First prompt")
    await bench.run("/resume 2")
    assert bench.session.id == first
    # It was used last by now, but numbers are those of the list that was shown.
    await bench.run("/resume 1")
    assert bench.session.id == second
    await bench.run(f"/resume {first}")
    assert bench.session.id == first
    turn = await bench.play(["say", "three"])
    assert turn.data["session_id"] == first
    assert "First prompt" in bench.sent()


async def test_a_session_that_cannot_be_resumed_leaves_the_one_before(bench: Bench) -> None:
    await bench.play(["say", "one"])
    first = bench.session.id
    with pytest.raises(SessionNotFound):
        await bench.run("/resume 01a00000-0000-7000-8000-000000000000")
    assert bench.session.id == first
    assert (await bench.play(["say", "still here"])).answer() == "still here"
    with pytest.raises(SessionNotFound, match="/sessions"):
        await bench.run("/resume no such thing")
    with pytest.raises(BadArgument, match="number 7"):
        await bench.run("/resume 7")


async def test_an_ambiguous_title_is_refused_with_the_ids(bench: Bench) -> None:
    await bench.play(["say", "one"], prompt="Twin")
    first = bench.session.id
    await bench.run("/new")
    await bench.play(["say", "two"], prompt="Twin")
    with pytest.raises(BadArgument, match=str(first)):
        await bench.run("/resume twin")


async def test_fork_goes_on_with_a_copy_that_knows_the_history(bench: Bench) -> None:
    await bench.play(["say", "one"], prompt="Remember the milk")
    first = bench.session.id
    said = await bench.run("/fork")
    assert bench.session.id != first
    assert str(first) in said
    await bench.play(["say", "two"])
    assert "Remember the milk" in bench.sent()


@pytest.mark.parametrize("command", ["/fork", "/name x", "/compact", "/ps", "/stop"])
async def test_commands_about_a_session_need_one(bench: Bench, command: str) -> None:
    with pytest.raises(SessionNotFound, match="Run a prompt first"):
        await bench.run(command)


async def test_compact_is_a_turn_that_shortens_the_history(bench: Bench) -> None:
    await bench.play(["say", "one"])
    await bench.run("/compact")
    turn = bench.turns[-1]
    assert turn.data["prompt"] == "/compact"
    assert [item["type"] for item in turn.data["items"]] == ["compaction"]


async def test_review_is_a_turn_with_findings(bench: Bench) -> None:
    await bench.run("/review look at the tests\nand at nothing else")
    turn = bench.turns[-1]
    assert turn.state == "completed"
    assert turn.data["prompt"] == "/review look at the tests\nand at nothing else"
    assert "review" in [item["type"] for item in turn.data["items"]]


async def test_plan_is_a_mode_for_one_turn_only(bench: Bench) -> None:
    proposed = "<proposed_plan>\\n# Do it\\n</proposed_plan>"
    await bench.run(f'/plan\nMake a plan @@ [["say", "{proposed}"]]')
    turn = bench.turns[-1]
    assert [item["type"] for item in turn.data["items"]] == ["plan"]
    assert turn.data["prompt"].startswith("/plan Make a plan")
    assert "# Plan Mode" in bench.sent()
    await bench.play(["say", "done"], prompt="Carry it out")
    assert bench.sent().rindex("# Collaboration Mode: Default") > bench.sent().rindex("# Plan Mode")


async def test_plan_without_a_prompt_is_refused(bench: Bench) -> None:
    with pytest.raises(BadArgument, match="/plan PROMPT"):
        await bench.run("/plan")


async def test_switching_waits_for_the_turn_that_runs(bench: Bench) -> None:
    await bench.play(["say", "one"])
    first = bench.session.id
    turn = asyncio.create_task(bench.play([["say", "half"], ["wait", "go"], ["say", "whole"]]))
    await bench.model.reached("go")
    switch = asyncio.create_task(bench.run("/new"))
    await bench.run("/status")
    assert not switch.done()
    assert bench.session.id == first
    bench.model.release("go")
    assert (await turn).state == "completed"
    await switch
    assert bench.session.id is None


async def test_plan_mode_keeps_the_effort_that_was_chosen(bench: Bench) -> None:
    await bench.run("/effort high")
    await bench.run('/plan Think @@ [["say", "ok"]]')
    assert bench.model.requests[-1]["reasoning"]["effort"] == "high"
    await bench.play(["say", "ok"])
    assert bench.model.requests[-1]["reasoning"]["effort"] == "high"
