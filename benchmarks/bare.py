"""The bare reader: what a turn costs when its messages are only parsed.

One thread, blocking reads, `json.loads` per line, nothing kept. It starts the same binary with
the same features and sends the same parameters as the kernel. `python -m benchmarks.bare` is a
worker (see `worker`); its arguments are the root of the place and, to offer Codex the kernel's
tools as well, with which Codex has work, `tools`.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager, nullcontext
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from benchmarks.place import Place
from codex_kernel._version import __version__
from codex_kernel.app_server.client import command_line, initialize_params
from codex_kernel.app_server.params import thread_params, turn_params
from codex_kernel.engine.portal import Portal
from codex_kernel.settings import AppServerSettings, SessionSettings
from codex_kernel.tools.documents import SessionDocuments
from codex_kernel.tools.notebooks import Notebooks
from codex_kernel.tools.server import offered

DELTA = "item/agentMessage/delta"


class BareReader:
    """An app-server and its only reader."""

    def __init__(self, place: Place, config: Mapping[str, object] | None = None) -> None:
        """Spawn and initialize; `config` is what every thread gets besides the usual."""
        self._settings = SessionSettings(cwd=str(place.workspace))
        self._app_server = AppServerSettings(config=dict(config or {}))
        self._process = subprocess.Popen(
            command_line(place.codex),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=place.workspace,
            env=place.environ(),
        )
        self._requests = 0
        self.request("initialize", initialize_params(__version__))
        self._write({"method": "initialized"})

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def new_thread(self) -> str:
        """Start a thread; returns its id."""
        params = thread_params(self._settings, self._app_server)
        return self.request("thread/start", params)["thread"]["id"]

    def turn(self, thread: str, prompt: str) -> dict[str, float]:
        """Run a turn; its seconds of wall and CPU, its deltas, and what the first of them took.

        `first` counts from turn/start, `delay` from `emittedAtMs`, both in seconds.
        """
        text = {"type": "text", "text": prompt, "text_elements": []}
        params = turn_params(self._settings, thread, [text], "benchmark")
        deltas, first, delay = 0, 0.0, 0.0
        cpu, began = time.process_time(), time.perf_counter()
        self._send("turn/start", params)
        while True:
            message = self._read()
            method = message.get("method")
            if method == DELTA:
                deltas += 1
                if deltas == 1:
                    first = time.perf_counter() - began
                    delay = time.time() - message["emittedAtMs"] / 1e3
            elif method == "turn/completed":
                break
        wall, cpu = time.perf_counter() - began, time.process_time() - cpu
        return {"wall": wall, "cpu": cpu, "deltas": deltas, "first": first, "delay": delay}

    def request(self, method: str, params: dict[str, Any]) -> Any:
        """The result of a request; what comes in between is passed over."""
        number = self._send(method, params)
        while True:
            message = self._read()
            if message.get("id") == number and "method" not in message:
                return message["result"]

    def _send(self, method: str, params: dict[str, Any]) -> int:
        self._requests += 1
        self._write({"id": self._requests, "method": method, "params": params})
        return self._requests

    def _write(self, message: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(message).encode() + b"\n")
        self._process.stdin.flush()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise EOFError("The app-server ended.")
        return json.loads(line)


@contextmanager
def _tools(place: Place) -> Iterator[Mapping[str, object]]:
    """The configuration that offers the kernel's tools, served on a thread that is idle in a turn.

    No prompt of a benchmark has them called.
    """
    nobody: Any = None
    tools = Notebooks(SessionDocuments(nobody, holds_prompts=True)).tools()
    serving = offered(lambda: tools, lambda _: nobody, place.root / "bare", lambda: None)
    portal, stack = Portal(), AsyncExitStack()
    try:
        yield portal.submit(stack.enter_async_context(serving)).result()
    finally:
        portal.submit(stack.aclose()).result()
        portal.close()


def main(root: str, tools: str = "") -> None:
    """Answer every prompt on stdin with the figures of its turn, on a fresh but warm thread."""
    place = Place(Path(root))
    offering = _tools(place) if tools else nullcontext({})
    with offering as config, BareReader(place, config) as reader:
        print("ready", flush=True)
        for line in sys.stdin:
            order = json.loads(line)
            thread = reader.new_thread()
            reader.turn(thread, order["warm"])
            time.sleep(order["settle"])
            print(json.dumps(reader.turn(thread, order["prompt"])), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
