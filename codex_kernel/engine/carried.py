"""What a notebook's file itself asks for, in its metadata: it travels with the file.

`metadata.codex` may hold `model`, `effort`, `sandbox` and `approval_policy`, so that a shared
notebook behaves alike. A file may come from anywhere: what would give Codex more freedom than
the user's own settings is not taken, it is told.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from codex_kernel.settings import APPROVAL_POLICIES, SANDBOXES, SessionSettings

KEY = "codex"
MAX_TEXT = 200
_ORDERED: dict[str, tuple[str, ...]] = {
    "sandbox": SANDBOXES,
    "approval_policy": APPROVAL_POLICIES,
}
"""Settings that bound what Codex may do, the strictest value first."""
_NAMES = {"sandbox": ("the sandbox", "/sandbox"), "approval_policy": ("approvals", "/approvals")}


def carried(document: Any) -> dict[str, str]:
    """What the metadata of a notebook asks for, as far as that is understood."""
    try:
        asked = document["metadata"][KEY]
        found = {name: asked[name] for name in ("model", "effort", *_ORDERED) if name in asked}
    except (KeyError, TypeError):
        return {}
    return {name: value for name, value in found.items() if _is_sound(name, value)}


def _is_sound(name: str, value: Any) -> bool:
    if not isinstance(value, str) or not 0 < len(value) <= MAX_TEXT:
        return False
    return value in _ORDERED.get(name, (value,))


def trusted(asked: Mapping[str, str], own: SessionSettings) -> dict[str, str]:
    """What of it holds without asking: all but what is wider than the user's own settings."""
    return {name: value for name, value in asked.items() if not _is_wider(name, value, own)}


def refusals(asked: Mapping[str, str], own: SessionSettings) -> list[str]:
    """A sentence for each that does not hold, with how to allow it."""
    return [
        f"The notebook asks for {_NAMES[name][0]} `{value}`, which is wider than yours: "
        f"`{getattr(own, name)}` holds. `{_NAMES[name][1]} {value}` in a cell allows it here."
        for name, value in asked.items()
        if _is_wider(name, value, own)
    ]


def _is_wider(name: str, value: str, own: SessionSettings) -> bool:
    order = _ORDERED.get(name)
    return order is not None and order.index(value) > order.index(getattr(own, name))
