"""A scripted model, a private CODEX_HOME pointed at it, and the real binary."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from codex_kernel.scripted_model import ScriptedModel

from .app_server import AppServer, app_server


@pytest.fixture
def codex_home() -> Iterator[Path]:
    # Not in the system's temporary folder: there Codex refuses to make its helpers.
    parent = Path.home() / ".cache" / "codex-kernel-tests"
    parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="scripted-", dir=parent))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def workspace(codex_home: Path) -> Path:
    folder = codex_home / "workspace"
    folder.mkdir()
    return folder


@pytest.fixture
async def model() -> AsyncIterator[ScriptedModel]:
    async with ScriptedModel() as model:
        yield model


@pytest.fixture(params=["gpt-5.5", "gpt-6.1-sol"])
def slug(request: pytest.FixtureRequest) -> str:
    """A model with classic tools, and one with code mode."""
    return request.param


@pytest.fixture
async def codex(
    model: ScriptedModel, codex_home: Path, workspace: Path, slug: str
) -> AsyncIterator[AppServer]:
    model.write_config(codex_home, slug)
    async with app_server(codex_home, workspace, slug) as server:
        yield server
