"""Where a stream stops writing: what a player yields between its bytes, and the server obeys."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Pause:
    """Go on after `seconds`."""

    seconds: float


@dataclass(frozen=True)
class Wait:
    """Go on when `name` is released."""

    name: str


@dataclass(frozen=True)
class Stall:
    """Never go on; it ends when the client hangs up."""


@dataclass(frozen=True)
class Drop:
    """Cut the connection."""


Hold = Pause | Wait | Stall | Drop
