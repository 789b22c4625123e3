"""What a notebook asks for, as far as it has changed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from codex_kernel.engine.document import Document
from codex_kernel.engine.notes import Notes
from codex_kernel.engine.wishes import Wishes
from codex_kernel.ids import NotebookPath, stored_path
from codex_kernel.settings import LogSettings, SessionSettings
from codex_kernel.turn_log import bindings
from codex_kernel.turn_log.log import TurnLog

DEFAULTS = SessionSettings(cwd="/workspace", effort="medium", env={"OWN": "1"})


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[TurnLog]:
    async with TurnLog.open(LogSettings(folder=tmp_path / "data")) as opened:
        yield opened


class Asking:
    """A notebook whose wishes are applied to settings, as a session does."""

    def __init__(self, log: TurnLog, path: NotebookPath | None) -> None:
        self.log = log
        self.path = path
        self.settings = DEFAULTS
        self.notices: list[str] = []
        self.carried: dict[str, str] = {}
        self.notes = Notes(60)
        self.wishes = self.new_kernel()

    def new_kernel(self) -> Wishes:
        async def read_cells() -> set[str] | None:
            return None

        async def read_carried() -> dict[str, str]:
            return self.carried

        document = Document(self.log, self.notes, self.path, read_cells, read_carried=read_carried)
        self.wishes = Wishes(document, DEFAULTS, {"TOKEN": "secret"})
        return self.wishes

    async def page(self, **wishes: Any) -> SessionSettings:
        """Ask in a page, then begin a turn."""
        assert self.path is not None
        await bindings.set_notebook_settings(self.log, self.path, wishes)
        return await self.turn()

    async def turn(self) -> SessionSettings:
        changes, notices = await self.wishes.changes(self.settings)
        self.settings = replace(self.settings, **changes)
        self.notices += notices
        return self.settings


@pytest.fixture
def notebook(log: TurnLog, tmp_path: Path) -> Asking:
    return Asking(log, stored_path(tmp_path / "a.ipynb"))


async def test_a_wish_holds_until_it_is_taken_back(notebook: Asking) -> None:
    assert (await notebook.page(effort="high", sandbox="read-only")).effort == "high"
    taken = await notebook.page(effort=None)
    assert (taken.effort, taken.sandbox) == ("medium", "read-only")


async def test_what_was_changed_for_this_kernel_alone_stays(notebook: Asking) -> None:
    await notebook.page(model="a")
    notebook.settings = replace(notebook.settings, model="b", max_minutes=5.0)
    assert (await notebook.page(effort="high")).model == "b"
    assert (await notebook.page(model="c")).model == "c"
    assert notebook.settings.max_minutes == 5.0


async def test_what_a_command_chose_outlives_the_kernel(notebook: Asking) -> None:
    notebook.settings = replace(notebook.settings, model="b", max_minutes=5.0)
    await notebook.wishes.remember({"model": "b", "max_minutes": 5.0})
    assert (await notebook.turn()).model == "b"
    notebook.settings = DEFAULTS
    notebook.new_kernel()
    assert await notebook.turn() == replace(DEFAULTS, model="b")


async def test_without_a_notebook_nothing_is_kept_and_nothing_taken_back(log: TurnLog) -> None:
    console = Asking(log, None)
    console.settings = replace(DEFAULTS, model="b")
    await console.wishes.remember({"model": "b"})
    assert (await console.turn()).model == "b"


async def test_a_folder_is_found_from_the_notebooks_and_must_exist(
    notebook: Asking, tmp_path: Path
) -> None:
    (tmp_path / "inner").mkdir()
    inner = stored_path(tmp_path / "inner")
    assert (await notebook.page(cwd="inner")).cwd == inner
    assert (await notebook.page(cwd="nowhere")).cwd == inner
    assert "nowhere, which is not there" in notebook.notices[0]
    assert (await notebook.page(cwd=None)).cwd == "/workspace"


async def test_variables_come_from_the_kernel_and_go_with_the_wish(notebook: Asking) -> None:
    given = await notebook.page(env=["TOKEN", "NOWHERE"])
    assert given.env == {"OWN": "1", "TOKEN": "secret"}
    assert "NOWHERE" in notebook.notices[0]
    assert (await notebook.page(env=[])).env == {"OWN": "1"}


async def test_a_session_is_asked_for_once(notebook: Asking) -> None:
    assert notebook.path is not None
    await bindings.ask_for_session(notebook.log, notebook.path, "s")
    await notebook.turn()
    assert notebook.wishes.session == "s"
    await notebook.wishes.taken()
    await notebook.turn()
    assert notebook.wishes.session is None
    await bindings.ask_for_session(notebook.log, notebook.path, None)
    await notebook.turn()
    assert notebook.wishes.session == bindings.NO_SESSION
    assert await bindings.bound_session(notebook.log, notebook.path, None) is None


async def test_the_file_decides_where_nobody_chose(notebook: Asking) -> None:
    notebook.carried = {"model": "m", "sandbox": "read-only"}
    assert (await notebook.turn()).sandbox == "read-only"
    assert (await notebook.page(sandbox="workspace-write")).sandbox == "workspace-write"
    assert (await notebook.page(sandbox=None)).sandbox == "read-only"
    notebook.carried = {}
    assert await notebook.turn() == DEFAULTS


async def test_a_wider_sandbox_of_the_file_is_told_once_and_holds_when_it_is_allowed(
    notebook: Asking,
) -> None:
    notebook.carried = {"sandbox": "danger-full-access"}
    assert (await notebook.turn()).sandbox == "workspace-write"
    await notebook.turn()
    assert len(notebook.notices) == 1
    assert (await notebook.page(sandbox="danger-full-access")).sandbox == "danger-full-access"
    assert len(notebook.notices) == 1


async def test_who_asked_for_what_is_told_once(notebook: Asking) -> None:
    assert notebook.path is not None
    await bindings.set_notebook_settings(
        notebook.log, notebook.path, {"model": "m"}, by="ada via page"
    )
    await bindings.set_notebook_settings(notebook.log, notebook.path, {"effort": "low"}, by="bob")
    await notebook.turn()
    assert notebook.wishes.take_heeded() == [
        ("ada via page", {"model": "m"}),
        ("bob", {"effort": "low"}),
    ]
    await notebook.page(model="m2")  # by nobody that is known
    assert notebook.wishes.take_heeded() == []
