"""Commands that outlive their turn.

Codex keeps a command running that did not end within its turn, and reports its output and end
later under the old turn's id. The turn's record is closed by then, so this list holds them.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from codex_kernel.errors import AppServerGone, RequestRefused, RequestTimedOut
from codex_kernel.turn.events import Draft, Item, item_completed

if TYPE_CHECKING:
    from codex_kernel.engine.session import Session

TAIL = 16 * 1024
"""Characters of later output that are kept per command."""
ENDING_SECONDS = 10.0
"""How long the end of a killed command is expected."""


@dataclass
class BackgroundCommand:
    """A command that runs, or ran, after its turn ended. `exit_code` is None while it runs."""

    item_id: str
    command: str
    process_id: str | None
    output: str = ""
    is_running: bool = True
    exit_code: int | None = None


class Background:
    """The background commands of one session, by item id."""

    def __init__(self, session: Session) -> None:
        """Begins empty, also when the thread is left or its app-server ends."""
        self._session = session
        self.commands: dict[str, BackgroundCommand] = {}
        self._ending: dict[str, asyncio.Event] = {}
        self._killing: set[asyncio.Task[None]] = set()

    @property
    def running(self) -> list[BackgroundCommand]:
        """Those that have not ended."""
        return [command for command in self.commands.values() if command.is_running]

    def take(self, message: dict[str, Any]) -> None:
        """Take in a message that belongs to an earlier turn."""
        params = message["params"]
        if message["method"] == "item/commandExecution/outputDelta":
            command = self.commands.get(params["itemId"])
            if command is not None:
                command.output = (command.output + params["delta"])[-TAIL:]
        elif message["method"] == "item/completed":
            self._ended(params["item"])

    def _ended(self, item: dict[str, Any]) -> None:
        command = self.commands.get(item["id"])
        if command is not None:
            command.is_running = False
            command.exit_code = item.get("exitCode")
            command.output = (item.get("aggregatedOutput") or command.output)[-TAIL:]
        ending = self._ending.get(item["id"])
        if ending is not None:
            ending.set()

    async def adopt(self, open_commands: list[Item]) -> list[Draft]:
        """Take over the commands that a turn leaves running; returns how its record closes them.

        One that Codex does not list as running any more has ended in an unknown way.
        """
        if not open_commands:
            return []
        running = {entry["itemId"] for entry in await self._listed()}
        drafts: list[Draft] = []
        for item in open_commands:
            is_running = item["id"] in running
            if is_running:
                self.commands[item["id"]] = BackgroundCommand(
                    item["id"], item["command"], item.get("process_id")
                )
            drafts.append(
                item_completed({**item, "status": "background" if is_running else "lost"})
            )
        return drafts

    async def end(self, commands: list[Item], seconds: float) -> None:
        """Kill these commands of an interrupted turn, and wait so long for their ends.

        On a busy machine the killing may take longer than the wait; it is done all the same.
        """
        if commands:
            killing = asyncio.create_task(self._kill({item["id"] for item in commands}))
            self._killing.add(killing)
            killing.add_done_callback(self._killing.discard)
            await asyncio.wait((killing,), timeout=seconds)

    async def _kill(self, wanted: set[str]) -> None:
        endings = {item_id: asyncio.Event() for item_id in wanted}
        self._ending |= endings
        try:
            running = [each for each in await self._listed() if each["itemId"] in wanted]
            for entry in running:
                await self._terminate(entry["processId"])
            async with asyncio.timeout(ENDING_SECONDS):
                for entry in running:  # others never began: they waited for an approval
                    await endings[entry["itemId"]].wait()
        except TimeoutError:
            pass  # told to end; its end is not worth a longer wait
        finally:
            for item_id in wanted:
                del self._ending[item_id]

    async def stop(self, which: str | None = None) -> list[BackgroundCommand]:
        """Stop one background command (by process id) or all; returns those that were told."""
        stopped: list[BackgroundCommand] = []
        for entry in await self._listed():
            if which in (None, entry["processId"]):
                await self._terminate(entry["processId"])
                stopped.append(
                    BackgroundCommand(entry["itemId"], entry["command"], entry["processId"])
                )
        return stopped

    async def refresh(self) -> list[BackgroundCommand]:
        """The running ones as Codex lists them."""
        listed = {entry["itemId"]: entry for entry in await self._listed()}
        for item_id, command in self.commands.items():
            command.is_running = item_id in listed
        return [
            self.commands.setdefault(
                item_id, BackgroundCommand(item_id, entry["command"], entry["processId"])
            )
            for item_id, entry in listed.items()
        ]

    async def _listed(self) -> list[dict[str, Any]]:
        try:
            answer = await self._session.thread.ask("thread/backgroundTerminals/list")
        except (RequestRefused, RequestTimedOut, AppServerGone):
            return []
        return answer["data"]

    async def _terminate(self, process_id: str) -> None:
        try:
            await self._session.thread.ask(
                "thread/backgroundTerminals/terminate", processId=process_id
            )
        except (RequestRefused, RequestTimedOut, AppServerGone):
            return  # it has ended by itself
