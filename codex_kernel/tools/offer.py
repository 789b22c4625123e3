"""Which tools a host offers to its session: what ties the tools to the engine."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from codex_kernel.engine.engine import Offer
from codex_kernel.engine.session import Session
from codex_kernel.settings import Settings
from codex_kernel.tools.documents import SessionDocuments
from codex_kernel.tools.notebooks import Notebooks
from codex_kernel.tools.server import offered
from codex_kernel.tools.session import SessionCaller
from codex_kernel.tools.tool import Tool
from codex_kernel.tools.wire import Toolbox

logger = logging.getLogger(__name__)


def offer(settings: Settings, more: Toolbox = tuple, *, holds_prompts: bool) -> Offer | None:
    """Notebook tools and `more` for an `Engine`; None when they are off or cannot be reached.

    An app-server on another machine could not start our relay. `holds_prompts`: the cells of the
    host's notebook are prompts.
    """
    endpoint = settings.app_server.endpoint
    if not settings.session.tools or (endpoint is not None and not endpoint.startswith("unix:")):
        return None

    @asynccontextmanager
    async def serve(session: Session) -> AsyncIterator[Mapping[str, object]]:
        notebooks = Notebooks(SessionDocuments(session, holds_prompts=holds_prompts)).tools()
        caller = SessionCaller(session)

        def tools() -> Sequence[Tool]:
            return (*more(), *notebooks)

        async with offered(
            tools, lambda _connection: caller, settings.log.folder, session.reopen_soon
        ) as config:
            yield config

    return serve
