"""Notifications of the app-server as drafts of events.

Owns what each notification means for a turn. Pure: a batch in, drafts out, nothing remembered;
any way of cutting a stream into batches folds to the same transcript. Refuses to know requests,
routing and storage. Notifications without a meaning here give nothing and are never an error.

Text is the hot path: deltas of one batch are collected by (item, field, part) and become one
`item.text` each when something else happens or the batch ends. A part that is announced begins
as a blank text, so that parts never run together.

What translation does not do: `error` without a retry gives nothing because `turn/completed`
says the same (`outcome` reads it), and items that Codex leaves open at an interrupt are closed
by whoever ends the turn.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from copy import deepcopy
from typing import Any

from codex_kernel.app_server import protocol
from codex_kernel.app_server.items import changes, item, snake_case
from codex_kernel.app_server.params import effective
from codex_kernel.turn.events import (
    Draft,
    Item,
    TextField,
    diff_updated,
    item_completed,
    item_started,
    item_text,
    plan_updated,
    retry,
    settings_updated,
    usage_updated,
    warning,
)
from codex_kernel.turn.transcript import Transcript

Message = dict[str, Any]
Params = dict[str, Any]
_Key = tuple[str, TextField, int | None]

_DELTAS: dict[str, tuple[TextField, str]] = {
    "item/agentMessage/delta": ("text", ""),
    "item/plan/delta": ("text", ""),
    "item/commandExecution/outputDelta": ("output", ""),
    "item/reasoning/summaryTextDelta": ("summary", "summaryIndex"),
    "item/reasoning/summaryPartAdded": ("summary", "summaryIndex"),
    "item/reasoning/textDelta": ("content", "contentIndex"),
}
"""Which field grows, and which parameter names the part; the part that is added has no text."""

_NOISE = (
    "could not find bubblewrap on PATH",  # the bundled one is used, as it should be
    "Full-history hydration is deprecated",  # `thread/read` with turns, our own call
)
"""Warnings that tell the reader of a notebook nothing."""

_STREAMED = frozenset({"message", "reasoning", "plan"})
"""Items that arrive in a model's stream and are lost with it."""


def translate(batch: Iterable[Message]) -> list[Draft]:
    """Drafts for notifications of one turn, in order; unknown ones are passed over."""
    drafts: list[Draft] = []
    texts: defaultdict[_Key, list[str]] = defaultdict(list)
    for message in batch:
        method = message["method"]
        growing = _DELTAS.get(method)
        if growing is not None:
            field, index = growing
            params = message["params"]
            key = (params["itemId"], field, params.get(index) if index else None)
            texts[key].append(params.get("delta", ""))
        elif method in _STEPS and (made := _step(message)) is not None:
            _flush(texts, drafts)
            drafts.append(made)
    _flush(texts, drafts)
    return drafts


def _step(message: Message) -> Draft | None:
    try:
        return _STEPS[message["method"]](message)
    except (AttributeError, KeyError, TypeError, ValueError):
        return None  # a known notification in a new shape must not end the turn


def supersede(drafts: list[Draft], transcript: Transcript) -> list[Draft]:
    """The drafts, with items closed that Codex abandons without a word.

    After a cut stream the half message or reasoning never completes and the retry begins it
    again under a new id; the reviewer's own message never completes when a review ends. Such
    items end as `lost` at that place. `transcript` is the state before the drafts.
    """
    if not any(_abandons(draft) for draft in drafts):
        return drafts
    running = {
        known["id"]: deepcopy(known)
        for known in transcript.open_items()
        if known["type"] in _STREAMED
    }
    result: list[Draft] = []
    for draft in drafts:
        if _abandons(draft):
            result += [item_completed({**known, "status": "lost"}) for known in running.values()]
            running.clear()
        _follow(running, draft)
        result.append(draft)
    return result


def _abandons(draft: Draft) -> bool:
    if draft["type"] == "item.started":
        return draft["item"].get("phase") == "exited"
    return draft["type"] == "retry"


def _follow(running: dict[str, Item], draft: Draft) -> None:
    kind = draft["type"]
    if kind == "item.started" and draft["item"]["type"] in _STREAMED:
        running[draft["item"]["id"]] = deepcopy(draft["item"])
    elif kind == "item.completed":
        running.pop(draft["item"]["id"], None)
    elif kind == "item.text" and draft["item_id"] in running:
        _grow(running[draft["item_id"]], draft)


def _grow(known: Item, draft: Draft) -> None:
    field, index = draft["field"], draft["index"]
    if index is None:
        known[field] += draft["text"]
        return
    parts: list[str] = known[field]
    parts.extend("" for _ in range(index + 1 - len(parts)))
    parts[index] += draft["text"]


def _flush(texts: dict[_Key, list[str]], drafts: list[Draft]) -> None:
    if texts:
        for (item_id, field, index), parts in texts.items():
            drafts.append(item_text(item_id, field, "".join(parts), index=index))
        texts.clear()


def _item_started(message: Message) -> Draft:
    return item_started(item(message["params"]["item"], is_completed=False))


def _item_completed(message: Message) -> Draft:
    return item_completed(item(message["params"]["item"], is_completed=True))


def _patch_updated(message: Message) -> Draft:
    # Comes before item/started of the same id, which then replaces it.
    params: protocol.PatchUpdated = message["params"]
    patch = {"type": "file_change", "changes": changes(params["changes"])}
    return item_started({"id": params["itemId"], **patch, "status": "running"})


def _terminal_input(message: Message) -> Draft:
    params: protocol.TerminalInteraction = message["params"]
    return item_completed(
        {
            "id": f"{params['itemId']}.{message.get('emittedAtMs', 0)}",
            "type": "terminal_input",
            "command_id": params["itemId"],
            "process_id": params.get("processId"),
            "text": params["stdin"],
            "status": "completed",
        }
    )


def _tool_progress(message: Message) -> Draft:
    params: protocol.McpToolCallProgress = message["params"]
    return item_text(params["itemId"], "output", f"{params['message']}\n")


def _plan(message: Message) -> Draft:
    params: protocol.TurnPlanUpdated = message["params"]
    steps = [
        {"step": step["step"], "status": snake_case(step["status"])} for step in params["plan"]
    ]
    return plan_updated(steps, params.get("explanation"))


def _diff(message: Message) -> Draft:
    return diff_updated(message["params"]["diff"])


def _usage(message: Message) -> Draft:
    usage: protocol.TokenUsage = message["params"]["tokenUsage"]
    return usage_updated(
        {
            "last": _snake_keys(usage["last"]),
            "total": _snake_keys(usage["total"]),
            "context_window": usage.get("modelContextWindow"),
        }
    )


def _snake_keys(fields: dict[str, Any]) -> dict[str, Any]:
    return {snake_case(name): value for name, value in fields.items()}


def _settings(message: Message) -> Draft:
    return settings_updated(effective(message["params"]["threadSettings"]))


def _error(message: Message) -> Draft | None:
    params: protocol.ErrorNotification = message["params"]
    if not params.get("willRetry"):
        return None
    error = params["error"]
    return retry(error["message"], error.get("additionalDetails"))


def _recovering(message: Message) -> Draft:
    return retry(message["params"]["message"])


def _warn(kind: str, *fields: str) -> Callable[[Message], Draft | None]:
    def step(message: Message) -> Draft | None:
        params: Params = message["params"]
        text = " ".join(str(params[field]) for field in fields if params.get(field))
        if not text or any(noise in text for noise in _NOISE):
            return None
        return warning(text, kind)

    return step


def _mcp_server(message: Message) -> Draft | None:
    params: protocol.McpServerStatus = message["params"]
    if params["status"] != "failed":
        return None
    reason = params.get("error") or "it did not start"
    return warning(f"The MCP server {params['name']} cannot be used: {reason}", "mcp")


def _rerouted(message: Message) -> Draft:
    params: protocol.ModelRerouted = message["params"]
    return warning(
        f"Codex answers with {params['toModel']} instead of {params['fromModel']}"
        f" ({snake_case(params['reason']).replace('_', ' ')}).",
        "model",
    )


# `thread/compacted` is passed over: the item contextCompaction says the same in every version.
_STEPS: dict[str, Callable[[Message], Draft | None]] = {
    "item/started": _item_started,
    "item/completed": _item_completed,
    "item/fileChange/patchUpdated": _patch_updated,
    "item/commandExecution/terminalInteraction": _terminal_input,
    "item/mcpToolCall/progress": _tool_progress,
    "turn/plan/updated": _plan,
    "turn/diff/updated": _diff,
    "thread/tokenUsage/updated": _usage,
    "thread/settings/updated": _settings,
    "error": _error,
    "modelProvider/authRecoveryStarted": _recovering,
    "mcpServer/startupStatus/updated": _mcp_server,
    "model/rerouted": _rerouted,
    "warning": _warn("codex", "message"),
    "guardianWarning": _warn("guardian", "message"),
    "configWarning": _warn("config", "summary", "details"),
    "deprecationNotice": _warn("deprecation", "summary", "details"),
}
