"""Codex's items as they are on the wire; see `protocol` for what is left out and why."""

from __future__ import annotations

from typing import Any, NotRequired, TypedDict


class FileUpdateChange(TypedDict):
    """A file of a patch: hunks for an update, the whole contents for add and delete."""

    path: str
    kind: dict[str, Any]
    diff: str


class _Item(TypedDict):
    id: str


class UserMessageItem(_Item):
    content: list[dict[str, Any]]
    clientId: NotRequired[str | None]


class HookPromptItem(_Item):
    fragments: list[dict[str, Any]]


class AgentMessageItem(_Item):
    text: str
    phase: NotRequired[str | None]


class FunctionCallOutputItem(_Item):
    name: str
    output: str | list[dict[str, Any]]
    namespace: NotRequired[str | None]


class PlanItem(_Item):
    text: str


class ReasoningItem(_Item):
    summary: NotRequired[list[str]]
    content: NotRequired[list[str]]


class CommandExecutionItem(_Item):
    command: str
    cwd: str
    status: str
    commandActions: list[dict[str, Any]]
    source: NotRequired[str]
    processId: NotRequired[str | None]
    aggregatedOutput: NotRequired[str | None]
    exitCode: NotRequired[int | None]
    durationMs: NotRequired[int | None]


class FileChangeItem(_Item):
    changes: list[FileUpdateChange]
    status: str


class McpToolCallItem(_Item):
    server: str
    tool: str
    status: str
    arguments: Any
    result: NotRequired[dict[str, Any] | None]
    error: NotRequired[dict[str, Any] | None]
    durationMs: NotRequired[int | None]


class DynamicToolCallItem(_Item):
    tool: str
    status: str
    arguments: Any
    namespace: NotRequired[str | None]
    contentItems: NotRequired[list[dict[str, Any]] | None]
    durationMs: NotRequired[int | None]


class CollabAgentToolCallItem(_Item):
    tool: str
    status: str
    receiverThreadIds: list[str]
    agentsStates: dict[str, dict[str, Any]]
    prompt: NotRequired[str | None]


class SubAgentActivityItem(_Item):
    kind: str
    agentThreadId: str


class WebSearchItem(_Item):
    query: str
    action: NotRequired[dict[str, Any] | None]


class ImageViewItem(_Item):
    path: str


class SleepItem(_Item):
    durationMs: int


class ImageGenerationItem(_Item):
    status: str
    savedPath: NotRequired[str | None]
    revisedPrompt: NotRequired[str | None]


class ReviewModeItem(_Item):
    review: str


class ContextCompactionItem(_Item):
    pass


ITEMS: dict[str, type] = {
    "userMessage": UserMessageItem,
    "hookPrompt": HookPromptItem,
    "agentMessage": AgentMessageItem,
    "functionCallOutput": FunctionCallOutputItem,
    "plan": PlanItem,
    "reasoning": ReasoningItem,
    "commandExecution": CommandExecutionItem,
    "fileChange": FileChangeItem,
    "mcpToolCall": McpToolCallItem,
    "dynamicToolCall": DynamicToolCallItem,
    "collabAgentToolCall": CollabAgentToolCallItem,
    "subAgentActivity": SubAgentActivityItem,
    "webSearch": WebSearchItem,
    "imageView": ImageViewItem,
    "sleep": SleepItem,
    "imageGeneration": ImageGenerationItem,
    "enteredReviewMode": ReviewModeItem,
    "exitedReviewMode": ReviewModeItem,
    "contextCompaction": ContextCompactionItem,
}
