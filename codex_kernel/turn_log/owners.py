"""Who owns a turn, and whether that owner is dead.

An owner is one opening of the log by one process. Pids are reused, so a process is known by
boot, pid namespace, pid and start time together. Silence, age or a lost heartbeat prove
nothing: a suspended or busy owner is alive.
"""

from __future__ import annotations

import os
import platform
import secrets
import sys
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


def owner_is_dead(owner: Owner) -> bool | None:
    """True: proven dead. False: it lives. None: that cannot be told from this process."""
    if owner.is_closed:
        return True
    if (owner.boot_id, owner.pid_namespace) != (boot_id(), pid_namespace()):
        return None
    lives = process_lives(owner.pid, owner.started)
    return None if lives is None else not lives


def process_lives(pid: int, started: int | None) -> bool | None:
    """Whether this very process still runs, here; None when another may have its pid by now."""
    fields = _stat_fields(pid)
    if fields is None:
        # No such process, or no /proc.
        return None if _pid_is_taken(pid) else False
    if fields[0] in ("Z", "X", "x"):
        return False
    return None if started is None else int(fields[19]) == started


def _pid_is_taken(pid: int) -> bool:
    if sys.platform == "win32":
        # os.kill() would end the process there, whatever the signal.
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _stat_fields(pid: int) -> list[str] | None:
    """The fields of /proc/pid/stat from the third (the state) on, see proc(5)."""
    try:
        text = (PROC / str(pid) / "stat").read_text(errors="replace")
    except OSError:
        return None
    # The second field is a file name in parentheses and may contain anything.
    return text.rpartition(")")[2].split()
