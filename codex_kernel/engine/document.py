"""The notebook of a session: which session it is bound to, and whether it still is that notebook.

A path alone identifies nothing: `Untitled.ipynb` comes again and again. So the binding also knows
the cells in which turns ran, and a file that has none of them is another notebook.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from codex_kernel.engine.notes import Notes
from codex_kernel.errors import LogError
from codex_kernel.ids import CellId, KernelId, NotebookPath, SessionId
from codex_kernel.turn_log import bindings, kernels
from codex_kernel.turn_log.bindings import Binding
from codex_kernel.turn_log.log import TurnLog

ReadCells = Callable[[], Awaitable[set[str] | None]]
"""The ids of the cells in the notebook's file; None when they cannot be read."""
ReadCarried = Callable[[], Awaitable[dict[str, str]]]
"""What the notebook's file asks for in its metadata."""


async def _nothing() -> dict[str, str]:
    return {}


class Document:
    """A notebook, or none: then nothing is ever bound."""

    def __init__(
        self,
        log: TurnLog,
        notes: Notes,
        path: NotebookPath | None,
        read_cells: ReadCells,
        kernel_id: KernelId | None = None,
        read_carried: ReadCarried = _nothing,
    ) -> None:
        """Nothing is read before it is asked for. `path`: where the notebook was at the start."""
        self.path = path
        self.cells: set[str] = set()
        """The cells in which turns of the present session ran."""
        self._log = log
        self._notes = notes
        self._read_cells = read_cells
        self._kernel_id = kernel_id
        self.carried = read_carried

    async def locate(self) -> None:
        """Learn where the notebook is now: the Jupyter server tells when it was renamed."""
        if self._kernel_id is None:
            return
        with suppress(LogError):  # then it is where it was
            self.path = await kernels.notebook_of(self._log, self._kernel_id) or self.path

    async def binding(self) -> Binding | None:
        """The session that the notebook is bound to; raises `LogError`.

        One that belonged to another notebook of this path is said to be foreign, and forgotten.
        """
        await self.locate()
        if self.path is None:
            return None
        found = await bindings.bound_session(self._log, self.path, await self._read_cells())
        if found is not None and found.is_foreign:
            await self.forget()
        elif found is not None:
            self.cells = set(found.cell_ids)
        return found

    async def origin(self) -> SessionId | None:
        """The session of the notebook that this one is a copy of, as its cells tell."""
        cells = await self._read_cells()
        if self.path is None or not cells:
            return None
        return await bindings.session_of_cells(self._log, cells, other_than=self.path)

    async def is_another(self, cell_id: CellId | None) -> bool:
        """Whether the file has become another notebook under the kernel."""
        if not self.cells or cell_id is None or cell_id in self.cells:
            return False
        in_file = await self._read_cells()
        return bool(in_file) and self.cells.isdisjoint(in_file or ())

    async def bind(self, session_id: SessionId) -> None:
        """Bind the notebook to a session."""
        await self.locate()
        if self.path is not None:
            await self._notes.write(bindings.bind(self._log, self.path, session_id))

    async def mark_used(self, session_id: SessionId, cell_id: CellId | None) -> None:
        """Note a turn of the session, and the cell in which it runs; raises `LogError`."""
        if cell_id is not None:
            self.cells.add(cell_id)
        await self.locate()
        await bindings.mark_used(self._log, session_id, self.path, cell_id)

    async def wishes(self) -> dict[str, Any]:
        """What the notebook asks for, as a page or a command set it; raises `LogError`."""
        if self.path is None:
            return {}
        return await bindings.notebook_settings(self._log, self.path)

    async def who_asked(self) -> dict[str, str]:
        """By whom each of the wishes was changed, as far as that is known; raises `LogError`."""
        return {} if self.path is None else await bindings.who_asked(self._log, self.path)

    async def wish(self, changes: dict[str, Any]) -> bool:
        """Change what the notebook asks for; whether that is recorded already."""
        if self.path is None:
            return False
        return await self._notes.write(
            bindings.set_notebook_settings(self._log, self.path, changes)
        )

    async def unbind(self) -> None:
        """Go on without a session; what the notebook asks for stays."""
        self.cells = set()
        await self.locate()
        if self.path is not None:
            await self._notes.write(bindings.unbind(self._log, self.path))

    async def forget(self) -> None:
        """Another notebook has this path now: nothing of the earlier one is its own."""
        self.cells = set()
        if self.path is not None:
            await self._notes.write(bindings.forget_notebook(self._log, self.path))
