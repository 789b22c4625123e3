"""The engine's own loop on its own thread, and that nothing of it is left."""

from __future__ import annotations

import asyncio
import threading

import pytest

from codex_kernel.engine.portal import Portal


def test_a_coroutine_runs_on_another_thread_and_its_result_comes_back():
    portal = Portal()
    try:

        async def where() -> str:
            return threading.current_thread().name

        assert portal.submit(where()).result(5) == "codex-engine"
    finally:
        portal.close()


async def test_it_can_be_awaited_from_a_loop_and_passes_errors_on():
    portal = Portal()
    try:

        async def fail() -> None:
            raise ValueError("no")

        with pytest.raises(ValueError, match="no"):
            await portal.run(fail())
    finally:
        await asyncio.to_thread(portal.close)


def test_closing_cancels_what_runs_and_ends_the_thread():
    portal = Portal()
    begun = threading.Event()
    ended: list[str] = []

    async def forever() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("cancelled")

    portal.submit(forever())
    assert begun.wait(5)
    portal.close()
    portal.close()
    assert ended == ["cancelled"]
    assert portal.loop.is_closed()
    assert "codex-engine" not in {thread.name for thread in threading.enumerate()}
