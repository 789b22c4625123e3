"""One event loop on a thread of its own, for hosts whose own loop is not theirs to block.

A kernel's main loop waits for messages, a magic runs inside the user's cell: both hand
coroutines to the portal and wait for them in their own way.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

STOP_SECONDS = 20.0
"""The ladder that ends an app-server takes less; a loop that hangs longer is left to the exit."""


class Portal:
    """An event loop that runs on a daemon thread until `close()`."""

    def __init__(self, name: str = "codex-engine") -> None:
        """Start the thread; returns when its loop runs."""
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        running = threading.Event()
        self.loop.call_soon(running.set)
        self._thread.start()
        running.wait()

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        try:
            self.loop.run_forever()
        finally:
            self.loop.run_until_complete(self.loop.shutdown_asyncgens())
            self.loop.close()

    def submit(self, coroutine: Coroutine[Any, Any, T]) -> concurrent.futures.Future[T]:
        """Run a coroutine on the loop; the future can be waited for by any thread."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop)

    async def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the loop and await it from another one."""
        return await asyncio.wrap_future(self.submit(coroutine))

    def post(self, function: Callable[..., object], *args: Any) -> None:
        """Call a function on the loop soon, from any thread; nothing comes back."""
        self.loop.call_soon_threadsafe(function, *args)

    def close(self) -> None:
        """Cancel what still runs, stop the loop and wait for the thread. May be called twice."""
        if self.loop.is_closed() or not self._thread.is_alive():
            return
        self.submit(_cancel_others()).result(STOP_SECONDS)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(STOP_SECONDS)


async def _cancel_others() -> None:
    current = asyncio.current_task()
    others = [task for task in asyncio.all_tasks() if task is not current]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
