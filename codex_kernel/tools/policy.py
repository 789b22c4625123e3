"""What the settings say about asking the user, alike for sessions of ours and other programs."""

from __future__ import annotations

from codex_kernel.errors import ToolRefused
from codex_kernel.settings import SessionSettings


def needs_no_leave(settings: SessionSettings) -> bool:
    """Whether what leaves the sandbox is done without asking.

    Under the policy `never` nothing is asked: it is refused (raises `ToolRefused`), as Codex does
    with its commands, unless there is no sandbox.
    """
    if settings.approval_policy != "never":
        return False
    if settings.sandbox != "danger-full-access":
        raise ToolRefused("The approval policy is `never`, so the user cannot be asked.")
    return True


def asks_to_write(settings: SessionSettings) -> bool:
    """Whether edits are asked for: where nothing may be written, or everything is to be asked."""
    return settings.sandbox == "read-only" or settings.approval_policy == "untrusted"
