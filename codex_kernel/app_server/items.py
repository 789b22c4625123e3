"""Codex's items as ours: `turn.items` says what they look like afterwards.

Owns the shapes in which Codex reports what it does, and the mending of those that do not fit
every reader (whole files instead of hunks, commands wrapped in a shell, data URLs). Refuses to
know notifications and order: one item in, one item out.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from codex_kernel.app_server import item_shapes as shapes
from codex_kernel.turn.events import Item

Raw = dict[str, Any]
"""An item as it is on the wire."""

_STATUSES = {
    "inProgress": "running",
    "completed": "completed",
    "failed": "failed",
    "declined": "declined",
    "interrupted": "interrupted",
}
_SHELLS = frozenset({"bash", "sh", "zsh", "dash", "ksh", "fish"})
_POWERSHELLS = frozenset({"powershell", "powershell.exe", "pwsh", "pwsh.exe"})

_BLANKS = " \t\r\n"
_WORD = re.compile(r"""(?:'[^']*'|"(?:\\.|[^"\\])*"|\\.|[^ \t\r\n'"\\])+""", re.DOTALL)
_PIECE = re.compile(r"""'([^']*)'|"((?:\\.|[^"\\])*)"|\\(.)|([^ \t\r\n'"\\]+)""", re.DOTALL)
_ESCAPED_IN_DOUBLE_QUOTES = re.compile(r'\\([$`"\\\n])')
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_DATA_URL = re.compile(r"data:([^;,]*);base64,(.*)", re.DOTALL)


def snake_case(name: str) -> str:
    """`camelCase` as `snake_case`."""
    return _HUMP.sub("_", name).lower()


def item(raw: Raw, *, is_completed: bool) -> Item:
    """The item as events carry it; one that this version cannot read is kept whole as `other`."""
    convert = _CONVERTERS.get(raw.get("type", ""), _other)
    try:
        fields = convert(raw)
    except (AttributeError, KeyError, TypeError, ValueError):
        fields = _other(raw)  # a known type in a new shape must not end the turn
    return {"id": raw["id"], **fields, "status": _status(raw, is_completed)}


def changes(raw: list[shapes.FileUpdateChange]) -> list[dict[str, Any]]:
    """Changes of a patch with unified hunks in every case."""
    return [_change(change) for change in raw]


def shell_words(line: str) -> list[str]:
    """A command line in POSIX quoting as words; empty when a quote is left open.

    `shlex` is no substitute: it keeps the backslash of an escaped `$` in double quotes, and
    Codex quotes so.
    """
    words: list[str] = []
    position = 0
    while position < len(line):
        if line[position] in _BLANKS:
            position += 1
            continue
        match = _WORD.match(line, position)
        if match is None or _is_cut(line, match.end()):
            return []
        words.append(_PIECE.sub(_unquote, match[0]))
        position = match.end()
    return words


def unwrapped(raw: str) -> str:
    """What runs inside the shell that Codex starts: `/bin/bash -lc 'ls -l'` -> `ls -l`."""
    words = shell_words(raw)
    if len(words) < 3:
        return raw
    program = re.split(r"[/\\]", words[0])[-1].lower()
    flag = words[-2]
    if program in _SHELLS and len(words) == 3 and re.fullmatch(r"-[a-z]*c", flag):
        return words[2]
    if program in _POWERSHELLS and flag.lower() in ("-command", "-c"):
        return words[-1]
    return raw


def _snake_or_none(name: str | None) -> str | None:
    return snake_case(name) if name else None


def _is_cut(line: str, end: int) -> bool:
    return end < len(line) and line[end] not in _BLANKS


def _unquote(match: re.Match[str]) -> str:
    single, double, escaped, plain = match.groups()
    if double is not None:
        return _ESCAPED_IN_DOUBLE_QUOTES.sub(lambda m: "" if m[1] == "\n" else m[1], double)
    return next(text for text in (single, escaped, plain) if text is not None)


def _status(raw: Raw, is_completed: bool) -> str:
    status = _STATUSES.get(str(raw.get("status")), "running")
    return "completed" if status == "running" and is_completed else status


def _message(raw: shapes.AgentMessageItem) -> Item:
    return {"type": "message", "text": raw.get("text") or "", "phase": raw.get("phase")}


def _user_message(raw: shapes.UserMessageItem) -> Item:
    text = "\n".join(_input_text(part) for part in raw.get("content", []))
    return {"type": "user_message", "text": text, "client_id": raw.get("clientId")}


def _input_text(part: Raw) -> str:
    kind = part.get("type")
    if kind == "text":
        return part.get("text") or ""
    if kind in ("skill", "mention"):
        return f"@{part.get('name')}"
    return f"[{part.get('path') or snake_case(str(kind))}]"


def _reasoning(raw: shapes.ReasoningItem) -> Item:
    return {
        "type": "reasoning",
        "summary": list(raw.get("summary") or []),
        "content": list(raw.get("content") or []),
    }


def _command(raw: shapes.CommandExecutionItem) -> Item:
    return {
        "type": "command",
        "command": unwrapped(raw["command"]),
        "raw": raw["command"],
        "cwd": raw.get("cwd"),
        "source": _snake_or_none(raw.get("source")),
        "process_id": raw.get("processId"),
        "actions": [_action(action) for action in raw["commandActions"]],
        # Live output has gaps; the aggregate is the truth, and null when there was none.
        "output": raw.get("aggregatedOutput") or "",
        "exit_code": raw.get("exitCode"),
        "duration_ms": raw.get("durationMs"),
    }


def _action(raw: Raw) -> dict[str, Any]:
    return {**raw, "type": snake_case(raw["type"])}


def _file_change(raw: shapes.FileChangeItem) -> Item:
    return {"type": "file_change", "changes": changes(raw["changes"])}


def _change(raw: shapes.FileUpdateChange) -> dict[str, Any]:
    kind = raw["kind"]["type"]
    moved_to = raw["kind"].get("move_path")
    diff = raw["diff"]
    if kind == "add":
        diff = _hunk(diff, "+")
    elif kind == "delete":
        diff = _hunk(diff, "-")
    elif moved_to:
        diff = diff.removesuffix(f"\n\nMoved to: {moved_to}")
    return {"path": raw["path"], "kind": kind, "move_path": moved_to, "diff": diff}


def _hunk(contents: str, sign: str) -> str:
    if not contents:
        return ""
    lines = contents.removesuffix("\n").split("\n")
    span = f"1,{len(lines)}" if len(lines) > 1 else "1"
    head = f"@@ -0,0 +{span} @@\n" if sign == "+" else f"@@ -{span} +0,0 @@\n"
    end = "\n" if contents.endswith("\n") else "\n\\ No newline at end of file\n"
    return head + "\n".join(sign + line for line in lines) + end


def _mcp_tool_call(raw: shapes.McpToolCallItem) -> Item:
    result, error = raw.get("result") or {}, raw.get("error") or {}
    return {
        "type": "mcp_tool_call",
        "server": raw["server"],
        "tool": raw["tool"],
        "arguments": raw.get("arguments"),
        "output": "",
        "content": list(result.get("content") or []),
        "structured": result.get("structuredContent"),
        "error": error.get("message"),
        "duration_ms": raw.get("durationMs"),
    }


def _tool_call(raw: shapes.DynamicToolCallItem) -> Item:
    return {
        "type": "tool_call",
        "namespace": raw.get("namespace"),
        "tool": raw["tool"],
        "arguments": raw.get("arguments"),
        "content": [_block(part) for part in raw.get("contentItems") or []],
        "duration_ms": raw.get("durationMs"),
    }


def _function_output(raw: shapes.FunctionCallOutputItem) -> Item:
    output = raw["output"]
    parts = [{"type": "input_text", "text": output}] if isinstance(output, str) else output
    return {
        "type": "tool_call",
        "namespace": raw.get("namespace"),
        "tool": raw["name"],
        "arguments": None,
        "content": [_block(part) for part in parts],
        "duration_ms": None,
    }


def _block(part: Raw) -> dict[str, Any]:
    kind = snake_case(str(part.get("type"))).removeprefix("input_")
    url = part.get(f"{kind}Url") or part.get(f"{kind}_url")
    if not isinstance(url, str):
        return {"type": "text", "text": part.get("text") or f"[{kind}]"}
    if match := _DATA_URL.fullmatch(url):
        return {"type": kind, "data": match[2], "mimeType": match[1]}
    return {"type": kind, "url": url}


def _sub_agent(raw: shapes.CollabAgentToolCallItem) -> Item:
    states = raw.get("agentsStates") or {}
    return {
        "type": "sub_agent",
        "tool": snake_case(raw["tool"]),
        "prompt": raw.get("prompt"),
        "receivers": list(raw.get("receiverThreadIds") or []),
        "agents": {
            thread_id: {"status": snake_case(state["status"]), "message": state.get("message")}
            for thread_id, state in states.items()
        },
    }


def _sub_agent_activity(raw: shapes.SubAgentActivityItem) -> Item:
    return {
        "type": "sub_agent",
        "tool": snake_case(raw["kind"]),
        "prompt": None,
        "receivers": [raw["agentThreadId"]],
        "agents": {raw["agentThreadId"]: {"status": snake_case(raw["kind"]), "message": None}},
    }


def _image_generation(raw: Raw) -> Item:
    return {
        "type": "image",
        "origin": "generated",
        "path": raw.get("savedPath"),
        "data": raw.get("result"),
        "prompt": raw.get("revisedPrompt"),
    }


def _image_view(raw: shapes.ImageViewItem) -> Item:
    return {
        "type": "image",
        "origin": "viewed",
        "path": raw["path"],
        "data": None,
        "prompt": None,
    }


def _review(phase: str) -> Callable[[Raw], Item]:
    return lambda raw: {"type": "review", "phase": phase, "text": raw.get("review") or ""}


def _hook_prompt(raw: shapes.HookPromptItem) -> Item:
    return {"type": "hook_prompt", "text": "\n".join(part["text"] for part in raw["fragments"])}


def _other(raw: Raw) -> Item:
    return {"type": "other", "codex_type": str(raw.get("type")), "raw": raw}


_CONVERTERS: dict[str, Callable[[Any], Item]] = {
    "agentMessage": _message,
    "userMessage": _user_message,
    "hookPrompt": _hook_prompt,
    "reasoning": _reasoning,
    "commandExecution": _command,
    "fileChange": _file_change,
    "mcpToolCall": _mcp_tool_call,
    "dynamicToolCall": _tool_call,
    "functionCallOutput": _function_output,
    "collabAgentToolCall": _sub_agent,
    "subAgentActivity": _sub_agent_activity,
    "plan": lambda raw: {"type": "plan", "text": raw.get("text") or ""},
    "webSearch": lambda raw: {
        "type": "web_search",
        "query": raw.get("query") or "",
        "action": _action(raw["action"]) if raw.get("action") else None,
    },
    "imageView": _image_view,
    "imageGeneration": _image_generation,
    "enteredReviewMode": _review("entered"),
    "exitedReviewMode": _review("exited"),
    "contextCompaction": lambda raw: {"type": "compaction"},
    "sleep": lambda raw: {"type": "sleep", "duration_ms": raw.get("durationMs")},
}
