"""A session with a scripted model, in folders of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from codex_kernel.scripted_model import ScriptedModel

from ..cell.bench import Bench, opened
from ..end_to_end.place import new_place


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    with new_place() as place:
        async with ScriptedModel() as model:
            model.write_config(place.root / "home", "gpt-5.5")
            async with opened(place.root, model) as bench:
                yield bench
