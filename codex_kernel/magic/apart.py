"""Running a coroutine to its end below a running event loop.

While a cell waits for a turn, the kernel's loop stands still, and a second one cannot run on its
thread: unless the first is put aside.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

T = TypeVar("T")


def run_apart(coroutine: Coroutine[Any, Any, T]) -> T:
    """The coroutine's value, from a loop of its own; tasks that it leaves behind are cancelled."""
    with _no_loop(), asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        return runner.run(coroutine)


@contextmanager
def _no_loop() -> Iterator[None]:
    """As if no loop ran on this thread; by what asyncio has for other implementations of it."""
    loop = asyncio._get_running_loop()
    if loop is None:
        yield
        return
    task = asyncio.current_task(loop)
    if task is not None:
        asyncio.tasks._leave_task(loop, task)
    asyncio._set_running_loop(None)
    try:
        yield
    finally:
        asyncio._set_running_loop(loop)
        if task is not None:
            asyncio.tasks._enter_task(loop, task)
