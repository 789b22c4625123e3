"""`@cell[3]` and `@out[3]`: what was asked and answered, for Codex to read."""

from __future__ import annotations

import json

import pytest

from codex_kernel.cell.completion import complete
from codex_kernel.cell.references import REFERENCE_BYTES, referred
from codex_kernel.cell.run import Frontend, run_cell
from codex_kernel.errors import UnknownReference

from .bench import Bench


async def run(bench: Bench, count: int, text: str) -> None:
    """Run a cell that has this number."""
    frontend = Frontend(None, bench._take, bench._say, None, execution_count=count)
    await run_cell(bench.session, text, frontend)


async def matches(bench: Bench, text: str) -> list[str]:
    return (await complete(text, len(text), bench.session))["matches"]


async def test_a_number_brings_the_prompt_or_the_answer_along(bench: Bench):
    await run(bench, 3, 'How much? @@ [["say", "It is 42."]]')
    await run(bench, 4, "Double @out[3], as @cell[3] asked: `@out[9]` is code")
    sent = bench.sent()
    brought = '<referenced name="@out[3]">\nIt is 42.\n</referenced>'
    assert json.dumps(brought)[1:-1] in sent
    assert "How much?" in sent
    assert bench.turns[-1].data["prompt"].startswith("Double @out[3], as")
    assert "referenced" not in bench.turns[-1].data["prompt"]


async def test_a_number_of_no_cell_is_an_error_that_says_how_to_send_it(bench: Bench):
    with pytest.raises(UnknownReference, match=r"\[7\]") as error:
        await run(bench, 1, "See @out[7]")
    assert "backticks" in error.value.next_step
    assert not bench.model.requests


async def test_the_latest_turn_of_a_number_counts_and_a_long_one_is_cut(bench: Bench):
    await run(bench, 1, 'Old @@ [["say", "old"]]')
    long = "x" * (REFERENCE_BYTES + 10)
    await run(bench, 1, f"New {long}")
    text, images = await referred("@cell[1]", bench.session)
    assert (images, "old" in text) == ((), False)
    assert len(text) < REFERENCE_BYTES + 200
    assert "the rest is left out" in text


async def test_numbers_are_completed(bench: Bench):
    assert await matches(bench, "@out[") == []
    await run(bench, 2, 'Two @@ [["say", "2"]]')
    await run(bench, 11, 'Eleven @@ [["say", "11"]]')
    assert await matches(bench, "See @o") == ["@out[11]", "@out[2]"]
    assert await matches(bench, "@cell[1") == ["@cell[11]"]
    assert await matches(bench, "@") == []
    assert await matches(bench, "@other") == []
