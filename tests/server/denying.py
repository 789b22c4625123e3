"""A deployer's authorizer that allows nothing."""

from __future__ import annotations

from typing import Any

from jupyter_server.auth.authorizer import Authorizer


class Denying(Authorizer):
    """No."""

    def is_authorized(self, handler: Any, user: Any, action: str, resource: str) -> bool:
        """Nobody may do anything with Codex; the rest of the server works."""
        return resource != "codex"
