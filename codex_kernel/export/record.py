"""What the turn log knows: whole sessions, and what a notebook left out of its turns."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Iterable
from concurrent.futures import ThreadPoolExecutor

from codex_kernel.errors import LogError
from codex_kernel.export.document import Bundle
from codex_kernel.export.redaction import Redaction
from codex_kernel.export.session import WHOLE, Transcript
from codex_kernel.ids import TurnId, log_path
from codex_kernel.render.picture import picture
from codex_kernel.settings import LogSettings
from codex_kernel.turn.state import is_final
from codex_kernel.turn_log.log import TurnLog

logger = logging.getLogger(__name__)


async def turns_of(
    log: TurnLog, session_id: str, codex_turn_ids: Collection[str] = ()
) -> list[Transcript]:
    """The turns of a session that have ended, and those that Codex knows by these ids."""
    rows = {row.turn_id: row for row in await log.session_turns(session_id)}
    for row in await log.turns(codex_turn_ids=codex_turn_ids, limit=len(codex_turn_ids)):
        rows[row.turn_id] = row
    found = [await log.transcript(turn_id) for turn_id in sorted(rows)]
    return [each.data for each in found if each is not None and each.is_final]


class Completing:
    """Gives bundles of a notebook what the log has of their turns."""

    def __init__(
        self, settings: LogSettings, turn_ids: Iterable[str], redaction: Redaction
    ) -> None:
        """Reads the turns at once; without a log, or with one that cannot be read, none."""
        self._found = redaction.value(_read(settings, list(turn_ids)))

    def __call__(self, bundle: Bundle) -> Bundle:
        """The bundle, or a fuller one: only of the same turn, and only where it ended the same."""
        turn_id, prompt = bundle.get("turn_id"), bundle.get("prompt")
        if not isinstance(turn_id, str) or not isinstance(prompt, str):
            return bundle
        known = self._found.get(turn_id)
        if known is None or any(known[key] != bundle.get(key) for key in ("session_id", "state")):
            return bundle
        drawn = picture(known, WHOLE)
        return drawn if drawn["prompt"].startswith(prompt[:1000]) else bundle


def _read(settings: LogSettings, turn_ids: list[str]) -> dict[str, Transcript]:
    if not turn_ids or not log_path(settings.folder).exists():
        return {}
    # An exporter may be called on a thread whose loop runs.
    with ThreadPoolExecutor(1) as thread:
        try:
            return thread.submit(asyncio.run, _transcripts(settings, turn_ids)).result()
        except LogError as failure:
            logger.warning("The document shows what the notebook has: %s", failure)
            return {}


async def _transcripts(settings: LogSettings, turn_ids: list[str]) -> dict[str, Transcript]:
    async with TurnLog.open(settings, kind="export") as log:
        found = [await log.transcript(TurnId(turn_id)) for turn_id in turn_ids]
    return {
        each.data["turn_id"]: each.data
        for each in found
        if each is not None and is_final(each.data["state"])
    }
