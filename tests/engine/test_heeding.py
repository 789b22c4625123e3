"""When a session looks at what is asked for in a page."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from codex_kernel.engine.session import Session
from codex_kernel.errors import LogUnavailable
from codex_kernel.ids import NotebookPath, stored_path
from codex_kernel.settings import LogSettings, Settings
from codex_kernel.turn_log import bindings
from codex_kernel.turn_log.log import TurnLog

LATER = "codex_kernel.engine.session.HEEDED_SECONDS"


@pytest.fixture
def notebook(tmp_path: Path) -> NotebookPath:
    return stored_path(tmp_path / "a.ipynb")


@pytest.fixture
async def session(tmp_path: Path, notebook: NotebookPath) -> AsyncIterator[Session]:
    settings = Settings(log=LogSettings(folder=tmp_path / "data"))
    async with TurnLog.open(settings.log) as log:
        session = Session(settings, log, notebook=notebook)
        yield session
        await session.aclose()


async def ask(session: Session, notebook: NotebookPath, sandbox: str) -> None:
    await bindings.set_notebook_settings(session.log, notebook, {"sandbox": sandbox})


async def test_a_turn_that_begins_with_its_cell_looks_no_second_time(
    session: Session, notebook: NotebookPath, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LATER, 3600.0)
    await session.heed_wishes()
    before = session.settings.sandbox
    await ask(session, notebook, "read-only")
    await session.recognise(None)
    assert session.settings.sandbox == before != "read-only"


async def test_a_turn_that_has_waited_looks_again(
    session: Session, notebook: NotebookPath, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LATER, -1.0)
    await session.heed_wishes()
    await ask(session, notebook, "read-only")
    await session.recognise(None)
    assert session.settings.sandbox == "read-only"


async def test_a_look_that_failed_is_none(
    session: Session, notebook: NotebookPath, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LATER, 3600.0)
    await ask(session, notebook, "read-only")
    with monkeypatch.context() as patched:

        async def locked(_current: Any) -> Any:
            raise LogUnavailable("The turn log is locked.")

        patched.setattr(session.wishes, "changes", locked)
        await session.heed_wishes()
    await session.recognise(None)
    assert session.settings.sandbox == "read-only"
