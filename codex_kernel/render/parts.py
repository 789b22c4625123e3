"""Each kind of entry as HTML: one small function per kind.

Commands, paths and names are shown with nothing hidden and isolated from the
direction of the text around them.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from typing import Any

from codex_kernel.render import diff, markdown, words
from codex_kernel.render.escape import escape, visible
from codex_kernel.render.pieces import (
    AMBER,
    BLUE,
    BOX,
    GREY,
    MUTED,
    RED,
    TALL_LINES,
    code,
    ending_of,
    facts_span,
    fold,
    glyph,
    image_source,
    image_tag,
    json_text,
    muted,
    note,
    output_block,
    path,
    sentence,
    step,
    text_span,
)

Entry = Mapping[str, Any]

_OPEN_LINES = 8
"""What is longer is folded, unless it runs or failed."""
_OPEN_DIFF_LINES = 60


def entry_html(entry: Entry) -> str:
    """One entry of a bundle as HTML."""
    return _KINDS.get(entry["type"], _other)(entry)


def error(problem: Mapping[str, Any]) -> str:
    """Why the turn did not complete, and the next step."""
    shown = f"<strong>✗ {sentence(problem.get('message') or 'The turn failed.')}</strong>"
    if problem.get("next_step"):
        shown += f"<br>{sentence(problem['next_step'])}"
    if problem.get("details"):
        shown += fold("Details", output_block(problem["details"]), is_open=False)
    return note(shown, RED)


def file_diff(title: str, change: Mapping[str, Any]) -> str:
    """A file's change, folded when it is long. `change` has added, removed, lines."""
    lines: tuple[diff.Line, ...] = change["lines"]
    counts = f"+{change['added']} -{change['removed']}"
    summary = f"{title}{muted(counts)}"
    if not lines:
        return step(summary)
    tall = ";max-height:420px" if len(lines) > TALL_LINES else ""
    body = f'<div style="{BOX}{tall}">{diff.to_html(lines)}</div>'
    return fold(summary, body, is_open=len(lines) <= _OPEN_DIFF_LINES)


def change_title(change: Mapping[str, Any], status: str = "completed") -> str:
    """What happened to which file."""
    goal = change.get("move_path")
    if goal and goal != change.get("path"):
        shown = f"Renamed {path(change.get('path') or '')} → {path(goal)}"
    else:
        verb = words.CHANGES.get(change.get("kind") or "", "Changed")
        shown = f"{verb} {path(change.get('path') or '')}"
    return f"{glyph('✎')}{shown}{ending_of(status)}"


def _took(entry: Entry) -> str:
    milliseconds = entry.get("duration_ms")
    if not isinstance(milliseconds, (int, float)) or milliseconds < 100:
        return ""
    return words.duration(milliseconds / 1000)


def _message(entry: Entry) -> str:
    body = markdown.to_html(entry.get("text") or "")
    if entry["status"] == "lost" and body:
        summary = f"{glyph('·')}{muted('Draft that Codex gave up')}"
        return fold(summary, f'<div style="margin-left:1em;{MUTED}">{body}</div>', is_open=False)
    return f'<div style="margin:8px 0">{body}</div>' if body else ""


def _user_message(entry: Entry) -> str:
    by = entry.get("by")
    head = f"<strong>You added</strong>{muted('by ' + by if by else '')}"
    return note(f"{head}<br>{text_span(entry.get('text') or '')}", BLUE)


def _steer(entry: Entry) -> str:
    by = entry.get("by")
    head = f"<strong>Sent to the turn</strong>{muted('by ' + by if by else '')}"
    return note(f"{head}<br>{text_span(entry.get('text') or '')}", BLUE)


def _reasoning(entry: Entry) -> str:
    parts = words.reasoning(entry)
    if not parts:
        return ""
    first, rest = words.title(parts[0])
    texts = [rest, *parts[1:]]
    body = "".join(markdown.to_html(text) for text in texts if text)
    title = f'{glyph("✻")}<em style="{MUTED}">{markdown.inline_html(first)}</em>'
    if not body:
        return step(title)
    return fold(title, f'<div style="margin-left:1em;{MUTED}">{body}</div>', is_open=False)


def _command(entry: Entry) -> str:
    status, exit_code = entry["status"], entry.get("exit_code")
    first, *more = (entry.get("command") or "").split("\n")
    where = f"in {visible(entry['cwd'])}" if entry.get("cwd") else ""
    exited = (
        f' · <strong style="color:{RED}">exit {escape(str(exit_code))}</strong>'
        if exit_code
        else ""
    )
    ending = "" if exited and status == "failed" else ending_of(status)
    running = "running" if status == "running" else ""
    facts = facts_span(where, running, _took(entry))
    summary = f"{code('$ ' + first)}{muted('…' if more else '')}{exited}{ending}{facts}"
    shown = [visible("\n".join([first, *more]))] if more else []
    output = entry.get("output") or ""
    shown += [output] if output.strip() else []
    if not shown:
        return step(summary)
    is_short = sum(text.count("\n") for text in shown) < _OPEN_LINES
    is_open = is_short or status in ("failed", "running")
    return fold(summary, "".join(map(output_block, shown)), is_open=is_open)


def _terminal_input(entry: Entry) -> str:
    """What Codex typed into a command; nothing for a mere look at its output."""
    text = entry.get("text") or ""
    return step(f"{glyph('⌨')}Typed {code(text.rstrip(chr(10)))}") if text.strip() else ""


def _hook_prompt(entry: Entry) -> str:
    return note(f"<strong>A hook said</strong><br>{text_span(visible(entry.get('text') or ''))}")


def _file_change(entry: Entry) -> str:
    return "".join(
        file_diff(
            change_title(change, entry["status"]),
            {**change, "lines": diff.lines(change.get("diff") or "")},
        )
        for change in entry.get("changes") or []
    )


def _tool_call(entry: Entry) -> str:
    owner = entry.get("server") or entry.get("namespace")
    name = f"{owner}.{entry.get('tool')}" if owner else str(entry.get("tool") or "?")
    summary = f"{glyph('⚙')}{code(name)}{ending_of(entry['status'])}{facts_span(_took(entry))}"
    body = ""
    if entry.get("arguments") not in (None, {}, ""):
        body += output_block(json_text(entry["arguments"]))
    images = ""
    for block in entry.get("content") or []:
        if isinstance(block, dict) and block.get("type") == "text":
            body += output_block(str(block.get("text") or ""))
        elif isinstance(block, dict) and (source := _block_image(block)):
            images += image_tag(source, f"Image from {name}")
        else:
            body += output_block(json_text(block))
    if entry.get("structured") is not None:
        body += output_block(json_text(entry["structured"]))
    if entry.get("error"):
        body += note(escape(str(entry["error"])), RED)
    is_open = entry["status"] == "failed"
    return (fold(summary, body, is_open=is_open) if body else step(summary)) + images


def _block_image(block: Mapping[str, Any]) -> str | None:
    data = block.get("data") or block.get("image_url") or block.get("url")
    return image_source(data) if isinstance(data, str) else None


def _image(entry: Entry) -> str:
    is_made = entry.get("origin") == "generated"
    name = entry.get("path") or ""
    said = "Made an image" if is_made else "Looked at an image"
    shown = f"{glyph('▣')}{said}{' ' + path(name) if name else ''}{ending_of(entry['status'])}"
    if entry.get("prompt"):
        shown += muted(f"· {entry['prompt']}")
    source = image_source(entry.get("data"))
    picture = image_tag(source, entry.get("prompt") or name or said) if source else ""
    return step(shown + (f"<br>{picture}" if picture else ""))


def _plan(entry: Entry) -> str:
    return note(f"<strong>Proposed plan</strong>{markdown.to_html(entry.get('text') or '')}", BLUE)


def _web_search(entry: Entry) -> str:
    return step(f"{glyph('⌕')}<bdi>{escape(visible(words.search(entry)))}</bdi>")


def _sub_agent(entry: Entry) -> str:
    tool = str(entry.get("tool") or "").replace("_", " ")
    summary = f"{glyph('⇉')}Sub-agent: {escape(visible(tool))}{ending_of(entry['status'])}"
    agents = entry.get("agents") or {}
    states = [
        f"{name}: {state.get('status') if isinstance(state, dict) else state}"
        for name, state in agents.items()
    ]
    body = output_block(entry["prompt"]) if entry.get("prompt") else ""
    body += output_block("\n".join(states)) if states else ""
    return fold(summary, body, is_open=False) if body else step(summary)


def _review(entry: Entry) -> str:
    text = entry.get("text") or ""
    if entry.get("phase") == "entered":
        return step(f"{glyph('☰')}Review begins: {escape(visible(text))}")
    return note(f"<strong>Review</strong>{markdown.to_html(text)}", BLUE)


def _compaction(entry: Entry) -> str:
    return step(f"{glyph('⇲')}History shortened to make room{ending_of(entry['status'])}")


def _sleep(entry: Entry) -> str:
    return step(f"{glyph('◷')}Waited{facts_span(_took(entry))}{ending_of(entry['status'])}")


def _approval(entry: Entry) -> str:
    shown = f"<strong>{escape(visible(words.question(entry)))}</strong>"
    if entry.get("outcome") is not None:
        shown += f" {escape(visible(words.decision(entry)))}"
    else:
        shown += muted(words.decision(entry))
        if entry.get("reason"):
            shown += f"<br>{text_span(visible(entry['reason']))}"
    if entry.get("command"):
        mark = "" if entry.get("kind") == "code" else "$ "
        shown += f"<br>{code(mark + entry['command'])}"
    for change in entry.get("changes") or []:
        shown += f"<br>{escape(visible(words.changed(change)))}"
    for key, label in (("permissions", "Permissions"), ("arguments", "Arguments")):
        if entry.get(key):
            shown += f"<br>{label}: {code(json_text(entry[key]))}"
    if entry.get("rule") and entry.get("decision") in (None, "always"):
        shown += f"<br>Rule: {code(shlex.join(map(str, entry['rule'])))}"
    is_granted = entry.get("outcome") == "accepted"
    return note(shown, GREY if is_granted else AMBER)


def _input(entry: Entry) -> str:
    shown = f"<strong>{escape(visible(entry.get('message') or 'Codex asked'))}</strong>"
    answers = entry.get("answers") or {}
    for question in entry.get("questions") or []:
        said = ", ".join(map(str, answers.get(question.get("id")) or []))
        text = question.get("question") or question.get("header") or ""
        shown += f"<br>{escape(visible(text))} <strong>{escape(visible(said))}</strong>"
    outcome = entry.get("outcome")
    shown += muted(f"· {outcome} by {entry.get('by')}" if outcome else "· waiting for an answer")
    return note(shown, GREY if outcome == "answered" else AMBER)


def _warning(entry: Entry) -> str:
    sign = {"again": "↻", "notice": "»"}.get(str(entry.get("kind")), "⚠")
    is_quiet = sign != "⚠"
    return note(f"{sign} {sentence(entry.get('message') or '')}", GREY if is_quiet else AMBER)


def _retry(entry: Entry) -> str:
    return note(
        f"↻ {sentence(entry.get('message') or '')}{muted(entry.get('details') or '')}", AMBER
    )


def _other(entry: Entry) -> str:
    kind = str(entry.get("codex_type") or entry["type"])
    raw = entry.get("raw") if entry["type"] == "other" else dict(entry)
    summary = f"{glyph('·')}{escape(visible(kind))}{ending_of(str(entry.get('status')))}"
    return fold(summary, output_block(json_text(raw)), is_open=False)


_KINDS: Mapping[str, Callable[[Entry], str]] = {
    "message": _message,
    "user_message": _user_message,
    "steer": _steer,
    "reasoning": _reasoning,
    "command": _command,
    "terminal_input": _terminal_input,
    "hook_prompt": _hook_prompt,
    "file_change": _file_change,
    "mcp_tool_call": _tool_call,
    "tool_call": _tool_call,
    "plan": _plan,
    "web_search": _web_search,
    "image": _image,
    "sub_agent": _sub_agent,
    "review": _review,
    "compaction": _compaction,
    "sleep": _sleep,
    "approval": _approval,
    "input": _input,
    "warning": _warning,
    "retry": _retry,
}
