"""Which notebook a kernel belongs to, as the Jupyter server that started it knows.

A kernel only hears of its notebook's name at its start; after a rename the server writes the new
one here, and the kernel looks it up by its own id. `bindings.move` keeps these rows true, too.
"""

from __future__ import annotations

from codex_kernel.ids import KernelId, NotebookPath
from codex_kernel.turn.events import now
from codex_kernel.turn_log.log import TurnLog


async def place(log: TurnLog, kernel_id: KernelId, notebook: NotebookPath) -> None:
    """The kernel runs the cells of this notebook, from now on."""
    await log.database.write(
        "INSERT INTO kernels (kernel_id, path, updated_at) VALUES (?, ?, ?) "
        "ON CONFLICT (kernel_id) DO UPDATE SET path = excluded.path, "
        "updated_at = excluded.updated_at",
        (kernel_id, notebook, now()),
    )


async def notebook_of(log: TurnLog, kernel_id: KernelId) -> NotebookPath | None:
    """The notebook of a kernel; None when no server has told."""
    row = await log.database.row("SELECT path FROM kernels WHERE kernel_id = ?", (kernel_id,))
    return None if row is None else row["path"]


async def forget(log: TurnLog, kernel_id: KernelId) -> None:
    """The kernel was shut down."""
    await log.database.write("DELETE FROM kernels WHERE kernel_id = ?", (kernel_id,))
