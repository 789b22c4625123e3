"""A child process that speaks JSON lines, from birth to reap.

Owns the process, its three pipes and the ladder that ends it: close stdin, wait, SIGTERM to
its group, wait, SIGKILL, reap. Refuses to know what is said over the pipes.

A parent that dies without closing (`kill -9`) needs no ladder: its ends of the pipes close with
it, the app-server sees the end of its stdin and leaves, with all its commands. Therefore there
is no PR_SET_PDEATHSIG, which would need code between fork and exec and follows the thread,
not the process, that forked.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Mapping, Sequence
from typing import cast

from codex_kernel.errors import AppServerError, BinaryNotFound
from codex_kernel.rpc import processes
from codex_kernel.rpc.pipes import Pipes

EOF_SECONDS = 1.5
"""The app-server leaves 25 to 45 ms after the end of its stdin; a loaded machine gets more. The
whole ladder must end before Jupyter's patience with a kernel that shuts down, which is 5 s."""
TERM_SECONDS = 1.0
"""SIGTERM takes 40 ms; what needs more than this is stuck."""
KILL_SECONDS = 1.0
"""Nothing survives SIGKILL but a process that hangs in the operating system."""
STRAGGLER_SECONDS = 0.5
"""For what is left of the group when its leader is gone, before it is killed."""
EXIT_SECONDS = 1.0
"""Between the end of stdout and the exit, so that an error can tell how it ended."""
LAST_WORDS_CHARACTERS = 600
"""What an error quotes of stderr."""
BACKTRACE = "\nStack backtrace:"
"""Below it are addresses only; the reason is above."""

_ANSI = re.compile(r"\x1b\[[0-9;:?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[@-_]")


class StdioTransport:
    """A child process as a transport: frames are lines of its stdin and stdout."""

    def __init__(self, process: asyncio.SubprocessTransport, pipes: Pipes) -> None:
        """Use `start`."""
        self._process = process
        self._pipes = pipes
        self._closing: asyncio.Task[None] | None = None

    @classmethod
    async def start(
        cls,
        argv: Sequence[str],
        *,
        cwd: str | os.PathLike[str] | None = None,
        env: Mapping[str, str] | None = None,
    ) -> StdioTransport:
        """Start `argv`. Secrets belong in `env`: `argv` can be read by every user.

        Raises BinaryNotFound when there is no such program, AppServerError when it or `cwd`
        cannot be used.
        """
        try:
            process, pipes = await asyncio.get_running_loop().subprocess_exec(
                Pipes, *argv, cwd=cwd, env=env, **processes.spawn_options()
            )
        except OSError as error:
            raise _start_error(argv[0], cwd, error) from error
        return cls(process, pipes)

    @property
    def pid(self) -> int:
        """The process id, which is also that of its group and session."""
        return self._process.get_pid()

    @property
    def returncode(self) -> int | None:
        """The exit status as in `subprocess`, or None while it runs."""
        return self._process.get_returncode()

    @property
    def stderr_tail(self) -> str:
        """The last of what the process said on stderr, without colours."""
        return _ANSI.sub("", self._pipes.stderr.decode(errors="replace"))

    @property
    def ending(self) -> str:
        """How it ended, in a sentence or two, with its last words unless it ended well."""
        if self.returncode is None:
            return "The app-server closed its output."
        sentence = f"The app-server {processes.describe_exit(self.returncode)}."
        words = self.stderr_tail.partition(BACKTRACE)[0].strip()[-LAST_WORDS_CHARACTERS:]
        return f"{sentence} Its last words: {words}" if self.returncode and words else sentence

    async def send(self, frame: bytes) -> None:
        """Write one line, and wait while the pipe is full; nothing happens after the end."""
        stdin = self._pipe(0)
        if not stdin.is_closing():
            stdin.writelines((frame, b"\n"))
            await self._pipes.writable.wait()

    async def receive(self) -> list[bytes]:
        """Every line that has arrived, at least one; empty when there will be no more."""
        while not (frames := self._pipes.take()):
            if self._pipes.is_output_ended:
                await self._exits_within(EXIT_SECONDS)
                return []
            await self._pipes.news.wait()
        return frames

    def kill(self) -> None:
        """End the process and its group now (`aclose` still has to be called)."""
        if self.returncode is None:
            processes.kill_group(self.pid)

    async def aclose(self) -> None:
        """End the process by the ladder and reap it, also when the caller is cancelled."""
        if self._closing is None:
            self._closing = asyncio.create_task(self._close())
        await asyncio.shield(self._closing)

    async def _close(self) -> None:
        self._pipes.let_flow()
        try:
            await self._descend()
            await self._clear_group()
        except asyncio.CancelledError:  # the loop itself ends: no time for manners
            self.kill()
            await self._exits_within(KILL_SECONDS)
            raise
        finally:
            self._process.close()
            self._pipes.end_output()
        await _happens_within(self._pipes.lost, KILL_SECONDS)

    async def _descend(self) -> None:
        self._pipe(0).close()
        if await self._exits_within(EOF_SECONDS):
            return
        processes.terminate_group(self.pid)
        if await self._exits_within(TERM_SECONDS):
            return
        processes.kill_group(self.pid)
        await self._exits_within(KILL_SECONDS)

    async def _clear_group(self) -> None:
        if not processes.is_group_alive(self.pid):
            return
        processes.terminate_group(self.pid)
        deadline = asyncio.get_running_loop().time() + STRAGGLER_SECONDS
        while processes.is_group_alive(self.pid):
            if asyncio.get_running_loop().time() > deadline:
                processes.kill_group(self.pid)
                return
            await asyncio.sleep(0.02)  # there is nothing to wait on: they are not our children

    async def _exits_within(self, seconds: float) -> bool:
        return await _happens_within(self._pipes.exited, seconds)

    def _pipe(self, fd: int) -> asyncio.WriteTransport:
        return cast(asyncio.WriteTransport, self._process.get_pipe_transport(fd))


def _start_error(
    program: str, cwd: str | os.PathLike[str] | None, error: OSError
) -> AppServerError:
    if cwd is not None and not os.path.isdir(cwd):
        return AppServerError(
            f"The folder {os.fspath(cwd)} does not exist.",
            next_step="Make it, or choose another with `/cd`.",
        )
    if isinstance(error, FileNotFoundError):
        return BinaryNotFound(f"There is no program {program}.")
    return AppServerError(
        f"{program} cannot be started: {error.strerror or error}.",
        next_step="Check with `jupyter codex doctor` which binary is used.",
    )


async def _happens_within(event: asyncio.Event, seconds: float) -> bool:
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return False
    return True
