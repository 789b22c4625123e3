"""`jupyter codex show`: a turn or a whole session, as it is in the record.

With `--restore` it brings a file back as it was before the turn, beside what is there now.
"""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from textwrap import dedent, indent
from typing import Any, ClassVar

from traitlets import Bool, Unicode

from codex_kernel.cli.command import ALIASES, FLAGS, Command
from codex_kernel.cli.record import events_of, find_turns, print_json, with_log
from codex_kernel.errors import CodexError
from codex_kernel.render.console import ConsoleText
from codex_kernel.render.escape import printable
from codex_kernel.render.text import plain
from codex_kernel.settings import ViewSettings
from codex_kernel.turn.events import Event
from codex_kernel.turn_log.images import before_images
from codex_kernel.turn_log.log import TurnLog
from codex_kernel.turn_log.rows import TurnRow


class ShowApp(Command):
    """Print a turn or a session from the record, with commands, changes and answers.

    The id is that of a turn (in the notebook's output) or of a session (see
    `jupyter codex sessions`).
    """

    name = "jupyter-codex-show"
    description = __doc__
    usage_arguments = "TURN|SESSION"
    examples = dedent("""\
        jupyter codex show 0196c9a2-6f0b-7c3e-b1a5-0c3d5e7f9a1b
        jupyter codex show 0196c9a2-6f0b-7c3e-b1a5-0c3d5e7f9a1b --json
        jupyter codex show 0196c9a2-6f0b-7c3e-b1a5-0c3d5e7f9a1b --restore analysis.ipynb
    """)

    as_json = Bool(False, help="Print the transcripts as JSON.").tag(config=True)
    events = Bool(False, help="Print the events, one JSON object per line.").tag(config=True)

    restore = Unicode(
        help="Write this file (a name or a path) as it was before the turn beside the present one."
    ).tag(config=True)

    flags: ClassVar[dict[str, Any]] = {
        **FLAGS,
        "json": ({"ShowApp": {"as_json": True}}, "Print the transcripts as JSON."),
        "events": ({"ShowApp": {"events": True}}, "Print the events, one JSON object per line."),
    }
    aliases: ClassVar[dict[str, Any]] = {**ALIASES, "restore": "ShowApp.restore"}

    def run(self) -> None:
        """Print what is known under the id."""
        if len(self.extra_args) != 1:
            self.fail("Give the id of one turn or session.", code=2)
        settings = self.settings()

        async def show(log: TurnLog) -> None:
            turns = await find_turns(log, self.extra_args[0])
            if self.restore:
                print(f"Wrote {printable(await _restore(log, turns, self.restore))}")
            elif self.events:
                await _print_events(log, turns)
            elif self.as_json:
                found = [await log.transcript(turn.turn_id) for turn in turns]
                print_json([transcript.data for transcript in found if transcript])
            else:
                for turn in turns:
                    async for text in _text(log, turn, settings.view):
                        print(text, end="")

        with_log(settings.log, show)


async def _restore(log: TurnLog, turns: list[TurnRow], name: str) -> str:
    """Write a file as it was before the first turn that changed it, and return the new path.

    Nothing that exists is written over. Raises CodexError.
    """
    wanted = Path(name).parts
    for turn in turns:
        for image in await before_images(log, turn.turn_id):
            path = Path(image.path)
            if path.parts[-len(wanted) :] != wanted:
                continue
            if image.content is None:
                raise CodexError(image.why_missing or f"{path} did not exist before the turn.")
            copy = path.with_stem(f"{path.stem}.before-{turn.turn_id[-12:]}")
            try:
                copy.touch(0o600, exist_ok=False)
                copy.write_bytes(image.content)
                if image.mode is not None:
                    os.chmod(copy, image.mode)
            except OSError as error:
                raise CodexError(f"{copy} cannot be written: {error.strerror}.") from error
            return str(copy)
    raise CodexError(f"The record has no file {name!r} as it was before a change.")


async def _print_events(log: TurnLog, turns: list[TurnRow]) -> None:
    for turn in turns:
        async for event in events_of(log, turn.turn_id):
            print(json.dumps(event))  # ASCII: no control character gets through


async def _text(log: TurnLog, turn: TurnRow, view: ViewSettings) -> AsyncIterator[str]:
    yield f"── turn {turn.turn_id}, {turn.state}, {turn.queued_at or turn.updated_at}\n"
    console = ConsoleText(view)
    async for event in events_of(log, turn.turn_id):
        if event["type"] == "snapshot":
            yield _of_snapshot(event["transcript"], console, view)
        else:
            if event["type"] == "turn.queued":
                yield _quoted(event["prompt"])
            yield console.feed([event])
    yield "\n"


def _of_snapshot(data: dict[str, Any], console: ConsoleText, view: ViewSettings) -> str:
    """A compacted turn: its items one by one, then how it ended."""
    done: list[Event] = [{"type": "item.completed", "item": item} for item in data["items"]]
    shown = console.feed(done) or plain(data, view) + "\n"
    end: Event = {"type": "turn.ended", "state": data["state"], "error": data["error"]}
    return _quoted(data["prompt"]) + shown + console.feed([end])


def _quoted(prompt: str) -> str:
    return indent(printable(prompt).rstrip() or " ", "> ", lambda _line: True) + "\n"
