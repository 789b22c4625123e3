"""What can be asked of Codex as a turn: a prompt, a plan, a review, a compaction.

Each is a function that asks and returns Codex's id of the turn, or `None` when the id only
comes with `turn/started`.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from codex_kernel.app_server.client import AppServer, turn_params
from codex_kernel.errors import RequestRefused, RequestTimedOut
from codex_kernel.ids import TurnId
from codex_kernel.settings import SessionSettings

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Place:
    """Where a turn is asked for: the thread on an app-server and what it is to run with."""

    server: AppServer
    session_id: str
    settings: SessionSettings
    turn_id: TurnId


Ask = Callable[[Place], Awaitable[str | None]]


@dataclass(frozen=True)
class Extras:
    """What goes with one prompt besides its text."""

    images: tuple[str, ...] = ()
    """Paths of files, or `data:` URLs."""
    context: str = ""
    """A text that comes before the prompt."""
    output_schema: Mapping[str, Any] | None = None
    """The JSON schema that the answer has to follow."""
    changes: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Fields of `SessionSettings` that differ for this turn alone."""


NOTHING = Extras()


def prompt(text: str, images: tuple[str, ...] = (), extras: Extras = NOTHING) -> Ask:
    """Ask for a turn with this text; `images` are paths of files."""

    async def ask(place: Place) -> str | None:
        ours = replace(place, settings=replace(place.settings, **extras.changes))
        params = _turn_params(ours, text, (*images, *extras.images), extras.context)
        if extras.output_schema is not None:
            params["outputSchema"] = extras.output_schema
        result = await place.server.request("turn/start", params)
        return result["turn"]["id"]

    return ask


def plan(text: str, images: tuple[str, ...], model: Callable[[], str | None]) -> Ask:
    """Ask for a turn in plan mode: Codex looks, asks and proposes, and changes nothing.

    `model` tells which one the session works with when the turn begins, because the mode has to
    name it. The mode would stay, also after a resume, so the thread is set back at once: the turn
    that has begun is not touched by that (measured with 0.163).
    """

    async def ask(place: Place) -> str | None:
        params = _turn_params(place, text, images)
        settings = {
            "model": place.settings.model or model(),
            "reasoning_effort": place.settings.effort,
            "developer_instructions": None,
        }
        params["collaborationMode"] = {"mode": "plan", "settings": settings}
        result = await place.server.request("turn/start", params)
        usual = {"mode": "default", "settings": settings}
        after = {"threadId": place.session_id, "collaborationMode": usual}
        try:
            await place.server.request("thread/settings/update", after)
        except (RequestRefused, RequestTimedOut) as failure:  # the turn runs, and must be watched
            logger.warning("The session stays in plan mode: %s", failure)
        return result["turn"]["id"]

    return ask


def _turn_params(
    place: Place, text: str, images: tuple[str, ...], context: str = ""
) -> dict[str, Any]:
    content: list[dict[str, Any]] = [{"type": "text", "text": each} for each in (context, text)]
    content = [each for each in content if each["text"]] + [_image(image) for image in images]
    return turn_params(place.settings, place.session_id, content, place.turn_id)


def _image(image: str) -> dict[str, str]:
    if image.startswith("data:"):
        return {"type": "image", "url": image}
    return {"type": "localImage", "path": image}


def review(instructions: str | None) -> Ask:
    """Ask for a review of the uncommitted changes, or of what the instructions name."""
    target = (
        {"type": "custom", "instructions": instructions}
        if instructions
        else {"type": "uncommittedChanges"}
    )

    async def ask(place: Place) -> str | None:
        params = {"threadId": place.session_id, "target": target}
        result = await place.server.request("review/start", params)
        return result["turn"]["id"]

    return ask


def compact() -> Ask:
    """Ask to shorten the history."""

    async def ask(place: Place) -> str | None:
        await place.server.request("thread/compact/start", {"threadId": place.session_id})
        return None

    return ask
