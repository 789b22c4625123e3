"""What Linux tells about processes in /proc; on other systems there are none to see.

Owns the reading of these files. Refuses to know why somebody asks, and sends no signals.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Stat:
    """A process at one moment; `started` (in clock ticks since boot) tells it from a successor
    that was given the same pid."""

    pid: int
    parent: int
    group: int
    started: int
    is_zombie: bool


def pids() -> list[int]:
    """Every process there is (empty where there is no /proc)."""
    try:
        return [int(name) for name in os.listdir(PROC) if name.isdecimal()]
    except OSError:
        return []


def read_stat(pid: int) -> Stat | None:
    """The process `pid`, or None when there is none; `man 5 proc_pid_stat`."""
    text = _read(pid, "stat")
    # The name, in parentheses, may contain blanks and parentheses itself.
    fields = text[text.rfind(b")") + 1 :].split()
    if len(fields) < 20:
        return None
    return Stat(
        pid=pid,
        parent=int(fields[1]),
        group=int(fields[2]),
        started=int(fields[19]),
        is_zombie=fields[0] in (b"Z", b"X"),
    )


def ancestors(stat: Stat) -> Iterator[Stat]:
    """Parent, grandparent and so on, up to the first process."""
    above: Stat | None = stat
    while above is not None and above.parent > 0:
        above = read_stat(above.parent)
        if above is not None:
            yield above


def environment(pid: int) -> dict[str, str]:
    """What `pid` was started with; empty when it may not be read or there is no such process."""
    entries = (os.fsdecode(entry) for entry in _read(pid, "environ").split(b"\0"))
    return {name: value for name, equals, value in (e.partition("=") for e in entries) if equals}


def is_ours(pid: int) -> bool:
    """Whether `pid` belongs to our user."""
    try:
        return os.stat(PROC / str(pid)).st_uid == os.geteuid()
    except OSError:
        return False


def program(pid: int) -> str:
    """The name of the file that `pid` executes; empty when it may not be known."""
    try:
        return os.path.basename(os.readlink(PROC / str(pid) / "exe"))
    except OSError:
        return ""


def _read(pid: int, name: str) -> bytes:
    try:
        return (PROC / str(pid) / name).read_bytes()
    except OSError:
        return b""
