"""`jupyter codex import`: a session that was exported elsewhere, as a notebook here."""

from __future__ import annotations

import json
from pathlib import Path
from textwrap import dedent
from typing import Any, ClassVar

from traitlets import Bool, Unicode

from codex_kernel.cli import session_files
from codex_kernel.cli.command import ALIASES, FLAGS, Command
from codex_kernel.errors import CodexError
from codex_kernel.export import session as sessions
from codex_kernel.export.session import Session


class ImportApp(Command):
    """Make a notebook of a session that was exported with `--to json`, also on another machine.

    Where Codex does not know the session, a new one begins that knows what was asked and
    answered; the notebook goes on with it.
    """

    name = "jupyter-codex-import"
    description = __doc__
    usage_arguments = "FILE"
    examples = dedent("""\
        jupyter codex import session.json
        jupyter codex import session.json --output work.ipynb
    """)

    output = Unicode("", help="The notebook to write; by default beside the file.").tag(config=True)
    force = Bool(False, help="Replace a notebook that exists.").tag(config=True)

    flags: ClassVar[dict[str, Any]] = {
        **FLAGS,
        "force": ({"ImportApp": {"force": True}}, "Replace a notebook that exists."),
    }
    aliases: ClassVar[dict[str, Any]] = {**ALIASES, "output": "ImportApp.output"}

    def run(self) -> None:
        """Read the file, write the notebook, bind it."""
        if len(self.extra_args) != 1:
            self.fail("Give the file of one exported session.", code=2)
        file = Path(self.extra_args[0])
        path = Path(self.output) if self.output else file.with_suffix(".ipynb")
        session_files.refuse_to_replace(path, is_forced=self.force)
        settings = self.settings()
        session = session_files.known_here(settings, _read(file), path)
        session_files.write(path, session_files.notebook_text(session, settings))
        for line in session_files.bind(settings, path, session):
            print(line)


def _read(file: Path) -> Session:
    try:
        return sessions.from_json(json.loads(file.read_text(encoding="utf-8")))
    except OSError as error:
        raise CodexError(f"{file} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise CodexError(f"{file} is not JSON: {error}.") from error
