"""The part of the app-server's protocol that is used here, as types.

Owns names and shapes as they are on the wire: nothing here runs. Fields that we neither send nor
read are left out, and what a newer Codex adds is ignored. The tables at the end name the shape of
every method; tests hold them against the schema that the binary itself generates
(`codex app-server generate-json-schema --experimental`) and against recorded streams.
"""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

from codex_kernel.app_server.item_shapes import FileUpdateChange

RequestId = int | str
"""The server counts its own requests from 0, the client's from 1: direction tells them apart."""

# Values


class Turn(TypedDict):
    """A turn; `items` holds no more than its last message."""

    id: str
    items: list[dict[str, Any]]
    status: Literal["inProgress", "completed", "interrupted", "failed"]
    error: NotRequired[TurnError | None]
    rootTurnId: NotRequired[str | None]
    durationMs: NotRequired[int | None]


class TurnError(TypedDict):
    """Why a turn failed or is tried again; `codexErrorInfo` is a word or an object of one key."""

    message: str
    codexErrorInfo: NotRequired[str | dict[str, Any] | None]
    additionalDetails: NotRequired[str | None]


class Thread(TypedDict):
    """A thread. `parentThreadId` is set for those of sub-agents."""

    id: str
    cwd: str
    preview: str
    cliVersion: str
    updatedAt: int
    status: dict[str, Any]
    turns: list[Turn]
    name: NotRequired[str | None]
    parentThreadId: NotRequired[str | None]


class TokenUsage(TypedDict):
    """`last` is the fill of the context, `total` adds up every request of the thread."""

    last: dict[str, int]
    total: dict[str, int]
    modelContextWindow: NotRequired[int | None]


class ThreadSettings(TypedDict):
    """What a thread works with."""

    model: str
    cwd: str
    approvalPolicy: str | dict[str, Any]
    sandboxPolicy: dict[str, Any]
    effort: NotRequired[str | None]


# Notifications


class _OfThread(TypedDict):
    threadId: str


class _OfTurn(_OfThread):
    turnId: str


class _OfItem(_OfTurn):
    itemId: str


class ThreadStarted(TypedDict):
    thread: Thread


class TurnNotification(_OfThread):
    turn: Turn


class ItemNotification(_OfTurn):
    item: dict[str, Any]


class Delta(_OfItem):
    delta: str


class SummaryDelta(Delta):
    summaryIndex: int


class SummaryPartAdded(_OfItem):
    summaryIndex: int


class ReasoningDelta(Delta):
    contentIndex: int


class PatchUpdated(_OfItem):
    changes: list[FileUpdateChange]


class TerminalInteraction(_OfItem):
    processId: str
    stdin: str


class McpToolCallProgress(_OfItem):
    message: str


class TurnPlanUpdated(_OfTurn):
    plan: list[dict[str, str]]
    explanation: NotRequired[str | None]


class TurnDiffUpdated(_OfTurn):
    diff: str


class TokenUsageUpdated(_OfTurn):
    tokenUsage: TokenUsage


class ThreadSettingsUpdated(_OfThread):
    threadSettings: ThreadSettings


class ErrorNotification(_OfTurn):
    error: TurnError
    willRetry: bool


class AuthRecovery(_OfTurn):
    message: str


class McpServerStatus(TypedDict):
    name: str
    status: str
    threadId: NotRequired[str | None]
    error: NotRequired[str | None]


class ModelRerouted(_OfTurn):
    fromModel: str
    toModel: str
    reason: str


class WarningNotification(TypedDict):
    message: str
    threadId: NotRequired[str | None]


class GuardianWarning(_OfThread):
    message: str


class Notice(TypedDict):
    summary: str
    details: NotRequired[str | None]


class ServerRequestResolved(_OfThread):
    requestId: RequestId


class AccountLoginCompleted(TypedDict):
    success: bool
    loginId: NotRequired[str | None]
    error: NotRequired[str | None]


# Requests of the server


class CommandApproval(_OfItem):
    reason: NotRequired[str | None]
    command: NotRequired[str | None]
    cwd: NotRequired[str | None]
    additionalPermissions: NotRequired[dict[str, Any] | None]
    networkApprovalContext: NotRequired[dict[str, Any] | None]
    proposedExecpolicyAmendment: NotRequired[list[str] | None]
    availableDecisions: NotRequired[list[Any] | None]


class FileChangeApproval(_OfItem):
    reason: NotRequired[str | None]
    grantRoot: NotRequired[str | None]


class PermissionsApproval(_OfItem):
    cwd: str
    permissions: dict[str, Any]
    reason: NotRequired[str | None]


class UserInputRequest(_OfItem):
    questions: list[dict[str, Any]]


class ToolCallRequest(_OfTurn):
    callId: str
    tool: str
    arguments: Any


class Elicitation(_OfThread):
    """Leave for a tool call (`_meta.codex_approval_kind`), a form, or an address to open."""

    serverName: str
    mode: str
    message: NotRequired[str]
    requestedSchema: NotRequired[dict[str, Any]]
    _meta: NotRequired[dict[str, Any] | None]


# Requests of ours


class InitializeParams(TypedDict):
    clientInfo: dict[str, Any]
    capabilities: dict[str, Any]


class InitializeResult(TypedDict):
    userAgent: str
    codexHome: str


class ThreadStartParams(TypedDict):
    cwd: str
    sandbox: str
    approvalPolicy: str
    config: dict[str, object]
    model: NotRequired[str]
    developerInstructions: NotRequired[str]


class ThreadResumeParams(ThreadStartParams):
    threadId: str
    excludeTurns: bool


class ThreadOpened(TypedDict):
    """Answer of thread/start, resume and fork."""

    thread: Thread
    model: str
    cwd: str
    approvalPolicy: str | dict[str, Any]
    sandbox: dict[str, Any]
    reasoningEffort: NotRequired[str | None]
    instructionSources: NotRequired[list[str]]


class TurnStartParams(_OfThread):
    input: list[dict[str, Any]]
    clientUserMessageId: str
    cwd: str
    approvalPolicy: str
    sandboxPolicy: dict[str, Any]
    model: NotRequired[str]
    effort: NotRequired[str]


class TurnStarted(TypedDict):
    turn: Turn


class TurnSteerParams(_OfThread):
    expectedTurnId: str
    input: list[dict[str, Any]]


class ReviewStartParams(_OfThread):
    target: dict[str, Any]


class ThreadReadParams(_OfThread):
    includeTurns: NotRequired[bool]


class TerminateParams(_OfThread):
    processId: str


class ThreadNameParams(_OfThread):
    name: str


class CommandExecParams(TypedDict):
    command: list[str]
    cwd: NotRequired[str | None]
    sandboxPolicy: NotRequired[dict[str, Any] | None]
    timeoutMs: NotRequired[int | None]


class CommandExecResult(TypedDict):
    exitCode: int
    stdout: str
    stderr: str


class AccountReadResult(TypedDict):
    requiresOpenaiAuth: bool
    account: NotRequired[dict[str, Any] | None]


class ConfigReadParams(TypedDict):
    cwd: NotRequired[str | None]


class ConfigReadResult(TypedDict):
    config: dict[str, Any]


class Nothing(TypedDict):
    pass


NOTIFICATIONS: dict[str, type] = {
    "thread/started": ThreadStarted,
    "turn/started": TurnNotification,
    "turn/completed": TurnNotification,
    "item/started": ItemNotification,
    "item/completed": ItemNotification,
    "item/agentMessage/delta": Delta,
    "item/plan/delta": Delta,
    "item/commandExecution/outputDelta": Delta,
    "item/reasoning/summaryTextDelta": SummaryDelta,
    "item/reasoning/summaryPartAdded": SummaryPartAdded,
    "item/reasoning/textDelta": ReasoningDelta,
    "item/fileChange/patchUpdated": PatchUpdated,
    "item/commandExecution/terminalInteraction": TerminalInteraction,
    "item/mcpToolCall/progress": McpToolCallProgress,
    "turn/plan/updated": TurnPlanUpdated,
    "turn/diff/updated": TurnDiffUpdated,
    "thread/tokenUsage/updated": TokenUsageUpdated,
    "thread/settings/updated": ThreadSettingsUpdated,
    "error": ErrorNotification,
    "modelProvider/authRecoveryStarted": AuthRecovery,
    "mcpServer/startupStatus/updated": McpServerStatus,
    "model/rerouted": ModelRerouted,
    "warning": WarningNotification,
    "guardianWarning": GuardianWarning,
    "configWarning": Notice,
    "deprecationNotice": Notice,
    "serverRequest/resolved": ServerRequestResolved,
    "account/login/completed": AccountLoginCompleted,
}

SERVER_REQUESTS: dict[str, type] = {
    "item/commandExecution/requestApproval": CommandApproval,
    "item/fileChange/requestApproval": FileChangeApproval,
    "item/permissions/requestApproval": PermissionsApproval,
    "item/tool/requestUserInput": UserInputRequest,
    "item/tool/call": ToolCallRequest,
    "mcpServer/elicitation/request": Elicitation,
}

REQUESTS: dict[str, tuple[type, type]] = {
    "initialize": (InitializeParams, InitializeResult),
    "config/read": (ConfigReadParams, ConfigReadResult),
    "account/read": (Nothing, AccountReadResult),
    "thread/start": (ThreadStartParams, ThreadOpened),
    "thread/resume": (ThreadResumeParams, ThreadOpened),
    "thread/fork": (ThreadResumeParams, ThreadOpened),
    "thread/read": (ThreadReadParams, ThreadStarted),
    "thread/unsubscribe": (_OfThread, Nothing),
    "thread/name/set": (ThreadNameParams, Nothing),
    "thread/compact/start": (_OfThread, Nothing),
    "thread/backgroundTerminals/list": (_OfThread, Nothing),
    "thread/backgroundTerminals/terminate": (TerminateParams, Nothing),
    "turn/start": (TurnStartParams, TurnStarted),
    "turn/steer": (TurnSteerParams, Nothing),
    "turn/interrupt": (_OfTurn, Nothing),
    "review/start": (ReviewStartParams, TurnStarted),
    "command/exec": (CommandExecParams, CommandExecResult),
}
"""Parameters and result of each request that we send."""
