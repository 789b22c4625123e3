"""A connection to an app-server that somebody else runs: `ws://`, `wss://` or `unix://`.

Owns the connection and what its failures mean in words. Refuses to know what is said over it.
Codex speaks WebSocket also over the Unix socket, one JSON message per text frame, and answers 403
to any Origin header.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from codex_kernel.errors import AppServerError, AppServerGone

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

CONNECT_SECONDS = 10.0
"""For connection and handshake; a server on this machine takes milliseconds."""
CLOSE_SECONDS = 2.0
"""For the closing handshake; after that the connection is cut."""
PING_SECONDS = 20.0
"""A line that died silently is noticed by its missing answers to pings..."""
PONG_SECONDS = 60.0
"""... but a machine that was busy or asleep for a while is not cut off."""

_log = logging.getLogger(__name__)
_log.setLevel(logging.INFO)  # at DEBUG the library would write prompts and the token


class WebSocketTransport:
    """A WebSocket as a transport: frames are its text messages."""

    def __init__(self, connection: ClientConnection, address: str) -> None:
        """Use `connect`."""
        self._connection = connection
        self._address = address
        self._closing: asyncio.Task[None] | None = None

    @classmethod
    async def connect(
        cls, url: str, token: str | None = None, *, timeout_seconds: float = CONNECT_SECONDS
    ) -> Self:
        """Connect to `ws://host:port`, `wss://...` or `unix:///path/of/the.sock`.

        `token` is the capability token of an app-server that was started with one. Raises
        AppServerGone when nobody answers, AppServerError when it will not have us.
        """
        from websockets.asyncio.client import connect
        from websockets.exceptions import InvalidHandshake, InvalidStatus, InvalidURI

        target, where, address = _target(url)
        headers = {"Authorization": f"Bearer {token}"} if token else None
        try:
            connection = await connect(
                target,
                additional_headers=headers,
                compression=None,
                proxy=None,
                max_size=None,
                open_timeout=timeout_seconds,
                ping_interval=PING_SECONDS,
                ping_timeout=PONG_SECONDS,
                close_timeout=CLOSE_SECONDS,
                logger=_log,
                **where,
            )
        except InvalidStatus as error:
            raise _refused(address, error.response.status_code, token) from error
        except InvalidURI as error:
            raise _unusable(url) from error
        except TimeoutError as error:
            raise _unreachable(address, f"did not answer within {timeout_seconds:g} s") from error
        except (InvalidHandshake, EOFError) as error:
            raise _unreachable(address, "does not answer as an app-server") from error
        except OSError as error:
            raise _unreachable(address, f"cannot be reached: {error.strerror or error}") from error
        return cls(connection, address)

    @property
    def ending(self) -> str:
        """How the connection ended, in a sentence."""
        code, reason = self._connection.close_code, self._connection.close_reason
        detail = f"code {code}: {reason}" if reason else f"code {code}"
        return f"The connection to the app-server at {self._address} was closed ({detail})."

    async def send(self, frame: bytes) -> None:
        """Send one frame, and wait while the buffer is full; nothing happens after the end."""
        from websockets.exceptions import ConnectionClosed

        try:
            await self._connection.send(frame, text=True)
        except ConnectionClosed:
            return  # `receive` reports it, with the reason

    async def receive(self) -> list[bytes]:
        """The next message; empty when there will be no more."""
        from websockets.exceptions import ConnectionClosed

        try:
            return [await self._connection.recv(decode=False)]
        except ConnectionClosed:
            return []

    async def aclose(self) -> None:
        """Close the connection, also when the caller is cancelled; the app-server lives on."""
        if self._closing is None:
            self._closing = asyncio.create_task(self._connection.close())
        await asyncio.shield(self._closing)


def _target(url: str) -> tuple[str, dict[str, Any], str]:
    """The address to ask for, where to connect instead of there, and what to call it."""
    try:
        parts = urlsplit(url)
        has_host = bool(parts.hostname) and parts.port != 0
    except ValueError:  # brackets that do not close, a port that is no number
        raise _unusable(url) from None
    if parts.scheme == "unix" and parts.path:
        return "ws://localhost/", {"unix": True, "path": parts.path}, url
    if parts.scheme in ("ws", "wss") and has_host:
        # A URL may carry a password, which belongs in no message.
        return url, {}, f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
    raise _unusable(url)


def _unusable(url: str) -> AppServerError:
    scheme = url.partition(":")[0] if ":" in url else "no scheme"
    return AppServerError(
        f"This is no address of an app-server ({scheme}).",
        next_step="Use ws://host:port, wss://host:port or unix:///path/of/the.sock.",
    )


def _unreachable(address: str, what: str) -> AppServerGone:
    return AppServerGone(
        f"The app-server at {address} {what}.",
        next_step=f"Start it there with `codex app-server --listen {address}`, "
        "or correct the address.",
    )


def _refused(address: str, status: int, token: str | None) -> AppServerError:
    if status == 401:
        what = "does not take this token" if token else "asks for a token"
        step = "Set the token that is in the file of its option --ws-token-file."
    elif status == 403:
        what = "refuses connections that come from a browser or through a proxy (403)"
        step = "Connect to it directly: it takes no Origin header."
    else:
        what = f"answers with HTTP status {status}"
        step = "Check that the address is that of a Codex app-server."
    return AppServerError(f"The app-server at {address} {what}.", next_step=step)
