"""The tools of one session on a private socket, for the relay that Codex starts.

Owns the socket, who may connect, and the connections until the end. The token goes to Codex in
the configuration of the thread, over its stdin, and from there into the relay's environment.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import logging
import os
import secrets
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from codex_kernel.tools import relay
from codex_kernel.tools.registry import listening
from codex_kernel.tools.tool import Caller
from codex_kernel.tools.wire import READ_BYTES, Connection, Toolbox
from codex_kernel.turn.items import OWN_SERVER

logger = logging.getLogger(__name__)

HELLO_SECONDS = 5.0
"""For the token; the relay sends it at once."""
TOKEN_BYTES = 32
START_SECONDS = 20.0
CALL_SECONDS = 12 * 3600.0
"""A call may wait for the user's leave as long as any approval, and has limits of its own."""
SOCKET_CHARS = 100
"""A socket's path must be shorter than 108 bytes."""

INSTRUCTIONS = """\
Tools of the Jupyter kernel that this conversation belongs to. Notebooks that are open must be \
changed by the notebook_ tools, never by writing their files.\
"""


class Pair:
    """A pair of asyncio streams as `wire.Stream`."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def read(self) -> bytes:
        """Some bytes; none at the end."""
        return await self._reader.read(READ_BYTES)

    async def write(self, data: bytes) -> None:
        """Write all of it."""
        self._writer.write(data)
        await self._writer.drain()


@asynccontextmanager
async def offered(
    tools: Toolbox,
    caller: Callable[[Connection], Caller],
    folder: Path,
    on_change: Callable[[], None],
) -> AsyncIterator[Mapping[str, object]]:
    """Serve while the block lasts; yields what every thread's configuration has to hold.

    `folder` is the package's own, private one. `on_change` is called when the configuration has
    changed, because there are other tools. Raises OSError when there can be no socket.
    """
    token = secrets.token_urlsafe(TOKEN_BYTES)
    serving: set[asyncio.Task[None]] = set()
    connections: set[Connection] = set()
    environ: dict[str, str] = {}
    loop = asyncio.get_running_loop()

    def keep(task: asyncio.Task[None]) -> None:
        serving.add(task)
        task.add_done_callback(serving.discard)

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        keep(loop.create_task(serve(reader, writer)))

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if await _is_allowed(reader, writer, token):
                connection = Connection(Pair(reader, writer), tools, caller, INSTRUCTIONS)
                connections.add(connection)
                await connection.serve()
                connections.discard(connection)
        finally:
            writer.close()

    def changed() -> None:
        # Codex remembers the tools of a server that is configured alike.
        environ["CODEX_KERNEL_TOOLS_EDITION"] = secrets.token_hex(4)
        on_change()
        for connection in connections:
            keep(loop.create_task(connection.tell_changed()))

    def registered() -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(changed)

    with _place(folder) as path, listening(registered):
        server = await asyncio.start_unix_server(connected, path)
        os.chmod(path, 0o600)
        try:
            environ |= {"CODEX_KERNEL_TOOLS_SOCKET": path, "CODEX_KERNEL_TOOLS_TOKEN": token}
            yield _config(environ)
        finally:
            server.close()
            for task in list(serving):
                task.cancel()
            await asyncio.gather(*serving, return_exceptions=True)


def _config(environ: Mapping[str, str]) -> Mapping[str, object]:
    return {
        f"mcp_servers.{OWN_SERVER}": {
            "command": sys.executable,
            # -I and -S: neither the user's variables nor any site-packages.
            "args": ["-I", "-S", relay.__file__],
            "env": environ,
            "default_tools_approval_mode": "approve",  # we ask by ourselves, with the code shown
            "startup_timeout_sec": START_SECONDS,
            "tool_timeout_sec": CALL_SECONDS,
        }
    }


@contextlib.contextmanager
def _place(folder: Path) -> Iterator[str]:
    """A path for a socket in a folder that is ours alone; removed afterwards."""
    own = folder / "tools"
    own.mkdir(mode=0o700, parents=True, exist_ok=True)
    own.chmod(0o700)
    _sweep(own)
    name = f"{os.getpid()}-{secrets.token_hex(4)}"
    with contextlib.ExitStack() as stack:
        path = own / name
        if len(os.fsencode(path)) > SOCKET_CHARS:
            # mkdtemp's folders are private, too; but others may fill up or clear /tmp.
            path = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="codex-"))) / "s"
        stack.callback(path.unlink, missing_ok=True)
        yield str(path)


def _sweep(folder: Path) -> None:
    """Remove the sockets of processes that were killed."""
    for path in folder.iterdir():
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(str(path))
            except ConnectionRefusedError:
                path.unlink(missing_ok=True)
            except OSError as failure:
                logger.debug("%s cannot be looked at: %s", path, failure)


async def _is_allowed(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, token: str
) -> bool:
    try:
        async with asyncio.timeout(HELLO_SECONDS):
            line = await reader.readline()
    except (TimeoutError, ValueError, OSError):
        return False
    return hmac.compare_digest(line.strip(), token.encode())
