"""The real binary, a real kernel, a real client, and a check that nothing of them is left."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from codex_kernel.scripted_model import ScriptedModel

from ..codex_binaries import binaries
from .place import Kernel, Place, kernel_in, new_place, processes_of, scripted, wait_until


@pytest.fixture
def place() -> Iterator[Place]:
    with new_place() as place:
        yield place
        wait_until(lambda: not processes_of(place), seconds=10)


@pytest.fixture
def slug() -> str:
    return "gpt-5.5"


@pytest.fixture
def model(place: Place, slug: str) -> Iterator[ScriptedModel]:
    with scripted(place, slug) as model:
        yield model


@pytest.fixture(params=binaries().values(), ids=binaries().keys())
def codex_bin(request: pytest.FixtureRequest) -> Path:
    """Every Codex that is supported: the wheel's and npm's newest."""
    return request.param


@pytest.fixture
def kernel(place: Place, model: ScriptedModel, codex_bin: Path) -> Iterator[Kernel]:
    with kernel_in(place, CODEX_BIN=str(codex_bin)) as kernel:
        yield kernel
