"""The real binary, a real kernel, a real client, and a check that nothing of them is left."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from codex_kernel.scripted_model import ScriptedModel

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


@pytest.fixture
def kernel(place: Place, model: ScriptedModel) -> Iterator[Kernel]:
    with kernel_in(place) as kernel:
        yield kernel
