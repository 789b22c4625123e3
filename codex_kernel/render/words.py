"""The words and figures with which a turn is described, the same in every picture of it.

Plain text only, nothing escaped: who puts it into HTML escapes it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from codex_kernel.render.escape import visible

STATES: Mapping[str, tuple[str, str]] = {
    "queued": ("⋯", "Queued"),
    "starting": ("⋯", "Starting"),
    "running": ("●", "Working"),
    "waiting": ("?", "Waiting for you"),
    "interrupting": ("◌", "Stopping"),
    "completed": ("✓", "Completed"),
    "interrupted": ("■", "Interrupted"),
    "failed": ("✗", "Failed"),
    "cancelled": ("⊘", "Cancelled"),
    "lost": ("?", "Lost"),
}
"""A symbol and a word for every state of a turn."""

ENDINGS: Mapping[str, str] = {
    "failed": "failed",
    "declined": "declined",
    "interrupted": "interrupted",
    "background": "running in background",
    "lost": "lost: how it ended is not known",
}
"""What to add to an item that is neither running nor completed."""

DANGER = "danger-full-access"
"""The sandbox that is none."""

CHANGES: Mapping[str, str] = {"add": "Created", "update": "Edited", "delete": "Deleted"}
STEPS: Mapping[str, str] = {"completed": "☑", "in_progress": "◐", "pending": "☐"}
"""Symbols of the steps of a plan."""

_NOUNS: Mapping[str, tuple[str, str]] = {
    "command": ("command", "commands"),
    "reasoning": ("thought", "thoughts"),
    "web_search": ("search", "searches"),
    "mcp_tool_call": ("tool call", "tool calls"),
    "tool_call": ("tool call", "tool calls"),
    "sub_agent": ("sub-agent step", "sub-agent steps"),
}
_ALLOWED: Mapping[str, str] = {
    "once": "Allowed once",
    "session": "Allowed for this session",
    "always": "Allowed always, by a rule",
}
_OUTCOMES: Mapping[str, str] = {
    "declined": "Declined",
    "stopped": "Declined, and the turn stopped,",
    "expired": "Declined",
    "closed": "Left open",
}
_UNITS = (("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1000))


def one_line(text: str, limit: int = 72) -> str:
    """A text on one line, shortened in characters, with nothing hidden."""
    line = visible(" ".join(text.split()))
    return line if len(line) <= limit else line[: limit - 1] + "…"


def duration(seconds: float) -> str:
    """A length of time, in the two units that matter."""
    if seconds < 9.95:
        return f"{max(seconds, 0):.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def seconds_between(start: str | None, finish: str | None) -> float | None:
    """Seconds from one ISO 8601 time to another; None when one of them is not known."""
    if start is None or finish is None:
        return None
    try:
        return (datetime.fromisoformat(finish) - datetime.fromisoformat(start)).total_seconds()
    except (ValueError, TypeError):
        return None


def size(count: int) -> str:
    """A number of bytes."""
    for unit, factor in _UNITS:
        if count >= factor:
            return f"{count / factor:.1f} {unit}"
    return f"{count} bytes"


def token_count(usage: Mapping[str, Any] | None) -> int | None:
    """Tokens of the last request, which is what fills the context (`total` is cumulative)."""
    count = ((usage or {}).get("last") or {}).get("total_tokens")
    return count if isinstance(count, int) and count > 0 else None


def context_left(usage: Mapping[str, Any] | None) -> int | None:
    """Per cent of the context window that are free; None when that is not known."""
    used, window = token_count(usage), (usage or {}).get("context_window")
    if used is None or not isinstance(window, int) or window <= 0 or used > window:
        return None
    return min(100, max(0, round(100 * (1 - used / window))))


def thousands(count: int) -> str:
    """A number of tokens, shortened."""
    return f"{count / 1000:.1f}k" if count >= 1000 else str(count)


def facts(bundle: Mapping[str, Any]) -> Iterator[str]:
    """What a turn ran with and what it took: model, time, tokens, context."""
    codex, usage = bundle["codex"], bundle["usage"]
    if codex.get("model"):
        yield f"{codex['model']} ({codex['effort']})" if codex.get("effort") else codex["model"]
    seconds = seconds_between(bundle["started_at"], bundle["finished_at"])
    if seconds is not None:
        yield duration(seconds)
    if (tokens := token_count(usage)) is not None:
        yield f"{thousands(tokens)} tokens"
    if (left := context_left(usage)) is not None:
        yield f"{left} % context left"


def steps(entries: Iterable[Mapping[str, Any]]) -> str:
    """A count of what was done: "5 commands, 2 searches, 1 failed"."""
    known = list(entries)
    counts = Counter(_NOUNS.get(entry["type"], ("other step", "other steps")) for entry in known)
    parts = [f"{count} {names[count != 1]}" for names, count in counts.items()]
    failed = sum(entry.get("status") == "failed" for entry in known)
    return ", ".join(parts + ([f"{failed} failed"] if failed else []))


def title(part: str, fallback: str = "Thinking") -> tuple[str, str]:
    """A part of reasoning as its bold title and the rest."""
    text = part.strip()
    if text.startswith("**") and (end := text.find("**", 2)) > 2 and "\n" not in text[:end]:
        return text[2:end], text[end + 2 :].strip()
    return fallback, text


def reasoning(entry: Mapping[str, Any]) -> list[str]:
    """The parts of reasoning that are shown: of its summary, else of its content."""
    summary = [part for part in entry.get("summary") or [] if part.strip()]
    return summary or [part for part in entry.get("content") or [] if part.strip()]


def search(entry: Mapping[str, Any]) -> str:
    """What a web search item did."""
    action = entry.get("action") or {}
    kind, url = action.get("type"), action.get("url")
    if kind in ("open_page", "openPage") and url:
        return f"Opened {url}"
    if kind in ("find_in_page", "findInPage") and url:
        return f"Looked for “{action.get('pattern') or ''}” in {url}"
    query = entry.get("query") or action.get("query") or ""
    return f"Searched the web for “{query}”" if query else "Searched the web"


_QUESTIONS = {"permissions": "Grant these permissions?", "code": "Run this code?"}


def question(entry: Mapping[str, Any]) -> str:
    """What an approval asks for, without the command or the files."""
    kind = entry.get("kind")
    if kind == "mcp_tool_call":
        return f"Use the tool {entry.get('tool') or '?'} of {entry.get('server') or '?'}?"
    if kind == "file_change":
        root = entry.get("grant_root")
        return f"Write below {root}?" if root else "Change these files?"
    return _QUESTIONS.get(kind or "", "Run this command?")


def decision(entry: Mapping[str, Any]) -> str:
    """How an approval was decided, for what scope and by whom; also why, at a decline."""
    outcome, by = entry.get("outcome"), entry.get("by") or "nobody"
    if outcome is None:
        return "Waiting for a decision"
    if outcome == "accepted":
        word = _ALLOWED.get(entry.get("decision") or "", "Allowed")
    else:
        word = _OUTCOMES.get(outcome, str(outcome))
    said = f"{word} by {by}"
    if outcome in ("declined", "stopped") and entry.get("decision_reason"):
        said = f"{said}: {entry['decision_reason']}"
    return said


def changed(change: Mapping[str, Any]) -> str:
    """What a change does to which file, and how much."""
    path, goal = change.get("path") or "", change.get("move_path")
    where = f"{path} → {goal}" if goal and goal != path else path
    verb = "Renamed" if goal and goal != path else CHANGES.get(change.get("kind") or "", "Changed")
    return f"{verb} {where}"


def problem(error: Mapping[str, Any] | None) -> str:
    """Why a turn did not complete and what to do about it, as one line."""
    if not error:
        return ""
    return f"{error.get('message') or ''} {error.get('next_step') or ''}".strip()
