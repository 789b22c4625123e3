"""A page as the server sees it, in a process of its own: the feed, and a socket on each live turn.

`python -m benchmarks.watcher URL TOKEN` says "watching" when it is on the feed, ends with its
standard input, and says then how many messages about turns it got.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter

from websockets.asyncio.client import connect


class Watcher:
    """A page until `watch` returns."""

    def __init__(self, url: str, token: str) -> None:
        """`url` of the extension's API, as of WebSockets."""
        self._url = url
        self._headers = {"Authorization": f"token {token}"}
        self._messages: Counter[str] = Counter()

    async def watch(self) -> int:
        """Follow until standard input ends; how many messages about turns came."""
        async with asyncio.TaskGroup() as tasks:
            following = tasks.create_task(self._follow(tasks))
            await asyncio.to_thread(sys.stdin.read)
            following.cancel()
        return self._messages.total()

    async def _follow(self, tasks: asyncio.TaskGroup) -> None:
        url = f"{self._url}feed"
        async with connect(url, additional_headers=self._headers, max_size=None) as feed:
            print("watching", flush=True)
            async for message in feed:
                frame = json.loads(message)
                if frame["type"] == "turn" and frame["turn_id"] not in self._messages:
                    self._messages[frame["turn_id"]] = 0
                    tasks.create_task(self._read(frame["turn_id"]))

    async def _read(self, turn_id: str) -> None:
        url = f"{self._url}turns/{turn_id}/stream"
        async with connect(url, additional_headers=self._headers, max_size=None) as stream:
            async for message in stream:
                json.loads(message)
                self._messages[turn_id] += 1


if __name__ == "__main__":
    print(asyncio.run(Watcher(*sys.argv[1:]).watch()))
