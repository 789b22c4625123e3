"""Who owns a turn.

An owner is one opening of the log by one process. Pids are reused, so a process is known by
boot, pid namespace, pid and start time together.
"""

from __future__ import annotations

import os
import platform
import secrets
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")


@dataclass(frozen=True)
class Owner:
    """One opening of the log by one process.

    `started` is the start of the process in clock ticks after boot, None where that cannot be
    told; `is_closed`: it has closed the log in good order.
    """

    owner: str
    kind: str
    boot_id: str
    pid_namespace: str | None
    pid: int
    started: int | None
    is_closed: bool = False


def this_process(kind: str) -> Owner:
    """A new owner: this process, now. `kind` says what it is (kernel, server, cli)."""
    pid = os.getpid()
    return Owner(secrets.token_hex(8), kind, boot_id(), pid_namespace(), pid, process_started(pid))


def boot_id() -> str:
    """The same for all processes of one boot of one machine; without one, the host's name."""
    try:
        return (PROC / "sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return f"host:{platform.node()}"


def pid_namespace() -> str | None:
    """Within one, a pid means one process; None where there is no such thing."""
    try:
        return os.readlink(PROC / "self/ns/pid")
    except OSError:
        return None


def process_started(pid: int) -> int | None:
    """The start of a living process in clock ticks after boot; None when it is not known."""
    fields = _stat_fields(pid)
    return int(fields[19]) if fields else None


def _stat_fields(pid: int) -> list[str] | None:
    """The fields of /proc/pid/stat from the third (the state) on, see proc(5)."""
    try:
        text = (PROC / str(pid) / "stat").read_text(errors="replace")
    except OSError:
        return None
    # The second field is a file name in parentheses and may contain anything.
    return text.rpartition(")")[2].split()
