"""Where the kernelspec that came with the package lies, and copies of it for elsewhere."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from tempfile import TemporaryDirectory

from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

from codex_kernel.errors import CodexError

KERNEL_NAME = "codex"
_PLACE_IN_WHEEL = "share/jupyter/kernels/codex/kernel.json"

_REINSTALL = "Install the package with pip, or run `jupyter codex install --user`."


def shipped_folder() -> Path:
    """The folder of the kernelspec that pip installed; raises CodexError."""
    try:
        files = distribution("codex-kernel").files or []
    except PackageNotFoundError:
        files = []
    for file in files:
        if file.as_posix().endswith(_PLACE_IN_WHEEL):
            return Path(str(file.locate())).resolve().parent
    raise CodexError("The package codex-kernel is not installed by pip.", next_step=_REINSTALL)


def found_folder() -> Path:
    """The folder of the kernelspec that Jupyter starts as `codex`; raises CodexError."""
    try:
        return Path(KernelSpecManager().get_kernel_spec(KERNEL_NAME).resource_dir)
    except NoSuchKernel as error:
        raise CodexError(
            "Jupyter does not find the kernelspec `codex`.", next_step=_REINSTALL
        ) from error


@contextmanager
def staged(display_name: str | None = None) -> Iterator[Path]:
    """A copy that starts this very interpreter, whichever server starts it.

    The shipped spec says `python`, which Jupyter takes for the server's own interpreter: right
    where both are in one environment, wrong anywhere else.
    """
    with TemporaryDirectory(prefix="codex-kernelspec-") as parent:
        folder = Path(parent) / KERNEL_NAME
        shutil.copytree(shipped_folder(), folder)
        file = folder / "kernel.json"
        spec = json.loads(file.read_text(encoding="utf-8"))
        spec["argv"][0] = sys.executable
        if display_name:
            spec["display_name"] = display_name
        file.write_text(json.dumps(spec, indent=2) + "\n", encoding="utf-8")
        yield folder
