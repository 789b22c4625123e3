"""Which files a turn changed, as the pages that may have them open name them.

Reads the record alone: patches as Codex reports them, and the diff of the whole turn. What a
command wrote is in neither, so that there were commands is said. Opens no file.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from codex_kernel.ids import stored_path
from codex_kernel.render.diff import file_changes_from_diff
from codex_kernel.server.models import ChangedFile, ChangedFiles
from codex_kernel.server.routes import Call, Route, unknown
from codex_kernel.server.turns import known_turn
from codex_kernel.turn.items import only_reads
from codex_kernel.turn_log.rows import TurnRow

Change = tuple[str, Any]
"""An absolute path and what happened to the file: add, update or delete."""


async def list_files(call: Call) -> ChangedFiles:
    """The files below the server's root that a turn has changed by now."""
    row = await known_turn(call.log, call.ids["turn_id"])
    transcript = await call.log.transcript(row.turn_id)
    if transcript is None:
        raise unknown("turn", row.turn_id)
    found: dict[str, ChangedFile] = {}
    for absolute, kind in (*_changes(transcript.data), *_own(row, transcript.data)):
        stored = stored_path(absolute)
        path = call.service.api_path(stored)
        if path is not None:
            found[path] = ChangedFile(path=path, kind=kind, is_own_notebook=stored == row.notebook)
    return ChangedFiles(files=list(found.values()), ran_commands=_ran_commands(transcript.data))


def _changes(data: dict[str, Any]) -> Iterator[Change]:
    """The latest change of a file comes last."""
    cwd = data["settings"].get("cwd")
    if data["diff"] and cwd:
        for each in file_changes_from_diff(data["diff"]):
            yield from _moved(os.path.join(cwd, each.path), each.kind, each.move_path, cwd)
    for item in data["items"]:
        if item["type"] == "file_change" and item["status"] == "completed":
            for change in item["changes"]:
                path = os.path.join(cwd or "", change["path"])
                yield from _moved(path, change["kind"], change.get("move_path"), cwd or "")


def _own(row: TurnRow, data: dict[str, Any]) -> Iterator[Change]:
    """The open notebook, when its kernel saw at the end that it was written to."""
    if row.notebook and any(each["kind"] == "open_notebook" for each in data["warnings"]):
        yield row.notebook, "update"


def _moved(path: str, kind: str, move_path: str | None, cwd: str) -> Iterator[Change]:
    if not move_path or move_path == path:
        yield path, kind
        return
    yield path, "delete"
    yield os.path.join(cwd, move_path), "add"


def _ran_commands(data: dict[str, Any]) -> bool:
    """Whether a command was run that Codex did not recognise as only looking at files."""
    return any(item["type"] == "command" and not only_reads(item) for item in data["items"])


ROUTES = (
    Route(
        "GET",
        "turns/{turn_id}/files",
        "The files that a turn changed",
        list_files,
        ChangedFiles,
        problems=(404,),
    ),
)
