"""The one session of this process, for `%codex` and `ask` alike.

Begins when it is first needed and ends with the process, or when the extension is unloaded. In
a notebook it is the notebook's session, with the same record, settings and bindings as under the
Codex kernel; without a kernel it is one of its own.
"""

from __future__ import annotations

import atexit
import concurrent.futures.thread  # noqa: F401  # its hook at the exit has to come after ours
import os
import sys
import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from codex_kernel.cell.command import Preview
from codex_kernel.cell.stdin import Stdin
from codex_kernel.cell.widget import Widgets
from codex_kernel.config import CodexSettings, load_config
from codex_kernel.engine.engine import Engine
from codex_kernel.ids import KernelId, kernel_id_from_connection_file, notebook_from_environment
from codex_kernel.magic import context
from codex_kernel.magic.namespace import Namespace
from codex_kernel.settings import NOTEBOOK_INSTRUCTIONS, PYTHON_INSTRUCTIONS, Settings
from codex_kernel.tools.offer import offer
from codex_kernel.tools.python import python_tools
from codex_kernel.tools.registry import registered
from codex_kernel.tools.tool import Tool

MAGIC_PREFIX = "%codex "


class Host:
    """An engine, and where it runs: `shell` is the running IPython or None."""

    def __init__(self, shell: Any) -> None:
        """Begin to start Codex; returns at once."""
        self.shell = shell
        self.settings = _settings(shell)
        self._pid = os.getpid()
        self._told: tuple[str | None, int] = (None, 0)
        kernel = getattr(shell, "kernel", None)
        self.stdin = None if kernel is None else Stdin(kernel)
        self.namespace = Namespace(shell, self.settings.turn.tool_seconds)
        self._python = () if shell is None else python_tools(self.namespace)
        # A process that a kernel started has its environment, but not its notebook.
        self.engine = Engine(
            self.settings,
            notebook=notebook_from_environment(os.environ) if kernel is not None else None,
            kernel_id=_kernel_id(kernel),
            kind="magic",
            offer=offer(self.settings, self._tools, holds_prompts=False),
        )
        self.widgets = Widgets(self.engine, self.settings.view, is_heard_aside=True)

    def _tools(self) -> Sequence[Tool]:
        return (*self._python, *(each.tool(self.namespace) for each in registered()))

    def preview(self, session_id: str | None) -> Preview | None:
        """What could go along with a prompt of this session; None outside of IPython."""
        if self.shell is None:
            return None
        after = self._told[1] if self._told[0] == session_id else 0
        texts: dict[str, Preview] = {
            "cells": lambda _kind: context.cells(self.shell, after),
            "vars": lambda _kind: context.variables(self.shell),
        }
        return lambda kind: texts[kind](kind)

    def context(self, kind: str, session_id: str | None) -> tuple[str, str]:
        """The text of a kind of context, and a sentence that says that it goes along."""
        preview = self.preview(session_id)
        text = "" if kind == "none" or preview is None else preview(kind)
        if not text:
            return "", ""
        what = _CONTEXTS[kind]
        return text, f"With the prompt went {what}: {len(text):,} characters, as you asked."

    @property
    def cells_so_far(self) -> int:
        """The number of the last cell that has run."""
        return 0 if self.shell is None else self.shell.execution_count - 1

    def has_told(self, session_id: str | None, upto: int) -> None:
        """The session knows the cells up to this number."""
        self._told = (session_id, upto)

    @property
    def is_of_this_process(self) -> bool:
        """Whether it was made here: the child of a fork has none of its threads."""
        return self._pid == os.getpid()

    def close(self) -> None:
        """End the turns and Codex. May be called twice."""
        if self.is_of_this_process:
            self.engine.close()


_CONTEXTS = {
    "cells": "the cells that ran and their text outputs",
    "vars": "the names and types of the variables",
}


def _settings(shell: Any) -> Settings:
    settings = CodexSettings(config=load_config()).settings()
    session = replace(settings.session, cwd=os.path.abspath(settings.session.cwd))
    if session.instructions == NOTEBOOK_INSTRUCTIONS:
        session = replace(session, instructions=PYTHON_INSTRUCTIONS)
    prefix = MAGIC_PREFIX if shell is not None else ""
    return replace(settings, session=session, command_prefix=prefix)


def _kernel_id(kernel: Any) -> KernelId | None:
    application = getattr(kernel, "parent", None)
    return kernel_id_from_connection_file(getattr(application, "connection_file", ""))


_host: Host | None = None
_making = threading.Lock()


def current() -> Host:
    """The host of this process, made when there is none."""
    global _host
    with _making:
        if _host is None or not _host.is_of_this_process:
            _host = Host(running_shell())
            _close_at_exit()
        return _host


def close() -> None:
    """End the host of this process, when there is one; the next use makes another."""
    global _host
    with _making:
        host, _host = _host, None
    if host is not None:
        host.close()


def running_shell() -> Any:
    """The running IPython, or None; IPython is not loaded to find that out."""
    ipython = sys.modules.get("IPython")
    return None if ipython is None else ipython.get_ipython()


_closes_at_exit = False


def _close_at_exit() -> None:
    global _closes_at_exit
    if not _closes_at_exit:
        _closes_at_exit = True
        # Python waits for the engine's threads, and its executor takes no more work, before
        # atexit's functions run. Only this hook, which concurrent.futures uses, comes earlier.
        getattr(threading, "_register_atexit", atexit.register)(close)
