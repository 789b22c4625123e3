"""How a turn ended, from what `turn/completed` says.

Owns the meaning of Codex's error codes: a kind to switch on, one sentence, what to do next.
Several causes share one code (`other`), so the text decides there.
"""

from __future__ import annotations

import json
import re
from typing import Any

from codex_kernel.turn.events import TurnErrorInfo
from codex_kernel.turn.state import FinalState

_NEXT_STEPS = {
    "usage_limit": "Wait until then, buy more, or `/login` with another account.",
    "rate_limit": "Wait a minute and run the cell again.",
    "context_window": "Run `/compact` to shorten the conversation, or `/new` to begin another.",
    "budget": "Run `/new` to begin another conversation.",
    "unauthorized": "Run a cell with `/login`, or check the API key of the model provider.",
    "forbidden": "Check with `/status` which account is used and whether it may use this model.",
    "not_found": "Check the model with `/model` and the provider's address in Codex's config.toml.",
    "model_not_found": "Choose another model with `/model`.",
    "connection": "Check the network (proxy, VPN, provider address), then run the cell again.",
    "stream": "Run the cell again; what was done before the break is kept.",
    "overloaded": "Wait a moment and run the cell again, or choose another model with `/model`.",
    "server_error": "Wait a moment and run the cell again.",
    "bad_request": "Change what the message complains about: the model, a setting or the prompt.",
    "incomplete": "Ask Codex to go on, in smaller steps.",
    "environment": "Set the variable where Jupyter is started, then restart the kernel.",
    "policy": "Say it in another way, or choose another model with `/model`.",
    "too_many_denials": "Say in the next prompt what Codex should do instead.",
    "sandbox": "Run `jupyter codex doctor` to try the sandbox, or change it with `/sandbox`.",
    "busy": "Wait for the running turn, or stop it.",
    "other": "Run the cell again; if it fails in the same way, see `jupyter codex doctor`.",
}

_CODES = {
    "usageLimitExceeded": "usage_limit",
    "rateLimitExceeded": "rate_limit",
    "contextWindowExceeded": "context_window",
    "sessionBudgetExceeded": "budget",
    "unauthorized": "unauthorized",
    "modelNotFound": "model_not_found",
    "serverOverloaded": "overloaded",
    "flexUnavailable": "overloaded",
    "policyCapacityUnavailable": "overloaded",
    "internalServerError": "server_error",
    "badRequest": "bad_request",
    "cyberPolicy": "policy",
    "bioPolicy": "policy",
    "misalignmentPolicyViolation": "policy",
    "inferenceHookDenied": "policy",
    "tooManyDenials": "too_many_denials",
    "sandboxError": "sandbox",
    "activeTurnNotSteerable": "busy",
    "httpConnectionFailed": "connection",
    "responseStreamConnectionFailed": "connection",
    "responseStreamDisconnected": "stream",
    "responseTooManyFailedAttempts": "connection",
}
_HTTP = {401: "unauthorized", 403: "forbidden", 404: "not_found", 429: "rate_limit"}

_TEXTS = (
    (re.compile(r"^Missing environment variable"), "environment"),
    (re.compile(r"^Incomplete response"), "incomplete"),
    (re.compile(r"stream disconnected|idle timeout", re.IGNORECASE), "stream"),
    (re.compile(r"connection failed|error sending request", re.IGNORECASE), "connection"),
)
"""What `other` can mean."""

_LEADS = {
    "unauthorized": "The model provider did not accept the login",
    "forbidden": "The model provider refused access",
    "not_found": "The model provider does not know this address or model",
    "rate_limit": "The model provider is asked too often",
    "connection": "Codex cannot reach the model provider",
    "stream": "The connection to the model broke off",
    "server_error": "The model provider has a fault",
    "overloaded": "The model is overloaded",
    "bad_request": "The model provider refused the request",
    "incomplete": "The model stopped before it was done",
}
"""What happened, where Codex's own message says it only to those who know HTTP."""

_URL = re.compile(r",? url: \S+")


def outcome(
    turn: dict[str, Any], last_error: dict[str, Any] | None = None
) -> tuple[FinalState, TurnErrorInfo | None]:
    """How the turn of a `turn/completed` ended and, when it failed, why.

    `last_error`: the `error` of the last `error` notification, should the turn have none.
    """
    status = turn.get("status")
    if status == "completed":
        return "completed", None
    error = turn.get("error") or (last_error if status != "interrupted" else None)
    if status == "interrupted":
        return "interrupted", failure(error) if error else None
    return "failed", failure(error or {"message": "Codex gave no reason."})


def failure(error: dict[str, Any]) -> TurnErrorInfo:
    """A `TurnError` of Codex as a kind, a sentence and a next step."""
    raw = str(error.get("message") or "Codex gave no reason.")
    message, is_body = _readable(raw)
    kind = _kind(error.get("codexErrorInfo"), raw, is_body)
    lead = _LEADS.get(kind)
    sentence = _sentence(f"{lead}: {message}" if lead else message)
    info: TurnErrorInfo = {
        "kind": kind,
        "message": sentence,
        "next_step": _NEXT_STEPS[kind],
    }
    details = error.get("additionalDetails") or raw
    if details not in sentence:
        info["details"] = details
    return info


def _kind(code: Any, message: str, is_body: bool) -> str:
    name, status = code, None
    if isinstance(code, dict) and code:
        name, fields = next(iter(code.items()))
        status = fields.get("httpStatusCode") if isinstance(fields, dict) else None
    if isinstance(status, int):
        if status in _HTTP:
            return _HTTP[status]
        if status >= 400:
            return "server_error" if status >= 500 else "bad_request"
    known = _CODES.get(name) if isinstance(name, str) else None
    if known is not None:
        return known
    if is_body:
        return "bad_request"
    return next((kind for pattern, kind in _TEXTS if pattern.search(message)), "other")


def _readable(message: str) -> tuple[str, bool]:
    """The message without the URL of the request; of an HTTP body the message inside it."""
    if message.lstrip().startswith("{"):
        try:
            body = json.loads(message)
        except ValueError:
            return message, False
        inner = body.get("error", body)
        text = inner.get("message") if isinstance(inner, dict) else inner
        return (text, True) if isinstance(text, str) and text else (message, True)
    return _URL.sub("", message), False


def _sentence(text: str) -> str:
    text = " ".join(text.split())
    return text if text.endswith((".", "!", "?")) else f"{text}."
