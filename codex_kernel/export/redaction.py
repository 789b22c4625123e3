"""Secrets taken out of what goes into a document: what looks like one is replaced by a mark."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from codex_kernel.errors import CodexError
from codex_kernel.render.pieces import image_source

MARK = "[redacted]"
_WORDS = r"(?:password|passwd|secret|token|api[_-]?key|access[_-]?key)"

PATTERNS: tuple[str, ...] = (
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)",
    r"\bsk-[A-Za-z0-9_-]{16,}",  # OpenAI, Anthropic
    r"\bgh[pousr]_[A-Za-z0-9]{20,}|\bgithub_pat_\w{20,}",
    r"\bglpat-[\w-]{16,}",
    r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b",  # AWS
    r"\bAIza[\w-]{35}",  # Google
    r"\bxox[abeoprs]-[\w-]{10,}",  # Slack
    r"\b(?:hf|npm)_[A-Za-z0-9]{20,}|\bpypi-[\w-]{40,}",
    r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}",  # JSON web tokens
    r"(?i)\bauthorization: *(?:basic|bearer|token) +(?P<secret>[^\s\"']+)",
    r"://[^\s/:@\"']*:(?P<secret>[^\s/@\"']+)@",
    rf"(?i){_WORDS}"
    r"\\?[\"']?\s*[=:]\s*\\?[\"']?(?P<secret>[^\s\"'\\,;&]{6,})",
    rf"(?i)(?<!\S)--?(?:[\w-]+-)?{_WORDS}"
    r"[= ]+[\"']?(?P<secret>[^\s\"',;&]{6,})",
)
"""What is taken for a secret; of a pattern with a group `secret` only that is replaced."""


_NAMES = re.compile(rf"(?i)(?:^|[_-]){_WORDS}$")
"""Names of fields whose text is a secret, e.g. among the arguments of a tool."""


class Redaction:
    """A set of patterns, ready to be applied."""

    def __init__(self, more: Iterable[str] = ()) -> None:
        """`more`: regular expressions beside `PATTERNS`; raises CodexError for what is none."""
        self._patterns = [_compiled(pattern) for pattern in (*PATTERNS, *more)]

    def text(self, text: str) -> str:
        """The text without its secrets."""
        for pattern in self._patterns:
            text = pattern.sub(_marked, text)
        return text

    def value(self, value: Any, key: str = "") -> Any:
        """A JSON value without the secrets in its texts; images stay as they are."""
        if isinstance(value, str):
            if _NAMES.search(key) and value:
                return MARK
            return value if _is_image(key, value) else self.text(value)
        if isinstance(value, dict):
            return {name: self.value(part, str(name)) for name, part in value.items()}
        return [self.value(part, key) for part in value] if isinstance(value, list) else value


def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern, re.DOTALL)
    except re.error as error:
        raise CodexError(
            f"`secret_patterns` has {pattern!r}, which is no regular expression: {error}.",
            next_step="See https://docs.python.org/3/library/re.html for how they are written.",
        ) from error


def _marked(found: re.Match[str]) -> str:
    if "secret" not in found.re.groupindex:
        return MARK
    start, end = found.span("secret")
    whole = found.string
    return f"{whole[found.start() : start]}{MARK}{whole[end : found.end()]}"


def _is_image(key: str, text: str) -> bool:
    return key.startswith("image/") or (
        key in ("data", "image_url", "url") and image_source(text) is not None
    )
