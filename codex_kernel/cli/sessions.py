"""`jupyter codex sessions`: which sessions there are and how to go on with one."""

from __future__ import annotations

from textwrap import dedent
from typing import Any, ClassVar

from traitlets import Bool, Int, Unicode

from codex_kernel.cli.command import ALIASES, FLAGS, Command
from codex_kernel.cli.record import print_json, with_log
from codex_kernel.render.words import one_line
from codex_kernel.turn_log import bindings
from codex_kernel.turn_log.bindings import SessionRow
from codex_kernel.turn_log.log import TurnLog


class SessionsApp(Command):
    """List the sessions in the record, the last used first.

    `/resume ID` in a cell goes on with one; `jupyter codex show ID` prints it.
    """

    name = "jupyter-codex-sessions"
    description = __doc__
    examples = dedent("""\
        jupyter codex sessions
        jupyter codex sessions --search measurements
    """)

    search = Unicode("", help="Only those with this in title, folder or id.").tag(config=True)
    limit = Int(50, min=1, help="How many at most.").tag(config=True)
    as_json = Bool(False, help="Print JSON.").tag(config=True)

    flags: ClassVar[dict[str, Any]] = {
        **FLAGS,
        "json": ({"SessionsApp": {"as_json": True}}, "Print JSON."),
    }
    aliases: ClassVar[dict[str, Any]] = {
        **ALIASES,
        "search": "SessionsApp.search",
        "limit": "SessionsApp.limit",
    }

    def run(self) -> None:
        """Print them."""

        async def read(log: TurnLog) -> list[SessionRow]:
            return await bindings.sessions(log, search=self.search or None, limit=self.limit)

        found = with_log(self.settings().log, read)
        if self.as_json:
            print_json(found)
        elif not found:
            print("No sessions." if not self.search else f"No sessions with {self.search!r}.")
        for row in [] if self.as_json else found:
            print(line(row))


def line(row: SessionRow) -> str:
    """When it was used last, its id, how many turns, where, and what it is about."""
    turns = f"{row.turns} turn{'' if row.turns == 1 else 's'}"
    about = one_line(row.title or "(no title)", 60)
    return f"{row.last_at[:16].replace('T', ' ')}  {row.session_id}  {turns:>9}  {about}" + (
        f"  in {one_line(row.cwd, 60)}" if row.cwd else ""
    )
