"""Asking the user by a line of text: how a question reads, and what an answer means.

The host gives one function that shows a prompt and reads a line. Whatever is not clearly a yes
declines, and what was typed goes to Codex as the reason.
"""

from __future__ import annotations

import shlex
from collections.abc import Awaitable, Callable
from typing import Any

from codex_kernel.ids import relative_path
from codex_kernel.render.escape import visible
from codex_kernel.turn.approvals import Answer, Approval, Choice, Decision, Input

ReadLine = Callable[[str, bool], Awaitable[str | None]]
"""Shows a prompt, hides what is typed if the flag is set; None when nobody can be asked."""

KERNEL_PROMPT = "kernel prompt"
DIFF_LINES = 200
"""A longer diff is cut in the prompt; the cell's output shows more of it."""

_WORDS: dict[str, Choice] = {
    "y": "once",
    "yes": "once",
    "o": "once",
    "once": "once",
    "s": "session",
    "session": "session",
    "a": "always",
    "always": "always",
    "n": "decline",
    "no": "decline",
    "d": "decline",
    "decline": "decline",
    "x": "stop",
    "stop": "stop",
}
_OFFERS: dict[Choice, str] = {
    "once": "y = allow once",
    "session": "s = allow {} until the session is closed",
    "always": "a = always allow (a rule for every Codex on this machine)",
    "decline": "n = decline (n REASON tells Codex why)",
    "stop": "x = stop the turn",
}
_WHAT: dict[str, str] = {
    "command": "run a command",
    "file_change": "change files",
    "permissions": "have more permissions",
    "mcp_tool_call": "call a tool",
    "code": "run code in your kernel",
}
_FOR_SESSION: dict[str, str] = {
    "command": "the same command",
    "file_change": "further changes to these files",
    "permissions": "these permissions",
    "mcp_tool_call": "this tool",
    "code": "any code",
}


_EVERY_COMMAND = (
    "From now on every Codex on this machine may run, without asking and in any folder, "
    "every command that begins with"
)
_EVERY_TOOL_CALL = (
    "From now on Codex may use this tool without asking, in every session and folder:"
)


class PromptDoor:
    """A door of the broker that asks by lines of text."""

    def __init__(self, read_line: ReadLine, *, cwd: str, by: str = KERNEL_PROMPT) -> None:
        """`by` is recorded as the one who decided."""
        self._read_line = read_line
        self._cwd = cwd
        self._by = by

    async def ask(self, question: Approval | Input) -> Decision | Answer | None:
        """Ask until it is decided; None when nobody can be asked."""
        if "questions" in question:
            return await self._ask_input(question)
        return await self._ask_approval(question)

    async def _ask_approval(self, approval: Approval) -> Decision | None:
        line = await self._read_line(approval_prompt(approval, self._cwd), False)
        if line is None:
            return None
        choice, reason = read_choice(line, approval)
        if choice == "always" and not await self._is_confirmed(approval):
            return Decision("decline", self._by)
        return Decision(choice, self._by, reason)

    async def _is_confirmed(self, approval: Approval) -> bool:
        rule = visible(shlex.join(approval.get("rule", [])))
        is_tool = approval["kind"] == "mcp_tool_call"
        reach = _EVERY_TOOL_CALL if is_tool else _EVERY_COMMAND
        line = await self._read_line(
            f"{reach}\n\n    {rule}\n\nType yes to write this rule: ", False
        )
        return (line or "").strip().lower() == "yes"

    async def _ask_input(self, question: Input) -> Answer | None:
        answers: dict[str, list[str]] = {}
        for number, item in enumerate(question["questions"]):
            intro = f"{visible(question['message'] or '')}\n" if number == 0 else ""
            line = await self._read_line(intro + input_prompt(item), bool(item.get("is_secret")))
            if line is None:
                return None
            value = read_option(line, item)
            if not value and item.get("required"):
                return Answer(None, self._by)
            answers[item["id"]] = [value] if value else []
        return Answer(answers, self._by)


def approval_prompt(approval: Approval, cwd: str) -> str:
    """What Codex wants, where, why, and what can be answered; nothing hidden in it."""
    lines = [f"Codex asks to {_WHAT[approval['kind']]}."]
    lines += _what(approval, cwd)
    place = approval.get("cwd")
    if place and place != cwd:
        lines.append(f"Where: {visible(relative_path(place, cwd))}")
    if approval["reason"]:
        lines.append(f"Why: {visible(approval['reason'])}")
    session = _FOR_SESSION[approval["kind"]]
    offers = [_OFFERS[choice].format(session) for choice in approval["choices"]]
    return "\n".join([*lines, "", *offers, "Your answer: "])


def _what(approval: Approval, cwd: str) -> list[str]:
    if approval["kind"] in ("command", "code"):
        return ["", *_indented(approval.get("command", "")), ""]
    if approval["kind"] == "file_change":
        return _changes(approval.get("changes", []), approval.get("grant_root"), cwd)
    if approval["kind"] == "mcp_tool_call":
        tool = f"{approval.get('server')}: {approval.get('tool')}"
        return [f"Tool: {visible(tool)}", *_indented(str(approval.get("arguments")))]
    return _indented(str(approval.get("permissions")))


def _changes(changes: list[dict[str, Any]], root: str | None, cwd: str) -> list[str]:
    lines: list[str] = []
    for change in changes:
        lines.append(f"{change['kind']} {visible(relative_path(change['path'], cwd))}")
        lines += _indented(change["diff"])
    if len(lines) > DIFF_LINES:
        left_out = len(lines) - DIFF_LINES
        lines = [*lines[:DIFF_LINES], f"... {left_out} more lines, see the cell's output"]
    if root:
        lines.append(f"This allows every change below {visible(root)}.")
    return lines


def _indented(text: str) -> list[str]:
    return [f"    {visible(line)}" for line in text.removesuffix("\n").split("\n")]


def read_choice(line: str, approval: Approval) -> tuple[Choice, str | None]:
    """The choice in an answer, and the reason of a decline.

    What is neither a known word nor one of the offered choices declines, with what was typed as
    the reason.
    """
    word, _, rest = line.strip().partition(" ")
    choice = _WORDS.get(word.lower().rstrip(",.:;!"))
    reason = rest.strip() or None
    if choice == "decline":
        return "decline", reason
    if choice in approval["choices"] and reason is None:
        return choice, None
    return "decline", line.strip() or None


def input_prompt(item: dict[str, Any]) -> str:
    """A question for information, with its options numbered."""
    lines = [visible(item.get("header") or ""), visible(item.get("question") or "")]
    for number, option in enumerate(item.get("options") or [], 1):
        about = option.get("description")
        about = f" - {visible(about)}" if about else ""
        lines.append(f"  {number}. {visible(option['label'])}{about}")
    if item.get("options") and item.get("is_other"):
        lines.append("  or something else in your own words")
    return "\n".join(line for line in lines if line) + ": "


def read_option(line: str, item: dict[str, Any]) -> str:
    """The option that was meant by its number or its label, else what was typed."""
    options = item.get("options") or []
    text = line.strip()
    if text.isdecimal() and 1 <= int(text) <= len(options):
        return options[int(text) - 1]["label"]
    return next((o["label"] for o in options if o["label"].lower() == text.lower()), text)
