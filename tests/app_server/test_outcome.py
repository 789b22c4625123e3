from __future__ import annotations

from typing import Any

import pytest

from codex_kernel.app_server.outcome import failure, outcome

from .replay import RECORDINGS, messages


def completed(name: str) -> dict[str, Any]:
    recording = next(path for path in RECORDINGS if path.stem == name)
    return next(
        message["params"]["turn"]
        for _, message in messages(recording)
        if message.get("method") == "turn/completed"
    )


@pytest.mark.parametrize(
    ("name", "kind", "part", "step"),
    [
        ("error_400", "bad_request", "bad thing", "model, a setting or the prompt"),
        ("error_401", "unauthorized", "Incorrect API key provided.", "/login"),
        ("error_connection_refused", "connection", "cannot reach", "network"),
        ("error_context", "context_window", "ran out of room", "/compact"),
        ("error_missing_env_key", "environment", "`MOCK_KEY`", "restart the kernel"),
        ("error_quota", "usage_limit", "Quota exceeded", "/login"),
        ("error_usage_limit", "usage_limit", "try again at 6:40 PM", "/login"),
    ],
)
def test_a_failed_turn_says_what_happened_and_what_to_do(
    name: str, kind: str, part: str, step: str
) -> None:
    state, error = outcome(completed(name))
    assert state == "failed"
    assert error is not None
    assert error["kind"] == kind
    assert part in error["message"]
    assert "http" not in error["message"] or "chatgpt.com" in error["message"]
    assert step in error["next_step"]


@pytest.mark.parametrize(
    "name",
    [
        "error_429_once",
        "error_500_forever",
        "error_500_retry",
        "error_drop_mid_message",
        "error_stream_drop",
        "text",
    ],
)
def test_a_turn_that_got_through_completed(name: str) -> None:
    assert outcome(completed(name)) == ("completed", None)


def test_an_interrupted_turn_has_no_error() -> None:
    assert outcome(completed("interrupt_text")) == ("interrupted", None)


@pytest.mark.parametrize(
    ("code", "message", "kind"),
    [
        ("usageLimitExceeded", "x", "usage_limit"),
        ("rateLimitExceeded", "x", "rate_limit"),
        ("serverOverloaded", "x", "overloaded"),
        ("modelNotFound", "x", "model_not_found"),
        ("sandboxError", "x", "sandbox"),
        ("cyberPolicy", "x", "policy"),
        ("somethingNew", "x", "other"),
        (None, "x", "other"),
        ({"somethingNew": {}}, "x", "other"),
        ({"responseTooManyFailedAttempts": {"httpStatusCode": 429}}, "x", "rate_limit"),
        ({"httpConnectionFailed": {"httpStatusCode": 403}}, "x", "forbidden"),
        ({"httpConnectionFailed": {"httpStatusCode": 404}}, "x", "not_found"),
        ({"httpConnectionFailed": {"httpStatusCode": 503}}, "x", "server_error"),
        ({"httpConnectionFailed": {"httpStatusCode": 422}}, "x", "bad_request"),
        ({"responseStreamDisconnected": {"httpStatusCode": None}}, "x", "stream"),
        ("other", "stream disconnected before completion: idle timeout", "stream"),
        ("other", "idle timeout waiting for SSE", "stream"),
        ("other", "Incomplete response returned, reason: max_output_tokens", "incomplete"),
        ("other", '{"detail": "no"}', "bad_request"),
        ("other", '{"error": "plain text"}', "bad_request"),
        ("other", "{not json", "other"),
    ],
)
def test_codes_and_texts_have_a_kind(code: Any, message: str, kind: str) -> None:
    info = failure({"message": message, "codexErrorInfo": code, "additionalDetails": None})
    assert info["kind"] == kind
    assert info["message"].endswith((".", "!", "?"))
    assert info["next_step"]


def test_the_last_error_counts_when_the_turn_names_none() -> None:
    last = {"message": "idle timeout waiting for SSE", "codexErrorInfo": "other"}
    state, error = outcome({"status": "failed", "error": None}, last)
    assert state == "failed"
    assert error is not None
    assert error["kind"] == "stream"
    assert outcome({"status": "failed", "error": None})[1] is not None


def test_what_the_sentence_leaves_out_is_in_the_details() -> None:
    _, error = outcome(completed("error_401"))
    assert error is not None
    assert "url: http://127.0.0.1" in (error.get("details") or "")
