"""A turn as plain text: the answer, a line on what is going on, the stream of a console.

Knows no HTML. Colours only when asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from codex_kernel.render import words
from codex_kernel.render.bounds import Bounds
from codex_kernel.render.console import ConsoleText
from codex_kernel.render.entries import answer_of
from codex_kernel.render.escape import clean, head
from codex_kernel.settings import ViewSettings
from codex_kernel.turn.state import is_final

__all__ = ["ConsoleText", "plain", "short", "shortened"]


def plain(data: dict[str, Any], view: ViewSettings) -> str:
    """The answer in at most `plain_bytes`; how the turn ended, when it did not complete."""
    answer = answer_of(data["items"])
    text = Bounds(view, data["turn_id"]).text((answer or {}).get("text") or "").strip()
    ending = ""
    if is_final(data["state"]) and data["state"] != "completed":
        word = words.STATES[data["state"]][1]
        ending = f"{word}. {words.problem(data['error'])}".strip()
    both = "\n\n".join(part for part in (ending, text) if part)
    if not both and is_final(data["state"]):
        return "(no answer)"
    return shortened(clean(both) or short(data), view.plain_bytes)


def short(data: dict[str, Any], now: str | None = None) -> str:
    """One line on what is going on; with the time when `now` (ISO 8601) is given."""
    symbol, word = words.STATES.get(data["state"], ("·", str(data["state"])))
    seconds = words.seconds_between(data["started_at"], now)
    elapsed = f" ({words.duration(seconds)})" if seconds is not None else ""
    if is_final(data["state"]):
        return f"{symbol} Codex: {word.lower()}"
    if data["state"] != "running":
        return f"{symbol} Codex: {word.lower()}{elapsed}"
    return f"{symbol} Codex is working: {_activity(data)}{elapsed}…"


def shortened(text: str, limit: int) -> str:
    """At most `limit` bytes of a text, whole characters, with an ellipsis when cut."""
    kept = head(text, limit)
    return kept if len(kept) == len(text) else head(text, max(limit - 4, 0)) + " …"


def _activity(data: Mapping[str, Any]) -> str:
    if data["retry"]:
        return words.one_line(data["retry"]["message"])
    running = [item for item in data["items"] if item["status"] == "running"]
    for item in reversed(running):
        if item["type"] == "command":
            return f"running `{words.one_line(item['command'], 48)}`"
        if item["type"] in ("mcp_tool_call", "tool_call"):
            return f"using {words.one_line(str(item['tool']), 48)}"
    for item in reversed(running):
        if item["type"] == "file_change":
            return "editing files"
        if item["type"] == "reasoning" and item.get("summary"):
            return words.one_line(words.title(item["summary"][-1])[0])
        if item["type"] == "message":
            return "writing"
    return "thinking"
