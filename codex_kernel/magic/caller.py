"""Who called: a cell of a notebook, a console, a terminal, or a plain program.

What was current at the call is kept, so that a turn shows itself below the cell that began it
however long it runs. Everything here is used on the engine's loop.
"""

from __future__ import annotations

import contextvars
import logging
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from codex_kernel.cell.ask import ReadLine
from codex_kernel.cell.display import Mode, TurnDisplay, choose_mode
from codex_kernel.cell.stdin import Asker, Stdin
from codex_kernel.cell.widget import LiveWidget
from codex_kernel.ids import CellId
from codex_kernel.magic import terminal
from codex_kernel.settings import ViewSettings
from codex_kernel.turn.events import Event

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Caller:
    """Where a run shows itself and asks; `read_line` is None when nobody can be asked."""

    mode: Mode
    publish: Callable[..., None]
    """IPython's `DisplayPublisher.publish`."""
    write: Callable[[str], object]
    cell_id: CellId | None = None
    execution_count: int | None = None
    read_line: ReadLine | None = None


def find_caller(shell: Any, stdin: Stdin | None) -> Caller:
    """The caller of this moment; `stdin` is the kernel's channel where there is a kernel."""
    asks = terminal.read_line if terminal.can_ask() else None
    if shell is None:
        return Caller("stream", _nowhere, sys.stdout.write, read_line=asks)
    context = contextvars.copy_context()  # with the parent that ipykernel's streams answer to
    publish = _within(context, shell.display_pub.publish)
    write = _within(context, sys.stdout.write)
    kernel = getattr(shell, "kernel", None)
    if kernel is None or stdin is None:
        return Caller("stream", publish, write, read_line=asks)
    parent = kernel.get_parent("shell") or {}
    cell_id = (parent.get("metadata") or {}).get("cellId")
    mode = choose_mode(allow_stdin=kernel._allow_stdin, has_cell=cell_id is not None)
    if not hasattr(shell.display_pub, "pub_socket"):  # `%%capture`: updates would pile up
        mode = "final"
    return Caller(
        mode,
        publish,
        write,
        cell_id=None if cell_id is None else CellId(cell_id),
        execution_count=shell.execution_count,
        read_line=_line_reader(kernel, stdin, parent),
    )


def _line_reader(kernel: Any, stdin: Stdin, parent: dict[str, Any]) -> ReadLine | None:
    # The socket belongs to the thread that runs cells.
    if not kernel._allow_stdin or threading.current_thread() is not threading.main_thread():
        return None
    asker = Asker(parent, kernel._get_shell_context_var(kernel._shell_parent_ident))

    async def read_line(prompt: str, is_password: bool) -> str | None:
        return await stdin.read_line(asker, prompt, is_password)

    return read_line


def _within(context: contextvars.Context, function: Callable[..., object]) -> Callable[..., None]:
    def call(*args: Any, **kwargs: Any) -> None:
        context.run(function, *args, **kwargs)

    return call


def _nowhere(*_args: Any, **_kwargs: Any) -> None:
    """A plain program has no displays."""


class Screen:
    """The displays of one run; a publisher of `TurnDisplay`."""

    def __init__(self, caller: Caller, view: ViewSettings) -> None:
        """Nothing is shown yet."""
        self._caller = caller
        self._view = view
        self._display: TurnDisplay | None = None
        self.open_widget: Callable[[], LiveWidget] | None = None
        """Makes a turn's widget, for a frontend that needs it."""
        self.has_page = False
        """Whether a page of ours shows the turns by itself."""
        self._widget: LiveWidget | None = None

    async def is_followed(self) -> bool:
        """Whether a widget shows the turn, and so asks by itself."""
        return self._widget is not None and await self._widget.is_followed()

    def events(self, events: Sequence[Event]) -> None:
        """Show events of a turn."""
        if self._display is None:
            self._widget = None if self.open_widget is None else self.open_widget()
            self._display = TurnDisplay(
                self, self._view, self._caller.mode, self._widget, has_page=self.has_page
            )
        self._display.feed(events)
        if self._display.transcript.is_final:
            self._display = None

    def say(self, data: dict[str, Any]) -> None:
        """Show a MIME bundle of a command."""
        if self._caller.mode == "stream":
            self.stream(data["text/plain"].rstrip("\n") + "\n")
        else:
            _send(self._caller.publish, data, {})

    def display(self, display: str, data: dict[str, Any], *, is_update: bool) -> None:
        """Send a display, or an update of it."""
        transient = {"display_id": display}
        _send(self._caller.publish, data, {}, transient=transient, update=is_update)

    def stream(self, text: str) -> None:
        """Send text."""
        _send(self._caller.write, text)


def _send(function: Callable[..., object], *args: Any, **kwargs: Any) -> None:
    try:
        function(*args, **kwargs)
    except Exception:  # a stdout that was closed must not end the turn that is being shown
        logger.debug("A turn could not be shown", exc_info=True)
