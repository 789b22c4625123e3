"""Which session a notebook has, and when it has none any more."""

from __future__ import annotations

import os

import pytest

from codex_kernel.ids import NotebookPath
from codex_kernel.turn_log import bindings
from codex_kernel.turn_log.log import TurnLog

from .turns import ended, running

FOLDER = os.sep + os.path.join("workspace", "project")
NOTEBOOK = NotebookPath(os.path.join(FOLDER, "Untitled.ipynb"))
RENAMED = NotebookPath(os.path.join(FOLDER, "analysis.ipynb"))


async def session_of(log: TurnLog, notebook: NotebookPath, *cells: str) -> str | None:
    """The session of a notebook with these cells, when it is its own."""
    binding = await bindings.bound_session(log, notebook, set(cells))
    return None if binding is None or binding.is_foreign else binding.session_id


async def test_notebook_without_a_binding_has_no_session(log: TurnLog) -> None:
    assert await bindings.bound_session(log, NOTEBOOK, {"a"}) is None


async def test_notebook_is_known_by_the_cells_its_turns_ran_in(log: TurnLog) -> None:
    await bindings.bind(log, NOTEBOOK, "s1", cell_id="a")
    await bindings.bind(log, NOTEBOOK, "s1", cell_id="b")
    assert await session_of(log, NOTEBOOK, "b", "new") == "s1"
    binding = await bindings.bound_session(log, NOTEBOOK, {"x"})
    assert binding == bindings.Binding(NOTEBOOK, "s1", frozenset("ab"), True)  # type: ignore[arg-type]  # as given


@pytest.mark.parametrize("cells", [set(), {"x", "y"}])
async def test_new_file_of_the_same_name_begins_blank(log: TurnLog, cells: set[str]) -> None:
    await bindings.bind(log, NOTEBOOK, "s1", cell_id="a")
    assert await session_of(log, NOTEBOOK, *cells) is None
    await bindings.bind(log, NOTEBOOK, "s2", cell_id="x")
    assert await session_of(log, NOTEBOOK, "x") == "s2"
    assert await session_of(log, NOTEBOOK, "a") is None


async def test_file_that_cannot_be_read_keeps_its_binding(log: TurnLog) -> None:
    await bindings.bind(log, NOTEBOOK, "s1", cell_id="a")
    binding = await bindings.bound_session(log, NOTEBOOK, None)
    assert binding is not None
    assert not binding.is_foreign


async def test_binding_made_by_hand_is_not_foreign(log: TurnLog) -> None:
    await bindings.bind(log, NOTEBOOK, "s1", cell_id="a")
    await bindings.bind(log, NOTEBOOK, "s2")
    assert await session_of(log, NOTEBOOK, "x") == "s2"


async def test_unbound_notebook_keeps_what_it_asks_for(log: TurnLog) -> None:
    await bindings.set_notebook_settings(log, NOTEBOOK, {"model": "m"})
    await bindings.bind(log, NOTEBOOK, "s1", cell_id="a")
    await bindings.unbind(log, NOTEBOOK)
    assert await bindings.bound_session(log, NOTEBOOK, {"a"}) is None
    assert await bindings.notebook_settings(log, NOTEBOOK) == {"model": "m"}


async def test_deleted_notebook_leaves_nothing_to_its_successor(log: TurnLog) -> None:
    await bindings.set_notebook_settings(log, NOTEBOOK, {"sandbox": "danger-full-access"})
    await bindings.bind(log, NOTEBOOK, "s1", cell_id="a")
    await bindings.forget_notebook(log, NOTEBOOK)
    assert await bindings.bound_session(log, NOTEBOOK, {"a"}) is None
    assert await bindings.notebook_settings(log, NOTEBOOK) == {}


async def test_renamed_notebook_keeps_session_settings_and_turns(log: TurnLog) -> None:
    await bindings.set_notebook_settings(log, NOTEBOOK, {"model": "m"})
    await bindings.bind(log, NOTEBOOK, "s1", cell_id="a")
    await bindings.bind(log, RENAMED, "overwritten", cell_id="z")
    over = await ended(log, notebook=NOTEBOOK)
    live = await running(log, notebook=NOTEBOOK)
    await bindings.move(log, NOTEBOOK, RENAMED)
    assert await session_of(log, RENAMED, "a") == "s1"
    assert await session_of(log, RENAMED, "z") is None
    assert await session_of(log, NOTEBOOK, "a") is None
    assert await bindings.notebook_settings(log, RENAMED) == {"model": "m"}
    turns = {row.turn_id for row in await log.turns(notebook=RENAMED)}
    assert turns == {over.turn_id, live.turn_id}
    await live.append([])
    transcript = await log.transcript(over.turn_id)
    assert transcript is not None
    assert transcript.data["notebook"] == RENAMED


async def test_turn_that_runs_during_a_rename_stays_with_the_notebook(log: TurnLog) -> None:
    record = await running(log, notebook=NOTEBOOK)
    await bindings.move(log, NOTEBOOK, RENAMED)
    await record.append([{"type": "warning", "message": "w", "kind": "codex"}])
    [row] = await log.turns(notebook=RENAMED)
    assert (row.turn_id, row.seq) == (record.turn_id, 5)


async def test_renamed_folder_takes_its_notebooks_along(log: TurnLog) -> None:
    sibling = NotebookPath(FOLDER + "-2" + os.sep + "Untitled.ipynb")
    await bindings.bind(log, NOTEBOOK, "s1", cell_id="a")
    await bindings.bind(log, sibling, "s2", cell_id="a")
    target = NotebookPath(os.sep + os.path.join("workspace", "done"))
    await bindings.move(log, NotebookPath(FOLDER), target)
    moved = NotebookPath(os.path.join(target, "Untitled.ipynb"))
    assert await session_of(log, moved, "a") == "s1"
    assert await session_of(log, sibling, "a") == "s2"


async def test_copy_begins_blank(log: TurnLog) -> None:
    await bindings.bind(log, NOTEBOOK, "s1", cell_id="a")
    assert await session_of(log, RENAMED, "a") is None
    assert await bindings.notebooks_of(log, "s1") == [NOTEBOOK]


async def test_settings_are_merged_and_taken_back(log: TurnLog) -> None:
    await bindings.set_notebook_settings(log, NOTEBOOK, {"model": "m", "effort": "high"})
    merged = await bindings.set_notebook_settings(log, NOTEBOOK, {"model": None, "cwd": "/x"})
    assert merged == {"effort": "high", "cwd": "/x"}
    assert await bindings.notebook_settings(log, NOTEBOOK) == merged


async def test_session_is_fresh_until_it_was_used(log: TurnLog) -> None:
    await bindings.remember_session(log, "s1", cwd=FOLDER)
    session = await bindings.session(log, "s1")
    assert session is not None
    assert (session.is_fresh, session.turns, session.cwd) == (True, 0, FOLDER)
    await bindings.mark_used(log, "s1")
    await bindings.remember_session(log, "s1", title="Title", is_fresh=True)
    session = await bindings.session(log, "s1")
    assert session is not None
    assert (session.is_fresh, session.turns) == (False, 1)
    assert (session.title, session.cwd) == ("Title", FOLDER)
    assert await bindings.session(log, "unknown") is None


async def test_sessions_are_found(log: TurnLog) -> None:
    await bindings.remember_session(log, "s1", cwd=FOLDER, title="100% of the Plots")
    await bindings.remember_session(log, "s2", cwd="/elsewhere", title="Tables")

    async def found(**query: str) -> set[str]:
        return {row.session_id for row in await bindings.sessions(log, **query)}  # type: ignore[arg-type]  # as given

    assert await found() == {"s1", "s2"}
    assert await found(cwd=FOLDER) == {"s1"}
    assert await found(search="plots") == {"s1"}
    assert await found(search="100%") == {"s1"}
    assert await found(search="else") == {"s2"}
    assert await found(search="%") == {"s1"}
    assert len(await bindings.sessions(log, limit=1)) == 1


async def test_forgotten_session_is_unbound(log: TurnLog) -> None:
    await bindings.remember_session(log, "s1")
    await bindings.bind(log, NOTEBOOK, "s1", cell_id="a")
    await bindings.forget_session(log, "s1")
    assert await bindings.session(log, "s1") is None
    assert await bindings.bound_session(log, NOTEBOOK, {"a"}) is None


async def test_an_archived_session_stays_known_and_its_notebooks_go_on_without_it(
    log: TurnLog,
) -> None:
    await bindings.remember_session(log, "s", title="Metres")
    await bindings.bind(log, NOTEBOOK, "s", cell_id="c")
    await bindings.archive_session(log, "s")
    archived = await bindings.session(log, "s")
    assert archived is not None
    assert archived.archived_at is not None
    assert await bindings.bound_session(log, NOTEBOOK, None) is None
    await bindings.unarchive_session(log, "s")
    session = await bindings.session(log, "s")
    assert session is not None
    assert session.archived_at is None
