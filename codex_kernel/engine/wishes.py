"""What the notebook asks for: settings that a page or a cell's command chose for its turns.

They are kept with the notebook, so that they outlive the kernel, and read when a turn begins.
Only what has changed since the last look is applied: what a command of a cell changed for this
kernel alone stays. What the file itself asks for (see `carried`) holds where nothing was chosen.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

from codex_kernel.engine.carried import refusals, trusted
from codex_kernel.engine.document import Document
from codex_kernel.settings import SessionSettings

KEPT = ("model", "effort", "sandbox", "approval_policy", "cwd")
"""Fields of `SessionSettings` that a notebook keeps. Besides: `env`, names of variables whose
values come from the environment of the kernel, and `session`, which is asked for once."""


class Wishes:
    """The wishes of one notebook, and which of them are in force."""

    def __init__(
        self, document: Document, defaults: SessionSettings, environ: Mapping[str, str]
    ) -> None:
        """`defaults`: what holds when a wish is taken back."""
        self._document = document
        self._defaults = defaults
        self._environ = environ
        self._seen: dict[str, Any] = {}
        self._refused: list[str] = []
        self._heeded: dict[str, dict[str, Any]] = {}
        self.session: str | None = None
        """The session that the next turn should belong to, until it was `taken`."""

    async def changes(self, current: SessionSettings) -> tuple[dict[str, Any], list[str]]:
        """Settings that are asked for anew, by field, and what is to be told; raises `LogError`."""
        wanted = await self._document.wishes()
        self.session = wanted.pop("session", None)
        changes: dict[str, Any] = {}
        notices: list[str] = []
        wanted = {**await self._carried(wanted, notices), **wanted}
        for name in (*KEPT, "env"):
            if wanted.get(name) != self._seen.get(name):
                read = _READERS.get(name, Wishes._plain)
                changes[name] = read(self, name, wanted.get(name), current, notices)
        if changes or self.session is not None:
            asked = {name: wanted.get(name) for name in changes}
            asked |= {"session": self.session} if self.session is not None else {}
            await self._note(asked)
        self._seen = wanted
        return changes, notices

    async def _carried(self, chosen: Mapping[str, Any], notices: list[str]) -> dict[str, str]:
        asked = await self._document.carried()
        open_ones = {name: value for name, value in asked.items() if name not in chosen}
        refused = refusals(open_ones, self._defaults)
        notices += [text for text in refused if text not in self._refused]
        self._refused = refused
        return trusted(open_ones, self._defaults)

    async def _note(self, asked: Mapping[str, Any]) -> None:
        """Remember who asked for what, until the next turn tells it."""
        by = await self._document.who_asked()
        for name, value in asked.items():
            if by.get(name):
                self._heeded.setdefault(by[name], {})[name] = value

    def take_heeded(self) -> list[tuple[str, dict[str, Any]]]:
        """Who asked for which settings since the last call."""
        heeded, self._heeded = self._heeded, {}
        return list(heeded.items())

    async def remember(self, changes: Mapping[str, Any]) -> None:
        """Keep what was chosen here, as far as a notebook keeps it; None takes a wish back."""
        kept = {name: value for name, value in changes.items() if name in KEPT}
        # What is not recorded (yet) must not look as if it had been taken back meanwhile.
        if kept and await self._document.wish(kept):
            self._seen = {**self._seen, **kept}

    async def taken(self) -> None:
        """The session that was asked for is the present one."""
        self.session = None
        await self._document.wish({"session": None})

    def _plain(self, name: str, value: Any, _current: SessionSettings, _notices: list[str]) -> Any:
        return getattr(self._defaults, name) if value is None else value

    def _folder(
        self, _name: str, value: str | None, current: SessionSettings, notices: list[str]
    ) -> str:
        if value is None:
            return self._defaults.cwd
        home = os.path.dirname(self._document.path or "")
        path = os.path.abspath(os.path.join(home, os.path.expanduser(value)))
        if os.path.isdir(path):
            return path
        notices.append(f"The notebook asks for the folder {path}, which is not there.")
        return current.cwd

    def _variables(
        self, _name: str, names: list[str] | None, current: SessionSettings, notices: list[str]
    ) -> dict[str, str]:
        earlier = self._seen.get("env") or []
        env = {name: value for name, value in current.env.items() if name not in earlier}
        for name in names or []:
            if name in self._environ:
                env[name] = self._environ[name]
            else:
                notices.append(f"The notebook asks for {name}, which the kernel does not have.")
        return env


_READERS: dict[str, Callable[..., Any]] = {
    "cwd": Wishes._folder,
    "env": Wishes._variables,
}
