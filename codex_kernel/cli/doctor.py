"""`jupyter codex doctor`: what works on this machine, and what to do about what does not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from textwrap import dedent
from typing import Any, ClassVar

from traitlets import Bool

from codex_kernel.cli import checks, codex_checks
from codex_kernel.cli.checks import Check
from codex_kernel.cli.command import ALIASES, FLAGS, Command
from codex_kernel.cli.record import print_json
from codex_kernel.settings import Settings

_SYMBOLS = {"ok": "✓", "warning": "!", "broken": "✗", "unknown": "?"}


class DoctorApp(Command):
    """Check every part: Python, Jupyter, kernelspec, record, Codex, account, sandbox.

    The sandbox is really tried. Ends with exit code 1 when something is broken; each problem
    comes with a next step.
    """

    name = "jupyter-codex-doctor"
    description = __doc__
    examples = dedent("""\
        jupyter codex doctor
        jupyter codex doctor --json
    """)

    as_json = Bool(False, help="Print JSON.").tag(config=True)

    flags: ClassVar[dict[str, Any]] = {
        **FLAGS,
        "json": ({"DoctorApp": {"as_json": True}}, "Print JSON."),
    }
    aliases: ClassVar[dict[str, Any]] = {**ALIASES}

    def run(self) -> None:
        """Check, print, and end with 1 when something is broken."""
        found = asyncio.run(self._look(self.settings()))
        is_ok = not any(check.status == "broken" for check in found)
        if self.as_json:
            print_json({"is_ok": is_ok, "checks": found})
        elif is_ok:
            print("\nNothing is broken.")
        if not is_ok:
            self.exit(1)

    async def _look(self, settings: Settings) -> list[Check]:
        found: list[Check] = []
        async for check in _checks(settings):
            found.append(check)
            if not self.as_json:
                print(line(check), flush=True)
        return found


async def _checks(settings: Settings) -> AsyncIterator[Check]:
    for check in checks.surroundings():
        yield check
    yield await checks.record(settings.log)
    async for check in codex_checks.all_of(settings):
        yield check


def line(check: Check) -> str:
    """A check for a person: symbol, name and finding, the next step below."""
    text = f"{_SYMBOLS[check.status]} {check.name:<11} {check.found}"
    return f"{text}\n              → {check.next_step}" if check.next_step else text
