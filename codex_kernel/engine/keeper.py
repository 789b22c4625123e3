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
import hashlib
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
        self._copy: bytes | None = None
        self._others: dict[NotebookPath, _Copy] = {}
        self._carried: tuple[object, dict[str, str]] = (None, {})

    @property
    def _notebook(self) -> NotebookPath | None:
        """The document that is open, or None; it may be renamed while a turn runs."""
        return self._session.notebook

    async def cell_ids(self) -> set[str] | None:
        """The ids of the cells in the notebook's file, or None when they cannot be read."""
        if self._notebook is None:
            return None
        return _cell_ids(await asyncio.to_thread(_read, self._notebook, None))

    async def carried(self) -> dict[str, str]:
        """What the notebook's file asks for in its metadata; read again only when it changed."""
        if self._notebook is None:
            return {}
        version = await asyncio.to_thread(_version, self._notebook)
        if version != self._carried[0]:
            self._carried = version, await asyncio.to_thread(_read_carried, self._notebook)
        return self._carried[1]

    async def begin(self) -> None:
        """Remember the open notebook as it is when a turn begins."""
        if self._notebook is not None:
            limit = self._settings.image_bytes_per_turn
            self._copy = await asyncio.to_thread(_read, self._notebook, limit)
        try:
            shown = await presence.shown(self._session.log)
        except LogError:  # then it is not known what is open elsewhere
            shown = set()
        shown -= {self._notebook}
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
            await self._note(turn_id, path, self._copy, existed=True)
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
        if await asyncio.to_thread(_version, path) == copy.version or path == self._notebook:
            return []
        content = await asyncio.to_thread(_read, path, None)
        if content == copy.content or not _has_written(transcript, path, content):
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
        if self._notebook is None or self._copy is None:
            return []
        content = await asyncio.to_thread(_read, self._notebook, None)
        if content is not None and _digest(content) == _digest(self._copy):
            return []
        if not _has_written(transcript, self._notebook, content):
            return []
        turn_id = transcript.data["turn_id"]
        await self._note(turn_id, self._notebook, self._copy, existed=True)
        name = os.path.basename(self._notebook)
        text = (
            f"Codex wrote to {name} while it is open here. Do not reload it from disk: save it to "
            "keep what you see. The file as it was when the turn began is kept: "
            f"`jupyter codex show {turn_id} --restore {shlex.quote(name)}` writes it beside the "
            "notebook."
        )
        return [warning(text, "open_notebook")]


def _has_written(transcript: Transcript, path: NotebookPath, content: bytes | None) -> bool:
    """Whether it was the turn that changed a notebook, and not the user who saved it: by what is
    known of its patches and commands, or because it is a notebook no more."""
    is_touched = any(_touches(item, path) for item in transcript.data["items"])
    return is_touched or _cell_ids(content) is None


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


def _copies(
    paths: Collection[NotebookPath], known: Mapping[NotebookPath, _Copy], settings: LogSettings
) -> dict[NotebookPath, _Copy]:
    """The notebooks as they are; what has not changed since it was `known` is not read again."""
    left = settings.image_bytes_per_turn
    copies: dict[NotebookPath, _Copy] = {}
    for path in sorted(paths):
        version = _version(path)
        copy = known.get(path)
        if copy is None or copy.version != version:
            copy = _Copy(version, _read(path, min(left, settings.image_bytes)))
        left -= len(copy.content or b"")
        copies[path] = copy
    return copies


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


def _read_carried(path: str) -> dict[str, str]:
    return carried(_read(path, None))


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _cell_ids(content: bytes | None) -> set[str] | None:
    try:
        cells = json.loads(content or b"")["cells"]
        return {cell["id"] for cell in cells if "id" in cell}
    except (ValueError, KeyError, TypeError):
        return None
