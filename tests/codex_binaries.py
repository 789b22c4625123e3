"""The Codex binaries that contract tests run against: the wheel's, and npm's newest.

npm's is installed once into a cache folder of the user; without npm or a network it is left out.
"""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
from pathlib import Path

from codex_cli_bin import bundled_codex_path

INSTALL_SECONDS = 300


@functools.cache
def binaries() -> dict[str, Path]:
    """Path by version."""
    found = [bundled_codex_path(), _newest()]
    return {_version(path): path for path in found if path is not None}


def _newest() -> Path | None:
    npm = shutil.which("npm")
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(cache) / "codex-kernel-tests" / "npm"
    if _vendored(folder) is None and npm is not None:
        folder.mkdir(parents=True, exist_ok=True)
        install = [npm, "install", "--no-audit", "--no-fund", "--prefix", str(folder)]
        subprocess.run(
            [*install, "@openai/codex@latest"],
            timeout=INSTALL_SECONDS,
            check=False,
            capture_output=True,
        )
    return _vendored(folder)


def _vendored(folder: Path) -> Path | None:
    # Not npm's own `codex`: that is a wrapper which needs Node.
    found = folder.glob("node_modules/@openai/codex*/**/vendor/*/bin/*")
    return next((path for path in found if path.name in ("codex", "codex.exe")), None)


def _version(path: Path) -> str:
    told = subprocess.run([path, "--version"], capture_output=True, text=True, check=True).stdout
    match = re.search(r"\d+\.\d+\.\d+", told)
    assert match is not None, told
    return match[0]
