"""The files of the demo: where they come from and into which folder they go."""

from __future__ import annotations

import shutil
from itertools import count
from pathlib import Path

from codex_kernel.errors import CodexError
from codex_kernel.scripted_model import DEMO_FOLDER

NOTEBOOK = "demo.ipynb"
_FOLDER = "codex-demo"


def copy_to(folder: Path | None) -> Path:
    """Copy the demo's files and return the notebook; a folder that has files is refused.

    Without a folder: `codex-demo` in the current one, or `codex-demo-2`, `-3` ...
    """
    try:
        target = _made(folder) if folder else _new_folder(Path.cwd())
        shutil.copytree(
            DEMO_FOLDER,
            target,
            dirs_exist_ok=True,
            ignore=shutil.ignore_patterns("__pycache__", ".*", "scenarios.json"),
        )
    except OSError as error:
        raise CodexError(
            f"The demo's files cannot be written: {error}.",
            next_step="Choose another place with --folder.",
        ) from error
    return (target / NOTEBOOK).resolve()


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise CodexError(
            f"The folder {folder} is not empty.", next_step="Choose a new one with --folder."
        )
    return folder


def _new_folder(parent: Path) -> Path:
    for number in count(1):
        folder = parent / (_FOLDER if number == 1 else f"{_FOLDER}-{number}")
        try:
            folder.mkdir()
        except FileExistsError:
            continue
        return folder
    raise AssertionError("count() has no end")
