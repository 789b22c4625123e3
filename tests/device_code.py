"""An app-server that gives out a device code, which the real one only does with a network."""

from __future__ import annotations

import asyncio
from typing import Any


class Codex:
    """What a login asks of an `AppServer`."""

    is_gone = False

    knows_account = True

    def __init__(self) -> None:
        self.gone: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.asked: list[tuple[str, Any]] = []
        self.begun = asyncio.Event()
        self.listeners: list[Any] = []

    async def request(self, method: str, params: Any = None, *_more: Any) -> Any:
        self.asked.append((method, params))
        if method == "account/login/start":
            self.begun.set()
            address = "https://example.org/device"
            return {"loginId": "login-1", "userCode": "AB-12", "verificationUrl": address}
        return {"account": {"type": "chatgpt", "email": "ada@example.org", "planType": "plus"}}

    def subscribe(self, listener: Any) -> Any:
        self.listeners.append(listener)
        return lambda: self.listeners.remove(listener)

    def tell(self, **outcome: Any) -> None:
        message = {"method": "account/login/completed", "params": outcome}
        for listener in list(self.listeners):
            listener(message)

    async def aclose(self) -> None:
        return
