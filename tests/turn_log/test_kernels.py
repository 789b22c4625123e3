"""Where the notebook of a kernel is."""

from __future__ import annotations

import os

from codex_kernel.ids import KernelId, NotebookPath, kernel_id_from_connection_file
from codex_kernel.turn_log import bindings, kernels
from codex_kernel.turn_log.log import TurnLog
from codex_kernel.turn_log.retention import prune

KERNEL = KernelId("a-kernel")
FOLDER = os.path.join(os.sep, "workspace", "old")
NOTEBOOK = NotebookPath(os.path.join(FOLDER, "test.ipynb"))
RENAMED = NotebookPath(os.path.join(FOLDER, "renamed.ipynb"))


async def test_a_kernel_goes_where_its_notebook_goes(log: TurnLog) -> None:
    assert await kernels.notebook_of(log, KERNEL) is None
    await kernels.place(log, KERNEL, NOTEBOOK)
    await bindings.move(log, NOTEBOOK, RENAMED)
    assert await kernels.notebook_of(log, KERNEL) == RENAMED
    moved = os.path.join(os.sep, "workspace", "new")
    await bindings.move(log, NotebookPath(FOLDER), NotebookPath(moved))
    assert await kernels.notebook_of(log, KERNEL) == os.path.join(moved, "renamed.ipynb")
    await kernels.place(log, KERNEL, NOTEBOOK)
    assert await kernels.notebook_of(log, KERNEL) == NOTEBOOK
    await kernels.forget(log, KERNEL)
    assert await kernels.notebook_of(log, KERNEL) is None


async def test_a_move_to_the_same_place_loses_nothing(log: TurnLog) -> None:
    await bindings.bind(log, NOTEBOOK, "s1", cell_id="a")
    await bindings.move(log, NOTEBOOK, NOTEBOOK)
    binding = await bindings.bound_session(log, NOTEBOOK, {"a"})
    assert binding is not None
    assert binding.session_id == "s1"


async def test_a_deleted_folder_takes_the_bindings_in_it_along_and_no_others(log: TurnLog) -> None:
    beside = NotebookPath(f"{FOLDER}er.ipynb")
    for notebook in (NOTEBOOK, beside):
        await bindings.bind(log, notebook, "s1")
    await bindings.forget_notebook(log, NotebookPath(FOLDER))
    assert await bindings.notebooks_of(log, "s1") == [beside]


async def test_kernels_of_long_ago_are_forgotten(log: TurnLog) -> None:
    await kernels.place(log, KERNEL, NOTEBOOK)
    await prune(log)
    assert await kernels.notebook_of(log, KERNEL) == NOTEBOOK
    await prune(log, max_age_days=-1)
    assert await kernels.notebook_of(log, KERNEL) is None


def test_the_id_of_a_kernel_is_in_the_name_of_its_connection_file() -> None:
    path = os.path.join(os.sep, "runtime", "kernel-6daa9642-fdcc.json")
    assert kernel_id_from_connection_file(path) == "6daa9642-fdcc"
    assert kernel_id_from_connection_file("/tmp/tmpabc.json") is None
    assert kernel_id_from_connection_file("") is None
