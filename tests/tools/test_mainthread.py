"""Functions run on the main thread for others, can be stopped there, and leave it as it was."""

from __future__ import annotations

import concurrent.futures
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from codex_kernel.engine.portal import Portal
from codex_kernel.errors import KernelBusy, ToolStopped
from codex_kernel.tools import mainthread
from codex_kernel.tools.mainthread import MainThread

SECONDS = 30.0


def nowhere(_function: Callable[[], None]) -> None:
    """A host whose main thread never comes to it between cells."""


@pytest.fixture
def portal() -> Iterator[Portal]:
    portal = Portal()
    before = signal.getsignal(signal.SIGINT)
    yield portal
    assert signal.getsignal(signal.SIGINT) is before
    portal.close()


@pytest.fixture
def main_thread() -> MainThread:
    return MainThread(nowhere)


def served(
    portal: Portal, main_thread: MainThread, function: Callable[[], Any], seconds: float = SECONDS
) -> Any:
    """The value of a function that another thread wants, while this one waits for it."""
    future = portal.submit(main_thread.run(function, seconds))
    main_thread.serve(future)
    return future.result(SECONDS)


def test_it_runs_on_the_main_thread(portal: Portal, main_thread: MainThread) -> None:
    assert served(portal, main_thread, threading.current_thread) is threading.main_thread()


def test_what_it_raises_comes_back_also_an_exit(portal: Portal, main_thread: MainThread) -> None:
    def leave() -> None:
        raise SystemExit(3)

    with pytest.raises(ToolStopped, match="SystemExit"):
        served(portal, main_thread, leave)
    with pytest.raises(ZeroDivisionError):
        served(portal, main_thread, lambda: 1 // 0)
    assert served(portal, main_thread, lambda: 42) == 42


def test_a_time_limit_interrupts_it_where_it_is(portal: Portal, main_thread: MainThread) -> None:
    interrupted: list[bool] = []

    def sleep() -> None:
        try:
            time.sleep(3600)
        except KeyboardInterrupt:
            interrupted.append(True)
            raise

    with pytest.raises(ToolStopped, match=r"after 0\.1 s"):
        served(portal, main_thread, sleep, 0.1)
    assert interrupted == [True]


def test_what_ignores_an_interrupt_is_left_to_itself(
    portal: Portal, main_thread: MainThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mainthread, "STOP_SECONDS", 0.1)
    over = threading.Event()

    def stubborn() -> None:
        while not over.is_set():
            try:
                over.wait(3600)
            except KeyboardInterrupt:
                continue

    future = portal.submit(main_thread.run(stubborn, 0.1))
    future.add_done_callback(lambda _: over.set())
    main_thread.serve(future)
    with pytest.raises(ToolStopped, match="does not react"):
        future.result(SECONDS)


def test_nobody_there_is_busy_and_nothing_runs_later(
    portal: Portal, main_thread: MainThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mainthread, "BEGIN_SECONDS", 0.05)
    ran: list[bool] = []
    with pytest.raises(KernelBusy):
        portal.submit(main_thread.run(lambda: ran.append(True), SECONDS)).result(SECONDS)
    main_thread.run_waiting()
    assert ran == []


def test_cancelling_interrupts_it(portal: Portal, main_thread: MainThread) -> None:
    future: concurrent.futures.Future[Any]

    def sleep() -> None:
        threading.Thread(target=future.cancel).start()
        time.sleep(3600)

    future = portal.submit(main_thread.run(sleep, SECONDS))
    began = time.monotonic()
    main_thread.serve(future)
    while main_thread._waiting.qsize():  # the wake-up of the future itself
        main_thread.run_waiting()
    assert time.monotonic() - began < SECONDS


def test_a_users_interrupt_ends_it_and_is_told_to_whom_it_belongs(
    portal: Portal, main_thread: MainThread
) -> None:
    told: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _frame: told.append(number))

    def sleep() -> None:
        threading.Thread(target=os.kill, args=(os.getpid(), signal.SIGINT)).start()
        time.sleep(3600)

    try:
        with pytest.raises(ToolStopped, match="user interrupted"):
            served(portal, main_thread, sleep)
    finally:
        signal.signal(signal.SIGINT, before)
    assert told == [signal.SIGINT]


def test_a_wait_within_a_wait_serves_both(portal: Portal, main_thread: MainThread) -> None:
    def outer() -> int:
        return served(portal, main_thread, lambda: 20) + 1

    assert served(portal, main_thread, lambda: 2 * outer()) == 42


def test_waiting_on_another_thread_waits_only(portal: Portal, main_thread: MainThread) -> None:
    future = portal.submit(main_thread.run(threading.current_thread, SECONDS))
    other = threading.Thread(target=main_thread.serve, args=(future,))
    other.start()
    main_thread.serve(future)
    other.join(SECONDS)
    assert future.result() is threading.main_thread()
