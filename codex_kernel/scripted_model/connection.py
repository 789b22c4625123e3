"""A connection to Codex while an answer is streamed into it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

# Written at once; larger is not faster on a loopback.
_PIECE = 1 << 18


class Line:
    """Writes in large pieces, and notices when the other side hangs up."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._buffer = bytearray()

    async def write(self, data: bytes) -> None:
        """Write `data`, now or with what follows."""
        self._buffer += data
        if len(self._buffer) >= _PIECE:
            await self.flush()

    async def flush(self) -> None:
        """Write what is held back; it waits while Codex reads slower than this."""
        self._writer.write(bytes(self._buffer))
        self._buffer.clear()
        await self._writer.drain()

    async def outlives(self, what: Awaitable[Any]) -> bool:
        """Await `what`; False when the client hung up before it came."""
        waiting = asyncio.ensure_future(what)
        hung_up = asyncio.ensure_future(self._reader.read(1))
        try:
            await asyncio.wait({waiting, hung_up}, return_when=asyncio.FIRST_COMPLETED)
            return waiting.done()
        finally:
            waiting.cancel()
            hung_up.cancel()

    def cut(self) -> None:
        """End the connection in the middle, as a broken network would."""
        self._writer.transport.abort()
