"""The server without Codex: its routes, its threads and processes, and what it leaves behind."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
import threading
import tomllib
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from codex_kernel.scripted_model import Scenario, ScriptedModel, ScriptError, load_scenarios
from codex_kernel.scripted_model.holds import Pause
from codex_kernel.scripted_model.request import ModelRequest
from codex_kernel.scripted_model.script import parse_script
from codex_kernel.scripted_model.stream import stream


def _body(prompt: str) -> dict[str, Any]:
    content = [{"type": "input_text", "text": prompt}]
    return {"input": [{"type": "message", "role": "user", "content": content}]}


def _post(url: str, body: dict[str, Any] | None = None) -> str:
    data = json.dumps(body or {}).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data)) as answer:
        return answer.read().decode()


def _events(text: str) -> list[dict[str, Any]]:
    lines = [line.removeprefix("data: ") for line in text.splitlines() if line[:5] == "data:"]
    return [json.loads(line) for line in lines]


def _said(text: str) -> str:
    return "".join(e["delta"] for e in _events(text) if e["type"].endswith("output_text.delta"))


@pytest.fixture
def model() -> Iterator[ScriptedModel]:
    with ScriptedModel.in_thread({"hello": [["say", "Hello to you."]]}) as model:
        yield model


@pytest.fixture
def root(model: ScriptedModel) -> str:
    return model.base_url.removesuffix("/v1")


def test_a_response_is_the_events_of_the_responses_api(model: ScriptedModel) -> None:
    events = _events(_post(f"{model.base_url}/responses", _body("hello")))
    assert [event["type"].removeprefix("response.") for event in events] == [
        "created",
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.done",
        "content_part.done",
        "output_item.done",
        "completed",
    ]
    assert events[-2]["item"]["content"][0]["text"] == "Hello to you."
    assert model.requests[-1] == _body("hello")


def test_it_listens_on_the_loopback_only(model: ScriptedModel) -> None:
    assert model.base_url.startswith("http://127.0.0.1:")
    [listening] = model.addresses
    assert listening[0] == "127.0.0.1"


def test_models_and_unknown_routes_are_answered(model: ScriptedModel, root: str) -> None:
    with urllib.request.urlopen(f"{model.base_url}/models") as answer:
        assert json.load(answer) == {"models": []}
    with pytest.raises(urllib.error.HTTPError, match="404") as caught:
        urllib.request.urlopen(f"{root}/nothing")
    caught.value.close()


@pytest.mark.parametrize(
    "raw",
    [
        b"nonsense\r\n\r\n",
        b"POST /v1/responses HTTP/1.1\r\ncontent-length: -1\r\n\r\n",
        b"POST /v1/responses HTTP/1.1\r\ncontent-length: 3\r\n\r\n[1]",
        b"POST /v1/responses HTTP/1.1\r\ncontent-length: 3\r\n\r\n{{{",
    ],
)
def test_a_malformed_request_is_refused_and_the_next_one_answered(
    model: ScriptedModel, raw: bytes
) -> None:
    with socket.create_connection(("127.0.0.1", model.addresses[0][1])) as connection:
        connection.sendall(raw)
        assert connection.makefile("rb").readline() == b"HTTP/1.1 400 Bad Request\r\n"
    assert _said(_post(f"{model.base_url}/responses", _body("hello"))) == "Hello to you."


def test_a_wait_can_be_reached_and_released_over_http(model: ScriptedModel, root: str) -> None:
    script = '@@ [[["wait", "gate"], ["say", "open"]]]'
    said: list[str] = []
    asking = threading.Thread(
        target=lambda: said.append(_said(_post(f"{model.base_url}/responses", _body(script))))
    )
    asking.start()
    with urllib.request.urlopen(f"{root}/reached/gate") as answer:
        assert json.load(answer) == {"reached": "gate"}
    assert said == []
    _post(f"{root}/release/gate")
    asking.join()
    assert said == ["open"]


def test_waiting_for_what_nobody_reaches_times_out(model: ScriptedModel) -> None:
    with pytest.raises(TimeoutError):
        model.wait_reached("nowhere", timeout_seconds=0.01)


def test_the_thread_ends_with_responses_still_held() -> None:
    before = threading.active_count()
    with ScriptedModel.in_thread() as model:
        connection = socket.create_connection(("127.0.0.1", model.addresses[0][1]))
        body = json.dumps(_body('@@ [[["wait", "for ever"]]]'))
        head = f"POST /v1/responses HTTP/1.1\r\ncontent-length: {len(body)}\r\n\r\n"
        connection.sendall((head + body).encode())
        model.wait_reached("for ever")
    connection.close()
    assert threading.active_count() == before


def test_a_port_that_is_taken_is_an_error_of_the_caller(model: ScriptedModel) -> None:
    with (
        pytest.raises(OSError, match="in use"),
        ScriptedModel.in_thread(port=model.addresses[0][1]),
    ):
        pytest.fail("the port is taken")


async def test_no_task_is_left_behind() -> None:
    async with ScriptedModel() as model:
        reader, writer = await asyncio.open_connection(*model.addresses[0])
        body = json.dumps(_body('@@ [[["stall"]]]'))
        writer.write(f"POST /responses HTTP/1.1\r\ncontent-length: {len(body)}\r\n\r\n".encode())
        writer.write(body.encode())
        await reader.readuntil(b"response.created")
    writer.close()
    assert asyncio.all_tasks() == {asyncio.current_task()}


def test_the_config_points_codex_at_the_model(model: ScriptedModel, tmp_path: Path) -> None:
    path = model.write_config(
        tmp_path / "home",
        "gpt-6.1-sol",
        stream_max_retries=1,
        approval_policy="never",
        features={"web_search": False, "a b": ['"', "\\"]},
    )
    config = tomllib.loads(path.read_text())
    provider = config["model_providers"][config["model_provider"]]
    assert config["model"] == "gpt-6.1-sol"
    assert config["approval_policy"] == "never"
    assert config["features"] == {"web_search": False, "a b": ['"', "\\"]}
    assert provider["base_url"] == model.base_url
    assert provider["stream_max_retries"] == 1
    assert "request_max_retries" not in provider


def test_scenarios_are_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "scenarios.json"
    script = [["say", "x"]]
    path.write_text(json.dumps({"named": {"when": "a+b", "script": script}, "c|d": script}))
    named, plain = load_scenarios(path)
    assert named == Scenario("named", "a+b", parse_script(script))
    assert named.fits("the AAB")
    assert plain.fits("only d")


@pytest.mark.parametrize(
    "text", ["[]", "{", '{"(": [["say", "x"]]}', '{"a": [["sing"]]}', '{"a": {"when": "b"}}']
)
def test_a_file_without_proper_scenarios_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "scenarios.json"
    path.write_text(text)
    with pytest.raises(ScriptError):
        load_scenarios(path)


def test_a_pace_puts_pauses_between_the_deltas() -> None:
    [response] = parse_script([["say", "x" * 40, {"chunk": 10}]])
    frames = list(stream(response, ModelRequest({}), pace=100.0))
    assert [frame for frame in frames if isinstance(frame, Pause)] == [Pause(0.1)] * 4


def test_a_pace_does_not_slow_what_nobody_sees_growing() -> None:
    [response] = parse_script([["patch", "x" * 1000]])
    frames = stream(response, ModelRequest({}), pace=1.0)
    assert not [frame for frame in frames if isinstance(frame, Pause)]


def test_a_big_text_comes_in_few_large_pieces() -> None:
    [response] = parse_script([["words", 100_000]])
    pieces = [frame for frame in stream(response, ModelRequest({})) if isinstance(frame, bytes)]
    assert sum(piece.count(b"output_text.delta\n") for piece in pieces) == 100_000
    assert len(pieces) < 100


def test_as_a_process_it_prints_its_url_writes_the_config_and_ends_on_terminate(
    tmp_path: Path,
) -> None:
    home = tmp_path / "home"
    command = [sys.executable, "-m", "codex_kernel.scripted_model", "--codex-home", str(home)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        base_url = process.stdout.readline().strip()
        try:
            played = _events(_post(f"{base_url}/responses", _body("What is in this folder?")))
            calls = [event["item"] for event in played if event["type"].endswith("item.done")]
            assert [call["name"] for call in calls[1:]] == ["update_plan", "exec_command"]
            config = tomllib.loads((home / "config.toml").read_text())
            assert config["model_providers"]["scripted"]["base_url"] == base_url
        finally:
            process.terminate()
    assert process.returncode == 0
