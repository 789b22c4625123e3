"""Leak check for every test of `rpc`: no process, no task."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import psutil
import pytest


@pytest.fixture(autouse=True)
async def nothing_left() -> AsyncIterator[None]:
    """No child process and no asyncio task outlives a test."""
    me = psutil.Process()
    children = set(me.children(recursive=True))
    tasks = asyncio.all_tasks()
    yield
    left = [child for child in me.children(recursive=True) if child not in children]
    assert left == []
    now = {task for task in asyncio.all_tasks() if not task.done()}
    assert now - tasks == {asyncio.current_task()}
