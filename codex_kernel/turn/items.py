"""The kinds of items and the fields of each, as they stand in events, log and bundle.

Names follow Codex's item types in snake case. Every item has `id`, `type` and `status`
(`events.ItemStatus`); further fields of a newer Codex are left out, a whole item of an unknown
type is kept as `other`.
"""

from __future__ import annotations

from typing import Any, Literal, TypedDict

from codex_kernel.turn.events import ItemStatus


class _Item(TypedDict):
    id: str
    status: ItemStatus


class Message(_Item):
    """What the agent says. `phase` is commentary, final_answer or None."""

    type: Literal["message"]
    text: str
    phase: str | None


class UserMessage(_Item):
    """What the user added to a running turn, where Codex took it up."""

    type: Literal["user_message"]
    text: str


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


class FileChange(_Item):
    """A patch. Each change: `path`, `kind` (add, update, delete), `move_path`, `diff`.

    `diff` holds unified hunks in every case; whole contents of added and deleted files are
    turned into hunks on the way in.
    """

    type: Literal["file_change"]
    changes: list[dict[str, Any]]


class McpToolCall(_Item):
    """A tool of an MCP server. `content`: blocks as MCP has them (text, image, ...)."""

    type: Literal["mcp_tool_call"]
    server: str
    tool: str
    arguments: Any
    content: list[dict[str, Any]]
    structured: Any
    error: str | None
    duration_ms: int | None


class ToolCall(_Item):
    """A tool of the client. `content`: `{"type": "text"|"image", ...}`."""

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
    """A search, an opened page or a look-up in a page. `action` as Codex reports it."""

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
    """What happens with agents that Codex started. `agents`: status by their session id."""

    type: Literal["sub_agent"]
    tool: str
    prompt: str | None
    receivers: list[str]
    agents: dict[str, Any]


class Review(_Item):
    """Review mode: `text` is the target when it begins and the findings when it ends."""

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


class Other(_Item):
    """An item of a type this version does not know, whole."""

    type: Literal["other"]
    codex_type: str
    raw: dict[str, Any]


AnyItem = (
    Message
    | UserMessage
    | Reasoning
    | Command
    | FileChange
    | McpToolCall
    | ToolCall
    | Plan
    | WebSearch
    | Image
    | SubAgent
    | Review
    | Compaction
    | Sleep
    | Other
)
