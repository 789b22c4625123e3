"""A turn as Markdown without any HTML in it: header, plan, what was done in order, the answer.

Made from the bundle as `html` is, for files that are read as they are or rendered by others.
Everything an agent wrote is escaped or parsed and written anew, see `markdown_source`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from codex_kernel.render import diff, terminal, words
from codex_kernel.render.entries import answer_of, around
from codex_kernel.render.escape import visible
from codex_kernel.render.markdown import to_markdown
from codex_kernel.render.markdown_source import code, fence, inline, literal, literal_lines, quoted
from codex_kernel.render.pieces import image_source, json_text

Entry = Mapping[str, Any]
_CHECKED = {"completed": "x"}


def from_bundle(bundle: dict[str, Any]) -> str:
    """A bundle as Markdown."""
    items: list[Entry] = bundle["items"]
    answer = answer_of([dict(item) for item in items]) if bundle["final"] else None
    before, after = around(items, answer["id"] if answer else None)
    parts = [_header(bundle), _plan(bundle["plan"] or [])]
    parts += [_entry(item) for item in before]
    parts += [_file(each) for each in diff.file_changes_from_diff(bundle["diff"] or "")]
    if answer:
        parts.append(to_markdown(answer.get("text") or ""))
    parts += [_entry(item) for item in after]
    if bundle["error"]:
        parts.append(_error(bundle["error"]))
    return "\n\n".join(part for part in parts if part)


def _header(bundle: dict[str, Any]) -> str:
    symbol, word = words.STATES.get(bundle["state"], ("·", bundle["state"]))
    facts = [f"{symbol} {word}", *words.facts(bundle)]
    if bundle["codex"].get("sandbox") == words.DANGER:
        facts.append("⚠ no sandbox")
    return _aside(" · ".join(map(literal, facts)))


def _plan(plan: list[dict[str, Any]]) -> str:
    return "\n".join(
        f"- [{_CHECKED.get(str(step.get('status')), ' ')}] {inline(str(step.get('step') or ''))}"
        for step in plan
    )


def _entry(entry: Entry) -> str:
    return _KINDS.get(entry["type"], _other)(entry)


def _aside(text: str) -> str:
    """A line that stands back."""
    return f"*{text}*" if text else ""


def _step(symbol: str, text: str, entry: Entry, *facts: str) -> str:
    """A line for a step: its symbol, what it was, how it ended."""
    return " · ".join(filter(None, (f"{symbol} {text}", _facts(entry, *facts))))


def _facts(entry: Entry, *facts: str) -> str:
    """How a step ended, more facts, how long it took."""
    ending = words.ENDINGS.get(str(entry.get("status")), "")
    took = entry.get("duration_ms")
    if isinstance(took, (int, float)) and took >= 100:
        facts = (*facts, words.duration(took / 1000))
    return " · ".join(literal(fact) for fact in (ending, *facts) if fact)


def _joined(*parts: str) -> str:
    return "\n\n".join(part for part in parts if part)


def _note(title: str, body: str = "") -> str:
    return quoted(_joined(title, body))


def _output(text: str) -> str:
    return terminal.strip(text).rstrip()


def _message(entry: Entry) -> str:
    text = to_markdown(entry.get("text") or "")
    return _note("**Draft that Codex gave up**", text) if entry["status"] == "lost" else text


def _said(title: str) -> Callable[[Entry], str]:
    def shown(entry: Entry) -> str:
        by = f" by {literal(str(entry['by']))}" if entry.get("by") else ""
        return _note(f"**{title}**{by}", literal_lines(visible(entry.get("text") or "")))

    return shown


def _reasoning(entry: Entry) -> str:
    parts = words.reasoning(entry)
    if not parts:
        return ""
    first, rest = words.title(parts[0])
    texts = [to_markdown(text) for text in (rest, *parts[1:]) if text]
    return _note(f"✻ *{inline(first)}*", "\n\n".join(texts))


def _command(entry: Entry) -> str:
    lines = f"$ {visible(entry.get('command') or '')}\n{_output(entry.get('output') or '')}"
    exited = f"exit {entry['exit_code']}" if entry.get("exit_code") else ""
    where = f"in {entry['cwd']}" if entry.get("cwd") else ""
    return _joined(fence(lines.rstrip(), "console"), _aside(_facts(entry, exited, where)))


def _terminal_input(entry: Entry) -> str:
    text = entry.get("text") or ""
    return f"⌨ Typed {code(visible(text))}" if text.strip() else ""


def _file_change(entry: Entry) -> str:
    return _joined(*(_change(change, entry) for change in entry.get("changes") or []))


def _change(change: Mapping[str, Any], entry: Entry) -> str:
    goal = change.get("move_path")
    if goal and goal != change.get("path"):
        said = f"Renamed {_path(change.get('path'))} → {_path(goal)}"
    else:
        verb = words.CHANGES.get(change.get("kind") or "", "Changed")
        said = f"{verb} {_path(change.get('path'))}"
    title = _step("✎", said, entry, f"+{change.get('added')} -{change.get('removed')}")
    hunks = change.get("diff") or ""
    return _joined(title, fence(visible(hunks), "diff") if hunks else "")


def _file(each: diff.FileDiff) -> str:
    hunks = "".join(
        f"{line.mark if line.mark in '+- ' else ''}{line.text}\n" for line in each.lines
    )
    change = {
        "path": each.path,
        "kind": each.kind,
        "move_path": each.move_path,
        "added": each.added,
        "removed": each.removed,
        "diff": hunks,
    }
    return _change(change, {})


def _path(path: str | None) -> str:
    return code(visible(path or "?"))


def _tool_call(entry: Entry) -> str:
    owner = entry.get("server") or entry.get("namespace")
    name = f"{owner}.{entry.get('tool')}" if owner else str(entry.get("tool") or "?")
    parts = [_step("⚙", code(visible(name)), entry)]
    if entry.get("arguments") not in (None, {}, ""):
        parts.append(fence(json_text(entry["arguments"]), "json"))
    parts += [_block(block, name) for block in entry.get("content") or []]
    if entry.get("structured") is not None:
        parts.append(fence(json_text(entry["structured"]), "json"))
    if entry.get("error"):
        parts.append(_note(literal_lines(str(entry["error"]))))
    return _joined(*parts)


def _block(block: Any, name: str) -> str:
    if isinstance(block, dict) and block.get("type") == "text":
        return fence(_output(str(block.get("text") or "")))
    data = block.get("data") or block.get("image_url") or block.get("url") if block else None
    source = image_source(data) if isinstance(data, str) else None
    return _picture(source, f"Image from {name}") if source else fence(json_text(block), "json")


def _picture(source: str, label: str) -> str:
    return f"![{literal(visible(label))}]({source})"


def _image(entry: Entry) -> str:
    said = "Made an image" if entry.get("origin") == "generated" else "Looked at an image"
    name = f" {_path(entry['path'])}" if entry.get("path") else ""
    source = image_source(entry.get("data"))
    label = entry.get("prompt") or entry.get("path") or said
    line = _step("▣", said + name, entry, str(entry.get("prompt") or ""))
    return _joined(line, _picture(source, label) if source else "")


def _titled(title: str) -> Callable[[Entry], str]:
    return lambda entry: _note(f"**{title}**", to_markdown(entry.get("text") or ""))


def _sub_agent(entry: Entry) -> str:
    tool = literal(visible(str(entry.get("tool") or "").replace("_", " ")))
    prompt = entry.get("prompt")
    return _joined(_step("⇉", f"Sub-agent: {tool}", entry), fence(prompt) if prompt else "")


def _review(entry: Entry) -> str:
    if entry.get("phase") == "entered":
        return f"☰ Review begins: {literal(visible(entry.get('text') or ''))}"
    return _titled("Review")(entry)


def _approval(entry: Entry) -> str:
    asked, decided = visible(words.question(entry)), visible(words.decision(entry))
    said = [f"**{literal(asked)}** {literal(decided)}"]
    if entry.get("command"):
        mark = "" if entry.get("kind") == "code" else "$ "
        said.append(code(mark + visible(entry["command"])))
    said += [literal(visible(words.changed(change))) for change in entry.get("changes") or []]
    said += [
        code(visible(json_text(entry[key])))
        for key in ("permissions", "arguments")
        if entry.get(key)
    ]
    return _note("\\\n".join(said))


def _input(entry: Entry) -> str:
    answers = entry.get("answers") or {}
    said = [f"**{literal(visible(entry.get('message') or 'Codex asked'))}**"]
    for question in entry.get("questions") or []:
        text = question.get("question") or question.get("header") or ""
        answer = ", ".join(map(str, answers.get(question.get("id")) or []))
        said.append(f"{literal(visible(text))} **{literal(visible(answer))}**")
    return _note("\\\n".join(said))


def _warning(entry: Entry) -> str:
    sign = {"again": "↻", "notice": "»"}.get(str(entry.get("kind")), "⚠")
    return _note(f"{sign} {literal_lines(visible(entry.get('message') or ''))}")


def _error(problem: Mapping[str, Any]) -> str:
    said = [f"**✗ {literal(problem.get('message') or 'The turn failed.')}**"]
    if problem.get("next_step"):
        said.append(literal(problem["next_step"]))
    details = problem.get("details")
    return _note("\\\n".join(said), fence(_output(details)) if details else "")


def _other(entry: Entry) -> str:
    kind = str(entry.get("codex_type") or entry["type"])
    raw = entry.get("raw") if entry["type"] == "other" else dict(entry)
    return _joined(_step("·", literal(visible(kind)), entry), fence(json_text(raw), "json"))


def _symbol(symbol: str, words_of: Callable[[Entry], str]) -> Callable[[Entry], str]:
    return lambda entry: _step(symbol, literal(visible(words_of(entry))), entry)


_KINDS: Mapping[str, Callable[[Entry], str]] = {
    "message": _message,
    "user_message": _said("You added"),
    "steer": _said("Sent to the turn"),
    "hook_prompt": _said("A hook said"),
    "reasoning": _reasoning,
    "command": _command,
    "terminal_input": _terminal_input,
    "file_change": _file_change,
    "mcp_tool_call": _tool_call,
    "tool_call": _tool_call,
    "plan": _titled("Proposed plan"),
    "web_search": _symbol("⌕", words.search),
    "image": _image,
    "sub_agent": _sub_agent,
    "review": _review,
    "compaction": _symbol("⇲", lambda _entry: "History shortened to make room"),
    "sleep": _symbol("◷", lambda _entry: "Waited"),
    "approval": _approval,
    "input": _input,
    "warning": _warning,
    "retry": _warning,
}
