"""The kinds of items and the fields of each, as they stand in events, log and bundle.

Names follow Codex's item types in snake case. Every item has `id`, `type` and `status`
(`events.ItemStatus`); further fields of a newer Codex are left out, a whole item of an unknown
type is kept as `other`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypedDict

from codex_kernel.turn.events import ItemStatus

OWN_SERVER = "codex_kernel"
"""Our own MCP server, as Codex calls it: tools are `mcp__codex_kernel__...` there."""
FOR_CODEX = ["assistant"]
"""Whom a block of a tool's content is for that the tool itself has shown to the user."""


class _Item(TypedDict):
    id: str
    status: ItemStatus


class Message(_Item):
    """What the agent says. `phase` is commentary, final_answer or None."""

    type: Literal["message"]
    text: str
    phase: str | None


class UserMessage(_Item):
    """What the user said, where Codex took it up: the prompt, or what was added to it later.

    `client_id` is what our request called it, so that the echo of a prompt can be told.
    """

    type: Literal["user_message"]
    text: str
    client_id: str | None


class Reasoning(_Item):
    """Summary parts (each begins with a bold title) and raw parts, kept apart."""

    type: Literal["reasoning"]
    summary: list[str]
    content: list[str]


class Command(_Item):
    """A command line. `command` is what runs inside the shell, `raw` what Codex started."""

    type: Literal["command"]
    command: str
    raw: str
    cwd: str | None
    source: str | None
    process_id: str | None
    actions: list[dict[str, Any]]
    output: str
    exit_code: int | None
    duration_ms: int | None


class TerminalInput(_Item):
    """What Codex typed into a running command; `command_id` is that item's id."""

    type: Literal["terminal_input"]
    command_id: str
    process_id: str | None
    text: str


class FileChange(_Item):
    """A patch. Each change: `path`, `kind` (add, update, delete), `move_path`, `diff`.

    `diff` holds unified hunks in every case; whole contents of added and deleted files are
    turned into hunks on the way in.
    """

    type: Literal["file_change"]
    changes: list[dict[str, Any]]


class McpToolCall(_Item):
    """A tool of an MCP server. `content`: blocks as MCP has them (text, image, ...).

    `output` collects what the tool reports while it runs, a line each.
    """

    type: Literal["mcp_tool_call"]
    server: str
    tool: str
    arguments: Any
    output: str
    content: list[dict[str, Any]]
    structured: Any
    error: str | None
    duration_ms: int | None


class ToolCall(_Item):
    """A tool of the client. `content`: blocks in the shape that MCP's have."""

    type: Literal["tool_call"]
    namespace: str | None
    tool: str
    arguments: Any
    content: list[dict[str, Any]]
    duration_ms: int | None


class Plan(_Item):
    """A plan that Codex proposes in plan mode, as Markdown."""

    type: Literal["plan"]
    text: str


class WebSearch(_Item):
    """A search, an opened page or a look-up in a page. `action["type"]` says which."""

    type: Literal["web_search"]
    query: str
    action: dict[str, Any] | None


class Image(_Item):
    """An image that Codex looked at or made. `path`, or base64 `data`; `origin` says which."""

    type: Literal["image"]
    origin: Literal["viewed", "generated"]
    path: str | None
    data: str | None
    prompt: str | None


class SubAgent(_Item):
    """What happens with agents that Codex started.

    `tool` is what was done (spawn_agent, send_input, wait ...; started, completed ...);
    `agents`: `{"status", "message"}` by the session id of each.
    """

    type: Literal["sub_agent"]
    tool: str
    prompt: str | None
    receivers: list[str]
    agents: dict[str, Any]


class Review(_Item):
    """Review mode: `text` is the target when it begins and the findings when it ends.

    Codex says the findings once more in a message with the same text: show one of the two.
    """

    type: Literal["review"]
    phase: Literal["entered", "exited"]
    text: str


class Compaction(_Item):
    """Codex shortened the history to make room."""

    type: Literal["compaction"]


class Sleep(_Item):
    """Codex waits."""

    type: Literal["sleep"]
    duration_ms: int | None


class HookPrompt(_Item):
    """What one of the user's hooks told the agent."""

    type: Literal["hook_prompt"]
    text: str


class Other(_Item):
    """An item of a type this version does not know, whole."""

    type: Literal["other"]
    codex_type: str
    raw: dict[str, Any]


READING = frozenset({"read", "search", "list_files"})
"""Actions of a command that change nothing."""


def only_reads(command: dict[str, Any]) -> bool:
    """Whether Codex recognised every part of a command line as looking at files."""
    actions = command.get("actions") or []
    return bool(actions) and all(action.get("type") in READING for action in actions)


def is_beside(item: Mapping[str, Any], block: Any) -> bool:
    """Whether a block of a tool's content was shown by the tool itself, below the turn."""
    if item.get("server") != OWN_SERVER or not isinstance(block, dict):
        return False
    notes = block.get("annotations")
    return isinstance(notes, dict) and notes.get("audience") == FOR_CODEX
