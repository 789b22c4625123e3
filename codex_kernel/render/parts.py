"""Each kind of entry as HTML: one small function per kind.

Inline styles only; colours are translucent or of middle lightness, so that light and dark
pages both work. Commands, paths and names are shown with nothing hidden and isolated from the
direction of the text around them.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from typing import Any

from codex_kernel.render import diff, markdown, terminal, words
from codex_kernel.render.escape import attribute, escape, visible

Entry = Mapping[str, Any]

MUTED = "opacity:.7"
LINE = "rgba(128,128,128,.35)"
_STEP = "margin:3px 0"
_PLAIN_STEP = "margin:3px 0;padding-left:1em"
_BOX = f"margin:4px 0 6px 1em;border:1px solid {LINE};border-radius:4px;overflow:auto"
_MONO = "font-family:monospace;line-height:1.4"
_OUTPUT = f"{_BOX};padding:6px 10px;background:rgba(128,128,128,.08);white-space:pre;{_MONO}"
_NOTE = "margin:6px 0;padding:6px 10px;border-left:3px solid "
_OPEN_LINES = 12
_OPEN_DIFF_LINES = 60
_TALL_LINES = 24
_AMBER, _RED, _BLUE, _GREY = "#b8860b", "#d43f3a", "#2f79d0", "#808080"
_IMAGE_TYPES = {
    b"\x89PNG\r\n\x1a\n": "png",
    b"\xff\xd8\xff": "jpeg",
    b"GIF8": "gif",
    b"RIFF": "webp",
}


def entry_html(entry: Entry) -> str:
    """One entry of a bundle as HTML."""
    return _KINDS.get(entry["type"], _other)(entry)


def code(text: str) -> str:
    """A command or a name: nothing hidden, own direction."""
    return f'<code style="white-space:pre-wrap"><bdi>{escape(visible(text))}</bdi></code>'


def path(text: str) -> str:
    """A path in running text."""
    return f"<bdi><code>{escape(visible(text))}</code></bdi>"


def note(content: str, colour: str = _GREY) -> str:
    """A paragraph that stands out by a bar at its side."""
    return f'<div style="{_NOTE}{colour}">{content}</div>'


def error(problem: Mapping[str, Any]) -> str:
    """Why the turn did not complete, and the next step."""
    shown = f"<strong>✗ {escape(problem.get('message') or 'The turn failed.')}</strong>"
    if problem.get("next_step"):
        shown += f"<br>{escape(problem['next_step'])}"
    if problem.get("details"):
        shown += _fold("Details", _output(problem["details"]), is_open=False)
    return note(shown, _RED)


def muted(text: str) -> str:
    """Plain words beside something more important; empty for nothing."""
    return f' <span style="{MUTED}">{escape(text)}</span>' if text else ""


def file_diff(title: str, change: Mapping[str, Any]) -> str:
    """A file's change, folded when it is long. `change` has added, removed, lines."""
    lines: tuple[diff.Line, ...] = change["lines"]
    counts = f"+{change['added']} -{change['removed']}"
    summary = f"{title}{muted(counts)}"
    if not lines:
        return _plain(summary)
    tall = ";max-height:420px" if len(lines) > _TALL_LINES else ""
    body = f'<div style="{_BOX}{tall}">{diff.to_html(lines)}</div>'
    return _fold(summary, body, is_open=len(lines) <= _OPEN_DIFF_LINES)


def change_title(change: Mapping[str, Any], status: str = "completed") -> str:
    """What happened to which file."""
    goal = change.get("move_path")
    if goal and goal != change.get("path"):
        shown = f"Renamed {path(change.get('path') or '')} → {path(goal)}"
    else:
        verb = words.CHANGES.get(change.get("kind") or "", "Changed")
        shown = f"{verb} {path(change.get('path') or '')}"
    return f"{_glyph('✎')}{shown}{_ending(status)}"


def _glyph(symbol: str) -> str:
    return f'<span style="{MUTED}">{symbol}</span> '


def _ending(status: str) -> str:
    word = words.ENDINGS.get(status)
    if not word:
        return ""
    colour = _RED if status in ("failed", "lost") else _AMBER
    return f' · <strong style="color:{colour}">{word}</strong>'


def _fold(summary: str, body: str, *, is_open: bool) -> str:
    opened = " open" if is_open else ""
    return f'<details{opened} style="{_STEP}"><summary>{summary}</summary>{body}</details>'


def _plain(content: str) -> str:
    return f'<div style="{_PLAIN_STEP}">{content}</div>'


def _output(text: str) -> str:
    tall = ";max-height:320px" if text.count("\n") > _TALL_LINES else ""
    return f'<pre style="{_OUTPUT}{tall}">{terminal.to_html(text.rstrip())}</pre>'


def _took(entry: Entry) -> str:
    milliseconds = entry.get("duration_ms")
    if not isinstance(milliseconds, (int, float)) or milliseconds < 100:
        return ""
    return words.duration(milliseconds / 1000)


def _facts(*facts: str) -> str:
    known = [fact for fact in facts if fact]
    return muted("· " + " · ".join(known)) if known else ""


def _message(entry: Entry) -> str:
    return f'<div style="margin:8px 0">{markdown.to_html(entry.get("text") or "")}</div>'


def _user_message(entry: Entry) -> str:
    by = entry.get("by")
    head = f"<strong>You added</strong>{muted('by ' + by if by else '')}"
    return note(f"{head}<br>{_lines(entry.get('text') or '')}", _BLUE)


def _steer(entry: Entry) -> str:
    by = entry.get("by")
    head = f"<strong>Sent to the turn</strong>{muted('by ' + by if by else '')}"
    return note(f"{head}<br>{_lines(entry.get('text') or '')}", _BLUE)


def _lines(text: str) -> str:
    return f'<span style="white-space:pre-wrap">{escape(text)}</span>'


def _reasoning(entry: Entry) -> str:
    parts = [part for part in entry.get("summary") or [] if part.strip()]
    parts = parts or [part for part in entry.get("content") or [] if part.strip()]
    if not parts:
        return ""
    first, rest = words.title(parts[0])
    texts = [rest, *parts[1:]]
    body = "".join(markdown.to_html(text) for text in texts if text)
    title = f'{_glyph("✻")}<em style="{MUTED}">{markdown.inline_html(first)}</em>'
    if not body:
        return _plain(title)
    return _fold(title, f'<div style="margin-left:1em;{MUTED}">{body}</div>', is_open=False)


def _command(entry: Entry) -> str:
    status, exit_code = entry["status"], entry.get("exit_code")
    where = f"in {visible(entry['cwd'])}" if entry.get("cwd") else ""
    exited = f' · <strong style="color:{_RED}">exit {exit_code}</strong>' if exit_code else ""
    ending = "" if exited and status == "failed" else _ending(status)
    running = "running" if status == "running" else ""
    facts = _facts(where, running, _took(entry))
    summary = f"{code('$ ' + (entry.get('command') or ''))}{exited}{ending}{facts}"
    output = entry.get("output") or ""
    if not output.strip():
        return _plain(summary)
    is_open = output.count("\n") <= _OPEN_LINES or status == "failed"
    return _fold(summary, _output(output), is_open=is_open)


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
    summary = f"{_glyph('⚙')}{code(name)}{_ending(entry['status'])}{_facts(_took(entry))}"
    body = ""
    if entry.get("arguments") not in (None, {}, ""):
        body += _output(_json(entry["arguments"]))
    images = ""
    for block in entry.get("content") or []:
        if isinstance(block, dict) and block.get("type") == "text":
            body += _output(str(block.get("text") or ""))
        elif isinstance(block, dict) and (source := _block_image(block)):
            images += _picture(source, f"Image from {name}")
        else:
            body += _output(_json(block))
    if entry.get("structured") is not None:
        body += _output(_json(entry["structured"]))
    if entry.get("error"):
        body += note(escape(str(entry["error"])), _RED)
    is_open = entry["status"] == "failed"
    return (_fold(summary, body, is_open=is_open) if body else _plain(summary)) + images


def _json(value: Any) -> str:
    if isinstance(value, str):
        return value
    line = json.dumps(value, ensure_ascii=False)
    return line if len(line) < 80 else json.dumps(value, ensure_ascii=False, indent=1)


def _block_image(block: Mapping[str, Any]) -> str | None:
    data = block.get("data") or block.get("image_url") or block.get("url")
    return image_source(data) if isinstance(data, str) else None


def image_source(data: str | None) -> str | None:
    """Base64 (or a data: URI) as a data: URI, when it is a PNG, JPEG, GIF or WebP."""
    if not data:
        return None
    if data.startswith("data:"):
        data = data.partition(",")[2]
    try:
        kept = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        return None
    for magic, kind in _IMAGE_TYPES.items():
        if kept.startswith(magic) and (kind != "webp" or kept[8:12] == b"WEBP"):
            return f"data:image/{kind};base64,{data}"
    return None


def _picture(source: str, label: str) -> str:
    return (
        f'<img src="{attribute(source)}" alt="{attribute(visible(label))}" '
        'style="max-width:100%;margin:6px 0;background:#fff">'
    )


def _image(entry: Entry) -> str:
    is_made = entry.get("origin") == "generated"
    name = entry.get("path") or ""
    said = "Made an image" if is_made else "Looked at an image"
    shown = f"{_glyph('▣')}{said}{' ' + path(name) if name else ''}{_ending(entry['status'])}"
    if entry.get("prompt"):
        shown += muted(f"· {entry['prompt']}")
    source = image_source(entry.get("data"))
    picture = _picture(source, entry.get("prompt") or name or said) if source else ""
    return _plain(shown + (f"<br>{picture}" if picture else ""))


def _plan(entry: Entry) -> str:
    return note(f"<strong>Proposed plan</strong>{markdown.to_html(entry.get('text') or '')}", _BLUE)


def _web_search(entry: Entry) -> str:
    return _plain(f"{_glyph('⌕')}<bdi>{escape(visible(words.search(entry)))}</bdi>")


def _sub_agent(entry: Entry) -> str:
    tool = str(entry.get("tool") or "").replace("_", " ")
    summary = f"{_glyph('⇉')}Sub-agent: {escape(visible(tool))}{_ending(entry['status'])}"
    agents = entry.get("agents") or {}
    states = [
        f"{name}: {state.get('status') if isinstance(state, dict) else state}"
        for name, state in agents.items()
    ]
    body = _output(entry["prompt"]) if entry.get("prompt") else ""
    body += _output("\n".join(states)) if states else ""
    return _fold(summary, body, is_open=False) if body else _plain(summary)


def _review(entry: Entry) -> str:
    text = entry.get("text") or ""
    if entry.get("phase") == "entered":
        return _plain(f"{_glyph('☰')}Review begins: {escape(visible(text))}")
    return note(f"<strong>Review</strong>{markdown.to_html(text)}", _BLUE)


def _compaction(entry: Entry) -> str:
    return _plain(f"{_glyph('⇲')}History shortened to make room{_ending(entry['status'])}")


def _sleep(entry: Entry) -> str:
    return _plain(f"{_glyph('◷')}Waited{_facts(_took(entry))}{_ending(entry['status'])}")


def _approval(entry: Entry) -> str:
    shown = f"<strong>{escape(words.question(entry))}</strong>"
    if entry.get("outcome") is not None:
        shown += f" {escape(visible(words.decision(entry)))}"
    else:
        shown += muted(words.decision(entry))
        if entry.get("reason"):
            shown += f"<br>{_lines(visible(entry['reason']))}"
    if entry.get("command"):
        shown += f"<br>{code('$ ' + entry['command'])}"
    for change in entry.get("changes") or []:
        shown += f"<br>{escape(visible(words.changed(change)))}"
    for key, label in (("permissions", "Permissions"), ("arguments", "Arguments")):
        if entry.get(key):
            shown += f"<br>{label}: {code(_json(entry[key]))}"
    if entry.get("rule") and entry.get("decision") in (None, "always"):
        shown += f"<br>Rule: {code(' '.join(map(str, entry['rule'])))}"
    is_granted = entry.get("outcome") == "accepted"
    return note(shown, _GREY if is_granted else _AMBER)


def _input(entry: Entry) -> str:
    shown = f"<strong>{escape(visible(entry.get('message') or 'Codex asked'))}</strong>"
    answers = entry.get("answers") or {}
    for question in entry.get("questions") or []:
        said = ", ".join(map(str, answers.get(question.get("id")) or []))
        text = question.get("question") or question.get("header") or ""
        shown += f"<br>{escape(visible(text))} <strong>{escape(visible(said))}</strong>"
    outcome = entry.get("outcome")
    shown += muted(f"· {outcome} by {entry.get('by')}" if outcome else "· waiting for an answer")
    return note(shown, _GREY if outcome == "answered" else _AMBER)


def _warning(entry: Entry) -> str:
    is_quiet = entry.get("kind") == "again"
    sign = "↻" if is_quiet else "⚠"
    return note(f"{sign} {_lines(entry.get('message') or '')}", _GREY if is_quiet else _AMBER)


def _retry(entry: Entry) -> str:
    return note(
        f"↻ {_lines(entry.get('message') or '')}{muted(entry.get('details') or '')}", _AMBER
    )


def _other(entry: Entry) -> str:
    kind = str(entry.get("codex_type") or entry["type"])
    raw = entry.get("raw") if entry["type"] == "other" else dict(entry)
    summary = f"{_glyph('·')}{escape(visible(kind))}{_ending(str(entry.get('status')))}"
    return _fold(summary, _output(_json(raw)), is_open=False)


_KINDS: Mapping[str, Callable[[Entry], str]] = {
    "message": _message,
    "user_message": _user_message,
    "steer": _steer,
    "reasoning": _reasoning,
    "command": _command,
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
