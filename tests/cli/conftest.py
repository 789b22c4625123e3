"""Running `jupyter codex` as a person does: a process, with folders of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

KEPT = {"PATH", "HOME", "LANG", "SYSTEMROOT", "TEMP", "TMP", "USERPROFILE", "PYTHONPATH"}


@dataclass(frozen=True)
class CommandLine:
    """`jupyter codex` in a folder that has a home, a configuration and a data folder."""

    home: Path
    environ: dict[str, str]

    @property
    def data(self) -> Path:
        """Jupyter's data folder."""
        return Path(self.environ["JUPYTER_DATA_DIR"])

    @property
    def work(self) -> Path:
        """The current folder."""
        return self.home / "work"

    def __call__(
        self, *arguments: str, stdin: str = "", **environ: str
    ) -> subprocess.CompletedProcess[str]:
        """Run to the end; the result has `returncode`, `stdout` and `stderr`."""
        return subprocess.run(
            [sys.executable, "-m", "codex_kernel", *arguments],
            cwd=self.work,
            env={**self.environ, **environ},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )


@pytest.fixture
def private_folder() -> Iterator[Path]:
    """A folder outside the system's temporary one, where Codex makes its tools available."""
    parent = Path.home() / ".cache" / "codex-kernel-tests"
    parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="cli-", dir=parent) as folder:
        yield Path(folder)


@pytest.fixture
def codex(private_folder: Path) -> CommandLine:
    """The command line with nothing of the user's in reach."""
    environ = {name: value for name, value in os.environ.items() if name in KEPT}
    environ["JUPYTER_CONFIG_DIR"] = str(private_folder / "config")
    environ["JUPYTER_DATA_DIR"] = str(private_folder / "data")
    environ["JUPYTER_RUNTIME_DIR"] = str(private_folder / "runtime")
    environ["CODEX_HOME"] = str(private_folder / "codex-home")
    for name in ("work", "config", "data", "codex-home"):
        (private_folder / name).mkdir()
    return CommandLine(private_folder, environ)
