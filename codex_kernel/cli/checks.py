"""What `jupyter codex doctor` looks at around Codex: Python, Jupyter, kernelspec, record.

A check never raises for what it was made to find: it says so, with a next step.
"""

from __future__ import annotations

import json
import platform
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

from codex_kernel._version import __version__
from codex_kernel.cli import kernelspec
from codex_kernel.errors import CodexError
from codex_kernel.render.words import size
from codex_kernel.settings import LogSettings
from codex_kernel.turn_log.log import TurnLog

Status = Literal["ok", "warning", "broken", "unknown"]

_NEEDED = ("ipykernel", "jupyter-client", "jupyter-core", "traitlets", "openai-codex-cli-bin")
_OPTIONAL = ("jupyterlab", "notebook", "jupyter-console", "nbclient")


@dataclass(frozen=True)
class Check:
    """One part, what was found, and what to do when that is not well."""

    name: str
    status: Status
    found: str
    next_step: str = ""

    @classmethod
    def of_error(cls, name: str, error: CodexError) -> Check:
        """The check that this error ended."""
        return cls(name, "broken", error.message, error.next_step)


def python() -> Check:
    """The interpreter that the kernel runs in."""
    found = f"{platform.python_version()} on {platform.system()}, {sys.executable}"
    return Check("python", "ok", found)


def packages() -> Check:
    """The versions of this package and of the parts of Jupyter that it meets."""
    found = [f"codex-kernel {__version__}"]
    missing: list[str] = []
    for name in (*_NEEDED, *_OPTIONAL):
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            missing += [name] if name in _NEEDED else []
    if missing:
        return Check(
            "packages",
            "broken",
            f"Not installed: {', '.join(missing)}.",
            "Install with pip: `pip install --upgrade codex-kernel`.",
        )
    return Check("packages", "ok", ", ".join(found))


def spec() -> Check:
    """Whether Jupyter finds a kernelspec and whether that can be started."""
    try:
        folder = kernelspec.found_folder()
        program = json.loads((folder / "kernel.json").read_text(encoding="utf-8"))["argv"][0]
    except CodexError as error:
        return Check.of_error("kernelspec", error)
    except (OSError, ValueError, LookupError) as error:
        return Check(
            "kernelspec",
            "broken",
            f"The kernelspec cannot be read: {error}.",
            "Write it anew with `jupyter codex install --user`.",
        )
    if program != "python" and shutil.which(program) is None:
        return Check(
            "kernelspec",
            "broken",
            f"{folder} starts {program}, which is not there.",
            "Write it anew with `jupyter codex install --user`.",
        )
    return Check("kernelspec", "ok", str(folder))


async def record(settings: LogSettings) -> Check:
    """Whether the turn log can be opened and written, and how its file system shares it."""
    try:
        async with TurnLog.open(settings, kind="cli") as log:
            health = log.health()
    except CodexError as error:
        return Check.of_error("record", error)
    found = _described(health)
    if health["warnings"]:
        return Check("record", "warning", found, " ".join(health["warnings"]))
    return Check("record", "ok", found)


def _described(health: dict[str, Any]) -> str:
    place = health["path"] or "in memory"
    mode = health["journal_mode"].upper()
    return f"{place}, {size(health['bytes'])}, {mode} on {health['file_system']}"


def surroundings() -> Iterator[Check]:
    """The checks that need nothing to run."""
    yield python()
    yield packages()
    yield spec()


@contextmanager
def folder_in(data_folder: Path) -> Iterator[Path]:
    """A new folder in the data folder, which is made where missing; raises CodexError."""
    try:
        data_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        made = TemporaryDirectory(prefix="doctor-", dir=data_folder)
    except OSError as error:
        raise CodexError(
            f"The data folder {data_folder} cannot be written: {error.strerror}.",
            next_step="Set CODEX_KERNEL_DATA_DIR to a folder that can be written.",
        ) from error
    with made as folder:
        yield Path(folder)
