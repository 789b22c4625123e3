"""What is read from a request, for requests that are hard to come by from the real binary."""

from __future__ import annotations

import json
from typing import Any

import pytest

from codex_kernel.scripted_model.request import ModelRequest
from codex_kernel.scripted_model.scenarios import choose_response
from codex_kernel.scripted_model.script import Step, parse_script
from codex_kernel.scripted_model.stream import stream
from codex_kernel.scripted_model.tools import Toolbox, tool_item

Item = dict[str, Any]


def _user(text: str) -> Item:
    return {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}


def _request(*items: Item, **metadata: str) -> ModelRequest:
    client = {"x-codex-turn-metadata": json.dumps(metadata)} if metadata else {}
    return ModelRequest({"input": list(items), "client_metadata": client})


def _answer(request: ModelRequest, script: list[Any]) -> list[Item]:
    """The finished items of the response that is due."""
    frames = stream(parse_script(script)[request.round], request)
    lines = b"".join(frame for frame in frames if isinstance(frame, bytes)).decode().splitlines()
    events = [json.loads(line.removeprefix("data: ")) for line in lines if line[:5] == "data:"]
    return [event["item"] for event in events if event["type"].endswith("output_item.done")]


@pytest.mark.parametrize("metadata", [{}, {"turn_id": "t1"}])
def test_rounds_are_counted_with_and_without_the_metadata_of_codex(
    metadata: dict[str, str],
) -> None:
    script = [["run", "a"], [["run", "b"], ["run", "c"]], ["say", "d"], ["say", "e"]]
    items = [_user("go")]
    for number in range(4):
        request = _request(*items, **metadata)
        assert request.round == number
        assert request.prompt.text == "go"
        items += _answer(request, script)


def test_a_retry_of_the_same_request_is_the_same_round() -> None:
    request = _request(_user("go"), turn_id="t1")
    first, second = (_answer(request, [["say", "x"]])[0] for _ in range(2))
    assert first["id"] != second["id"]
    assert first["content"] == second["content"]


def test_items_of_another_turn_do_not_count() -> None:
    earlier = _answer(_request(_user("go"), turn_id="t1"), [["run", "a"]])
    later = _request(_user("go"), *earlier, _user("again"), turn_id="t2")
    assert (later.round, later.prompt.text) == (0, "again")


@pytest.mark.parametrize(
    "text",
    [
        "<environment_context>\n  <cwd>/workspace</cwd>",
        "# AGENTS.md instructions for /workspace",
        "<turn_aborted>\nThe user interrupted",
        "Another language model started to solve this problem and produced a summary",
    ],
)
def test_what_codex_says_in_the_name_of_the_user_is_no_prompt(text: str) -> None:
    assert _request(_user("mine"), _user(text)).prompt.text == "mine"


def test_words_that_look_like_markup_are_a_prompt() -> None:
    assert _request(_user("<div> is wrong here")).prompt.text == "<div> is wrong here"


def test_a_report_of_another_agent_is_no_prompt_but_a_task_is() -> None:
    def message(kind: str) -> Item:
        head = {"type": "input_text", "text": f"Message Type: {kind}\nPayload:\n"}
        body = {"type": "encrypted_content", "encrypted_content": "the words"}
        return {"type": "agent_message", "content": [head, body]}

    assert _request(_user("mine"), message("FINAL_ANSWER")).prompt.text == "mine"
    assert "the words" in _request(_user("mine"), message("NEW_TASK")).prompt.text


def test_a_request_for_codexs_own_ends_is_answered_shortly() -> None:
    request = _request(_user("Make a title for this"), request_kind="title")
    assert choose_response([], request) == (Step("say", ("Scripted model",)),)


def test_a_request_without_any_prompt_is_answered() -> None:
    assert choose_response([], ModelRequest({}))


def test_a_patch_is_a_command_where_the_model_has_no_tool_for_it() -> None:
    request = ModelRequest({"tools": [{"type": "function", "name": "exec_command"}]})
    item = tool_item(Step("patch", ("*** Begin Patch\n",)), request, Toolbox.of(request))
    assert item["name"] == "exec_command"
    assert json.loads(item["arguments"])["cmd"].startswith("apply_patch <<")


def test_a_tool_in_a_namespace_is_called_with_it() -> None:
    tools = [{"type": "namespace", "name": "agents", "tools": [{"type": "function", "name": "go"}]}]
    request = ModelRequest({"tools": tools})
    item = tool_item(Step("call", ("go", {})), request, Toolbox.of(request))
    assert (item["name"], item["namespace"]) == ("go", "agents")


def test_code_mode_calls_what_it_is_not_offered_from_javascript() -> None:
    names = ["exec", "request_user_input"]
    tools = [{"type": "namespace", "name": "functions", "tools": [{"name": n} for n in names]}]
    request = ModelRequest({"input": [{"type": "additional_tools", "tools": tools}]})
    toolbox = Toolbox.of(request)
    nested = tool_item(Step("mcp", ("my-server", "add", {"a": 1})), request, toolbox)
    direct = tool_item(Step("call", ("request_user_input", {})), request, toolbox)
    assert nested["name"] == "exec"
    assert 'tools.mcp__my_server__add({"a": 1})' in nested["input"]
    assert (direct["type"], direct["name"]) == ("function_call", "request_user_input")
