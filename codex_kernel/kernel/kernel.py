"""The Codex kernel: Jupyter's messages on one side, the engine on the other.

The engine has its own event loop on its own thread; this class only reads requests, hands cells
over and publishes what comes back. An interrupt breaks into nothing: it asks the engine to stop
the turn, and the cell ends when the turn has.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import os
import re
import signal
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

from ipykernel._version import kernel_protocol_version
from ipykernel.kernelbase import Kernel

from codex_kernel._version import __version__
from codex_kernel.cell.ask import ReadLine
from codex_kernel.cell.completion import complete, inspect, is_complete
from codex_kernel.cell.display import choose_mode
from codex_kernel.cell.history import History, earlier_prompts
from codex_kernel.cell.run import Frontend, enqueue, run_cell
from codex_kernel.cell.stdin import Asker, Stdin
from codex_kernel.cell.widget import Widgets, has_page
from codex_kernel.config import CodexSettings
from codex_kernel.engine.engine import Engine
from codex_kernel.engine.session import Session
from codex_kernel.engine.turn import Turn
from codex_kernel.errors import CellError, CodexError, TurnCancelled, TurnInterrupted
from codex_kernel.ids import (
    CellId,
    TurnId,
    kernel_id_from_connection_file,
    new_turn_id,
    notebook_from_environment,
)
from codex_kernel.kernel.concurrent import AnswersWhileRunning
from codex_kernel.kernel.publish import CellOutput
from codex_kernel.render.widget import is_built
from codex_kernel.tools.offer import offer

USER = "the user"
Queued = concurrent.futures.Future[Turn | None]
"""The turn of a cell that waits behind another, as soon as it is recorded."""

_HALF = re.compile("[\ud800-\udfff]")
_NO_TEXT = "codex_kernel: line that is no text"
"""A mark on an execute_request whose code was mended so that it can be answered."""
_TURN_ID = "codex_kernel: id of its turn"
"""A mark on an execute_request."""


class CodexKernel(CodexSettings, AnswersWhileRunning, Kernel):  # type: ignore[misc]  # mixins
    """Each cell is a prompt of one Codex session in the notebook's folder."""

    implementation = "codex_kernel"
    implementation_version = __version__
    language_info = {  # noqa: RUF012  # as the base class has it
        "name": "codex",
        "version": __version__,
        "mimetype": "text/markdown",
        "file_extension": ".md",
        "pygments_lexer": "markdown",
        "codemirror_mode": "markdown",
    }
    banner = (
        f"Codex in Jupyter {__version__}: each cell is a prompt. /help lists the commands, "
        "!COMMAND runs in the sandbox."
    )
    help_links: Any = [  # noqa: RUF012  # as the base class has it
        {"text": "Codex", "url": "https://developers.openai.com/codex"},
    ]
    _execute_sleep = 0.0
    """ipykernel waits for what was printed, which is no part of our cells (see `app`)."""

    def __init__(self, **kwargs: Any) -> None:
        """Begin to start Codex; the kernel answers meanwhile."""
        super().__init__(**kwargs)
        self._stdin = Stdin(self)
        self._history = History()
        self._cells: set[concurrent.futures.Future[Any]] = set()
        self._turn_ids: dict[str, TurnId] = {}
        self._queued: dict[str, Queued] = {}
        settings = self.settings()
        session = replace(settings.session, cwd=os.path.abspath(settings.session.cwd))
        self._settings = replace(settings, session=session)
        self._engine = Engine(
            self._settings,
            offer=offer(self._settings, holds_prompts=True),
            notebook=notebook_from_environment(os.environ),
            kernel_id=kernel_id_from_connection_file(getattr(self.parent, "connection_file", "")),
        )
        self._widgets = Widgets(self._engine, self._settings.view, is_heard_aside=False)
        self._earlier = self._engine.run(earlier_prompts)
        self._install_comms()

    def _install_comms(self) -> None:
        from ipykernel.ipkernel import _get_comm_manager

        self.comm_manager = _get_comm_manager(parent=self, kernel=self)
        for kind in ("comm_open", "comm_msg", "comm_close"):
            self.shell_handlers[kind] = getattr(self.comm_manager, kind)

    # Running a cell

    async def execute_request(self, stream: Any, ident: Any, parent: dict[str, Any]) -> None:
        """Run a cell; one that is no text is refused here, where the base class would not answer.

        JSON can name half of a surrogate pair, which nothing can be sent or recorded with.
        """
        parent[_TURN_ID] = self._turn_ids.pop(parent["header"]["msg_id"], None)
        content = parent["content"]
        code = content.get("code")
        if isinstance(code, str) and (half := _HALF.search(code)):
            content["code"] = _HALF.sub("\ufffd", code)
            parent[_NO_TEXT] = code.count("\n", 0, half.start()) + 1
        await super().execute_request(stream, ident, parent)

    async def do_execute(
        self,
        code: str,
        silent: bool,
        store_history: bool = True,
        user_expressions: dict[str, str] | None = None,
        allow_stdin: bool = False,
        *,
        cell_meta: dict[str, Any] | None = None,
        cell_id: str | None = None,
    ) -> dict[str, Any]:
        """Run the cell as a turn; a silent request never starts one."""
        if silent or not code.strip():
            return self._reply(user_expressions)
        parent: dict[str, Any] = self.get_parent("shell")
        if store_history:
            self._history.add(self.execution_count, code)
        mode = choose_mode(allow_stdin=allow_stdin, has_cell=cell_id is not None)
        output = CellOutput(self, parent, self._settings.view, mode)
        if _NO_TEXT in parent:
            return self._error_reply(_no_text(parent[_NO_TEXT]), output)
        frontend = Frontend(
            cell_id=None if cell_id is None else CellId(cell_id),
            events=output.events,
            say=output.say,
            read_line=self._line_reader(parent, output) if allow_stdin else None,
            execution_count=self.execution_count,
            turn_id=parent.get(_TURN_ID),
        )
        if mode == "live":
            frontend = replace(frontend, get_ready=partial(self._choose_view, output))
        is_main = parent["header"].get("subshell_id") is None
        if is_main:
            self.running_parent = parent
        try:
            queued = self._queued.pop(parent["header"]["msg_id"], None)
            await self._run(code, frontend, queued)
        except CodexError as failure:
            return self._error_reply(failure, output)
        except Exception as failure:  # a bug: without a reply the cell would never end
            self.log.exception("A cell ended by an error of codex_kernel")
            return self._error_reply(_internal(failure), output)
        finally:
            if is_main:
                self.running_parent = None
        return self._reply(user_expressions)

    def cell_received(self, msg_id: str) -> None:
        """Turns are in the order in which their cells came, also while the first one starts."""
        self._turn_ids[msg_id] = new_turn_id()

    def cell_queued(self, message: dict[str, Any]) -> None:
        """Record the turn of a cell that waits, so that every client sees it queued."""
        content = message["content"]
        if content.get("silent") or _HALF.search(content["code"]):
            return
        cell_id = (message.get("metadata") or {}).get("cellId")
        msg_id = message["header"]["msg_id"]
        turn_id = self._turn_ids[msg_id]
        self._queued[msg_id] = self._engine.run(
            lambda session: enqueue(session, content["code"], cell_id, turn_id)
        )

    def _send_abort_reply(self, stream: Any, msg: dict[str, Any], idents: Any) -> None:
        """The cell will not run: its turn is taken back."""
        super()._send_abort_reply(stream, msg, idents)
        self._turn_ids.pop(msg["header"]["msg_id"], None)
        queued = self._queued.pop(msg["header"]["msg_id"], None)
        if queued is not None:
            self._engine.run(lambda session: _withdraw(session, queued))

    async def _run(self, code: str, frontend: Frontend, queued: Queued | None) -> None:
        async def work(session: Session) -> None:
            turn = None if queued is None else await asyncio.wrap_future(queued)
            await run_cell(session, code, replace(frontend, turn=turn))

        # One piece of work from the start: while the engine starts it can be stopped, too.
        cell = self._engine.run(work)
        self._cells.add(cell)
        try:
            await asyncio.wrap_future(cell)
        except asyncio.CancelledError:
            if not cell.cancelled():
                raise
            raise TurnInterrupted("The command was stopped.", next_step="") from None
        finally:
            self._cells.discard(cell)

    async def _choose_view(self, output: CellOutput, session: Session) -> None:
        output.has_page = await has_page(session)
        if not output.has_page and is_built():
            output.open_widget = self._widgets.open

    def _line_reader(self, parent: dict[str, Any], output: CellOutput) -> ReadLine:
        asker = Asker(parent, self._get_shell_context_var(self._shell_parent_ident))

        async def read_line(prompt: str, is_password: bool) -> str | None:
            output.asks()
            return await self._stdin.read_line(asker, prompt, is_password)

        return read_line

    def _reply(self, user_expressions: dict[str, str] | None) -> dict[str, Any]:
        no_expressions = {
            "status": "error",
            "ename": "NotImplementedError",
            "evalue": "Codex has no expressions to evaluate.",
            "traceback": [],
        }
        return {
            "status": "ok",
            "execution_count": self.execution_count,
            "payload": [],
            "user_expressions": dict.fromkeys(user_expressions or {}, no_expressions),
        }

    def _error_reply(self, failure: CodexError, output: CellOutput) -> dict[str, Any]:
        if isinstance(failure, TurnCancelled):
            # Base class: only an error reply takes back the cells behind this one.
            self._abort_queues()
            return {"status": "aborted", "execution_count": self.execution_count}
        name, value = type(failure).__name__, str(failure)
        output.error(name, value, [f"{name}: {value}"])
        return {
            "status": "error",
            "execution_count": self.execution_count,
            "ename": name,
            "evalue": value,
            "traceback": [f"{name}: {value}"],
            "payload": [],
            "user_expressions": {},
        }

    # Interrupts

    async def interrupt_request(self, stream: Any, ident: Any, parent: dict[str, Any]) -> None:
        """Stop what runs; the answer does not wait for the end of it."""
        self._interrupt()
        session: Any = self.session
        session.send(stream, "interrupt_reply", {"status": "ok"}, parent, ident=ident)

    def _interrupt(self) -> None:
        cells = list(self._cells)
        if cells:
            self._engine.post(lambda session: self._stop(session, cells))

    def _stop(self, session: Session, cells: list[concurrent.futures.Future[Any]]) -> None:
        if not session.cancel_all(USER):
            for cell in cells:  # a command that waits: a login, a question
                cell.cancel()

    def start(self) -> None:
        """Serve requests; Ctrl-C in a terminal and nbclient's time-out stop the turn."""
        super().start()
        signal.signal(signal.SIGINT, lambda *_: self._interrupt())

    def pre_handler_hook(self) -> None:
        """Leave SIGINT alone: the base class would let it break into the loop anywhere."""

    def post_handler_hook(self) -> None:
        """Leave SIGINT alone."""

    # The other requests

    @property
    def kernel_info(self) -> dict[str, Any]:
        """The base class's, without a debugger: it imports one, for 90 ms, to say that it is there.

        Jupyter messaging protocol, "Kernel info".
        """
        return {
            "protocol_version": kernel_protocol_version,
            "implementation": self.implementation,
            "implementation_version": self.implementation_version,
            "language_info": self.language_info,
            "banner": self.banner,
            "help_links": self.help_links,
            "supported_features": ["kernel subshells"] if self._supports_kernel_subshells else [],
        }

    async def do_complete(self, code: str, cursor_pos: int) -> dict[str, Any]:
        """Commands, their values and `@` paths."""
        work = self._engine.run(lambda session: complete(code, cursor_pos, session))
        return await asyncio.wrap_future(work)

    async def do_inspect(
        self, code: str, cursor_pos: int, detail_level: int = 0, omit_sections: Any = ()
    ) -> dict[str, Any]:
        """Help of a command, or the head of a file."""
        work = self._engine.run(lambda session: inspect(code, cursor_pos, session))
        data = await asyncio.wrap_future(work)
        return {"status": "ok", "found": data is not None, "data": data or {}, "metadata": {}}

    async def do_is_complete(self, code: str) -> dict[str, Any]:
        """Whether Enter in a console should run the text."""
        status = is_complete(code)
        return {"status": status, "indent": ""} if status == "incomplete" else {"status": status}

    async def do_history(  # type: ignore[override]  # the base class has a name per argument
        self, hist_access_type: str, output: bool, raw: bool, **query: Any
    ) -> dict[str, Any]:
        """Earlier prompts."""
        if not self._earlier.cancelled():
            with suppress(CodexError):  # then there is what was typed here
                self._history.remember(await asyncio.wrap_future(self._earlier))
        return {"status": "ok", "history": self._history.answer(hist_access_type, output, **query)}

    async def do_shutdown(self, restart: bool) -> dict[str, Any]:
        """End the turn, Codex and everything it started; then the kernel may go."""
        await self._engine.aclose()
        return {"status": "ok", "restart": restart}


async def _withdraw(session: Session, queued: Queued) -> None:
    turn = await asyncio.wrap_future(queued)
    if turn is not None:
        await session.withdraw(turn, "the end of the cell before it")


def _no_text(line: int) -> CodexError:
    return CellError(
        f"Line {line} of the cell holds half of a character, which is no text.",
        next_step="Delete it (it may show as � or not at all) and type it anew.",
    )


def _internal(failure: Exception) -> CodexError:
    return CodexError(
        f"codex_kernel failed: {type(failure).__name__}: {failure}.",
        next_step="Please report this; run the cell again to go on.",
    )
