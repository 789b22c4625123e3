"""Where the log lies: its folder and file, their modes, and the file system below.

SQLite's WAL needs shared memory between the processes that have the file open. Network and
user-space file systems do not give that, so there the log uses a rollback journal instead.
"""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

from codex_kernel.errors import LogUnavailable
from codex_kernel.ids import log_path, start_lock_path

_WITHOUT_WAL = ("nfs", "cifs", "smb", "fuse", "lustre", "9p", "afs", "ceph", "gpfs", "beegfs")
"""Beginnings of file system names (`nfs4`, `fuse.sshfs`, `smb3`) without shared memory."""


def prepare(folder: Path) -> Path:
    """Make folder (0700) and file (0600) where missing; the path of the file.

    Raises `LogUnavailable` when they cannot be made.
    """
    path = log_path(folder)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _close_to_others(folder)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            path.chmod(0o600)
    except OSError as error:
        raise LogUnavailable(
            f"The turn log {path} cannot be written: {error.strerror}.",
            next_step="Make its folder writable, or set CODEX_KERNEL_DATA_DIR to another one.",
        ) from error
    return path


def file_system(path: Path, mounts: str = "/proc/self/mountinfo") -> str:
    """The name of the file system that holds `path`, or `unknown`."""
    if sys.platform == "win32":
        return "smb" if os.path.realpath(path).startswith("\\\\") else "unknown"
    try:
        lines = Path(mounts).read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return "unknown"
    real = os.path.realpath(path)
    found, depth = "unknown", -1
    for line in lines:
        mount_point, name = _mount(line)
        # Of two mounts at one point the later one covers the earlier one.
        if len(mount_point) >= depth and _is_below(real, mount_point):
            found, depth = name, len(mount_point)
    return found


def can_use_wal(file_system_name: str) -> bool:
    """Whether processes can share memory over files of this file system."""
    return not file_system_name.startswith(_WITHOUT_WAL)


def _close_to_others(folder: Path) -> None:
    """Tighten a folder that holds nothing but ours; a folder of the user stays as it is."""
    mode = folder.stat().st_mode
    names = {entry.name for entry in folder.iterdir()}
    log = log_path(folder).name
    ours = {log, f"{log}-wal", f"{log}-shm", f"{log}-journal", start_lock_path(folder).name}
    if mode & 0o077 and not mode & stat.S_ISVTX and names <= ours:
        folder.chmod(0o700)


def _mount(line: str) -> tuple[str, str]:
    """Mount point and file system of a line of mountinfo (proc(5))."""
    fields = line.split()
    point = fields[4].replace("\\040", " ").replace("\\011", "\t").replace("\\134", "\\")
    return point, fields[fields.index("-") + 1]


def _is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")
