"""Which response is due: read from the request alone, in every course that a turn can take."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from codex_kernel.scripted_model import ScriptedModel

from .app_server import AppServer, app_server


@pytest.fixture
async def model() -> AsyncIterator[ScriptedModel]:
    greeting = [["run", "echo hello"], ["say", "Greeted."]]
    async with ScriptedModel({"^greet": greeting, r"\bbye\b": [["say", "Bye."]]}) as model:
        yield model


async def test_a_scenario_answers_the_prompts_that_match(codex: AppServer) -> None:
    greeted = await codex.run("Greet me, please")
    assert greeted.items_of("commandExecution")[0]["aggregatedOutput"] == "hello\n"
    assert greeted.answers == ["Greeted."]
    assert (await codex.run("now say bye")).answers == ["Bye."]


async def test_a_prompt_without_script_is_told_what_answers(codex: AppServer) -> None:
    turn = await codex.run("What is\nthe meaning of this?")
    assert "I am a scripted model" in turn.answers[0]
    assert "> What is the meaning of this?" in turn.answers[0]


async def test_the_script_may_follow_on_lines_of_its_own(codex: AppServer) -> None:
    turn = await codex.run('Do it.\n\n@@ [\n  ["run", "true"],\n  ["say", "x"]\n]\nThank you.')
    assert turn.answers == ["x"]


async def test_each_turn_of_a_thread_plays_its_own_script(codex: AppServer) -> None:
    thread_id = await codex.start_thread()
    for number in range(3):
        script = [["run", f"echo {number}"], ["run", "true"], ["say", f"answer {number}"]]
        turn = await codex.play(*script, thread_id=thread_id)
        assert turn.answers == [f"answer {number}"]
        assert len(turn.items_of("commandExecution")) == 2


async def test_threads_at_once_do_not_mix(codex: AppServer, model: ScriptedModel) -> None:
    threads = [await codex.start_thread() for _ in range(3)]
    turns = []
    for name, thread_id in zip("abc", threads, strict=True):
        script = [["run", f"echo {name}"], [["wait", "all"], ["say", f"{name} is done"]]]
        turns.append(await codex.begin_turn(thread_id, f"@@ {json.dumps(script)}"))
    await model.reached("all")
    model.release("all")
    await asyncio.gather(*(turn.ended() for turn in turns))
    assert [turn.answers for turn in turns] == [[f"{name} is done"] for name in "abc"]


async def test_another_server_goes_on_with_the_thread(
    codex: AppServer, model: ScriptedModel, codex_home: Path, workspace: Path, slug: str
) -> None:
    """Nothing about the course of a turn is kept in the model."""
    turn = await codex.play(["run", "echo 1"], ["say", "first"])
    await codex.stop()
    async with ScriptedModel() as second:
        second.write_config(codex_home, slug)
        async with app_server(codex_home, workspace, slug) as later:
            await later.resume_thread(turn.thread_id)
            again = await later.play(["run", "echo 2"], ["say", "second"], thread_id=turn.thread_id)
    assert again.answers == ["second"]
    assert again.items_of("commandExecution")[0]["aggregatedOutput"] == "2\n"


async def _steered(codex: AppServer, model: ScriptedModel, text: str) -> list[str]:
    script = [[["say", "one"], ["wait", "steered"]], ["run", "true"], ["say", "end of the first"]]
    script[0].append(["run", "true"])
    thread_id = await codex.start_thread()
    turn = await codex.begin_turn(thread_id, f"@@ {json.dumps(script)}")
    await model.reached("steered")
    turn_id = turn.of("turn/started")[0]["params"]["turn"]["id"]
    content = [{"type": "text", "text": text}]
    await codex.request("turn/steer", threadId=thread_id, expectedTurnId=turn_id, input=content)
    model.release("steered")
    await turn.ended()
    return turn.answers


async def test_a_steering_message_lets_the_script_go_on(
    codex: AppServer, model: ScriptedModel
) -> None:
    assert await _steered(codex, model, "be quick") == ["one", "end of the first"]


async def test_a_steering_message_with_a_script_takes_over(
    codex: AppServer, model: ScriptedModel
) -> None:
    text = 'no, this: @@ [["run", "true"], ["say", "steered"]]'
    assert await _steered(codex, model, text) == ["one", "steered"]


async def test_a_turn_after_an_interrupted_one_begins_at_its_own_start(
    codex: AppServer, model: ScriptedModel
) -> None:
    thread_id = await codex.start_thread()
    script = [["run", "true"], [["wait", "never"]]]
    turn = await codex.begin_turn(thread_id, f"@@ {json.dumps(script)}")
    await model.reached("never")
    turn_id = turn.of("turn/started")[0]["params"]["turn"]["id"]
    await codex.request("turn/interrupt", threadId=thread_id, turnId=turn_id)
    await turn.ended()
    again = await codex.play(["run", "echo x"], ["say", "fresh"], thread_id=thread_id)
    assert again.answers == ["fresh"]
    assert len(again.items_of("commandExecution")) == 1


async def test_a_compaction_gets_a_summary_and_the_next_turn_plays(codex: AppServer) -> None:
    thread_id = await codex.start_thread()
    await codex.play(["run", "true"], ["say", "x"], thread_id=thread_id)
    compaction = codex.forget(thread_id)
    await codex.request("thread/compact/start", threadId=thread_id)
    assert (await compaction.ended())["status"] == "completed"
    assert compaction.types == ["contextCompaction"]
    turn = await codex.play(["run", "true"], ["say", "y"], thread_id=thread_id)
    assert turn.answers == ["y"]


async def test_a_compaction_inside_a_turn_does_not_start_the_script_again(
    codex: AppServer, workspace: Path
) -> None:
    config = {"model_auto_compact_token_limit": 150_000}
    thread_id = await codex.start_thread(config=config)
    usage = ["usage", {"input_tokens": 190_000, "output_tokens": 10}]
    turn = await codex.play(
        [usage, ["run", "echo x >> log.txt"]],
        ["run", "echo y >> log.txt"],
        ["say", "through"],
        thread_id=thread_id,
    )
    assert "contextCompaction" in turn.types
    assert turn.answers == ["through"]
    assert (workspace / "log.txt").read_text() == "x\ny\n"


async def test_an_answer_that_must_follow_a_schema_does(codex: AppServer) -> None:
    schema = {
        "type": "object",
        "properties": {
            "title": {"type": "string"},
            "tags": {"type": "array", "items": {"type": "string"}},
            "kind": {"enum": ["a", "b"]},
        },
        "required": ["title", "tags", "kind"],
        "additionalProperties": False,
    }
    turn = await codex.run("Give me a title", outputSchema=schema)
    assert json.loads(turn.answers[0]) == {"title": "Scripted model", "tags": [], "kind": "a"}
