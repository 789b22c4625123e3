"""`jupyter codex interrupt`: stop a turn from a terminal, whoever runs it."""

from __future__ import annotations

import asyncio
import getpass
from textwrap import dedent

from codex_kernel.cli.command import Command
from codex_kernel.cli.record import find_turns, with_log
from codex_kernel.errors import CodexError
from codex_kernel.ids import TurnId
from codex_kernel.turn.state import is_final
from codex_kernel.turn_log import commands
from codex_kernel.turn_log.log import TurnLog

CLAIM_SECONDS = 5.0
"""The process that runs a turn takes up what is asked of it within a tenth of a second."""
END_SECONDS = 10.0
"""After that the turn is left to end by itself."""


class InterruptApp(Command):
    """Stop a turn that runs or waits, as the button of its notebook does.

    The id is that of a turn (in the notebook's output) or of a session (see
    `jupyter codex sessions`): then what runs or waits in it is stopped.
    """

    name = "jupyter-codex-interrupt"
    description = __doc__
    usage_arguments = "TURN|SESSION"
    examples = dedent("""\
        jupyter codex interrupt 0196c9a2-6f0b-7c3e-b1a5-0c3d5e7f9a1b
    """)

    def run(self) -> None:
        """Ask whoever runs the turn, and say how it ended."""
        if len(self.extra_args) != 1:
            self.fail("Give the id of one turn or session.", code=2)

        async def interrupt(log: TurnLog) -> None:
            turns = await find_turns(log, self.extra_args[0])
            live = [turn.turn_id for turn in turns if not is_final(turn.state)]
            if not live:
                raise CodexError(f"Nothing runs there: the turn is {turns[-1].state}.")
            for turn_id in reversed(live):  # those that wait first, or the next would begin
                await _ask(log, turn_id)
            for turn_id in live:
                print(f"{turn_id}: {await _end(log, turn_id)}")

        with_log(self.settings().log, interrupt)


async def _ask(log: TurnLog, turn_id: TurnId) -> None:
    asked = await commands.ask(log, "turn", turn_id, "interrupt", {}, _who())
    outcome = await commands.wait(log, asked, CLAIM_SECONDS)
    if outcome is None:
        raise CodexError(
            "The process that runs the turn does not answer.",
            next_step="It may be suspended, or run on another machine.",
        )
    if "error" in outcome:
        raise CodexError(outcome["error"], next_step=outcome.get("next_step") or "")


async def _end(log: TurnLog, turn_id: TurnId) -> str:
    """The state of a turn when it has ended, or as it is when that takes longer."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + END_SECONDS
    async with log.tail() as tail:
        while True:
            turn = await log.turn(turn_id)
            state = "deleted" if turn is None else turn.state
            left = deadline - loop.time()
            if turn is None or is_final(turn.state) or left <= 0:
                return state
            await tail.changed(left)


def _who() -> str:
    try:
        name = getpass.getuser()
    except (OSError, KeyError):  # no such user, as in some containers
        name = "somebody"
    return f"{name} via jupyter codex"
