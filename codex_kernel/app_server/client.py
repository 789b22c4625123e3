"""An app-server: a child of ours, or one that somebody else runs.

Owns the process or connection from start to end, the first exchange, and who gets which message.
Everything a session needs of the app-server is imported from here.
"""

from __future__ import annotations

import asyncio
import functools
import os
import random
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from codex_kernel.app_server import binary, questions
from codex_kernel.app_server.account import AccountMark
from codex_kernel.app_server.deltas import joined
from codex_kernel.app_server.params import (
    FEATURES_OFF,
    effective,
    fork_params,
    resume_params,
    sandbox_policy,
    thread_params,
    turn_params,
)
from codex_kernel.app_server.routing import Channel, Message, Router
from codex_kernel.app_server.translate import translate
from codex_kernel.errors import AppServerError, AppServerGone, CodexError, RequestTimedOut
from codex_kernel.ids import start_lock_path
from codex_kernel.rpc import procfs
from codex_kernel.rpc.lock import start_lock
from codex_kernel.rpc.peer import Peer
from codex_kernel.rpc.stdio import StdioTransport
from codex_kernel.rpc.websocket import WebSocketTransport
from codex_kernel.settings import AppServerSettings

__all__ = [
    "AppServer",
    "Channel",
    "effective",
    "fork_params",
    "resume_params",
    "sandbox_policy",
    "thread_params",
    "turn_params",
]

CLIENT_NAME = "codex_kernel"
START_ATTEMPTS = 3
"""Codex fails to start when another one sets up the same CODEX_HOME; a moment later it works."""
REFUSED = -32601
"""Our answer to requests that have no shape for a no (JSON-RPC: method not found)."""

UNREAD = (
    "app/list/updated",
    "externalAgentConfig/import/completed",
    "externalAgentConfig/import/progress",
    "fs/changed",
    "fuzzyFileSearch/sessionCompleted",
    "fuzzyFileSearch/sessionUpdated",
    "hook/completed",
    "hook/started",
    "item/fileChange/outputDelta",
    "remoteControl/status/changed",
    "skills/changed",
    "thread/goal/cleared",
    "thread/goal/updated",
    "thread/readState/changed",
    "turn/moderationMetadata",
)
"""Notifications that nobody here reads; Codex does not send them."""

_URGENT = frozenset({"turn/interrupt", "command/exec"})
"""Must not queue behind others, or takes as long as a command takes."""


class AppServer:
    """A running app-server; `async with` or `aclose()` ends a child and leaves a shared one."""

    def __init__(
        self,
        transport: StdioTransport | WebSocketTransport,
        settings: AppServerSettings,
        account: AccountMark | None = None,
    ) -> None:
        """Use `start`."""
        self.version: str | None = None
        self.codex_home: str | None = None
        self.warnings: list[str] = []
        """What the user should know about it, in sentences; Codex may add to them later."""
        self.gone: asyncio.Future[AppServerGone] = asyncio.get_running_loop().create_future()
        """Done, with how it ended, when it has ended."""
        self._settings = settings
        self._transport = transport
        self._account = account
        self._router = Router(self._refuse_later, is_shared=self.is_shared)
        self._router.subscribe(self._note)
        self._peer = Peer(transport, on_batch=self._take, on_close=self._ended)
        self._refusals: set[asyncio.Task[None]] = set()

    @classmethod
    async def start(
        cls, settings: AppServerSettings, *, data_folder: Path, client_version: str
    ) -> Self:
        """Start a child, or connect to `settings.endpoint`, and initialize it.

        Raises BinaryNotFound, BinaryTooOld, AppServerGone, RequestTimedOut, AppServerError.
        """
        if settings.endpoint:
            return await cls._connect(settings, settings.endpoint, client_version)
        environ = child_environ(settings)
        home = codex_home(environ)
        chosen = await binary.choose(
            settings.codex_bin, environ, data_dir=data_folder, codex_home=home
        )
        account = AccountMark(data_folder, home)
        server = await cls._spawn(
            settings, chosen.path, environ, data_folder, client_version, account
        )
        binary.remember_version(data_folder, home, server.version)
        return server

    @classmethod
    async def _connect(cls, settings: AppServerSettings, url: str, client_version: str) -> Self:
        token = _read_token(settings.token_file) if settings.token_file else None
        transport = await WebSocketTransport.connect(
            url, token, timeout_seconds=settings.start_seconds
        )
        server = cls(transport, settings)
        await server._begin(client_version)
        return server

    @classmethod
    async def _spawn(
        cls,
        settings: AppServerSettings,
        path: Path,
        environ: dict[str, str],
        data_folder: Path,
        client_version: str,
        account: AccountMark,
    ) -> Self:
        attempt = 1
        while True:
            try:
                async with start_lock(start_lock_path(data_folder), settings.start_seconds):
                    # Not in the notebook's folder: Codex would read its project's configuration
                    # for the whole process; every thread names its own folder. The lock has
                    # made this one.
                    transport = await StdioTransport.start(
                        command_line(path), cwd=_neutral_folder(data_folder), env=environ
                    )
                    server = cls(transport, settings, account)
                    await server._begin(client_version)
                    return server
            except AppServerGone as error:
                if attempt == START_ATTEMPTS or not _is_contention(error):
                    raise
            await asyncio.sleep(attempt * (0.1 + random.random() / 5))
            attempt += 1

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    @property
    def is_shared(self) -> bool:
        """Whether somebody else runs it, so that it must not be ended from here."""
        return isinstance(self._transport, WebSocketTransport)

    @property
    def is_gone(self) -> bool:
        """Whether it has ended, or the connection to it."""
        return self.gone.done()

    @property
    def knows_account(self) -> bool:
        """Whether nobody has logged in or out through another app-server since it was started.

        One that does not know must be ended: there is no way to have it look again.
        """
        return self._account is None or self._account.is_known

    @property
    def process(self) -> tuple[int, int | None] | None:
        """Pid of our child and its start in clock ticks after boot, as far as known."""
        if not isinstance(self._transport, StdioTransport):
            return None
        stat = procfs.read_stat(self._transport.pid)
        return self._transport.pid, stat.started if stat else None

    async def request(
        self,
        method: str,
        params: Any = None,
        timeout: float | None = None,  # noqa: ASYNC109 - it covers queueing and retries as well
    ) -> Any:
        """The result of a request, within `timeout` seconds (default: the settings').

        Raises RequestTimedOut, RequestRefused, Overloaded, AppServerGone.
        """
        result = await self._peer.request(
            method,
            params,
            timeout_seconds=self._settings.request_seconds if timeout is None else timeout,
            urgent=method in _URGENT,
        )
        if method == "account/logout" and self._account is not None:
            self._account.change()
        return result

    async def mcp_servers(self, cwd: str) -> list[str]:
        """Names of the MCP servers in Codex's own configuration, as seen from `cwd`."""
        answer = await self.request("config/read", {"cwd": cwd})
        return list(answer["config"].get("mcp_servers") or {})

    async def respond(self, request: Message, result: dict[str, Any] | None) -> None:
        """Answer a request of the app-server; `None` refuses it with an error."""
        if result is None:
            message = f"{CLIENT_NAME} does not answer {request['method']}."
            await self._peer.respond_error(request["id"], REFUSED, message)
        else:
            await self._peer.respond(request["id"], result)

    def open_channel(self, thread_id: str) -> Channel:
        """The messages of a thread and of its sub-agents, with those that came before."""
        return self._router.open(thread_id)

    def subscribe(self, listener: Callable[[Message], None]) -> Callable[[], None]:
        """Call `listener` with every notification that belongs to no thread (account, models).

        It must not block. Returns a function that ends the subscription.
        """
        return self._router.subscribe(listener)

    def kill(self) -> None:
        """End our child at once, the last means; a shared app-server is left alone.

        Its commands outside a sandbox may outlive it: see `rpc.orphans`.
        """
        if isinstance(self._transport, StdioTransport):
            self._transport.kill()

    async def aclose(self) -> None:
        """End our child, or the connection; pending requests and channels get AppServerGone."""
        for task in self._refusals:
            task.cancel()
        await self._peer.aclose()

    async def _begin(self, client_version: str) -> None:
        self._peer.start()
        try:
            answer = await self._peer.request(
                "initialize",
                initialize_params(client_version),
                timeout_seconds=self._settings.start_seconds,
            )
            self.version = binary.parse_user_agent_version(answer["userAgent"])
            self.codex_home = answer.get("codexHome")
            warning = binary.check_version(self.version)
            await self._peer.notify("initialized")
        except RequestTimedOut as error:
            await self.aclose()
            raise RequestTimedOut(
                f"Codex did not start within {self._settings.start_seconds:g} s."
            ) from error
        except BaseException:
            await self.aclose()
            raise
        if warning:
            self.warnings.append(warning)

    def _note(self, message: Message) -> None:
        if message["method"] == "account/login/completed" and message["params"].get("success"):
            if self._account is not None:
                self._account.change()
            return
        # Warnings that belong to no thread: a fault in config.toml, an MCP server.
        for draft in translate([message]):
            if draft["type"] == "warning" and draft["message"] not in self.warnings:
                self.warnings.append(draft["message"])

    def _take(self, batch: list[Message]) -> None:
        self._router.take(joined(batch))

    def _ended(self, gone: AppServerGone) -> None:
        if not self.gone.done():
            self.gone.set_result(gone)
        self._router.end(gone)

    def _refuse_later(self, request: Message) -> None:
        task = asyncio.create_task(self._refuse(request))
        self._refusals.add(task)
        task.add_done_callback(self._refusals.discard)

    async def _refuse(self, request: Message) -> None:
        await self.respond(request, questions.refusal(request))


def initialize_params(client_version: str) -> dict[str, Any]:
    """Who we are and what we want to hear."""
    return {
        "clientInfo": {"name": CLIENT_NAME, "title": "Codex kernel", "version": client_version},
        "capabilities": {"experimentalApi": True, "optOutNotificationMethods": list(UNREAD)},
    }


def command_line(path: Path) -> list[str]:
    """How our app-server is started; why each feature is off is told in `params`."""
    off = [word for feature in FEATURES_OFF for word in ("--disable", feature)]
    return [str(path), "app-server", *off]


def child_environ(settings: AppServerSettings) -> dict[str, str]:
    """The environment of our app-server; raises AppServerError when its home cannot be made."""
    environ = dict(settings.environ)
    if settings.codex_home:
        home = Path(os.path.expanduser(settings.codex_home))
        try:  # Codex refuses one that is not there
            home.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise AppServerError(
                f"The Codex home {home} cannot be made: {error.strerror}.",
                next_step="Correct the setting codex_home, or leave it out to use ~/.codex.",
            ) from error
        environ["CODEX_HOME"] = str(home)
    return environ


def codex_home(environ: dict[str, str]) -> Path:
    """The CODEX_HOME that a Codex with this environment uses."""
    home = environ.get("CODEX_HOME")
    return Path(home) if home else Path(environ.get("HOME") or Path.home()) / ".codex"


def _neutral_folder(data_folder: Path) -> Path:
    """An empty folder for the process to live in.

    Its working directory is writable to commands beside the turns (`command/exec`) whatever
    folder they name, so it must be neither the data folder nor one of the user's.
    """
    folder = data_folder / "app-server-cwd"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:  # a read-only home: turns run all the same, unrecorded
        return Path(_temporary_folder().name)
    return folder


@functools.cache
def _temporary_folder() -> tempfile.TemporaryDirectory[str]:
    """One for all app-servers of this process, removed when it ends."""
    return tempfile.TemporaryDirectory(prefix="codex-kernel-")


def _read_token(file: str) -> str:
    try:
        return Path(os.path.expanduser(file)).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise AppServerError(
            f"The token file {file} cannot be read: {error.strerror}.",
            next_step="Set the file that the app-server was given as --ws-token-file.",
        ) from error


def _is_contention(error: CodexError) -> bool:
    return "sqlite" in error.message.lower() or "database is locked" in error.message.lower()
