"""Sub-agents: each plays the script of its own task, in both generations of the tools."""

from __future__ import annotations

import pytest

from codex_kernel.scripted_model import ScriptedModel

from .app_server import AppServer


@pytest.fixture(params=["unknown-model", "gpt-6.1-sol"])
def slug(request: pytest.FixtureRequest) -> str:
    """A model with classic tools for agents, and one with the newer ones."""
    return request.param


async def test_a_sub_agent_plays_the_script_of_its_task(
    codex: AppServer, model: ScriptedModel
) -> None:
    task = 'look @@ [["run", "echo from the agent"], ["say", "agent done"]]'
    turn = await codex.play(["spawn", "helper", task], ["join"], ["say", "all done"])
    assert turn.answers == ["all done"]
    [agent] = codex.other_turns(turn.thread_id)
    await agent.ended()
    assert agent.answers == ["agent done"]
    [command] = agent.items_of("commandExecution")
    assert command["aggregatedOutput"] == "from the agent\n"
