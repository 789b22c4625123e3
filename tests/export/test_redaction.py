"""Secrets are taken out of documents, and nothing else is."""

from __future__ import annotations

import pytest
from nbformat import v4

from codex_kernel.errors import CodexError
from codex_kernel.export.page import page
from codex_kernel.export.redaction import MARK, Redaction
from codex_kernel.export.text import text

from ..render import turns
from . import notebooks
from .documents import document

KEY = "sk-" + "proj-Abcdefghij0123456789"
SECRETS = {
    f"OPENAI_API_KEY={KEY}": KEY,
    "token ghp_" + "a" * 36: "ghp_" + "a" * 36,
    "AKIA" + "ABCDEFGHIJKLMNOP": "AKIA" + "ABCDEFGHIJKLMNOP",
    "Authorization: Bearer abc.def": "abc.def",
    "git clone https://me:hunter22@example.org/x": "hunter22",
    "DB_PASSWORD='correct horse'": "correct",
    '"api_key": "0123456789"': "0123456789",
    r'"{\"password\": \"correct-horse\"}"': "correct-horse",
    "deploy --api-key abcdef123456 --now": "abcdef123456",
    "xoxb-" + "1234567890-abc": "xoxb-" + "1234567890-abc",
    "-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----": "abc",
    "eyJhbGciOiJIUzI1.eyJzdWIiOiIxMjM0.SflKxwRJSMeKKF2Q": "eyJzdWIiOiIxMjM0",
}
HARMLESS = (
    "the task-list of a risk-averse desk", "tokens: 12", "password: no", "x = token",
    "45.7k tokens", "the --token flag is gone",
    "https://example.org:8080/a@b", "sk-learn", "secret santa", "def tokenize(text: str) -> list:",
)  # fmt: skip


@pytest.mark.parametrize("line", SECRETS)
def test_secrets_are_replaced(line: str) -> None:
    shown = Redaction().text(f"before {line} after")
    assert SECRETS[line] not in shown
    assert MARK in shown
    assert shown.startswith("before ")
    assert shown.endswith(" after") or "horse" in shown


@pytest.mark.parametrize("line", HARMLESS)
def test_what_is_no_secret_stays(line: str) -> None:
    assert Redaction().text(line) == line


def test_the_text_of_a_field_with_the_name_of_a_secret_is_replaced() -> None:
    arguments = {"password": "hunter2", "api_key": "abc", "deep": [{"GITHUB_TOKEN": "t", "n": 1}]}
    kept = {"tokens": "12", "is_secret": True, "token": 12, "secret": ""}
    assert Redaction().value(arguments | kept) == {
        "password": MARK,
        "api_key": MARK,
        "deep": [{"GITHUB_TOKEN": MARK, "n": 1}],
        **kept,
    }


def test_secrets_are_gone_from_every_part_of_a_document() -> None:
    command = turns.done("command", command=f"curl -H x:{KEY}", output=f"{KEY}\n")
    said = turns.done("message", text=f"It is `{KEY}`.")
    cells = (
        v4.new_markdown_cell(f"The key is {KEY}"),
        v4.new_code_cell(f"/env K={KEY}", outputs=[notebooks.text_output(KEY)]),
        notebooks.turn_cell({**turns.turn(command, said), "prompt": f"Use {KEY}"}),
    )
    made = document(notebooks.notebook(*cells))
    for shown in (page(made), text(made)):
        assert KEY not in shown
        assert MARK in shown or "\\[redacted\\]" in shown


def test_images_are_left_whole() -> None:
    picture = turns.png()
    assert Redaction([picture[10:20]]).value({"data": picture}) == {"data": picture}
    assert Redaction([picture[10:20]]).value({"text": picture}) != {"text": picture}


def test_patterns_can_be_added_and_wrong_ones_are_named() -> None:
    assert Redaction([r"ACME-\d+"]).text("id ACME-123") == f"id {MARK}"
    assert Redaction([r"id=(?P<secret>\d+)"]).text("id=5;") == f"id={MARK};"
    with pytest.raises(CodexError, match="no regular expression"):
        Redaction(["("])
