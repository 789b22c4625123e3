"""A throw-away client of `codex app-server`: enough to run turns and look at what came of them.

It is not the project's client on purpose: a fault there must not hide one in the scripted model.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from codex_cli_bin import bundled_codex_path

Message = dict[str, Any]
_LONGEST_LINE = 1 << 26
_THREAD_CONFIG = {
    "allow_login_shell": False,
    "tools.update_plan.enabled": True,
    "features.shell_snapshot": False,
    "features.instant_interrupt": False,
}
# Read-only at first, so that Codex does not write into its config that the folder is trusted.
_WORKSPACE_WRITE = {"type": "workspaceWrite", "networkAccess": False}


@dataclass
class Turn:
    """One turn: every notification of its thread, and how it ended."""

    thread_id: str
    messages: list[Message] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def end(self) -> Message | None:
        return next(
            (m["params"]["turn"] for m in self.messages if m["method"] == "turn/completed"), None
        )

    @property
    def items(self) -> list[Message]:
        return [m["params"]["item"] for m in self.of("item/completed")]

    def of(self, method: str) -> list[Message]:
        return [m for m in self.messages if m["method"] == method]

    def items_of(self, kind: str) -> list[Message]:
        return [item for item in self.items if item["type"] == kind]

    @property
    def types(self) -> list[str]:
        """The types of the completed items, without the user's message and empty reasoning."""
        return [item["type"] for item in self.items if item["type"] != "userMessage"]

    @property
    def answers(self) -> list[str]:
        return [item["text"] for item in self.items_of("agentMessage")]

    async def until(self, is_there: Callable[[Turn], bool]) -> None:
        while not is_there(self):
            self.news.clear()
            await self.news.wait()

    async def ended(self) -> Message:
        await self.until(lambda turn: turn.end is not None)
        assert self.end is not None
        return self.end


class AppServer:
    """The real binary over stdio."""

    def __init__(self, process: asyncio.subprocess.Process, cwd: Path, model: str) -> None:
        self.process = process
        self.cwd = cwd
        self.model = model
        self.decisions: list[Message] = []
        """Answers to the next requests of the server; "decline" when there is none."""
        self.asked: list[Message] = []
        self._answers: dict[int, asyncio.Future[Message]] = {}
        self._turns: dict[str, Turn] = {}

    def _write(self, message: Message) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(message).encode() + b"\n")

    async def request(self, method: str, **params: Any) -> Message:
        number = len(self._answers)
        self._answers[number] = asyncio.get_running_loop().create_future()
        self._write({"id": number, "method": method, "params": params})
        answer = await self._answers[number]
        assert "result" in answer, answer
        return answer["result"]

    async def start_thread(self, **params: Any) -> str:
        params = {"cwd": str(self.cwd), "model": self.model, "sandbox": "read-only"} | params
        params["config"] = _THREAD_CONFIG | params.get("config", {})
        return (await self.request("thread/start", **params))["thread"]["id"]

    async def resume_thread(self, thread_id: str) -> None:
        await self.request("thread/resume", threadId=thread_id, config=_THREAD_CONFIG)

    async def begin_turn(self, thread_id: str, prompt: str, **params: Any) -> Turn:
        turn = self._turns[thread_id] = Turn(thread_id)
        params = {"sandboxPolicy": _WORKSPACE_WRITE} | params
        content = [{"type": "text", "text": prompt}]
        await self.request("turn/start", threadId=thread_id, input=content, **params)
        return turn

    async def run(self, prompt: str, *, thread_id: str | None = None, **params: Any) -> Turn:
        thread_id = thread_id or await self.start_thread()
        turn = await self.begin_turn(thread_id, prompt, **params)
        await turn.ended()
        return turn

    async def play(self, *script: Any, **params: Any) -> Turn:
        return await self.run(f"Please play @@ {json.dumps(script)}", **params)

    def other_turns(self, thread_id: str) -> list[Turn]:
        """Turns of threads that nobody here started: sub-agents."""
        return [turn for other, turn in self._turns.items() if other != thread_id]

    def forget(self, thread_id: str) -> Turn:
        """Watch the thread anew, for a turn that no prompt begins."""
        self._turns[thread_id] = Turn(thread_id)
        return self._turns[thread_id]

    async def stop(self) -> None:
        """End the process; what it said last is read."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        await self.process.wait()

    def watch(self, thread_id: str) -> Turn:
        return self._turns.setdefault(thread_id, Turn(thread_id))

    async def _read(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            message = json.loads(line)
            if "method" not in message:
                self._answers[message["id"]].set_result(message)
            elif "id" in message:
                self.asked.append(message)
                answer = self.decisions.pop(0) if self.decisions else {"decision": "decline"}
                self._write({"id": message["id"], "result": answer})
            elif "threadId" in message["params"]:
                turn = self.watch(message["params"]["threadId"])
                turn.messages.append(message)
                turn.news.set()


@asynccontextmanager
async def app_server(codex_home: Path, cwd: Path, model: str) -> AsyncIterator[AppServer]:
    """The binary with this CODEX_HOME, from start to reap."""
    process = await asyncio.create_subprocess_exec(
        str(bundled_codex_path()),
        "app-server",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=os.environ | {"CODEX_HOME": str(codex_home)},
        cwd=cwd,
        limit=_LONGEST_LINE,
        start_new_session=True,
    )
    server = AppServer(process, cwd, model)
    reading = asyncio.create_task(server._read())
    try:
        client = {"name": "scripted_model_tests", "title": "tests", "version": "0"}
        capabilities = {"experimentalApi": True}
        await server.request("initialize", clientInfo=client, capabilities=capabilities)
        server._write({"method": "initialized"})
        yield server
    finally:
        await server.stop()
        await reading
