"""A session on the real binary with a scripted model, and cells that are run on it."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from codex_kernel.cell.run import Frontend, run_cell
from codex_kernel.engine.session import Session
from codex_kernel.scripted_model import ScriptedModel
from codex_kernel.settings import AppServerSettings, LogSettings, SessionSettings, Settings
from codex_kernel.turn.events import Event
from codex_kernel.turn.transcript import Transcript
from codex_kernel.turn_log.log import TurnLog


@dataclass
class Bench:
    """A host without a kernel: what cells said and the turns they ran."""

    session: Session
    model: ScriptedModel
    home: Path
    workspace: Path
    typed: list[str] = field(default_factory=list)
    """What the user answers when asked; without an answer nobody can be asked."""
    asked: list[tuple[str, bool]] = field(default_factory=list)
    said: list[dict[str, Any]] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    turns: list[Transcript] = field(default_factory=list)

    async def run(self, text: str) -> str:
        """Run a cell; returns the plain text of what it said."""
        self.said.clear()
        frontend = Frontend(None, self._take, self._say, self._read_line)
        await run_cell(self.session, text, frontend)
        return "\n".join(each["text/plain"] for each in self.said)

    async def play(self, *script: Any, prompt: str = "Please play") -> Transcript:
        """Run a turn by a script of the model."""
        await self.run(f"{prompt} @@ {json.dumps(script)}")
        return self.turns[-1]

    def _take(self, events: list[Event]) -> None:
        if events[0]["type"] == "turn.queued":
            self.turns.append(Transcript())
        self.turns[-1].apply(events)

    def _say(self, bundle: dict[str, Any]) -> None:
        self.said.append(bundle)
        self.news.set()

    async def _read_line(self, prompt: str, is_password: bool) -> str | None:
        self.asked.append((prompt, is_password))
        return self.typed.pop(0) if self.typed else None

    def sent(self) -> str:
        """The last request that the model got."""
        return json.dumps(self.model.requests[-1])


@asynccontextmanager
async def opened(folder: Path, model: ScriptedModel, **settings: Any) -> AsyncIterator[Bench]:
    """A bench in a folder, from start to end."""
    workspace = folder / "workspace"
    workspace.mkdir(exist_ok=True)
    chosen = Settings(
        session=SessionSettings(cwd=str(workspace), **settings),
        app_server=AppServerSettings(
            codex_home=str(folder / "home"),
            environ={key: val for key, val in os.environ.items() if not key.startswith("CODEX")},
        ),
        log=LogSettings(folder=folder / "data"),
    )
    async with TurnLog.open(chosen.log) as log:
        session = Session(chosen, log)
        try:
            yield Bench(session, model, folder / "home", workspace)
        finally:
            await session.aclose()
