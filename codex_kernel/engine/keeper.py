"""Keeps what a turn overwrites: files that it patches, and the notebook that is open.

The content of a file before a patch is kept in the log (bounded), so that a turn can be undone.
Codex may have applied the patch by the time we hear of it; then the patch is taken back from
the content on disk. Of the open notebook, and of others that pages show, a copy is kept from
the start of the turn: when the turn wrote to one, the editor would lose changes, so the user is
told and can have it back.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import shlex
import stat
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codex_kernel.engine.carried import carried
from codex_kernel.errors import LogError
from codex_kernel.ids import NotebookPath, TurnId, relative_path, stored_path
from codex_kernel.settings import LogSettings
from codex_kernel.turn import patch
from codex_kernel.turn.events import Draft, warning
from codex_kernel.turn.items import only_reads
from codex_kernel.turn.transcript import Transcript
from codex_kernel.turn_log import images, presence

if TYPE_CHECKING:
    from codex_kernel.engine.session import Session


IMAGE_BYTES = 1_000_000
"""Larger images are shown by their path alone."""
IMAGE_SIGNATURES = (b"\x89PNG\r\n", b"\xff\xd8\xff", b"GIF8", b"RIFF")
"""PNG, JPEG, GIF, WebP: nothing else that a path leads to gets into a notebook."""


class Keeper:
    """The before-images of one session's turns."""

    def __init__(self, session: Session, settings: LogSettings) -> None:
        """Nothing is kept yet."""
        self._session = session
        self._settings = settings
        self._own: _Copy | None = None
        self._others: dict[NotebookPath, _Copy] = {}
        self._content: tuple[object, _Content] = (None, _Content(None, {}))

    @property
    def _notebook(self) -> NotebookPath | None:
        """The document that is open, or None; it may be renamed while a turn runs."""
        return self._session.notebook

    async def cell_ids(self) -> set[str] | None:
        """The ids of the cells in the notebook's file, or None when they cannot be read."""
        return (await self._parsed()).cell_ids

    async def carried(self) -> dict[str, str]:
        """What the notebook's file asks for in its metadata."""
        return (await self._parsed()).carried

    async def _parsed(self) -> _Content:
        if self._notebook is None:
            return _Content(None, {})
        self._content = await asyncio.to_thread(_parse, self._notebook, self._content)
        return self._content[1]

    async def begin(self) -> None:
        """Remember the open notebooks as they are when a turn begins."""
        path = self._notebook
        await asyncio.gather(self._copy_own(path), self._copy_others(path))

    async def _copy_own(self, path: NotebookPath | None) -> None:
        if path is not None:
            limit = self._settings.image_bytes_per_turn
            self._own = await asyncio.to_thread(_copy, path, self._own, limit)

    async def _copy_others(self, own: NotebookPath | None) -> None:
        try:
            shown = await presence.shown(self._session.log)
        except LogError:  # then it is not known what is open elsewhere
            shown = set()
        shown -= {own}
        if shown or self._others:
            self._others = await asyncio.to_thread(_copies, shown, self._others, self._settings)

    async def before(self, turn_id: TurnId, drafts: list[Draft]) -> None:
        """Keep the files that the patches among these events are about to change."""
        for draft in drafts:
            if draft["type"] == "item.started" and draft["item"]["type"] == "file_change":
                for change in draft["item"]["changes"]:
                    await self._keep(turn_id, change)

    async def embed(self, drafts: list[Draft]) -> None:
        """Give the images among these events their data: the file may change or go away."""
        for draft in drafts:
            item = draft.get("item") or {}
            if draft["type"] != "item.completed" or item["type"] != "image" or item["data"]:
                continue
            if item["path"]:
                content = await asyncio.to_thread(_read, item["path"], IMAGE_BYTES)
                if content is not None and content.startswith(IMAGE_SIGNATURES):
                    item["data"] = base64.b64encode(content).decode()

    async def _keep(self, turn_id: TurnId, change: dict[str, Any]) -> None:
        path = stored_path(change["path"])
        if path == self._notebook:
            content = None if self._own is None else self._own.content
            await self._note(turn_id, path, content, existed=True)
            return
        content = await asyncio.to_thread(_read, path, self._settings.image_bytes)
        moved_to = change.get("move_path")
        if content is None and moved_to:
            content = await asyncio.to_thread(_read, moved_to, self._settings.image_bytes)
        existed = change["kind"] != "add"
        await self._note(turn_id, path, patch.before(change, content), existed=existed)

    async def _note(
        self, turn_id: TurnId, path: str, content: bytes | None, *, existed: bool
    ) -> None:
        limit = self._settings.image_bytes
        if path == self._notebook:
            limit = self._settings.image_bytes_per_turn
        await self._session.notes.write(
            images.keep_before(
                self._session.log, turn_id, path, content, existed=existed, max_bytes=limit
            )
        )

    async def after(self, transcript: Transcript) -> list[Draft]:
        """What the reader must know about open notebooks when the turn has ended."""
        await self._session.document.locate()
        own = await self._after_own(transcript)
        others = [await self._after_other(transcript, *each) for each in self._others.items()]
        return [*own, *(draft for drafts in others for draft in drafts)]

    async def _after_other(
        self, transcript: Transcript, path: NotebookPath, copy: _Copy
    ) -> list[Draft]:
        if path == self._notebook or not await self._is_written(transcript, path, copy):
            return []
        turn_id = transcript.data["turn_id"]
        await self._note(turn_id, path, copy.content, existed=True)
        name = relative_path(path, self._session.settings.cwd)
        text = f"Codex wrote to {name} while it is open in JupyterLab."
        if copy.content is not None:
            text += (
                " The file as it was when the turn began is kept: "
                f"`jupyter codex show {turn_id} --restore {shlex.quote(name)}` writes it beside "
                "the notebook."
            )
        return [warning(text, "other_notebook")]

    async def _after_own(self, transcript: Transcript) -> list[Draft]:
        path, copy = self._notebook, self._own
        if path is None or copy is None or copy.content is None:
            return []
        if not await self._is_written(transcript, path, copy):
            return []
        turn_id = transcript.data["turn_id"]
        await self._note(turn_id, path, copy.content, existed=True)
        name = os.path.basename(path)
        text = (
            f"Codex wrote to {name} while it is open here. Do not reload it from disk: save it to "
            "keep what you see. The file as it was when the turn began is kept: "
            f"`jupyter codex show {turn_id} --restore {shlex.quote(name)}` writes it beside the "
            "notebook."
        )
        return [warning(text, "open_notebook")]

    async def _is_written(self, transcript: Transcript, path: NotebookPath, copy: _Copy) -> bool:
        """Whether it was the turn that changed a notebook, and not the user who saved it: by what
        is known of its patches and commands, or because it is a notebook no more."""
        if await asyncio.to_thread(_version, path) == copy.version:
            return False
        content = await asyncio.to_thread(_read, path, None)
        if content == copy.content:
            return False
        is_touched = any(_touches(item, path) for item in transcript.data["items"])
        return is_touched or (await asyncio.to_thread(_contents, content)).cell_ids is None


def _touches(item: Mapping[str, Any], path: NotebookPath) -> bool:
    if item["type"] == "file_change" and item["status"] == "completed":
        return path in {stored_path(change["path"]) for change in item["changes"]}
    if item["type"] == "command" and not only_reads(dict(item)):
        return any(name in item["command"] for name in (os.path.basename(path), "*.ipynb"))
    return False


@dataclass(frozen=True)
class _Copy:
    """A notebook at the start of a turn; one that is too large has no content."""

    version: object
    content: bytes | None


@dataclass(frozen=True)
class _Content:
    """What is looked at in a notebook's file."""

    cell_ids: set[str] | None
    carried: dict[str, str]


def _copy(path: NotebookPath, known: _Copy | None, limit: int) -> _Copy:
    """The notebook as it is; what has not changed since it was `known` is not read again."""
    version = _version(path)
    if known is not None and known.version == version:
        return known
    return _Copy(version, _read(path, limit))


def _copies(
    paths: Collection[NotebookPath], known: Mapping[NotebookPath, _Copy], settings: LogSettings
) -> dict[NotebookPath, _Copy]:
    left = settings.image_bytes_per_turn
    copies: dict[NotebookPath, _Copy] = {}
    for path in sorted(paths):
        copies[path] = _copy(path, known.get(path), min(left, settings.image_bytes))
        left -= len(copies[path].content or b"")
    return copies


def _parse(path: NotebookPath, known: tuple[object, _Content]) -> tuple[object, _Content]:
    """The file's version and content; what has not changed since it was `known` stays."""
    version = _version(path)
    if version == known[0]:
        return known
    return version, _contents(_read(path, None))


def _contents(content: bytes | None) -> _Content:
    """A notebook of many turns has megabytes, so it is parsed once for all that is asked."""
    try:
        document = json.loads(content or b"")
    except (ValueError, RecursionError):
        return _Content(None, {})
    return _Content(_cell_ids(document), carried(document))


def _read(path: str, limit: int | None) -> bytes | None:
    """The content of a regular file; None when there is none or it exceeds `limit` bytes."""
    try:
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode) or (limit is not None and status.st_size > limit):
            return None
        return Path(path).read_bytes()
    except OSError:
        return None


def _version(path: str) -> object:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return path, status.st_mtime_ns, status.st_size, status.st_ino


def _cell_ids(document: Any) -> set[str] | None:
    try:
        return {cell["id"] for cell in document["cells"] if "id" in cell}
    except (KeyError, TypeError):
        return None
