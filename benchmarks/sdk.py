"""The official Python SDK in an environment of its own, made once and kept in the cache folder.

It is no dependency of the project. The binary it drives is the project's.
"""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from benchmarks.place import Place, cache_folder

PACKAGE = "openai-codex"
NEEDS = ("pydantic>=2.12", "packaging>=26.2")
"""What the SDK depends on, besides a second copy of the binary."""


def sdk_command(place: Place) -> list[str] | None:
    """How to start its worker; None, and a line that says why, when it cannot be installed."""
    try:
        python = _installed()
    except subprocess.CalledProcessError as error:
        reason = (error.stderr or error.stdout or str(error)).strip().splitlines()[-1]
        print(f"The Python SDK is left out, it cannot be installed: {reason}", flush=True)
        return None
    worker = Path(__file__).with_name("sdk_worker.py")
    return [str(python), str(worker), str(place.codex), str(place.workspace)]


def _installed() -> Path:
    release = version("openai-codex-cli-bin")
    folder = cache_folder() / f"sdk-{release}"
    python = folder / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    stamp = folder / "installed"
    if not stamp.exists():
        _run(sys.executable, "-m", "venv", "--clear", str(folder))
        install = (str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
        _run(*install, *NEEDS)
        _run(*install, "--no-deps", f"{PACKAGE}=={release}")
        stamp.touch()
    return python


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True)
