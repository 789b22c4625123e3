"""Where a benchmark runs: private folders, a scripted model in a process of its own, an end.

CODEX_HOME is fresh and outside the system's temporary folder, where Codex refuses to put its
helpers on PATH. Nothing of a place is left running: what is, fails the benchmark.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from codex_cli_bin import bundled_codex_path

LEAVE_SECONDS = 10.0


@dataclass(frozen=True)
class Place:
    """The folders of one benchmark."""

    root: Path

    @property
    def workspace(self) -> Path:
        """The notebook's folder."""
        return self.root / "workspace"

    @property
    def codex_home(self) -> Path:
        """Where Codex keeps its data; its config.toml points to the scripted model."""
        return self.root / "codex-home"

    @property
    def codex(self) -> Path:
        """The binary that everything here runs."""
        return bundled_codex_path()

    def environ(self, **more: str) -> dict[str, str]:
        """An environment without anything of the user's own Codex or Jupyter.

        Python may keep bytecode: an installed package has it, a checkout must not compile anew.
        """
        own = ("CODEX", "OPENAI", "JPY", "JUPYTER_", "PYTHONDONTWRITEBYTECODE")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(own)}
        return {
            **kept,
            "CODEX_BIN": str(self.codex),
            "CODEX_HOME": str(self.codex_home),
            "CODEX_KERNEL_DATA_DIR": str(self.root / "data"),
            "JUPYTER_CONFIG_DIR": str(self.root / "jupyter-config"),
            "JUPYTER_RUNTIME_DIR": str(self.root / "jupyter-runtime"),
            "IPYTHONDIR": str(self.root / "ipython"),
            **more,
        }


def cache_folder() -> Path:
    """Where benchmarks keep what may be thrown away."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "codex-kernel-benchmarks"


@contextmanager
def new_place(
    *, scripts: Mapping[str, Any] | None = None, pace: float | None = None
) -> Iterator[Place]:
    """A fresh place with its model; `scripts` are scenarios, `pace` is in characters per second."""
    cache_folder().mkdir(parents=True, exist_ok=True)
    place = Place(Path(tempfile.mkdtemp(prefix="run-", dir=cache_folder())))
    place.workspace.mkdir()
    try:
        with _model(place, scripts or {}, pace):
            yield place
        _expect_nothing_left(place)
    finally:
        shutil.rmtree(place.root, ignore_errors=True)


@contextmanager
def _model(place: Place, scripts: Mapping[str, Any], pace: float | None) -> Iterator[None]:
    """The model has a process of its own: it must not share a Python with what is measured."""
    file = place.root / "scripts.json"
    file.write_text(json.dumps(scripts), encoding="utf-8")
    command = [sys.executable, "-m", "codex_kernel.scripted_model", "--scripts", str(file)]
    command += ["--codex-home", str(place.codex_home)]
    command += ["--pace", str(pace)] if pace else []
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=place.environ())
    assert process.stdout is not None
    try:
        if not process.stdout.readline().startswith("http://"):
            raise RuntimeError("The scripted model did not start.")
        yield
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


def _expect_nothing_left(place: Place) -> None:
    deadline = time.monotonic() + LEAVE_SECONDS
    while left := _processes_of(place):
        if time.monotonic() > deadline:
            raise RuntimeError(f"Still running: {', '.join(map(str, left))}")
        psutil.wait_procs(left, timeout=0.1)


def _processes_of(place: Place) -> list[psutil.Process]:
    """Processes that name the place in their command line or environment."""
    mark, found = str(place.root), []
    for process in psutil.process_iter():
        try:
            names_it = mark in " ".join((*process.cmdline(), *process.environ().values()))
            if names_it and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found
