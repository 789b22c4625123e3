"""Requests of the app-server as questions to the user, and the user's answers as its replies.

Owns the eleven server requests: which of them are questions, what may be chosen, and the shape
in which each takes a yes or a no. Pure. Everything fails closed: whoever cannot or may not ask
sends `refusal`, which declines in the request's own shape, so that the turn goes on; an error is
only for requests that have no such shape.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from codex_kernel.app_server import forms
from codex_kernel.app_server.items import unwrapped
from codex_kernel.ids import ApprovalId
from codex_kernel.turn.approvals import Answer, Approval, Choice, Decision, Input
from codex_kernel.turn.events import Item
from codex_kernel.turn.transcript import Transcript

Request = dict[str, Any]
"""A server request: `id`, `method`, `params`."""

_NAMED_TOOL = re.compile(r'run tool "(.+)"')
"""The name of the tool is only in the sentence that Codex asks."""

_DECISIONS: dict[Choice, str] = {
    "once": "accept",
    "session": "acceptForSession",
    "decline": "decline",
    "stop": "cancel",
}


def question(request: Request, id: ApprovalId, item: Item | None = None) -> Approval | Input | None:
    """The request as a question, or None when it is none and must be refused.

    `item` is the item it is about, as far as known: the diff of a patch is only there.
    """
    ask = _QUESTIONS.get(request["method"])
    return ask(request["params"], id, item) if ask else None


def subject(request: Request, transcript: Transcript) -> Item | None:
    """The item that the request is about; a tool call of an MCP server is not named there."""
    params = request["params"]
    if "itemId" in params:
        return transcript.item(params["itemId"])
    server = params.get("serverName")
    calls = [item for item in transcript.open_items() if item.get("server") == server]
    return calls[-1] if calls and server else None


def reply(request: Request, answer: Decision | Answer) -> dict[str, Any] | None:
    """The result that answers the request; a mismatch of question and answer is a `refusal`.

    Replies have no room for a reason: what the user says at a decline is sent to the turn as a
    message.
    """
    method, params = request["method"], request["params"]
    if method == "item/commandExecution/requestApproval" and isinstance(answer, Decision):
        return {"decision": _command_decision(params, answer.choice)}
    if method == "item/fileChange/requestApproval" and isinstance(answer, Decision):
        return {"decision": _DECISIONS.get(answer.choice, "decline")}
    if method == "item/permissions/requestApproval" and isinstance(answer, Decision):
        return _permissions_reply(params, answer.choice)
    if method == "mcpServer/elicitation/request":
        if isinstance(answer, Decision):
            return _tool_call_reply(params, answer.choice)
        content = forms.content(params, answer.answers)
        return (
            {"action": "decline"} if content is None else {"action": "accept", "content": content}
        )
    if method == "item/tool/requestUserInput" and isinstance(answer, Answer):
        answers = answer.answers or {}
        return {"answers": {key: {"answers": list(given)} for key, given in answers.items()}}
    return refusal(request)


def refusal(request: Request) -> dict[str, Any] | None:
    """The result that declines the request; None where only an error can."""
    return _REFUSALS.get(request["method"])


def _command_question(params: dict[str, Any], id: ApprovalId, item: Item | None) -> Approval:
    choices: list[Choice] = ["once", "session"]
    rule = _rule(params)
    if rule:
        choices.append("always")
    approval: Approval = {
        "id": id,
        "kind": "command",
        "item_id": params.get("itemId"),
        "reason": _command_reason(params),
        "cwd": params.get("cwd"),
        "choices": [*choices, "decline", "stop"],
    }
    raw = params.get("command")
    if raw or (item and item["type"] == "command"):
        approval["command"] = unwrapped(raw) if raw else (item or {})["command"]
    if rule:
        approval["rule"] = rule
    if params.get("additionalPermissions"):
        approval["permissions"] = params["additionalPermissions"]
    return approval


def _rule(params: dict[str, Any]) -> list[str] | None:
    """The rule that may be written: proposed, and accepted where Codex lists what it accepts."""
    rule = params.get("proposedExecpolicyAmendment")
    available = params.get("availableDecisions")
    if not rule or available is None:
        return rule or None
    listed = any(
        isinstance(entry, dict) and "acceptWithExecpolicyAmendment" in entry for entry in available
    )
    return rule if listed else None


def _command_reason(params: dict[str, Any]) -> str | None:
    reason = params.get("reason")
    network = params.get("networkApprovalContext")
    if not network:
        return reason
    target = f"Network access to {network['host']} ({network['protocol']})"
    return f"{target}: {reason}" if reason else target


def _file_change_question(params: dict[str, Any], id: ApprovalId, item: Item | None) -> Approval:
    return {
        "id": id,
        "kind": "file_change",
        "item_id": params.get("itemId"),
        "reason": params.get("reason"),
        "changes": list(item["changes"]) if item and item["type"] == "file_change" else [],
        "grant_root": params.get("grantRoot"),
        "choices": ["once", "session", "decline", "stop"],
    }


def _permissions_question(params: dict[str, Any], id: ApprovalId, _: Item | None) -> Approval:
    return {
        "id": id,
        "kind": "permissions",
        "item_id": params.get("itemId"),
        "reason": params.get("reason"),
        "cwd": params.get("cwd"),
        "permissions": params["permissions"],
        "choices": ["once", "session", "decline", "stop"],
    }


def _elicitation_question(
    params: dict[str, Any], id: ApprovalId, item: Item | None
) -> Approval | Input | None:
    meta = params.get("_meta") or {}
    if meta.get("codex_approval_kind") == "mcp_tool_call":
        return _tool_call_question(params, meta, id, item)
    if params.get("mode") != "form":
        return None  # an address to open, or a form in a dialect we did not announce
    return {
        "id": id,
        "item_id": None,
        "source": params["serverName"],
        "message": params.get("message"),
        "questions": forms.questions(params["requestedSchema"]),
    }


def _tool_call_question(
    params: dict[str, Any], meta: dict[str, Any], id: ApprovalId, item: Item | None
) -> Approval:
    server = params["serverName"]
    call = item if item and item["type"] == "mcp_tool_call" else None
    named = _NAMED_TOOL.search(params.get("message") or "")
    tool = call["tool"] if call else named[1] if named else ""
    lasting = meta.get("persist") or []
    lasting = [lasting] if isinstance(lasting, str) else lasting
    scopes: list[Choice] = ["session", "always"]
    choices: list[Choice] = ["once", *(scope for scope in scopes if scope in lasting)]
    approval: Approval = {
        "id": id,
        "kind": "mcp_tool_call",
        "item_id": call["id"] if call else None,
        "reason": params.get("message"),
        "server": server,
        "tool": tool,
        "arguments": meta.get("tool_params"),
        "choices": [*choices, "decline", "stop"],
    }
    if "always" in lasting:
        approval["rule"] = ["MCP server", server, "tool", tool]
    return approval


def _user_input_question(params: dict[str, Any], id: ApprovalId, _: Item | None) -> Input:
    return {
        "id": id,
        "item_id": params.get("itemId"),
        "source": "codex",
        "message": None,
        "questions": [
            {
                "id": asked["id"],
                "header": asked["header"],
                "question": asked["question"],
                "options": list(asked.get("options") or []),
                "is_secret": bool(asked.get("isSecret")),
                "is_other": bool(asked.get("isOther")) or not asked.get("options"),
                "kind": "choice" if asked.get("options") else "text",
                "required": True,
            }
            for asked in params["questions"]
        ],
    }


def _command_decision(params: dict[str, Any], choice: Choice) -> Any:
    if choice != "always":
        return _DECISIONS[choice]
    rule = _rule(params)
    if rule is None:
        return "decline"
    return {"acceptWithExecpolicyAmendment": {"execpolicy_amendment": rule}}


def _permissions_reply(params: dict[str, Any], choice: Choice) -> dict[str, Any]:
    if choice not in ("once", "session"):
        return _REFUSALS["item/permissions/requestApproval"]
    granted = {name: asked for name, asked in params["permissions"].items() if asked is not None}
    return {"permissions": granted, "scope": "session" if choice == "session" else "turn"}


def _tool_call_reply(params: dict[str, Any], choice: Choice) -> dict[str, Any]:
    if (params.get("_meta") or {}).get("codex_approval_kind") != "mcp_tool_call":
        return {"action": "decline"}  # a form is not accepted without its answers
    if choice in ("decline", "stop"):
        return {"action": "cancel" if choice == "stop" else "decline"}
    accepted: dict[str, Any] = {"action": "accept", "content": {}}
    if choice in ("session", "always"):
        accepted["_meta"] = {"persist": choice}
    return accepted


_QUESTIONS: dict[
    str, Callable[[dict[str, Any], ApprovalId, Item | None], Approval | Input | None]
] = {
    "item/commandExecution/requestApproval": _command_question,
    "item/fileChange/requestApproval": _file_change_question,
    "item/permissions/requestApproval": _permissions_question,
    "mcpServer/elicitation/request": _elicitation_question,
    "item/tool/requestUserInput": _user_input_question,
}

_DENIED = {"decision": {"denied": {"rejection": "codex_kernel could not ask the user"}}}
_REFUSALS: dict[str, dict[str, Any]] = {
    "item/commandExecution/requestApproval": {"decision": "decline"},
    "item/fileChange/requestApproval": {"decision": "decline"},
    "item/permissions/requestApproval": {"permissions": {}, "scope": "turn"},
    "mcpServer/elicitation/request": {"action": "decline"},
    "item/tool/requestUserInput": {"answers": {}},
    "item/tool/call": {
        "contentItems": [{"type": "inputText", "text": "codex_kernel has no such tool"}],
        "success": False,
    },
    "execCommandApproval": _DENIED,
    "applyPatchApproval": _DENIED,
}
"""`account/chatgptAuthTokens/refresh`, `attestation/generate` and `currentTime/read` have no
shape for a no."""
