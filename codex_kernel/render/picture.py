"""The bounded picture of a turn as a JSON object: the content of our MIME type.

The fields and their order are a contract (`turn.schema.json`). A text stands in it once: the
diff of the whole turn holds only files that no file change shows, an approval leaves out what
its item says, a command the form in which Codex started it. The log has everything.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from codex_kernel.ids import relative_path
from codex_kernel.render import diff
from codex_kernel.render.bounds import Bounds
from codex_kernel.render.entries import Entry, entries
from codex_kernel.render.escape import byte_length, clean
from codex_kernel.settings import ViewSettings
from codex_kernel.turn.items import is_beside
from codex_kernel.turn.state import is_final

SCHEMA_VERSION = 1
IMAGE_BYTES = 1_000_000
"""Larger images (in base64) stay in the log."""
OUTPUTS_BYTES = 1_000_000
"""All outputs of a turn together; with many commands each keeps less, down to the next bound."""
LEAST_OUTPUT_BYTES = 512
DETAIL_BYTES = 4096
"""Details of an error."""
_CODEX_FIELDS = ("model", "effort", "sandbox", "approval_policy", "version")


def picture(data: dict[str, Any], view: ViewSettings) -> dict[str, Any]:
    """The bundle of a transcript; shares no object with it."""
    bounds = Bounds(_fitted(view, data["items"]), data["turn_id"])
    settings = data["settings"]
    draw = _Items(bounds, settings.get("cwd"))
    return {
        "schema_version": SCHEMA_VERSION,
        "turn_id": bounds.value(data["turn_id"]),
        "session_id": bounds.value(data["session_id"]),
        "cell_id": bounds.value(data["cell_id"]),
        "state": data["state"],
        "final": is_final(data["state"]),
        "seq": data["seq"],
        "prompt": bounds.text(data["prompt"]),
        "items": [draw.item(entry) for entry in entries(data)],
        "plan": bounds.value(data["plan"]),
        "diff": _remaining_diff(data, bounds),
        "usage": bounds.value(data["usage"]),
        "error": _error(data["error"], bounds),
        "started_at": bounds.value(data["started_at"]),
        "finished_at": bounds.value(data["finished_at"]),
        "codex": {key: bounds.value(settings.get(key)) for key in _CODEX_FIELDS},
    }


def _fitted(view: ViewSettings, items: list[Entry]) -> ViewSettings:
    """The settings with less output of each command when there are very many."""
    written = [len(item.get("output") or "") for item in items if item["type"] == "command"]
    if sum(min(size, view.output_bytes) for size in written) <= OUTPUTS_BYTES:
        return view
    share = max(OUTPUTS_BYTES // len(written), LEAST_OUTPUT_BYTES)
    return replace(view, output_bytes=min(view.output_bytes, share))


def _error(error: dict[str, Any] | None, bounds: Bounds) -> dict[str, Any] | None:
    if error is None:
        return None
    shown = bounds.value(error)
    if isinstance(error.get("details"), str):
        shown["details"] = bounds.text(error["details"], DETAIL_BYTES)
    return shown


def _remaining_diff(data: dict[str, Any], bounds: Bounds) -> str | None:
    """The part of the turn's diff that no completed file change shows, e.g. a shell's edits."""
    if not data["diff"]:
        return None
    shown: dict[str, set[tuple[str, str]]] = {}
    for item in data["items"]:
        if item["type"] == "file_change" and item["status"] in ("completed", "running"):
            for change in item["changes"]:
                marked = {(line.mark, line.text) for line in diff.lines(change.get("diff") or "")}
                for path in (change.get("path"), change.get("move_path")):
                    shown.setdefault(path or "", set()).update(marked)
    rest = [x.text for x in diff.file_changes_from_diff(data["diff"]) if not _is_shown(x, shown)]
    return bounds.text("".join(rest)) if rest else None


def _is_shown(section: diff.FileDiff, shown: dict[str, set[tuple[str, str]]]) -> bool:
    lines = {(line.mark, line.text) for line in section.lines if line.mark in "+-"}
    name = "/" + section.path.lstrip("/")
    return any(("/" + path).endswith(name) and lines <= marked for path, marked in shown.items())


class _Items:
    """Draws the entries of one turn: bounded, paths relative to the working directory."""

    def __init__(self, bounds: Bounds, cwd: str | None) -> None:
        self._bounds = bounds
        self._cwd = cwd
        self._kinds: dict[str, Callable[[Entry], Entry]] = {
            "user_message": self._user_message,
            "command": self._command,
            "file_change": self._file_change,
            "reasoning": self._reasoning,
            "image": self._image,
            "mcp_tool_call": self._tool_call,
            "tool_call": self._tool_call,
            "approval": self._approval,
            "other": self._other,
        }

    def item(self, entry: Entry) -> Entry:
        """The entry as it goes into the bundle."""
        return self._kinds.get(entry["type"], self._bounds.value)(entry)

    def _path(self, path: str | None) -> str | None:
        if not path:
            return path
        shown = relative_path(path, self._cwd) if self._cwd and path.startswith("/") else path
        return clean(shown)

    def _place(self, cwd: str | None) -> str | None:
        """The working directory of a command, when it is not the turn's."""
        return None if cwd == self._cwd else self._path(cwd)

    def _user_message(self, entry: Entry) -> Entry:
        return self._bounds.value({key: entry[key] for key in entry if key != "client_id"})

    def _command(self, entry: Entry) -> Entry:
        kept = {key: value for key, value in entry.items() if key not in ("raw", "output")}
        actions = [
            {key: action[key] for key in ("type", "name", "path", "query") if action.get(key)}
            for action in entry.get("actions") or []
        ]
        for action in actions:
            if "path" in action:
                action["path"] = self._path(action["path"])
        drawn = self._bounds.value(kept | {"actions": actions})
        drawn["cwd"] = self._place(entry.get("cwd"))
        drawn["output"] = self._bounds.output(entry.get("output") or "")
        return drawn

    def _file_change(self, entry: Entry) -> Entry:
        drawn = self._bounds.value({**entry, "changes": []})
        drawn["changes"] = self._changes(entry.get("changes") or [])
        return drawn

    def _changes(self, changes: list[dict[str, Any]]) -> list[dict[str, Any]]:
        left = self._bounds.view.item_bytes
        drawn: list[dict[str, Any]] = []
        for change in changes:
            hunks = change.get("diff") or ""
            added, removed = diff.count(hunks)
            drawn.append(
                {
                    "path": self._path(change.get("path")),
                    "kind": self._bounds.value(change.get("kind")),
                    "move_path": self._path(change.get("move_path")),
                    "added": added,
                    "removed": removed,
                    "diff": self._bounds.text(hunks, left),
                }
            )
            left = max(0, left - byte_length(hunks))
        return drawn

    def _reasoning(self, entry: Entry) -> Entry:
        has_summary = any(part.strip() for part in entry.get("summary") or [])
        return self._bounds.value(entry | ({"content": []} if has_summary else {}))

    def _image(self, entry: Entry) -> Entry:
        data = entry.get("data")
        drawn = self._bounds.value({**entry, "data": None})
        drawn["path"] = self._path(entry.get("path"))
        drawn["data"] = clean(data) if data and len(data) <= IMAGE_BYTES else None
        return drawn

    def _tool_call(self, entry: Entry) -> Entry:
        blocks = entry.get("content") or []
        content = [self._block(block) for block in blocks if not is_beside(entry, block)]
        drawn = self._bounds.value({**entry, "content": [], "structured": None})
        drawn["content"] = content
        if not content and entry.get("structured") is not None:
            drawn["structured"] = self._bounds.value(entry["structured"])
        elif "structured" not in entry:
            del drawn["structured"]
        return drawn

    def _block(self, block: Any) -> Any:
        """A block of a tool's result; an image is whole or left out."""
        if not isinstance(block, dict) or block.get("type") == "text":
            return self._bounds.value(block)
        long = {
            key: value
            for key, value in block.items()
            if isinstance(value, str) and len(value) > DETAIL_BYTES
        }
        drawn = self._bounds.value({k: v for k, v in block.items() if k not in long})
        return drawn | {k: clean(v) if len(v) <= IMAGE_BYTES else None for k, v in long.items()}

    def _approval(self, entry: Entry) -> Entry:
        drawn = self._bounds.value({key: val for key, val in entry.items() if key != "changes"})
        if "cwd" in entry:
            drawn["cwd"] = self._place(entry["cwd"])
        if "changes" in entry:
            drawn["changes"] = self._changes(entry["changes"])
        return drawn

    def _other(self, entry: Entry) -> Entry:
        raw = json.dumps(entry.get("raw"), ensure_ascii=False)
        if byte_length(raw) <= self._bounds.view.output_bytes:
            return self._bounds.value(entry)
        cut = self._bounds.text(raw, self._bounds.view.output_bytes)
        return self._bounds.value({**entry, "raw": None}) | {"raw": {"left_out": cut}}
