"""`jupyter codex prune`: remove old turns from the record, never from a notebook."""

from __future__ import annotations

import re
from textwrap import dedent
from typing import Any, ClassVar

from traitlets import Bool, Float, Unicode

from codex_kernel.cli.command import ALIASES, FLAGS, Command
from codex_kernel.cli.record import with_log
from codex_kernel.render.words import size
from codex_kernel.turn_log import retention
from codex_kernel.turn_log.log import TurnLog
from codex_kernel.turn_log.retention import Report

_UNITS = {"": 1, "k": 1000, "m": 1000**2, "g": 1000**3}


class PruneApp(Command):
    """Remove old turns from the record; notebooks keep what is in them.

    First all turns older than --days, then the oldest until the record fits into --max-size.
    Turns that still run stay.
    """

    name = "jupyter-codex-prune"
    description = __doc__
    examples = dedent("""\
        jupyter codex prune --dry-run
        jupyter codex prune --days 30 --max-size 500MB
    """)

    days = Float(
        None,
        min=0,
        allow_none=True,
        help="Older turns are removed; by default CodexSettings.max_age_days.",
    ).tag(config=True)
    max_size = Unicode(
        "",
        help="Bound of the record, e.g. 500MB or 2G; by default CodexSettings.max_bytes.",
    ).tag(config=True)
    dry_run = Bool(False, help="Only say what would be removed.").tag(config=True)

    flags: ClassVar[dict[str, Any]] = {
        **FLAGS,
        "dry-run": ({"PruneApp": {"dry_run": True}}, "Only say what would be removed."),
    }
    aliases: ClassVar[dict[str, Any]] = {
        **ALIASES,
        "days": "PruneApp.days",
        "max-size": "PruneApp.max_size",
    }

    def run(self) -> None:
        """Prune and say how much it was."""
        max_bytes = self._max_bytes()

        async def prune(log: TurnLog) -> Report:
            return await retention.prune(log, self.days, max_bytes, dry_run=self.dry_run)

        report = with_log(self.settings().log, prune)
        verb = "Would remove" if report.is_dry_run else "Removed"
        turns = f"{report.turns} turn{'' if report.turns == 1 else 's'}"
        print(f"{verb} {turns} ({size(report.bytes)}).")

    def _max_bytes(self) -> int | None:
        if not self.max_size:
            return None
        match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kmg]?)b?", self.max_size.strip().lower())
        if match is None:
            self.fail(
                f"--max-size takes a size such as 500MB or 2G, not {self.max_size!r}.", code=2
            )
        return int(float(match[1]) * _UNITS[match[2]])
