"""`jupyter codex export`: a session as a document, a notebook or JSON."""

from __future__ import annotations

import json
from pathlib import Path
from textwrap import dedent
from typing import Any, ClassVar

from traitlets import Bool, Enum, Unicode

from codex_kernel.cli import session_files
from codex_kernel.cli.command import ALIASES, FLAGS, Command
from codex_kernel.export import session as sessions
from codex_kernel.export.document import fitted
from codex_kernel.export.redaction import Redaction
from codex_kernel.export.session import Session
from codex_kernel.settings import Settings


class ExportApp(Command):
    """Write a session of this machine as HTML, Markdown, a notebook or JSON.

    It need not have been a notebook: sessions of the Codex TUI and of IDEs are read too. A
    notebook (`--to ipynb --output FILE`) goes on with the session when its cells are run. What
    looks like a secret is left out.
    """

    name = "jupyter-codex-export"
    description = __doc__
    usage_arguments = "SESSION"
    examples = dedent("""\
        jupyter codex export 0196c9a2-6f0b-7c3e-b1a5-0c3d5e7f9a1b > session.html
        jupyter codex export 0196c9a2-6f0b-7c3e-b1a5-0c3d5e7f9a1b --to ipynb --output work.ipynb
        jupyter codex export 0196c9a2-6f0b-7c3e-b1a5-0c3d5e7f9a1b --to markdown --compact
    """)

    to = Enum(["html", "markdown", "ipynb", "json"], "html", help="The format.").tag(config=True)
    output = Unicode("", help="The file to write; by default standard output.").tag(config=True)
    force = Bool(False, help="Replace a file that exists.").tag(config=True)

    flags: ClassVar[dict[str, Any]] = {
        **FLAGS,
        "force": ({"ExportApp": {"force": True}}, "Replace a file that exists."),
        "compact": (
            {"CodexSettings": {"export_variant": "compact"}},
            "Show prompts, answers and a line on the rest.",
        ),
        "no-reasoning": (
            {"CodexSettings": {"export_reasoning": False}},
            "Leave out the reasoning.",
        ),
    }
    aliases: ClassVar[dict[str, Any]] = {
        **ALIASES,
        "to": "ExportApp.to",
        "output": "ExportApp.output",
    }

    def run(self) -> None:
        """Read the session and write it."""
        if len(self.extra_args) != 1:
            self.fail("Give the id of one session; `jupyter codex sessions` lists them.", code=2)
        path = Path(self.output) if self.output else None
        session_files.refuse_to_replace(path, is_forced=self.force)
        settings = self.settings()
        found = session_files.gathered(settings, self.extra_args[0])
        session = sessions.redacted(found, Redaction(settings.export.secret_patterns))
        session_files.write(path, self._drawn(session, settings))
        if self.to == "ipynb" and path is not None:
            for line in session_files.bind(settings, path, session):
                print(line)

    def _drawn(self, session: Session, settings: Settings) -> str:
        if self.to == "ipynb":
            return session_files.notebook_text(session, settings)
        if self.to == "json":
            return json.dumps(sessions.to_json(session), ensure_ascii=False, indent=1) + "\n"
        document = fitted(sessions.document(session), settings.export)
        # Imported here: a parser of Markdown is no use to the other formats.
        from codex_kernel.export.page import page
        from codex_kernel.export.text import text

        return page(document) if self.to == "html" else text(document)
