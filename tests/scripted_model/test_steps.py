"""Every kind of step, played to the real binary by a classic and by a code mode model."""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path

import pytest

from codex_kernel.scripted_model import ScriptedModel

from .app_server import AppServer

_PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJg"
    "gg=="
)


async def test_say_streams_the_text_in_deltas_and_keeps_its_phase(codex: AppServer) -> None:
    text = "Grüße, “quotes”, \\ and a\nline. 🙂" * 3
    turn = await codex.play(["say", text, {"phase": "final_answer", "chunk": 5}])
    [message] = turn.items_of("agentMessage")
    deltas = [m["params"]["delta"] for m in turn.of("item/agentMessage/delta")]
    assert (message["text"], message["phase"]) == (text, "final_answer")
    assert "".join(deltas) == text
    assert max(map(len, deltas)) <= 5


async def test_think_makes_a_reasoning_item_with_its_parts(codex: AppServer) -> None:
    turn = await codex.play([["think", "**One**\n\nfirst", "**Two**"], ["say", "ok"]])
    [item] = turn.items_of("reasoning")
    assert item["summary"] == ["**One**\n\nfirst", "**Two**"]
    streamed = [m["params"]["delta"] for m in turn.of("item/reasoning/summaryTextDelta")]
    assert "".join(streamed) == "**One**\n\nfirst**Two**"


async def test_think_raw_streams_raw_reasoning(codex: AppServer) -> None:
    turn = await codex.play([["think_raw", "raw thoughts, some more of them"], ["say", "ok"]])
    streamed = [m["params"]["delta"] for m in turn.of("item/reasoning/textDelta")]
    assert "".join(streamed) == "raw thoughts, some more of them"


async def test_run_makes_a_command_and_the_next_response_follows(codex: AppServer) -> None:
    turn = await codex.play(["run", "echo one; echo 'two $x' >&2; exit 3"], ["say", "after"])
    [command] = turn.items_of("commandExecution")
    assert command["exitCode"] == 3
    # Codex does not keep the order between the two streams of a command.
    assert sorted(command["aggregatedOutput"].splitlines()) == ["one", "two $x"]
    assert turn.answers == ["after"]


async def test_run_takes_the_arguments_of_exec_command(codex: AppServer, workspace: Path) -> None:
    (workspace / "below").mkdir()
    turn = await codex.play(
        ["run", "pwd; test -t 1 && echo tty", {"workdir": "below", "tty": True}]
    )
    [command] = turn.items_of("commandExecution")
    assert command["aggregatedOutput"].split() == [str(workspace / "below"), "tty"]
    assert turn.answers == ["Done."]


async def test_two_commands_in_one_response_both_run(codex: AppServer) -> None:
    turn = await codex.play([["run", "echo first"], ["run", "echo second"]], ["say", "both"])
    outputs = sorted(item["aggregatedOutput"] for item in turn.items_of("commandExecution"))
    assert outputs == ["first\n", "second\n"]
    assert turn.answers == ["both"]


async def test_type_writes_to_the_command_that_is_still_running(codex: AppServer) -> None:
    turn = await codex.play(
        ["run", "read line; echo got $line", {"tty": True, "yield_time_ms": 250}],
        ["type", "abc\n", {"yield_time_ms": 5000}],
        ["say", "typed"],
    )
    [typed] = turn.of("item/commandExecution/terminalInteraction")
    assert typed["params"]["stdin"] == "abc\n"
    [command] = turn.items_of("commandExecution")
    assert "got abc" in command["aggregatedOutput"]
    assert turn.answers == ["typed"]


async def test_patch_changes_a_file(codex: AppServer, workspace: Path) -> None:
    (workspace / "a.txt").write_text("one\ntwo\n")
    patch = "*** Begin Patch\n*** Update File: a.txt\n@@\n one\n-two\n+TWO\n*** End Patch\n"
    turn = await codex.play(["patch", patch], ["say", "patched"])
    [change] = turn.items_of("fileChange")
    assert change["status"] == "completed"
    assert (workspace / "a.txt").read_text() == "one\nTWO\n"
    assert "+TWO" in turn.of("turn/diff/updated")[-1]["params"]["diff"]


async def test_plan_updates_the_plan(codex: AppServer) -> None:
    plan = [["Read", "completed"], ["Write", "in_progress"], ["Check", "pending"]]
    turn = await codex.play(["plan", plan, "Working"], ["say", "planned"])
    [updated] = turn.of("turn/plan/updated")
    assert updated["params"]["explanation"] == "Working"
    assert updated["params"]["plan"] == [
        {"step": "Read", "status": "completed"},
        {"step": "Write", "status": "inProgress"},
        {"step": "Check", "status": "pending"},
    ]


@pytest.mark.parametrize(("decision", "exists"), [("accept", True), ("decline", False)])
async def test_escalate_asks_and_the_script_goes_on_whatever_the_answer(
    codex: AppServer, codex_home: Path, decision: str, exists: bool
) -> None:
    outside = codex_home / "outside.txt"
    codex.decisions = [{"decision": decision}]
    turn = await codex.play(
        ["escalate", f"touch {outside}", "May I?", {"prefix_rule": ["touch"]}],
        ["say", "either way"],
        approvalPolicy="on-request",
    )
    [asked] = codex.asked
    assert asked["method"] == "item/commandExecution/requestApproval"
    assert asked["params"]["reason"] == "May I?"
    assert asked["params"]["proposedExecpolicyAmendment"] == ["touch"]
    assert outside.exists() is exists
    assert turn.answers == ["either way"]


async def test_view_image_shows_a_picture(
    codex: AppServer, workspace: Path, model: ScriptedModel
) -> None:
    (workspace / "pixel.png").write_bytes(_PIXEL)
    turn = await codex.play(["view_image", "pixel.png"], ["say", "seen"])
    [item] = turn.items_of("imageView")
    assert item["path"] == str(workspace / "pixel.png")
    assert "input_image" in json.dumps(model.requests[-1]["input"][-1])


async def test_call_reaches_a_tool_of_the_client(codex: AppServer) -> None:
    tool = {"name": "lookup", "description": "looks up", "inputSchema": {"type": "object"}}
    thread_id = await codex.start_thread(dynamicTools=[tool])
    codex.decisions = [{"contentItems": [{"type": "inputText", "text": "42"}], "success": True}]
    turn = await codex.play(["call", "lookup", {"what": "x"}], ["say", "ok"], thread_id=thread_id)
    [item] = turn.items_of("dynamicToolCall")
    assert (item["tool"], item["arguments"], item["success"]) == ("lookup", {"what": "x"}, True)


async def test_search_and_finished_items_appear(codex: AppServer) -> None:
    page = {"type": "open_page", "url": "https://example.org/x"}
    opened = {"type": "web_search_call", "status": "completed", "action": page}
    turn = await codex.play([["search", "jupyter kernel"], ["item", opened], ["say", "found"]])
    searches = turn.items_of("webSearch")
    assert [item["action"]["type"] for item in searches] == ["search", "openPage"]
    assert searches[0]["query"] == "jupyter kernel"
    assert turn.answers == ["found"]


async def test_an_unknown_custom_tool_is_refused_by_codex_and_harmless(
    codex: AppServer, model: ScriptedModel
) -> None:
    turn = await codex.play(["custom", "no_such_tool", "input"], ["say", "went on"])
    assert turn.answers == ["went on"]
    assert "no_such_tool" in json.dumps(model.requests[-1]["input"][-1])


async def test_generated_texts_have_the_wanted_number_of_deltas(codex: AppServer) -> None:
    turn = await codex.play([["words", 3000, 2], ["text", 10_000, 2500]])
    words, text = turn.answers
    assert words.split() == [f"word{number}" for number in range(3000)]
    assert len(text) == 10_000
    assert len(turn.of("item/agentMessage/delta")) == 1500 + 4


async def test_wait_holds_the_stream_until_released(codex: AppServer, model: ScriptedModel) -> None:
    thread_id = await codex.start_thread()
    script = [[["say", "before"], ["wait", "gate"], ["say", "after"]]]
    turn = await codex.begin_turn(thread_id, f"@@ {json.dumps(script)}")
    await model.reached("gate")
    await turn.until(lambda turn: turn.answers == ["before"])
    assert turn.end is None
    model.release("gate")
    await turn.ended()
    assert turn.answers == ["before", "after"]


async def test_pause_lets_through_what_came_before(codex: AppServer) -> None:
    turn = await codex.play([["say", "a"], ["pause", 0.01], ["say", "b"]])
    assert turn.answers == ["a", "b"]


async def test_stall_is_ended_by_an_interrupt(codex: AppServer) -> None:
    thread_id = await codex.start_thread()
    turn = await codex.begin_turn(thread_id, '@@ [[["say", "then nothing"], ["stall"]]]')
    await turn.until(lambda turn: turn.answers == ["then nothing"])
    turn_id = turn.of("turn/started")[0]["params"]["turn"]["id"]
    await codex.request("turn/interrupt", threadId=thread_id, turnId=turn_id)
    assert (await turn.ended())["status"] == "interrupted"


async def test_usage_is_what_the_script_says(codex: AppServer) -> None:
    usage = {"input_tokens": 1234, "output_tokens": 56}
    turn = await codex.play([["usage", usage], ["say", "cheap"]])
    last = turn.of("thread/tokenUsage/updated")[-1]["params"]["tokenUsage"]["last"]
    assert (last["inputTokens"], last["outputTokens"], last["totalTokens"]) == (1234, 56, 1290)


_MCP_SERVER = """
import json, sys
for line in sys.stdin:
    message = json.loads(line)
    if "id" not in message:
        continue
    if message["method"] == "initialize":
        version = message["params"]["protocolVersion"]
        result = {"protocolVersion": version, "capabilities": {"tools": {}},
                  "serverInfo": {"name": "adder", "version": "0"}}
    elif message["method"] == "tools/list":
        result = {"tools": [{"name": "add", "description": "adds", "inputSchema": {
            "type": "object", "properties": {"a": {"type": "number"}, "b": {"type": "number"}}},
            "annotations": {"readOnlyHint": True}}]}
    elif message["method"] == "tools/call":
        given = message["params"]["arguments"]
        result = {"content": [{"type": "text", "text": str(given["a"] + given["b"])}]}
    else:
        result = {}
    print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}), flush=True)
"""


async def test_mcp_calls_a_tool_of_a_server(codex: AppServer, workspace: Path) -> None:
    (workspace / "adder.py").write_text(_MCP_SERVER)
    config = {
        "mcp_servers.adder.command": sys.executable,
        "mcp_servers.adder.args": [str(workspace / "adder.py")],
    }
    thread_id = await codex.start_thread(config=config)
    turn = await codex.play(
        ["mcp", "adder", "add", {"a": 1, "b": 2}], ["say", "added"], thread_id=thread_id
    )
    [item] = turn.items_of("mcpToolCall")
    assert (item["server"], item["tool"], item["status"]) == ("adder", "add", "completed")
    assert item["result"]["content"] == [{"type": "text", "text": "3"}]
    assert turn.answers == ["added"]
