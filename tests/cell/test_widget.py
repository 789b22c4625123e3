"""Whether a turn needs a widget, or a page of ours shows it by itself."""

from __future__ import annotations

from pathlib import Path

from codex_kernel.cell.widget import has_page
from codex_kernel.engine.session import Session
from codex_kernel.ids import KernelId, NotebookPath
from codex_kernel.settings import LogSettings, Settings
from codex_kernel.turn_log import kernels, presence
from codex_kernel.turn_log.log import TurnLog


async def test_a_page_shows_the_notebook_by_the_name_that_it_has_now(tmp_path: Path) -> None:
    kernel, before = KernelId("kernel-1"), NotebookPath("/workspace/before.ipynb")
    settings = Settings(log=LogSettings(folder=tmp_path))
    async with TurnLog.open(settings.log) as log:
        session = Session(settings, log, notebook=before, kernel_id=kernel)
        assert not await has_page(session)
        after = NotebookPath("/workspace/after.ipynb")
        await kernels.place(log, kernel, after)
        await presence.note(log, "page", [after])
        assert await has_page(session)
