"""A turn as HTML for any page: header, plan, what was done in order, the answer.

Semantic and self-contained: no script, style element, svg, id or class, nothing remote. Made
from the bundle, so that what it shows is what the bundle holds; a saved bundle is enough.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from codex_kernel.render import diff, markdown, words
from codex_kernel.render.entries import answer_of, around
from codex_kernel.render.escape import attribute, escape, visible
from codex_kernel.render.parts import Entry, change_title, entry_html, error, file_diff
from codex_kernel.render.picture import picture
from codex_kernel.render.pieces import LINE, MUTED
from codex_kernel.settings import ViewSettings

_FOLDED_RUN = 5
"""So many steps in a row, when the turn has ended, are folded into one line."""
_STEPS = frozenset(
    {
        "reasoning",
        "command",
        "terminal_input",
        "mcp_tool_call",
        "tool_call",
        "web_search",
        "sub_agent",
        "sleep",
    }
)
_ROOT = "line-height:1.5;overflow-wrap:break-word"
_HEADER = f"margin:0 0 6px;padding:0 0 4px;border-bottom:1px solid {LINE}"
_COLOURS = {"completed": "#228a42", "failed": "#d43f3a", "lost": "#d43f3a", "running": "#2f79d0"}
_BLANK = re.compile(r"(?<=\n)([ \t]*)\n")


def html(data: dict[str, Any], view: ViewSettings) -> str:
    """The transcript as HTML."""
    return from_bundle(picture(data, view))


def from_bundle(bundle: dict[str, Any]) -> str:
    """A bundle as HTML."""
    items: list[Entry] = bundle["items"]
    answer = answer_of([dict(item) for item in items]) if bundle["final"] else None
    parts = [_header(bundle), _plan(bundle["plan"] or [])]
    before, after = around(items, answer["id"] if answer else None)
    parts += [*_steps(before, bundle["final"]), _other_files(bundle["diff"])]
    if answer:
        parts.append(_answer(answer, is_set_off=bool(before or bundle["diff"])))
    parts += _steps(after, bundle["final"])
    if bundle["error"]:
        parts.append(error(bundle["error"]))
    return _one_block(f'<div style="{_ROOT}">{"".join(parts)}</div>')


def _one_block(shown: str) -> str:
    """The HTML without blank lines: in a Markdown document they would end it."""
    return _BLANK.sub(r"\1&#10;", shown)


def _header(bundle: dict[str, Any]) -> str:
    symbol, word = words.STATES.get(bundle["state"], ("·", bundle["state"]))
    colour = _COLOURS.get(bundle["state"], "#b8860b")
    facts = " · ".join(escape(visible(fact)) for fact in words.facts(bundle))
    danger = ""
    if bundle["codex"].get("sandbox") == words.DANGER:
        danger = ' · <strong style="color:#d43f3a">⚠ no sandbox</strong>'
    return (
        f'<div style="{_HEADER}" aria-label="{attribute("Codex turn: " + word)}">'
        f'<strong><span style="color:{colour}">{symbol}</span> {escape(word)}</strong>'
        f'<span style="{MUTED}">{" · " if facts else ""}{facts}</span>{danger}</div>'
    )


def _plan(plan: list[dict[str, Any]]) -> str:
    if not plan:
        return ""
    steps = "".join(_step(step) for step in plan)
    return (
        f'<ul aria-label="Plan" style="list-style:none;margin:6px 0;padding-left:1em">{steps}</ul>'
    )


def _step(step: dict[str, Any]) -> str:
    status = str(step.get("status"))
    symbol = words.STEPS.get(status, "☐")
    text = markdown.inline_html(str(step.get("step") or ""))
    label = attribute(status.replace("_", " "))
    mark = f'<span title="{label}" aria-label="{label}">{symbol}</span>'
    if status == "in_progress":
        text = f"<strong>{text}</strong>"
    return (
        f'<li style="{MUTED}">{mark} {text}</li>'
        if status == "completed"
        else (f"<li>{mark} {text}</li>")
    )


def _steps(items: list[Entry], is_final: bool) -> Iterator[str]:
    """The entries in order; long runs of mere steps folded once the turn has ended."""
    for is_step, group in groupby(items, lambda item: item["type"] in _STEPS):
        run = list(group)
        shown = "".join(entry_html(item) for item in run)
        if is_step and is_final and len(run) >= _FOLDED_RUN:
            shown = (
                f'<details style="margin:3px 0"><summary>{escape(words.steps(run))}</summary>'
                f'<div style="margin-left:1em">{shown}</div></details>'
            )
        yield shown


def _answer(answer: Entry, *, is_set_off: bool) -> str:
    set_off = f"margin-top:10px;padding-top:6px;border-top:1px solid {LINE}" if is_set_off else ""
    style = f' style="{set_off}"' if set_off else ""
    return f"<div{style}>{markdown.to_html(answer.get('text') or '')}</div>"


def _other_files(unified: str | None) -> str:
    """Files that changed without a patch that shows it, e.g. by a command."""
    if not unified:
        return ""
    files = "".join(
        file_diff(
            change_title({"path": x.path, "kind": x.kind, "move_path": x.move_path}),
            {"added": x.added, "removed": x.removed, "lines": x.lines},
        )
        for x in diff.file_changes_from_diff(unified)
    )
    return f'<div style="margin-top:6px"><strong>Also changed</strong>{files}</div>'
