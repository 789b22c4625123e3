from __future__ import annotations

import shlex
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_kernel.app_server.items import changes, item, shell_words, unwrapped

from .replay import RECORDINGS, messages

ALL_TYPES = {
    "userMessage": {"content": [{"type": "text", "text": "hi"}]},
    "hookPrompt": {"fragments": [{"text": "remember", "hookRunId": "1"}]},
    "agentMessage": {"text": "hi", "phase": "commentary"},
    "functionCallOutput": {"name": "f", "namespace": None, "output": "42"},
    "plan": {"text": "# Plan"},
    "reasoning": {"summary": ["**A**"], "content": []},
    "commandExecution": {
        "command": "ls",
        "commandActions": [{"type": "listFiles", "command": "ls"}],
        "cwd": "/",
        "status": "completed",
    },
    "fileChange": {"changes": [], "status": "completed"},
    "mcpToolCall": {"server": "s", "tool": "t", "arguments": {}, "status": "completed"},
    "dynamicToolCall": {"tool": "t", "arguments": {}, "status": "completed"},
    "collabAgentToolCall": {
        "tool": "spawnAgent",
        "agentsStates": {"x": {"status": "pendingInit"}},
        "receiverThreadIds": ["x"],
        "senderThreadId": "y",
        "status": "completed",
    },
    "subAgentActivity": {"kind": "started", "agentThreadId": "x", "agentPath": "/a"},
    "webSearch": {"query": "q", "action": {"type": "openPage", "url": "u"}},
    "imageView": {"path": "/a.png"},
    "sleep": {"durationMs": 10},
    "imageGeneration": {"status": "completed", "result": "aGk=", "revisedPrompt": "a cat"},
    "enteredReviewMode": {"review": "changes"},
    "exitedReviewMode": {"review": "fine"},
    "contextCompaction": {},
}


def wire(kind: str, **fields: Any) -> dict[str, Any]:
    return {"id": "1", "type": kind, **ALL_TYPES.get(kind, {}), **fields}


@pytest.mark.parametrize("kind", ALL_TYPES)
def test_every_item_type_of_codex_has_a_type_of_ours(kind: str) -> None:
    ours = item(wire(kind), is_completed=True)
    assert ours["type"] != "other"
    assert ours["id"] == "1"
    assert ours["status"] == "completed"


@pytest.mark.parametrize("kind", ALL_TYPES)
def test_an_item_in_an_unknown_shape_is_kept_whole(kind: str) -> None:
    broken = {"id": "1", "type": kind, "new": {"deep": [1]}}
    ours = item(broken, is_completed=False)
    assert ours["id"] == "1"
    assert ours["status"] == "running"
    assert ours["type"] != "other" or ours["raw"] == broken


def test_an_item_of_an_unknown_type_is_kept_whole() -> None:
    raw = {"id": "7", "type": "hologram", "shape": "cube"}
    assert item(raw, is_completed=True) == {
        "id": "7",
        "type": "other",
        "codex_type": "hologram",
        "raw": raw,
        "status": "completed",
    }


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("inProgress", "running"),
        ("completed", "completed"),
        ("failed", "failed"),
        ("declined", "declined"),
        ("interrupted", "interrupted"),
    ],
)
def test_statuses_are_mapped(theirs: str, ours: str) -> None:
    assert item(wire("fileChange", status=theirs), is_completed=False)["status"] == ours


@pytest.mark.parametrize(
    ("raw", "inner"),
    [
        ("/bin/bash -lc 'touch /x && echo ok'", "touch /x && echo ok"),
        ("/bin/bash -c ls", "ls"),
        ("/usr/bin/zsh -lc 'echo a'", "echo a"),
        ("sh -c 'echo \"a b\"'", 'echo "a b"'),
        (
            '/bin/bash -lc "echo \'it\'; echo \\$HOME \\`x\\` \\"q\\" \\\\"',
            "echo 'it'; echo $HOME `x` \"q\" \\",
        ),
        ("/bin/bash -lc 'it'\"'\"'s'", "it's"),
        ("/bin/bash -lc 'cat <<EOF\nline\nEOF\n'", "cat <<EOF\nline\nEOF\n"),
        ("powershell.exe -NoProfile -Command 'Get-ChildItem'", "Get-ChildItem"),
        ("'C:\\Program Files\\PowerShell\\7\\pwsh.exe' -Command dir", "dir"),
        ("ls -la", "ls -la"),
        ("python3 -c 'print(1)'", "python3 -c 'print(1)'"),
        ("/bin/bash script.sh", "/bin/bash script.sh"),
        ("/bin/bash -lc 'unclosed", "/bin/bash -lc 'unclosed"),
        ("", ""),
    ],
)
def test_the_shell_around_a_command_is_taken_off(raw: str, inner: str) -> None:
    assert unwrapped(raw) == inner


@given(st.lists(st.text(st.characters(exclude_characters="\0")), min_size=1))
def test_quoted_words_are_read_back(words: list[str]) -> None:
    assert shell_words(shlex.join(words)) == words


@given(st.text(st.characters(exclude_characters="\0")))
def test_words_in_double_quotes_are_read_back(word: str) -> None:
    quoted = "".join(f"\\{char}" if char in '$`"\\' else char for char in word)
    assert shell_words(f'bash -lc "{quoted}"') == ["bash", "-lc", word]


def test_recorded_commands_are_unwrapped() -> None:
    seen = 0
    for recording in RECORDINGS:
        for _, message in messages(recording):
            raw = (message.get("params") or {}).get("item") or {}
            if raw.get("type") == "commandExecution":
                seen += 1
                assert item(raw, is_completed=False)["command"] != raw["command"] or (
                    raw["source"] == "userShell"
                )
                actions = raw["commandActions"]
                if len(actions) == 1 and actions[0]["type"] == "unknown":
                    # Codex's own reading of the same line.
                    assert unwrapped(raw["command"]) == actions[0]["command"]
    assert seen > 40


def change(kind: str, diff: str, **more: Any) -> dict[str, Any]:
    return changes([{"path": "/a", "kind": {"type": kind, **more}, "diff": diff}])[0]


def test_an_added_file_becomes_a_hunk() -> None:
    assert change("add", "a\nb\n")["diff"] == "@@ -0,0 +1,2 @@\n+a\n+b\n"
    assert change("add", "a")["diff"] == "@@ -0,0 +1 @@\n+a\n\\ No newline at end of file\n"
    assert change("add", "a\n\n")["diff"] == "@@ -0,0 +1,2 @@\n+a\n+\n"
    assert change("add", "")["diff"] == ""


def test_a_deleted_file_becomes_a_hunk() -> None:
    assert change("delete", "bye\n")["diff"] == "@@ -1 +0,0 @@\n-bye\n"


def test_odd_line_separators_do_not_cut_lines() -> None:
    assert change("add", "a\x0cb\u2028c\r\n")["diff"] == "@@ -0,0 +1 @@\n+a\x0cb\u2028c\r\n"


def test_the_notice_of_a_rename_is_no_part_of_its_hunk() -> None:
    hunk = "@@ -1 +1 @@\n-cc\n+dd\n"
    moved = change("update", f"{hunk}\n\nMoved to: /d.txt", move_path="/d.txt")
    assert moved == {"path": "/a", "kind": "update", "move_path": "/d.txt", "diff": hunk}


def test_no_output_is_blank_text() -> None:
    assert item(wire("commandExecution", aggregatedOutput=None), is_completed=True)["output"] == ""


def test_images_of_tools_have_the_shape_of_mcp() -> None:
    url = "data:image/png;base64,aGk="
    parts = [{"type": "inputImage", "imageUrl": url}, {"type": "inputText", "text": "42"}]
    assert item(wire("dynamicToolCall", contentItems=parts), is_completed=True)["content"] == [
        {"type": "image", "data": "aGk=", "mimeType": "image/png"},
        {"type": "text", "text": "42"},
    ]


def test_images_of_a_prompt_are_named_not_copied() -> None:
    content = [
        {"type": "text", "text": "look"},
        {"type": "localImage", "path": "/a.png"},
        {"type": "image", "url": "data:image/png;base64,aGk="},
        {"type": "mention", "name": "b.py", "path": "/b.py"},
    ]
    ours = item(wire("userMessage", content=content, clientId="mine"), is_completed=True)
    assert ours["text"] == "look\n[/a.png]\n[image]\n@b.py"
    assert ours["client_id"] == "mine"
