"""Who may use a route, and that the routes are what the OpenAPI document says."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, assume, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance
from websockets.exceptions import InvalidStatus

from codex_kernel.ids import new_turn_id
from codex_kernel.server.routes import PREFIX, Route, Socket
from codex_kernel.server.table import ROUTES, SOCKETS
from codex_kernel.turn_log import bindings
from codex_kernel.turn_log.log import TurnLog
from tests.turn_log.turns import SESSION, ended

from .place import TOKEN, Server, jupyter_server

WRONG = "not-the-token"
NOT_CHECKED = [negative_data_rejection]
"""Parameters that are not ours are let pass: JupyterLab adds one of its own."""
NOT_CHECKED_OF_ACTS = [positive_data_acceptance, not_a_server_error]
"""What is asked of a turn or of Codex can be refused for what they are, as documented."""

LONGEST = 10_000
"""Characters; tornado closes the connection under an address of more than 64 KiB."""


def address(route: Route | Socket) -> str:
    return re.sub(r"{\w+}", str(new_turn_id()), route.path)


def is_an_act(route: Route) -> bool:
    return route.method != "GET" or bool({502, 504} & {*route.problems})


def names(route: Route | Socket) -> str:
    return f"{getattr(route, 'method', 'WS')} {route.path}"


@pytest.fixture(scope="module")
def denying() -> Iterator[Server]:
    with jupyter_server("--ServerApp.authorizer_class=tests.server.denying.Denying") as running:
        yield running


async def refused(server: Server, route: Route | Socket, token: str | None) -> int:
    """The status of a request that is expected to be refused."""
    if isinstance(route, Socket):
        with pytest.raises(InvalidStatus) as caught:
            async with server.socket(address(route), token=token):
                pass
        return caught.value.response.status_code
    body = None if route.method == "GET" else {}
    answer = await asyncio.to_thread(
        server.fetch, address(route), method=route.method, token=token, body=body
    )
    assert {"message", "next_step", "kind"} <= answer.json.keys()
    return answer.status


@pytest.mark.parametrize("route", [*ROUTES, *SOCKETS], ids=names)
@pytest.mark.parametrize("token", [None, WRONG], ids=["no token", "a wrong token"])
async def test_nobody_unknown_may_use_a_route(
    server: Server, route: Route | Socket, token: str | None
) -> None:
    assert await refused(server, route, token) == 403


@pytest.mark.parametrize("route", [*ROUTES, *SOCKETS], ids=names)
async def test_nobody_may_use_a_route_against_the_authorizer(
    denying: Server, route: Route | Socket
) -> None:
    assert await refused(denying, route, TOKEN) == 403


def test_methods_that_are_not_in_the_table_are_refused_and_told(server: Server) -> None:
    answer = server.fetch("health", method="POST", body={})
    assert (answer.status, answer.header("Allow")) == (405, "GET")
    assert answer.json["kind"] == "MethodNotAllowed"


def test_with_a_cookie_writing_needs_the_xsrf_token(server: Server) -> None:
    cookie = server.cookie()
    answer = server.fetch("health", method="POST", body={}, token=None, headers={"Cookie": cookie})
    assert answer.status == 403
    xsrf = server.xsrf()
    headers = {"Cookie": f"{cookie}; _xsrf={xsrf}", "X-XSRFToken": xsrf}
    answer = server.fetch("health", method="POST", body={}, token=None, headers=headers)
    assert answer.status == 405


def test_nothing_is_kept_in_a_cache(server: Server) -> None:
    for path in ("health", "sessions", "turns/unknown"):
        assert server.fetch(path).header("Cache-Control") == "no-store"


def test_everything_works_below_a_base_url() -> None:
    with jupyter_server("--ServerApp.base_url=/user/ada") as server:
        assert server.url.endswith("/user/ada/")
        assert server.get("health")["status"] == "ok"
        [place] = server.get("openapi.json")["servers"]
        assert place["url"] == f"/user/ada/{PREFIX}"


async def test_websockets_work_below_a_base_url() -> None:
    with jupyter_server("--ServerApp.base_url=/user/ada") as server:
        async with TurnLog.open(server.settings) as log:
            record = await ended(log)
        async with server.socket(f"turns/{record.turn_id}/stream") as socket:
            assert [message async for message in socket][
                -1
            ] == '{"type": "end", "state": "completed"}'


def test_the_document_has_every_route(server: Server) -> None:
    paths: dict[str, Any] = server.get("openapi.json")["paths"]
    assert "`snapshot`" in paths["/turns/{turn_id}/stream"]["get"]["description"]
    assert "`presence`" in paths["/feed"]["get"]["description"]
    told = {(method.upper(), path[1:]) for path, item in paths.items() for method in item}
    assert told == {(route.method, route.path) for route in ROUTES} | {
        ("GET", socket.path) for socket in SOCKETS
    }


@pytest.mark.parametrize("mode", GenerationMode, ids=lambda mode: mode.value)
@pytest.mark.parametrize("route", ROUTES, ids=names)
async def test_the_server_answers_as_the_document_says(
    server: Server, log: TurnLog, route: Route, mode: GenerationMode
) -> None:
    await bindings.remember_session(log, SESSION, title="Sums", cwd="/workspace")
    record = await ended(log)
    ids = {"turn_id": str(record.turn_id), "session_id": SESSION}
    await asyncio.to_thread(_examine, server, route, ids, mode)


def _examine(server: Server, route: Route, ids: dict[str, str], mode: GenerationMode) -> None:
    """Ask what the document allows, or does not allow; half of the time for what there is."""
    schema = schemathesis.openapi.from_dict(server.get("openapi.json"))
    operation = schema[f"/{route.path}"][route.method]
    known = {name: value for name, value in ids.items() if f"{{{name}}}" in route.path}
    # Headers are HTTP's: tornado refuses broken ones before any route is asked.
    cases = operation.as_strategy(generation_mode=mode, headers={})
    if known and mode is GenerationMode.POSITIVE:
        cases |= operation.as_strategy(generation_mode=mode, headers={}, path_parameters=known)
    excluded = [*NOT_CHECKED, *(NOT_CHECKED_OF_ACTS if is_an_act(route) else ())]

    @given(case=cases)
    @settings(
        # What is asked of somebody else takes its time to be answered.
        max_examples=40 if route.method == "GET" else 8,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    def examine(case: schemathesis.Case) -> None:
        assume(len(repr((case.query, case.path_parameters))) < LONGEST)
        answer = case.call_and_validate(
            base_url=f"{server.url}{PREFIX}",
            headers={"Authorization": f"token {TOKEN}"},
            excluded_checks=excluded,
        )
        assert answer.status_code != 500

    examine()
