"""The MIME bundle of a turn's output in a notebook.

The final one carries our MIME type, HTML for everyone without our renderer, and the answer as
plain text; a live one our MIME type and a line of text.
"""

from __future__ import annotations

from typing import Any

from codex_kernel.render import markdown
from codex_kernel.render.bounds import Bounds
from codex_kernel.render.html import from_bundle
from codex_kernel.render.picture import picture
from codex_kernel.render.text import plain, short
from codex_kernel.settings import ViewSettings

MIME = "application/vnd.codex.turn.v1+json"


def bundle(data: dict[str, Any], view: ViewSettings) -> dict[str, Any]:
    """The content of our MIME type for a transcript, see `turn.schema.json`."""
    return picture(data, view)


def mime_bundle(data: dict[str, Any], view: ViewSettings, *, final: bool) -> dict[str, Any]:
    """The output of a turn: what `display_data` and `update_display_data` carry as `data`."""
    content = picture(data, view)
    if not final:
        return {MIME: content, "text/plain": short(data)}
    return {MIME: content, "text/html": from_bundle(content), "text/plain": plain(data, view)}


def live_bundle(data: dict[str, Any], view: ViewSettings) -> dict[str, Any]:
    """The output while the turn runs, with HTML for frontends without our renderer."""
    live = mime_bundle(data, view, final=False)
    return {**live, "text/html": from_bundle(live[MIME])}


def draw_ahead(text: str, data: dict[str, Any], view: ViewSettings) -> None:
    """Draw a text that is complete: the end of the turn need not wait for it then."""
    markdown.to_html(Bounds(view, data["turn_id"]).text(text))
