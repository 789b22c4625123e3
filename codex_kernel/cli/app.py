"""`jupyter codex`: which subcommands there are."""

from __future__ import annotations

import difflib
from textwrap import dedent
from typing import Any

from traitlets import Dict

from codex_kernel.cli.command import Command

_PACKAGE = "codex_kernel.cli"

_SUBCOMMANDS: dict[str, Any] | Dict[str, Any] = {
    "demo": (f"{_PACKAGE}.demo.DemoApp", "Try it on a demo notebook, without an account."),
    "doctor": (f"{_PACKAGE}.doctor.DoctorApp", "Check the installation, part by part."),
    "export": (f"{_PACKAGE}.export.ExportApp", "Write a session as a document or a notebook."),
    "import": (
        f"{_PACKAGE}.import_session.ImportApp",
        "Make a notebook of a session that was exported.",
    ),
    "install": (f"{_PACKAGE}.install.InstallApp", "Install the kernelspec elsewhere."),
    "interrupt": (f"{_PACKAGE}.interrupt.InterruptApp", "Stop a turn, whoever runs it."),
    "login": (f"{_PACKAGE}.login.LoginApp", "Sign in to Codex."),
    "logout": (f"{_PACKAGE}.login.LogoutApp", "Sign out of Codex."),
    "mcp": (f"{_PACKAGE}.mcp.McpApp", "Notebook tools for Codex in a terminal (MCP)."),
    "prune": (f"{_PACKAGE}.prune.PruneApp", "Remove old turns from the record."),
    "sessions": (f"{_PACKAGE}.sessions.SessionsApp", "List the sessions in the record."),
    "show": (f"{_PACKAGE}.show.ShowApp", "Print a turn or a session from the record."),
}


class CodexApp(Command):
    """Codex in Jupyter: install the kernel, see whether all is well, look into the record."""

    name = "jupyter-codex"
    description = __doc__
    usage_arguments = "SUBCOMMAND"
    examples = dedent("""\
        jupyter codex demo                 # try it in JupyterLab, without an account
        jupyter codex doctor               # what works here and what does not
        jupyter codex login                # sign in with a device code
        jupyter codex sessions             # what was done, newest first
    """)
    subcommands = _SUBCOMMANDS

    def run(self) -> None:
        """Without a subcommand: the help, or the name that was probably meant."""
        if not self.extra_args:
            self.print_help()
            return
        word = self.extra_args[0]
        close = difflib.get_close_matches(word, self.subcommands, n=1)
        hint = f"Did you mean `{close[0]}`?" if close else f"See `{self.shown_name} --help`."
        self.fail(f"There is no subcommand {word!r}. {hint}", code=2)


def main(argv: list[str] | None = None) -> None:
    """The console script `jupyter-codex`; ends by SystemExit when something failed."""
    CodexApp.launch_instance(argv)
