"""The notebook tools over stdin and stdout, for the MCP configuration of another program."""

from __future__ import annotations

import asyncio
import os
import threading

from codex_kernel.settings import SessionSettings
from codex_kernel.tools.client import ClientCaller
from codex_kernel.tools.notebooks import Documents, Notebooks
from codex_kernel.tools.wire import READ_BYTES, Connection

INSTRUCTIONS = """\
Tools on the Jupyter notebooks of this folder. Notebooks that are open in JupyterLab must be \
changed by these tools, never by writing their files.\
"""


async def serve(documents: Documents, settings: SessionSettings) -> None:
    """Serve until stdin ends; `settings` say what is asked before it is done."""
    tools = Notebooks(documents).tools()

    def caller(connection: Connection) -> ClientCaller:
        return ClientCaller(connection, settings)

    await Connection(_Pipes(), lambda: tools, caller, INSTRUCTIONS).serve()


class _Pipes:
    """Our stdin and stdout as `wire.Stream`, whatever they are: pipes, files, sockets."""

    def __init__(self) -> None:
        self._chunks: asyncio.Queue[bytes] = asyncio.Queue()
        loop = asyncio.get_running_loop()

        def pump() -> None:
            chunk = b"more"
            while chunk:
                chunk = os.read(0, READ_BYTES)
                if loop.is_closed():
                    return
                loop.call_soon_threadsafe(self._chunks.put_nowait, chunk)

        # A daemon: at Ctrl-C nobody waits for a read that never ends.
        threading.Thread(target=pump, name="stdin", daemon=True).start()

    async def read(self) -> bytes:
        """Some bytes; none at the end."""
        return await self._chunks.get()

    async def write(self, data: bytes) -> None:
        """Write all of it."""
        await asyncio.to_thread(_write, data)


def _write(data: bytes) -> None:
    while data:
        data = data[os.write(1, data) :]
