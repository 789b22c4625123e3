"""Commands that outlived a killed app-server.

After SIGKILL the app-server cannot end its commands, and those that ran outside a sandbox go on
in sessions of their own. Codex gives every command the id of its thread in the environment, which
is how they are found. Owns the search and the killing; which threads were ours the caller says.

An orphan is a process of our user that carries one of the thread ids, and above which no Codex
lives any more: commands of a thread that another app-server has resumed are not touched. Neither
are we, our ancestors and our process group, nor a thread that we run in ourselves. Only Linux
shows the environment of processes; elsewhere there is nothing to find.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Collection
from contextlib import suppress

from codex_kernel.rpc import procfs

MARK = "CODEX_THREAD_ID"
GRACE_SECONDS = 1.0
"""Between SIGTERM and SIGKILL, for commands that tidy up after themselves."""
ROUNDS = 5
"""A command that is being killed can still start children; this many times we look again."""

POLL_SECONDS = 0.02
"""They are not our children, so nobody tells when they end."""
HAS_HANDLES = hasattr(os, "pidfd_open") and hasattr(signal, "pidfd_send_signal")
"""Some builds of Python (conda's) are made with headers that are too old for them."""


def kill_orphans(thread_ids: Collection[str], grace_seconds: float = GRACE_SECONDS) -> list[int]:
    """End what is left of the commands of `thread_ids`; returns the pids that were found.

    Blocks for up to `grace_seconds` and the time to read /proc: call it in a thread.
    """
    orphans = _signal_all(thread_ids, signal.SIGTERM)
    found = {orphan.pid for orphan in orphans}
    deadline = time.monotonic() + grace_seconds
    while any(map(_is_alive, orphans)) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
    for _ in range(ROUNDS):
        orphans = _signal_all(thread_ids, signal.SIGKILL) if found else []
        if not orphans:
            break
        found |= {orphan.pid for orphan in orphans}
        time.sleep(POLL_SECONDS)
    return sorted(found)


def find_orphans(thread_ids: Collection[str]) -> list[procfs.Stat]:
    """The living processes of `thread_ids` that have no Codex above them."""
    marks = set(thread_ids) - {os.environ.get(MARK, "")}
    ourselves = procfs.read_stat(os.getpid())
    if not marks or ourselves is None:
        return []
    spared = {ourselves.pid, *(stat.pid for stat in procfs.ancestors(ourselves))}
    return [
        stat
        for pid in procfs.pids()
        if pid not in spared
        and procfs.is_ours(pid)
        and procfs.environment(pid).get(MARK) in marks
        and (stat := procfs.read_stat(pid)) is not None
        and not stat.is_zombie
        and stat.group != ourselves.group
        and not _is_below_codex(stat)
    ]


def _signal_all(thread_ids: Collection[str], number: signal.Signals) -> list[procfs.Stat]:
    orphans = find_orphans(thread_ids)
    for orphan in orphans:
        _signal(orphan, number)
    return orphans


def _is_below_codex(stat: procfs.Stat) -> bool:
    return any(procfs.program(above.pid).startswith("codex") for above in procfs.ancestors(stat))


def _is_alive(orphan: procfs.Stat) -> bool:
    now = procfs.read_stat(orphan.pid)
    return now is not None and now.started == orphan.started and not now.is_zombie


def _signal(orphan: procfs.Stat, number: signal.Signals) -> None:
    """Signal this process and no successor with its pid."""
    with suppress(OSError):  # it ended in between
        if not HAS_HANDLES:
            if _is_alive(orphan):
                os.kill(orphan.pid, number)
            return
        handle = os.pidfd_open(orphan.pid)
        try:
            if _is_alive(orphan):  # the handle cannot change its process any more
                signal.pidfd_send_signal(handle, number)
        finally:
            os.close(handle)
