"""Signals to a child's process group, where there are such things, and exits in words.

Owns the differences between POSIX and Windows. Refuses to know what the child is.
"""

from __future__ import annotations

import os
import signal
import time
from typing import Any

from codex_kernel.rpc import procfs

POLL_SECONDS = 0.02
"""They are not our children, so nobody tells when they end."""
HAS_GROUPS = hasattr(os, "killpg")


def spawn_options() -> dict[str, Any]:
    """Arguments that give a child a session and process group of its own.

    Otherwise a Ctrl-C in the terminal of Jupyter would reach the app-server and end it.
    """
    if HAS_GROUPS:
        return {"start_new_session": True}
    return {"creationflags": 0x00000200}  # CREATE_NEW_PROCESS_GROUP


def terminate_group(pid: int) -> None:
    """Ask the group led by `pid` to end (SIGTERM); it may already be gone."""
    _signal_group(pid, signal.SIGTERM)


def kill_group(pid: int) -> None:
    """End the group led by `pid` now; it may already be gone."""
    _signal_group(pid, signal.SIGKILL if HAS_GROUPS else signal.SIGTERM)


def is_group_alive(pid: int) -> bool:
    """Whether the group led by `pid` has living members (always False on Windows).

    Zombies do not count: in a container the first process often reaps nobody.
    """
    if not HAS_GROUPS or not _signal_group(pid, 0):
        return False
    seen = [stat for each in procfs.pids() if (stat := procfs.read_stat(each)) is not None]
    return not seen or any(stat.group == pid and not stat.is_zombie for stat in seen)


def wait_for_end(pid: int, seconds: float) -> bool:
    """Wait until no member of the group led by `pid` lives; False when some still do.

    Blocks: call it in a thread.
    """
    deadline = time.monotonic() + seconds
    while is_group_alive(pid):
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True


def describe_exit(returncode: int) -> str:
    """How a process ended, to follow "it ...": `returncode` as in `subprocess`."""
    if returncode == 0:
        return "ended"
    if returncode > 0:
        return f"ended with exit status {returncode}"
    try:
        name = signal.Signals(-returncode).name
    except ValueError:
        name = f"signal {-returncode}"
    if name == "SIGKILL":
        return "was killed (SIGKILL: by hand, or because memory ran out)"
    return f"was killed by {name}"


def _signal_group(pid: int, number: int) -> bool:
    try:
        if HAS_GROUPS:
            os.killpg(pid, number)
        else:
            os.kill(pid, number)
    except OSError:  # gone, or (macOS) a group of zombies
        return False
    return True
