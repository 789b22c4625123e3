"""What a turn can be doing when the world ends around it, and how a test gets there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psutil

from .place import MIME, Kernel, Place, processes_of, wait_until
from .script import cell, say

ORPHAN = "sleep 602"
"""The command of the situation `command`. A number alone is found in ids of kernels, too."""

PROMPTS: dict[str, str] = {
    "text": cell([say("Half a sentence"), ["wait", "never"]]),
    "command": cell(["run", ORPHAN, {"yield_time_ms": 30_000}], say("no")),
    "approval": cell(["escalate", "touch ../never.txt", "May I?"], say("no")),
}
_SIGNS = {"text": "Half a sentence", "command": "running", "approval": "waiting"}


def begin(kernel: Kernel, situation: str, **options: Any) -> tuple[str, dict[str, Any]]:
    """Send the prompt and wait until it is so; the request's id and the bundle shown last."""
    request = kernel.send(
        PROMPTS[situation], **{"allow_stdin": True, "cell_id": "a-cell", **options}
    )
    messages = kernel.until(request, shows(_SIGNS[situation]))
    if situation == "command":
        wait_until(lambda: any(ORPHAN in _words(child) for child in kernel.children()))
    return request, messages[-1]["content"]["data"][MIME]


def shows(text: str) -> Callable[[dict[str, Any]], bool]:
    """Whether a message shows a turn with this text in an item, or in this state."""

    def found(message: dict[str, Any]) -> bool:
        bundle = message["content"].get("data", {}).get(MIME, {})
        return text == bundle.get("state") or text in str(bundle.get("items", ""))

    return found


def app_servers(kernel: Kernel) -> list[psutil.Process]:
    """The app-servers of a kernel."""
    return [child for child in kernel.children() if "app-server" in child.cmdline()]


def wait_for_no_orphan(place: Place) -> None:
    """The command of the situation `command` has ended, wherever it went."""
    wait_until(lambda: not has_orphan(place), seconds=10)


def has_orphan(place: Place) -> bool:
    """Whether that command runs."""
    return any(ORPHAN in _words(process) for process in processes_of(place))


def _words(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""
