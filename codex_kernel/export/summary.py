"""The head of a document in words: what it is about, and a line for each turn."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from codex_kernel.export.document import Document, Turn
from codex_kernel.render import words

PROMPT_CHARACTERS = 90
COLUMNS = ("Turn", "Prompt", "Outcome", "Commands", "Began", "Took", "Tokens")
"""The heads of the fields of a `TurnLine`."""


@dataclass(frozen=True)
class TurnLine:
    """A turn in the table of turns."""

    number: int
    prompt: str
    outcome: str
    commands: str
    began: str
    took: str
    tokens: str


def facts(document: Document) -> list[tuple[str, str]]:
    """Names and values: sessions, models, dates, turns, tokens; what is not known is left out."""
    bundles = [turn.bundle for turn in document.turns]
    sessions = _unique(bundle["session_id"] for bundle in bundles)
    models = _unique(bundle["codex"].get("model") for bundle in bundles)
    versions = _unique(bundle["codex"].get("version") for bundle in bundles)
    moments = sorted(
        filter(None, (bundle[key] for bundle in bundles for key in ("started_at", "finished_at")))
    )
    spans = [words.seconds_between(b["started_at"], b["finished_at"]) or 0 for b in bundles]
    rows = [
        ("Session" if len(sessions) == 1 else "Sessions", ", ".join(sessions)),
        ("Model" if len(models) == 1 else "Models", ", ".join(models)),
        ("Codex", ", ".join(versions)),
        ("Date", _dates(moments)),
        ("Turns", f"{len(bundles)}, {words.duration(sum(spans))} in all" if bundles else ""),
        ("Tokens", _tokens(document.turns)),
    ]
    return [(name, value) for name, value in rows if value]


def lines(document: Document) -> list[TurnLine]:
    """The table of turns."""
    return [_line(turn) for turn in document.turns]


def heading(turn: Turn) -> str:
    """A turn's prompt as one line."""
    return words.one_line(turn.bundle["prompt"], PROMPT_CHARACTERS) or "(no prompt)"


def moment(at: str | None) -> str:
    """A time as a reader wants it, in UTC; as it is when it is none."""
    try:
        return datetime.fromisoformat(at or "").astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
    except ValueError:
        return at or ""


def _line(turn: Turn) -> TurnLine:
    bundle = turn.bundle
    symbol, word = words.STATES.get(bundle["state"], ("·", str(bundle["state"])))
    seconds = words.seconds_between(bundle["started_at"], bundle["finished_at"])
    tokens = words.token_count(bundle["usage"])
    commands = [item for item in bundle["items"] if item["type"] == "command"]
    failed = sum(item["status"] == "failed" for item in commands)
    return TurnLine(
        turn.number,
        heading(turn),
        f"{symbol} {word}",
        f"{len(commands)}, {failed} failed" if failed else str(len(commands) or ""),
        moment(bundle["started_at"]),
        "" if seconds is None else words.duration(seconds),
        "" if tokens is None else words.thousands(tokens),
    )


def _unique(values: Iterable[str | None]) -> list[str]:
    return [str(value) for value in dict.fromkeys(values) if value]


def _dates(moments: list[str]) -> str:
    first, last = (moment(moments[at]) if moments else "" for at in (0, -1))
    return first if first == last else f"{first} to {last}"


def _tokens(turns: list[Turn]) -> str:
    """What the sessions had used by their last turn."""
    used: dict[str | None, int] = {}
    for turn in turns:
        total = ((turn.bundle["usage"] or {}).get("total") or {}).get("total_tokens")
        if isinstance(total, int):
            used[turn.bundle["session_id"]] = total
    return f"{sum(used.values()):,}" if used else ""
