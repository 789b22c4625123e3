"""Reading a line from a terminal without blocking, so that a question can be taken back.

What was typed before a question was shown is thrown away: it cannot have been meant for it.
"""

from __future__ import annotations

import asyncio
import getpass
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

try:
    import termios
except ImportError:  # Windows
    termios: Any = None

POLL_SECONDS = 0.05


def can_ask() -> bool:
    """Whether somebody sits at this process's terminal."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))


async def read_line(prompt: str, is_password: bool) -> str | None:
    """The line that the user typed; None at the end of input. Cancel to withdraw."""
    if termios is None:  # there a console cannot be waited for, nor a question taken back
        return await asyncio.to_thread(_block, prompt, is_password)
    stdin = sys.stdin
    sys.stdout.write(prompt)
    sys.stdout.flush()
    termios.tcflush(stdin, termios.TCIFLUSH)
    try:
        with _echo(stdin.fileno(), is_on=not is_password):
            await _has_line(stdin)
            line = stdin.readline()
    except asyncio.CancelledError:
        sys.stdout.write("\n")
        raise
    if is_password or not line:
        sys.stdout.write("\n")
    return line.rstrip("\r\n") if line else None


def _block(prompt: str, is_password: bool) -> str:
    return getpass.getpass(prompt) if is_password else input(prompt)


async def _has_line(stream: Any) -> None:
    while not select.select([stream], [], [], 0)[0]:  # noqa: ASYNC110  # works on every loop
        await asyncio.sleep(POLL_SECONDS)


@contextmanager
def _echo(terminal: int, *, is_on: bool) -> Iterator[None]:
    before = termios.tcgetattr(terminal)
    if not is_on:
        silent = [*before]
        silent[3] &= ~termios.ECHO
        termios.tcsetattr(terminal, termios.TCSADRAIN, silent)
    try:
        yield
    finally:
        if not is_on:
            termios.tcsetattr(terminal, termios.TCSADRAIN, before)
