"""Our types of the protocol against the schema of the binary and against recorded streams."""

from __future__ import annotations

import functools
from dataclasses import replace
from pathlib import Path
from types import UnionType
from typing import Any, NotRequired, Union, get_args, get_origin, get_type_hints, is_typeddict

import pytest
import typing_extensions
from pydantic import ConfigDict, TypeAdapter, with_config

from codex_kernel.app_server import client, questions
from codex_kernel.app_server.item_shapes import ITEMS
from codex_kernel.app_server.params import fork_params, resume_params, thread_params, turn_params
from codex_kernel.app_server.protocol import NOTIFICATIONS, REQUESTS, SERVER_REQUESTS
from codex_kernel.app_server.routing import Router
from codex_kernel.app_server.translate import _DELTAS, _STEPS
from codex_kernel.settings import AppServerSettings, SessionSettings

from .replay import RECORDINGS, messages, own_threads
from .schemas import Schema, methods, resolve, response, validate


def properties(shape: Schema) -> dict[str, Any]:
    found = dict(shape.get("properties", {}))
    for branch in shape.get("oneOf", []):
        found |= branch.get("properties", {})
    return found


def assert_fits(shape: Schema, ours: type, *, is_sent: bool) -> None:
    fields = set(ours.__annotations__)
    assert fields <= set(properties(shape)), ours.__name__
    if is_sent:
        assert set(shape.get("required", [])) <= fields, ours.__name__
    else:
        hints = get_type_hints(ours, include_extras=True)
        required = {name for name, hint in hints.items() if get_origin(hint) is not NotRequired}
        assert required <= set(shape.get("required", [])) | _in_some_branch(shape), ours.__name__


def _in_some_branch(shape: Schema) -> set[str]:
    return {name for branch in shape.get("oneOf", []) for name in branch.get("required", [])}


@pytest.mark.parametrize("method", NOTIFICATIONS)
def test_notifications_have_the_fields_that_we_read(schema: Schema, method: str) -> None:
    reference = methods(schema, "ServerNotification")[method]
    assert_fits(resolve(schema, reference), NOTIFICATIONS[method], is_sent=False)


@pytest.mark.parametrize("method", SERVER_REQUESTS)
def test_requests_of_the_server_have_the_fields_that_we_read(schema: Schema, method: str) -> None:
    reference = methods(schema, "ServerRequest")[method]
    assert_fits(resolve(schema, reference), SERVER_REQUESTS[method], is_sent=False)


@pytest.mark.parametrize("method", REQUESTS)
def test_our_requests_and_their_results_are_the_binarys(schema: Schema, method: str) -> None:
    reference = methods(schema, "ClientRequest")[method]
    params, result = REQUESTS[method]
    assert_fits(resolve(schema, reference), params, is_sent=True)
    answer = reference.replace("Params", "Response")
    assert_fits(resolve(schema, answer), result, is_sent=False)


def test_items_are_the_binarys(schema: Schema) -> None:
    alternatives = {
        entry["properties"]["type"]["enum"][0]: entry
        for entry in schema["definitions"]["v2"]["ThreadItem"]["oneOf"]
    }
    assert set(alternatives) == set(ITEMS)
    for kind, ours in ITEMS.items():
        assert_fits(alternatives[kind], ours, is_sent=False)


def test_what_is_translated_is_typed_and_what_is_unread_is_not() -> None:
    assert {*_STEPS, *_DELTAS} <= set(NOTIFICATIONS)
    assert not set(client.UNREAD) & set(NOTIFICATIONS)


def test_unread_notifications_exist(schema: Schema) -> None:
    assert set(client.UNREAD) <= set(methods(schema, "ServerNotification"))


def test_every_request_of_the_server_is_answered(schema: Schema) -> None:
    unanswerable = {
        method
        for method in methods(schema, "ServerRequest")
        if questions.refusal({"id": 0, "method": method, "params": {}}) is None
    }
    assert unanswerable <= {
        "account/chatgptAuthTokens/refresh",
        "attestation/generate",
        "currentTime/read",  # until 0.169
    }


@pytest.mark.parametrize("method", [*questions._REFUSALS])
def test_refusals_have_the_shape_of_their_request(schema: Schema, method: str) -> None:
    answer = questions.refusal({"id": 0, "method": method, "params": {}})
    validate(schema, response(schema, method), answer)


def test_our_parameters_are_valid(schema: Schema) -> None:
    settings = SessionSettings(
        cwd="/w", model="gpt-5.5", effort="high", writable_roots=("/x",), env={"A": "1"}
    )
    server = AppServerSettings(config={"features.goals": False})
    sent = [
        ("initialize", client.initialize_params("1")),
        ("thread/start", thread_params(settings, server, notebook="a.ipynb")),
        ("thread/start", thread_params(replace(settings, isolated=True), server)),
        ("thread/resume", resume_params(settings, server, "t")),
        ("thread/fork", fork_params(settings, server, "t")),
        *(
            ("turn/start", turn_params(replace(settings, sandbox=sandbox), "t", [], "c"))
            for sandbox in ("read-only", "workspace-write", "danger-full-access")
        ),
    ]
    for method, params in sent:
        validate(schema, methods(schema, "ClientRequest")[method], params)
        assert set(params) <= set(REQUESTS[method][0].__annotations__)


@functools.cache
def adapter(shape: type) -> TypeAdapter[Any]:
    return TypeAdapter(checkable(shape))


def checkable(hint: Any) -> Any:
    """The type as pydantic takes it before Python 3.12; fields that we do not know are allowed."""
    if is_typeddict(hint):
        fields = get_type_hints(hint, include_extras=True)
        made = typing_extensions.TypedDict(
            hint.__name__, {name: checkable(field) for name, field in fields.items()}
        )
        return with_config(ConfigDict(extra="allow", strict=True))(made)
    if get_origin(hint) is NotRequired:
        return typing_extensions.NotRequired[checkable(get_args(hint)[0])]
    if get_origin(hint) is list:
        return list[checkable(get_args(hint)[0])]
    if get_origin(hint) is UnionType:
        return Union[tuple(map(checkable, get_args(hint)))]  # noqa: UP007 - they are values
    return hint


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda path: path.stem)
def test_recorded_streams_have_these_shapes(recording: Path) -> None:
    asked: dict[Any, str] = {}
    for way, message in messages(recording):
        method = message.get("method")
        if way == "out" and method:
            asked[message.get("id")] = method
        elif way == "in" and method:
            known = SERVER_REQUESTS if "id" in message else NOTIFICATIONS
            if method in known:
                adapter(known[method]).validate_python(message["params"])
            item = (message.get("params") or {}).get("item")
            if item:
                adapter(ITEMS[item["type"]]).validate_python(item)
        elif way == "in" and "result" in message and asked.get(message["id"]) in REQUESTS:
            adapter(REQUESTS[asked[message["id"]]][1]).validate_python(message["result"])


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda path: path.stem)
async def test_every_recorded_message_of_a_thread_reaches_a_channel(recording: Path) -> None:
    refused: list[Any] = []
    router = Router(refused.append)
    heard: list[Any] = []
    router.subscribe(heard.append)
    incoming = [m for way, m in messages(recording) if way == "in" and "method" in m]
    router.take(incoming)
    channels = [router.open(thread_id) for thread_id in own_threads(recording)]
    taken = [message for channel in channels for message in await channel.batch()]
    assert len(taken) + len(heard) == len(incoming)
    assert refused == []
