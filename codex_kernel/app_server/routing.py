"""Which messages of the app-server go to whom.

Owns the mailboxes: one `Channel` per thread that somebody opened, to which the messages of its
sub-agents' threads go too, each with its own `threadId`. What comes for a thread before it is
opened is kept (bounded) and handed over. Refuses to know what messages mean for a turn.

A channel is unbounded and its reader's affair: nothing here waits, so a slow reader never holds
up another thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from codex_kernel.app_server.deltas import TEXT
from codex_kernel.errors import AppServerGone

Message = dict[str, Any]
Listener = Callable[[Message], None]

UNCLAIMED_SECONDS = 5.0
"""How long a question may wait for its thread to be opened; then it is refused, or the turn that
asked would wait for ever."""
KEPT_MESSAGES = 10_000
"""Messages kept for one thread that nobody has opened; the oldest notifications go first."""
KEPT_THREADS = 64
"""Threads for which messages are kept: on a shared app-server most are not ours."""


class Channel:
    """The messages of one thread, in order of arrival. Made by `Router.open`."""

    def __init__(self, thread_id: str, close: Callable[[Channel], None]) -> None:
        self.thread_id = thread_id
        self._close = close
        self._messages: list[Message] = []
        self._news = asyncio.Event()
        self._is_urgent = asyncio.Event()
        self._gone: AppServerGone | None = None
        self._is_closed = False

    @staticmethod
    def is_text(message: Message) -> bool:
        """Whether the message only adds text, so that more may be awaited before it is shown."""
        return message["method"] in TEXT

    async def batch(self, linger_seconds: float = 0.0) -> list[Message]:
        """All messages since the last call; waits for the first.

        With `linger_seconds`, waits that much longer while nothing but text comes. Empty when the
        channel was closed. Raises AppServerGone when the app-server has ended and everything
        before that was taken.
        """
        await self._news.wait()
        if linger_seconds > 0 and not self._is_urgent.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._is_urgent.wait(), linger_seconds)
        messages, self._messages = self._messages, []
        if not messages and self._gone is not None and not self._is_closed:
            raise AppServerGone(self._gone.message, next_step=self._gone.next_step)
        if self._gone is None and not self._is_closed:
            self._news.clear()
            self._is_urgent.clear()
        return messages

    def close(self) -> None:
        """Let go of the thread; whoever waits in `batch` gets an empty one."""
        self._close(self)
        self._is_closed = True
        self._messages.clear()
        self._wake()

    def put(self, message: Message) -> None:
        """Add a message (for the router)."""
        if self._is_closed:
            return
        if not self._messages:
            self._news.set()
        self._messages.append(message)
        if message["method"] not in TEXT:
            self._is_urgent.set()

    def end(self, gone: AppServerGone) -> None:
        """There will be no more messages (for the router)."""
        self._gone = gone
        self._wake()

    def _wake(self) -> None:
        self._is_urgent.set()
        self._news.set()


class Router:
    """Sorts messages by thread. `refuse` is called with requests that nobody can answer.

    `is_shared`: others use the app-server too, so only requests of threads that were opened here
    are ours to refuse.
    """

    def __init__(self, refuse: Listener, *, is_shared: bool = False) -> None:
        self._refuse = refuse
        self._is_shared = is_shared
        self._channels: dict[str, Channel] = {}
        self._children: dict[str, str] = {}
        self._kept: dict[str, list[Message]] = {}
        self._listeners: list[Listener] = []
        self._gone: AppServerGone | None = None
        self._own: set[str] = set()

    def open(self, thread_id: str) -> Channel:
        """A channel with everything that came for the thread so far and from now on."""
        channel = Channel(thread_id, self._forget)
        self._channels[thread_id] = channel
        self._own.add(thread_id)
        for message in self._kept.pop(thread_id, []):
            channel.put(message)
            self._adopt_children(message, thread_id)
        if self._gone is not None:
            channel.end(self._gone)
        return channel

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` with every notification that belongs to no thread; returns the end."""
        self._listeners.append(listener)

        def unsubscribe() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return unsubscribe

    def take(self, batch: list[Message]) -> None:
        """Sort messages in, in order."""
        for message in batch:
            params: Message = message.get("params") or {}
            thread_id = params.get("threadId")
            if thread_id is None:
                self._take_global(message, params)
                continue
            channel = self._channels.get(thread_id) or self._channel_of(thread_id)
            if channel is None:
                self._keep(thread_id, message)
                continue
            channel.put(message)
            if message["method"] in ("item/started", "item/completed"):
                self._adopt_children(message, thread_id)

    def end(self, gone: AppServerGone) -> None:
        """The app-server has ended: tell every channel."""
        self._gone = gone
        self._kept.clear()
        for channel in self._channels.values():
            channel.end(gone)

    def _channel_of(self, thread_id: str) -> Channel | None:
        channel = self._channels.get(thread_id)
        while channel is None and thread_id in self._children:
            thread_id = self._children[thread_id]
            channel = self._channels.get(thread_id)
        return channel

    def _take_global(self, message: Message, params: Message) -> None:
        if "id" in message:
            self._refuse(message)
            return
        if message["method"] == "thread/started":
            thread = params.get("thread") or {}
            self._adopt(thread.get("id"), thread.get("parentThreadId"))
        for listener in list(self._listeners):
            listener(message)

    def _adopt_children(self, message: Message, thread_id: str) -> None:
        # Sub-agents begin unasked; the parent's item is the first to name their threads.
        item = (message.get("params") or {}).get("item") or {}
        if item.get("type") == "collabAgentToolCall":
            for child in item.get("receiverThreadIds") or []:
                self._adopt(child, thread_id)
        elif item.get("type") == "subAgentActivity":
            self._adopt(item.get("agentThreadId"), thread_id)

    def _adopt(self, child: str | None, parent: str | None) -> None:
        if (
            not child
            or not parent
            or child == parent
            or child in self._children
            or child in self._channels
        ):
            return
        self._children[child] = parent
        channel = self._channel_of(child)
        if channel is not None:
            for message in self._kept.pop(child, []):
                channel.put(message)
                self._adopt_children(message, child)

    def _keep(self, thread_id: str, message: Message) -> None:
        kept = self._kept.setdefault(thread_id, [])
        kept.append(message)
        if "id" in message:
            asyncio.get_running_loop().call_later(
                UNCLAIMED_SECONDS, self._refuse_unclaimed, thread_id, message
            )
        if len(kept) > KEPT_MESSAGES:
            del kept[next((at for at, old in enumerate(kept) if "id" not in old), 0)]
        while len(self._kept) > KEPT_THREADS:
            oldest = next(iter(self._kept))
            for dropped in self._kept.pop(oldest):
                if "id" in dropped:
                    self._refuse_ours(oldest, dropped)

    def _refuse_unclaimed(self, thread_id: str, request: Message) -> None:
        kept = self._kept.get(thread_id, [])
        if request in kept and self._gone is None:
            kept.remove(request)
            self._refuse_ours(thread_id, request)

    def _refuse_ours(self, thread_id: str, request: Message) -> None:
        if not self._is_shared or self._root(thread_id) in self._own:
            self._refuse(request)

    def _root(self, thread_id: str) -> str:
        while thread_id in self._children:
            thread_id = self._children[thread_id]
        return thread_id

    def _forget(self, channel: Channel) -> None:
        if self._channels.get(channel.thread_id) is channel:
            del self._channels[channel.thread_id]
