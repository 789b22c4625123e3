"""The live namespace as a place where Codex runs code: on the main thread, shown and recorded.

What runs is shown where a cell's output is shown, below the turn that asked for it, and goes back
to Codex at the same time. Owns the shell's streams, displays and tracebacks while code of Codex's
runs; nothing of it stays.
"""

from __future__ import annotations

import asyncio
import contextvars
import functools
from collections.abc import Callable, Mapping
from typing import Any

from codex_kernel.errors import ToolStopped
from codex_kernel.magic.apart import run_apart
from codex_kernel.magic.recording import Recording, instead, recorded
from codex_kernel.tools.mainthread import MainThread
from codex_kernel.tools.python import joined
from codex_kernel.tools.tool import Answer, Content, Text


class Namespace:
    """What `tools.python.Python` and `tools.registry.Runner` ask for; `shell` may be None."""

    def __init__(self, shell: Any, seconds: float) -> None:
        """`seconds`: the longest that anything may run."""
        self.seconds = seconds
        self.main_thread = MainThread(_waker(shell))
        self._shell = shell
        self._contexts: dict[str, contextvars.Context] = {}

    @property
    def names(self) -> Mapping[str, Any]:
        """The user's variables, and the modules they imported."""
        hidden = self._shell.user_ns_hidden
        return {
            name: value
            for name, value in dict(self._shell.user_ns).items()
            if not name.startswith("_") and name not in hidden
        }

    def began(self, turn_id: str, context: contextvars.Context) -> None:
        """A turn shows what it runs where this context's output goes."""
        self._contexts[turn_id] = context

    def ended(self, turn_id: str) -> None:
        """Nothing of the turn is shown any more."""
        self._contexts.pop(turn_id, None)

    async def run(self, code: str, seconds: float, turn_id: str | None) -> Answer:
        """Run code as a cell; what it showed before it was stopped is in the answer, too."""
        recording = Recording()
        work = functools.partial(self._run, code, recording)
        try:
            is_ok = await self.main_thread.run(self._within(turn_id, work), seconds)
        except ToolStopped as stopped:
            return Answer((*recording.parts, Text(str(stopped))), is_error=True)
        answer = joined(recording.parts)
        return Answer(answer.content, is_error=not is_ok)

    async def call(
        self, function: Callable[[], Any], seconds: float, turn_id: str | None
    ) -> tuple[Any, list[Content]]:
        """The value of a function of the user's, and what it showed, with images of the value."""
        recording = Recording()
        work = functools.partial(self._call, function, recording)
        value = await self.main_thread.run(self._within(turn_id, work), min(seconds, self.seconds))
        return value, recording.parts

    def _within(self, turn_id: str | None, work: Callable[[], Any]) -> Callable[[], Any]:
        context = self._contexts.get(turn_id or "")
        return work if context is None else functools.partial(context.copy().run, work)

    def _run(self, code: str, recording: Recording) -> bool:
        python = self._shell.transform_cell(code)
        before = self._shell.displayhook.exec_result
        try:
            with (
                recorded(self._shell, recording, python),
                instead(self._shell, "loop_runner", run_apart),
            ):
                return self._shell.run_cell(code, store_history=False).success
        finally:
            self._shell.displayhook.exec_result = before

    def _call(self, function: Callable[[], Any], recording: Recording) -> Any:
        if self._shell is None:
            return function()
        with recorded(self._shell, recording):
            value = function()
            images = self._shell.display_formatter.format(value, include=_IMAGES)[0]
            recording.bundle(images, is_shown=False)
        return value


_IMAGES = {"image/png", "image/jpeg"}


def _waker(shell: Any) -> Callable[[Callable[[], None]], None]:
    """How the main thread is reached between cells; a terminal or a program has no such way."""
    kernel: Any = getattr(shell, "kernel", None)
    loop = getattr(getattr(kernel, "io_loop", None), "asyncio_loop", None)
    if loop is None:
        return lambda _function: None

    tasks: set[asyncio.Task[None]] = set()

    async def between_cells(function: Callable[[], None]) -> None:
        async with kernel._main_asyncio_lock:
            function()

    def begin(function: Callable[[], None]) -> None:
        task = loop.create_task(between_cells(function))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    return lambda function: loop.call_soon_threadsafe(begin, function)
