"""A client of the REST API that shows status and answer, and turns that wait to be acted on."""

from __future__ import annotations

import json
import urllib.error
from dataclasses import dataclass
from typing import Any
from urllib.request import Request, urlopen

import psutil

from codex_kernel.scripted_model import ScriptedModel

from ..end_to_end.place import MIME, SECONDS, Kernel, Place, processes_of
from ..end_to_end.script import cell, say
from ..end_to_end.test_interrupts import shows
from .running import API, Jupyter


@dataclass(frozen=True)
class Answer:
    """What a request gave."""

    status: int
    json: Any

    @property
    def outcome(self) -> Any:
        return self.json["outcome"]


def call(jupyter: Jupyter, method: str, path: str, body: Any = None, **headers: str) -> Answer:
    """Ask one of our routes; header names with underscores."""
    data = None if method == "GET" else json.dumps(body or {}).encode()
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    request = Request(f"{jupyter.url}{API}{path}", method=method, data=data, headers=sent)
    try:
        with urlopen(request, timeout=SECONDS) as answer:
            return Answer(answer.status, json.loads(answer.read()))
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, json.loads(error.read()))


def app_servers(place: Place) -> list[psutil.Process]:
    """The app-servers of a place, whoever started them."""
    return [each for each in processes_of(place) if _is_app_server(each)]


def _is_app_server(process: psutil.Process) -> bool:
    try:
        return "app-server" in process.cmdline()
    except psutil.Error:
        return False


def begun(kernel: Kernel, *rest: Any) -> tuple[str, str]:
    """A turn that has said something and waits for the test; its request and its id."""
    script = cell([say("Begun"), ["wait", "here"]], *(rest or (say("Done."),)))
    return started(kernel, script, shows("Begun"))


def started(kernel: Kernel, script: str, found: Any) -> tuple[str, str]:
    """A turn whose bundle is `found`; its request and its id."""
    request = kernel.send(script, allow_stdin=True, cell_id="a-cell")
    message = kernel.until(request, found)[-1]
    return request, message["content"]["data"][MIME]["turn_id"]


def end(kernel: Kernel, model: ScriptedModel, request: str) -> Any:
    """Let a turn go on, to its end."""
    model.wait_reached("here")
    model.release("here")
    return kernel.finish(request)
