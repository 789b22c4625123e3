"""`jupyter codex install`: the kernelspec for Jupyters outside this environment."""

from __future__ import annotations

import sys
from textwrap import dedent
from typing import Any, ClassVar

from jupyter_client.kernelspec import KernelSpecManager
from traitlets import Bool, Unicode

from codex_kernel.cli import kernelspec
from codex_kernel.cli.command import ALIASES, FLAGS, Command
from codex_kernel.errors import CodexError


class InstallApp(Command):
    """Install the kernelspec for a Jupyter that lives in another environment.

    `pip install` is enough when Jupyter and this package share one. The installed spec starts
    exactly this interpreter. Without an option it goes to the user's folder.
    """

    name = "jupyter-codex-install"
    description = __doc__
    examples = dedent("""\
        jupyter codex install --user
        jupyter codex install --prefix /opt/jupyter --name codex-311
    """)

    user = Bool(False, help="Install for this user (the default).").tag(config=True)
    sys_prefix = Bool(False, help="Install into this Python environment.").tag(config=True)
    prefix = Unicode("", help="Install below this folder.").tag(config=True)
    kernel_name = Unicode(kernelspec.KERNEL_NAME, help="Name of the kernelspec.").tag(config=True)
    display_name = Unicode("", help="Name shown by Jupyter; by default Codex.").tag(config=True)

    flags: ClassVar[dict[str, Any]] = {
        **FLAGS,
        "user": ({"InstallApp": {"user": True}}, "Install for this user (the default)."),
        "sys-prefix": ({"InstallApp": {"sys_prefix": True}}, "Install into this environment."),
    }
    aliases: ClassVar[dict[str, Any]] = {
        **ALIASES,
        "prefix": "InstallApp.prefix",
        "name": "InstallApp.kernel_name",
        "display-name": "InstallApp.display_name",
    }

    def run(self) -> None:
        """Write the kernelspec and say where."""
        if sum([self.user, self.sys_prefix, bool(self.prefix)]) > 1:
            self.fail("Give one of --user, --sys-prefix and --prefix.", code=2)
        prefix = sys.prefix if self.sys_prefix else self.prefix or None
        with kernelspec.staged(self.display_name or None) as folder:
            try:
                place = KernelSpecManager(parent=self).install_kernel_spec(
                    str(folder), self.kernel_name, user=prefix is None, prefix=prefix
                )
            except ValueError as error:
                raise CodexError(
                    f"`{self.kernel_name}` cannot be the name of a kernelspec.",
                    next_step="Choose a --name of letters, digits, `.`, `_` and `-`.",
                ) from error
            except OSError as error:
                raise CodexError(
                    f"The kernelspec was not installed: {error}.",
                    next_step="Choose another place with --user or --prefix.",
                ) from error
        print(f"Installed the kernelspec `{self.kernel_name}` in {place}")
