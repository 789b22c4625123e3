"""A session from everything that knows of it: Codex, and where it ran in Jupyter the record."""

from __future__ import annotations

from codex_kernel.app_server.client import AppServer
from codex_kernel.export import record, threads
from codex_kernel.export.session import Session, Transcript, untitled
from codex_kernel.turn_log import bindings
from codex_kernel.turn_log.log import TurnLog


async def gathered(log: TurnLog, server: AppServer | None, session_id: str) -> Session | None:
    """The session with all turns that have ended; None when nobody knows it.

    `server` None: without Codex, as far as the record knows.
    """
    known = await bindings.session(log, session_id)
    codex = await threads.read(server, session_id) if server is not None else None
    told = codex.transcripts if codex else ()
    codex_turn_ids = [transcript["codex_turn_id"] for transcript in told]
    logged = await record.turns_of(log, session_id, codex_turn_ids)
    if codex is None and not logged:
        return None
    turns = _merged(told, logged)
    title = (known and known.title) or (codex and codex.title) or untitled(turns)
    cwd = (codex and codex.cwd) or (known and known.cwd) or None
    return Session(session_id, title, cwd, turns)


def _merged(told: tuple[Transcript, ...], logged: list[Transcript]) -> tuple[Transcript, ...]:
    """Every turn once: as recorded, which says more than Codex keeps, or as Codex has it."""
    recorded = {turn["codex_turn_id"] for turn in logged}
    turns = [turn for turn in logged if turn["state"] != "cancelled"]
    turns += [turn for turn in told if turn["codex_turn_id"] not in recorded]
    return tuple(sorted(turns, key=lambda turn: turn["turn_id"]))  # both kinds sort by time
