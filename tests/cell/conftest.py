"""Sessions on the real binary, each with a CODEX_HOME of its own."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from codex_kernel.scripted_model import ScriptedModel

from .bench import Bench, opened


@pytest.fixture
def folder() -> Iterator[Path]:
    # Not in the system's temporary folder: there Codex refuses to make its helpers.
    parent = Path.home() / ".cache" / "codex-kernel-tests"
    parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="cell-", dir=parent))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
async def model(folder: Path) -> AsyncIterator[ScriptedModel]:
    async with ScriptedModel() as model:
        model.write_config(folder / "home", "gpt-5.5")
        yield model


@pytest.fixture
async def bench(folder: Path, model: ScriptedModel) -> AsyncIterator[Bench]:
    async with opened(folder, model) as bench:
        yield bench
