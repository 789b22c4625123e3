"""Every identifier and path of the package, and the one place that derives one from another.

Ids are opaque strings with a type of their own, so that a cell id cannot be passed for a turn
id. Nothing else in the package builds a key, a display id or a path by hand.
"""

from __future__ import annotations

import hashlib
import os
import posixpath
import re
import secrets
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NewType

TurnId = NewType("TurnId", str)
"""Ours, a UUIDv7: known before anything is sent, sorts by time."""
SessionId = NewType("SessionId", str)
"""The app-server's thread id."""
CodexTurnId = NewType("CodexTurnId", str)
ItemId = NewType("ItemId", str)
ApprovalId = NewType("ApprovalId", str)
KernelId = NewType("KernelId", str)
"""The id under which a Jupyter server knows a kernel; it stays through restarts."""
CellId = NewType("CellId", str)
"""Never unique alone: a copied notebook keeps the ids of its cells."""
NotebookPath = NewType("NotebookPath", str)
"""A stored path: absolute, real, native separators."""


def new_turn_id() -> TurnId:
    """A new UUIDv7 (RFC 9562, 5.7): milliseconds, their fraction in 12 bits, 62 random bits.

    The ids of one process are in the order in which they were made, also within a millisecond.
    """
    global _last_tick
    _last_tick = tick = max(time.time_ns() * 4096 // 1_000_000, _last_tick + 1)
    value = tick >> 12 << 80 | 0x7 << 76 | (tick & 0xFFF) << 64 | 0x2 << 62 | secrets.randbits(62)
    digits = f"{value:032x}"
    return TurnId("-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:])))


_last_tick = 0


def approval_id(turn_id: TurnId, number: int) -> ApprovalId:
    """The id of the `number`-th question of a turn, from 1."""
    return ApprovalId(f"{turn_id}.{number}")


def display_id(turn_id: TurnId) -> str:
    """The `display_id` of the one output of a turn."""
    return f"codex-turn-{turn_id}"


def stored_path(path: str | os.PathLike[str]) -> NotebookPath:
    """The form in which a path is compared and stored: absolute and real."""
    return NotebookPath(os.path.realpath(os.path.expanduser(path)))


def notebook_from_api_path(root_dir: str | os.PathLike[str], path: str) -> NotebookPath:
    """The stored path of a notebook that a page names as Jupyter's contents API does.

    Such a path is relative to `root_dir` and may begin with the name of a drive (`RTC:`), which
    is not part of it. `..` does not lead out of `root_dir`. Raises ValueError for what no file
    can be called. Nothing is opened.
    """
    if "\0" in path:
        raise ValueError("A path has no NUL character.")
    named = plain_api_path(root_dir, path)
    return stored_path(os.path.join(os.fspath(root_dir), *named.split("/")))


def plain_api_path(root_dir: str | os.PathLike[str], path: str) -> str:
    """A path of the contents API without drive, `..` and leading slashes.

    What is there under the whole name is on no drive: a file may be called `Lecture:1.ipynb`.
    """
    whole = _normal(path)
    local = _normal(_DRIVE.sub("", path))
    is_there = whole != local and os.path.lexists(os.path.join(os.fspath(root_dir), whole))
    return whole if is_there else local


_DRIVE = re.compile(r"^/*[A-Za-z][A-Za-z0-9_-]+:(?=\S)")


def _normal(path: str) -> str:
    return posixpath.normpath("/" + path.replace(os.sep, "/")).lstrip("/")


def api_path(root_dir: str | os.PathLike[str], notebook: NotebookPath) -> str | None:
    """The contents API's path of a notebook, None when it does not lie below `root_dir`."""
    shown = relative_path(notebook, stored_path(root_dir))
    return None if os.path.isabs(shown) else shown.replace(os.sep, "/")


def notebook_from_environment(environ: Mapping[str, str]) -> NotebookPath | None:
    """The notebook a Jupyter server started this kernel for, or None.

    `JPY_SESSION_NAME` holds an absolute path for notebooks; consoles put other things there.
    It is not corrected after a rename, so it is only where a look-up begins.
    """
    name = environ.get("JPY_SESSION_NAME", "")
    if not name.endswith(".ipynb") or not os.path.isabs(name):
        return None
    return stored_path(name)


def kernel_id_from_connection_file(path: str) -> KernelId | None:
    """The id of a kernel that a Jupyter server started with this connection file, or None."""
    found = re.fullmatch(r"kernel-(.+)\.json", os.path.basename(path))
    return None if found is None else KernelId(found.group(1))


def relative_path(path: str, folder: str) -> str:
    """How a path is shown: relative to `folder` when it lies below it, else as it is."""
    try:
        shown = os.path.relpath(path, folder)
    except ValueError:  # another drive on Windows
        return path
    return path if shown.split(os.sep)[0] == os.pardir else shown


def log_path(data_folder: Path) -> Path:
    """The file of the turn log in the package's data folder."""
    return data_folder / "turns.sqlite"


def start_lock_path(data_folder: Path) -> Path:
    """The file whose lock serialises the starts of app-servers on this machine."""
    return data_folder / "app-server-start.lock"


def account_mark_path(data_folder: Path, codex_home: Path) -> Path:
    """The file that changes whenever somebody logs in or out of a CODEX_HOME."""
    home = os.fsencode(os.path.realpath(codex_home))
    return data_folder / "accounts" / hashlib.sha256(home).hexdigest()[:16]
