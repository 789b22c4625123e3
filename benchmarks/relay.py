"""A TCP relay before a server that counts what goes to the client, by the path first asked for.

Browsers count the payload of a WebSocket only after it was inflated; this is what was sent.
"""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

CHUNK = 1 << 16


class Relay:
    """What was counted so far; made by `relay`."""

    def __init__(self, target: int) -> None:
        """Everything goes to this port of this machine."""
        self.sent: Counter[str] = Counter()
        """Bytes to the client, by the last part of the path."""
        self.port = 0
        self._target = target

    async def serve(self, ready: threading.Event) -> None:
        """Relay until cancelled."""
        server = await asyncio.start_server(self._relay, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        async with server:
            await server.serve_forever()

    async def _relay(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        server, to_server = await asyncio.open_connection("127.0.0.1", self._target)
        first = await client.read(CHUNK)
        to_server.write(first)
        name = first.partition(b"\r\n")[0].split(b" ")[1:2]
        path = name[0].decode("ascii", "replace").partition("?")[0] if name else ""
        up = asyncio.create_task(self._pump(client, to_server, None))
        await self._pump(server, to_client, path.rpartition("/")[2])
        up.cancel()

    async def _pump(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, name: str | None
    ) -> None:
        try:
            while chunk := await source.read(CHUNK):
                if name is not None:
                    self.sent[name] += len(chunk)
                sink.write(chunk)
                await sink.drain()
        except ConnectionError:
            pass
        finally:
            sink.close()


@contextmanager
def relay(target: int) -> Iterator[Relay]:
    """A relay in a thread of its own, to a port of this machine."""
    made, ready = Relay(target), threading.Event()
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=_run, args=(loop, made, ready), name="relay")
    thread.start()
    ready.wait()
    try:
        yield made
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


def _run(loop: asyncio.AbstractEventLoop, made: Relay, ready: threading.Event) -> None:
    asyncio.set_event_loop(loop)
    serving = loop.create_task(made.serve(ready))
    loop.run_forever()
    left = {serving, *asyncio.all_tasks(loop)}
    for task in left:
        task.cancel()
    loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
    loop.close()
