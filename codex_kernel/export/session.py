"""A session as a value: its turns as transcripts, and as JSON that can be read elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from codex_kernel.errors import CodexError
from codex_kernel.export.document import Document, Turn, numbered
from codex_kernel.export.redaction import Redaction
from codex_kernel.render.picture import picture
from codex_kernel.render.words import one_line
from codex_kernel.settings import ViewSettings
from codex_kernel.turn.items import is_beside

FORMAT = "codex-session"
VERSION = 1
WHOLE = ViewSettings(output_lines=10**6, output_bytes=10**7, item_bytes=10**7)
"""How much of a turn a document shows: what the record has."""

Transcript = dict[str, Any]


@dataclass(frozen=True)
class Session:
    """A session with its turns, the first one first."""

    session_id: str
    title: str
    cwd: str | None
    transcripts: tuple[Transcript, ...]


def untitled(transcripts: tuple[Transcript, ...]) -> str:
    """What a session without a title is called: how it began."""
    prompt = transcripts[0]["prompt"] if transcripts else ""
    return one_line(prompt) or "Codex session"


def redacted(session: Session, redaction: Redaction) -> Session:
    """The session without secrets."""
    return replace(
        session,
        title=redaction.text(session.title),
        transcripts=tuple(redaction.value(list(session.transcripts))),
    )


def document(session: Session) -> Document:
    """The session as a document."""
    bundles = (picture(alone(transcript), WHOLE) for transcript in session.transcripts)
    return Document(session.title, numbered(Turn(0, bundle) for bundle in bundles))


def alone(transcript: Transcript) -> Transcript:
    """The turn with what its cell showed besides it: here there is no cell."""
    return {**transcript, "items": [_whole(item) for item in transcript["items"]]}


def _whole(item: dict[str, Any]) -> dict[str, Any]:
    if not any(is_beside(item, block) for block in item.get("content") or ()):
        return item
    content = [
        {key: value for key, value in block.items() if key != "annotations"}
        if is_beside(item, block)
        else block
        for block in item["content"]
    ]
    return {**item, "content": content}


def to_json(session: Session) -> dict[str, Any]:
    """The session as a JSON object, see `from_json`."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "session_id": session.session_id,
        "title": session.title,
        "cwd": session.cwd,
        "turns": list(session.transcripts),
    }


def from_json(value: Any) -> Session:
    """A session from `to_json`; raises CodexError for anything else."""
    if not isinstance(value, Mapping) or value.get("format") != FORMAT:
        raise CodexError(
            "This is no exported session.",
            next_step="`jupyter codex export SESSION --to json` writes one.",
        )
    if value.get("version") != VERSION:
        raise CodexError(
            f"The session was exported in version {value.get('version')!r} of the format.",
            next_step="Update codex-kernel.",
        )
    try:
        transcripts = tuple(dict(turn) for turn in value["turns"])
        session = Session(str(value["session_id"]), str(value["title"]), value["cwd"], transcripts)
        document(session)
    except Exception as error:  # whatever a damaged or forged file makes the drawing raise
        raise CodexError(
            f"The exported session is damaged: {type(error).__name__}: {error}.",
            next_step="Export it again.",
        ) from error
    return session
