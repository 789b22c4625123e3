"""A turn as the text of a console, growing with its events.

For frontends that show a stream and nothing else. Control characters of the agent never reach
the terminal; colours are ours, or those of a command's output, and only when asked for.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from codex_kernel.ids import relative_path
from codex_kernel.render import diff, terminal, words
from codex_kernel.render.bounds import Bounds
from codex_kernel.render.escape import ordered, printable, visible
from codex_kernel.settings import ViewSettings
from codex_kernel.turn.events import Event, Item

_DIM, _BOLD, _RED, _YELLOW = "2", "1", "31", "33"


class ConsoleText:
    """Turns events into text to append. One object per turn."""

    def __init__(
        self, view: ViewSettings, color: bool = False, *, has_prompts: bool = False
    ) -> None:
        """With `has_prompts` questions are put to the reader beside this text, which then tells
        only what was decided."""
        self._view = view
        self._has_prompts = has_prompts
        self._color = color
        self._column = 0
        self._out: list[str] = []
        self._started: set[str] = set()
        self._said: dict[str, str] = {}
        """What was printed of each message."""
        self._speaking: str | None = None
        self._plan: list[Any] = []
        self._findings = ""
        self._has_begun = False
        self._cwd: str | None = None
        self._diff = ""
        self._shown_paths: set[str] = set()
        self._turn_id: str | None = None

    def feed(self, events: Iterable[Event]) -> str:
        """The text that these events add; empty when there is nothing to say."""
        for event in events:
            self._turn_id = event.get("turn_id") or self._turn_id
            step = _EVENTS.get(event["type"])
            if step is not None:
                step(self, event)
        text = "".join(self._out)
        self._out.clear()
        return text

    def _write(self, text: str) -> None:
        if text:
            self._out.append(text)
            self._column = 0 if text.endswith("\n") else 1
            self._has_begun = True

    def _line(self, text: str, style: str = "") -> None:
        """A line of its own."""
        self._speaking = None
        if self._column:
            self._write("\n")
        self._write(self._styled(text, style) + "\n")

    def _styled(self, text: str, style: str) -> str:
        return f"\x1b[{style}m{text}\x1b[0m" if self._color and style else text

    def _speak(self, item_id: str, text: str) -> None:
        if not text:
            return
        if self._speaking != item_id:
            self._write(("\n" if self._column else "") + ("\n" if self._has_begun else ""))
            self._speaking = item_id
        self._said[item_id] = self._said.get(item_id, "") + text
        self._write(ordered(printable(text)))

    def _queued(self, event: Event) -> None:
        if event.get("again"):
            self._line("↻ This cell has run before in this session.", _DIM)

    def _settings(self, event: Event) -> None:
        self._cwd = event["settings"].get("cwd") or self._cwd

    def _changed(self, change: dict[str, Any]) -> str:
        """What a change does, its paths relative to the working directory."""
        near = {
            key: relative_path(change[key], self._cwd)
            for key in ("path", "move_path")
            if self._cwd and (change.get(key) or "").startswith("/")
        }
        self._shown_paths.update(near.values())
        return visible(words.changed(change | near))

    def _diff_updated(self, event: Event) -> None:
        self._diff = event["diff"]

    def _item_started(self, event: Event) -> None:
        item = event["item"]
        if item["type"] == "command":
            self._command_line(item)
        elif item["type"] == "message":
            self._said.setdefault(item["id"], "")
            self._speak(item["id"], item.get("text") or "")

    def _item_text(self, event: Event) -> None:
        if event["field"] == "text" and event["item_id"] in self._said:
            self._speak(event["item_id"], event["text"])

    def _item_completed(self, event: Event) -> None:
        item = event["item"]
        _ITEMS.get(item["type"], ConsoleText._other)(self, item)
        ending = words.ENDINGS.get(item["status"])
        if item["type"] == "message":
            ending = "given up; Codex begins again" if item["status"] == "lost" else None
        if ending and item["type"] != "file_change" and not item.get("exit_code"):
            self._line(f"  {ending}", _YELLOW)

    def _message(self, item: Item) -> None:
        said, text = self._said.get(item["id"], ""), item.get("text") or ""
        if text.strip() and not said and text.strip() == self._findings:
            return  # Codex sends the findings of a review twice
        if said and not text.startswith(said):
            self._line("")  # what streamed is not what was said in the end: say it again
            said = ""
        self._speak(item["id"], text[len(said) :])
        if self._column:
            self._write("\n")
        self._speaking = None

    def _command_line(self, item: Item) -> None:
        if item["id"] not in self._started:
            self._started.add(item["id"])
            self._line(f"$ {visible(item.get('command') or '')}", _BOLD)

    def _command(self, item: Item) -> None:
        self._command_line(item)
        output = Bounds(self._view, self._turn_id).output(item.get("output") or "").rstrip("\n")
        if output:
            shown = terminal.recoloured(output) if self._color else terminal.strip(output)
            self._line(ordered(shown))
        if item.get("exit_code"):
            self._line(f"  exit {item['exit_code']}", _RED)

    def _reasoning(self, item: Item) -> None:
        for part in item.get("summary") or []:
            if part.strip():
                self._line(f"✻ {words.one_line(words.title(part)[0])}", _DIM)

    def _file_change(self, item: Item) -> None:
        ending = words.ENDINGS.get(item["status"])
        for change in item.get("changes") or []:
            added, removed = diff.count(change.get("diff") or "")
            said = f"✎ {self._changed(change)} +{added} -{removed}"
            self._line(f"{said} ({ending})" if ending else said)

    def _tool_call(self, item: Item) -> None:
        owner = item.get("server") or item.get("namespace")
        name = f"{owner}.{item['tool']}" if owner else str(item["tool"])
        arguments = json.dumps(item.get("arguments"), ensure_ascii=False)
        self._line(f"⚙ {words.one_line(f'{name} {arguments}', 120)}")
        if item.get("error"):
            self._line(f"  {words.one_line(str(item['error']), 200)}", _RED)

    def _sub_agent(self, item: Item) -> None:
        said = f"{str(item.get('tool') or '').replace('_', ' ')} {item.get('prompt') or ''}"
        self._line(f"⇉ Sub-agent: {words.one_line(said.strip(), 120)}")

    def _compaction(self, item: Item) -> None:
        self._line("⇲ History shortened to make room", _DIM)

    def _web_search(self, item: Item) -> None:
        self._line(f"⌕ {words.one_line(words.search(item), 120)}")

    def _image(self, item: Item) -> None:
        said = "Made an image" if item.get("origin") == "generated" else "Looked at an image"
        path = item.get("path") or ""
        self._line(f"▣ {visible(f'{said} {path}'.rstrip())}")

    def _text(self, item: Item) -> None:
        self._line(ordered(printable(item.get("text") or "")))

    def _review(self, item: Item) -> None:
        text = item.get("text") or ""
        if item.get("phase") == "entered":
            self._line(f"☰ Review begins: {words.one_line(text, 200)}", _DIM)
        elif text.strip() not in map(str.strip, self._said.values()):
            self._findings = text.strip()
            self._text(item)

    def _terminal_input(self, item: Item) -> None:
        if (item.get("text") or "").strip():
            self._line(f"⌨ {words.one_line(item['text'], 120)}", _DIM)

    def _hook_prompt(self, item: Item) -> None:
        self._line(f"A hook said: {words.one_line(item.get('text') or '', 200)}", _DIM)

    def _user_message(self, item: Item) -> None:
        self._line(f"> {words.one_line(item.get('text') or '', 200)}", _DIM)

    def _other(self, item: Item) -> None:
        name = str(item.get("codex_type") or item["type"]).replace("_", " ")
        self._line(f"· {words.one_line(name)}", _DIM)

    def _plan_updated(self, event: Event) -> None:
        if event["plan"] == self._plan:
            return
        self._plan = event["plan"]
        for step in event["plan"]:
            symbol = words.STEPS.get(str(step.get("status")), "☐")
            self._line(f"{symbol} {words.one_line(str(step.get('step') or ''), 120)}")

    def _approval_requested(self, event: Event) -> None:
        if self._has_prompts:
            return
        approval = event["approval"]
        self._line(f"? {visible(words.question(approval))}", _YELLOW)
        if approval.get("command"):
            mark = "" if approval["kind"] == "code" else "$ "
            self._line(f"  {mark}{visible(approval['command'])}")
        for change in approval.get("changes") or []:
            self._line(f"  {self._changed(change)}")
        if approval.get("arguments"):
            self._line(f"  {words.one_line(json.dumps(approval['arguments']), 200)}")
        if approval.get("reason"):
            self._line(f"  {words.one_line(approval['reason'], 200)}")

    def _approval_decided(self, event: Event) -> None:
        self._line(f"  {words.one_line(words.decision(event), 200)}", _DIM)

    def _warning(self, event: Event) -> None:
        self._line(f"⚠ {ordered(printable(event['message']))}", _YELLOW)

    def _retry(self, event: Event) -> None:
        self._line(f"↻ {words.one_line(event['message'], 200)}", _DIM)

    def _ended(self, event: Event) -> None:
        for file in diff.file_changes_from_diff(self._diff):
            if file.path not in self._shown_paths:
                said = words.changed({"path": file.path, "kind": file.kind})
                self._line(f"✎ {visible(said)} +{file.added} -{file.removed}", _DIM)
        if event["state"] != "completed":
            symbol, word = words.STATES[event["state"]]
            problem = ordered(printable(words.problem(event.get("error"))))
            self._line(f"{symbol} {word}. {problem}".rstrip(), _RED)
        elif self._column:
            self._write("\n")


_ITEMS: dict[str, Callable[[ConsoleText, Item], None]] = {
    "message": ConsoleText._message,
    "command": ConsoleText._command,
    "reasoning": ConsoleText._reasoning,
    "file_change": ConsoleText._file_change,
    "mcp_tool_call": ConsoleText._tool_call,
    "tool_call": ConsoleText._tool_call,
    "sub_agent": ConsoleText._sub_agent,
    "compaction": ConsoleText._compaction,
    "web_search": ConsoleText._web_search,
    "image": ConsoleText._image,
    "plan": ConsoleText._text,
    "review": ConsoleText._review,
    "terminal_input": ConsoleText._terminal_input,
    "hook_prompt": ConsoleText._hook_prompt,
    "user_message": ConsoleText._user_message,
}
_EVENTS: dict[str, Callable[[ConsoleText, Event], None]] = {
    "turn.queued": ConsoleText._queued,
    "settings.updated": ConsoleText._settings,
    "diff.updated": ConsoleText._diff_updated,
    "item.started": ConsoleText._item_started,
    "item.text": ConsoleText._item_text,
    "item.completed": ConsoleText._item_completed,
    "plan.updated": ConsoleText._plan_updated,
    "approval.requested": ConsoleText._approval_requested,
    "approval.decided": ConsoleText._approval_decided,
    "warning": ConsoleText._warning,
    "retry": ConsoleText._retry,
    "turn.ended": ConsoleText._ended,
}
