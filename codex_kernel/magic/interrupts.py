"""Ctrl-C and Stop while something of the main thread waits for a run.

Whoever owns the signal otherwise may do nothing with it meanwhile: ipykernel's handler waits for
the loop that a blocking call holds up, and IPython's terminal leaves an awaiting cell behind.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

_stops: list[Callable[[], None]] = []
_before: Any = None


@contextmanager
def watched(stop: Callable[[], None]) -> Iterator[None]:
    """Have an interrupt call `stop`, and nothing else, as long as this lasts.

    Many may be watched at once and end in any order. Signals come to the main thread only: on
    another one nothing is watched.
    """
    global _before
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    if signal.getsignal(signal.SIGINT) is not _interrupted:
        _before = signal.signal(signal.SIGINT, _interrupted)
    _stops.append(stop)
    try:
        yield
    finally:
        _stops.remove(stop)
        if not _stops and signal.getsignal(signal.SIGINT) is _interrupted:
            signal.signal(signal.SIGINT, _before)


def _interrupted(*_signal: object) -> None:
    for stop in list(_stops):
        stop()
