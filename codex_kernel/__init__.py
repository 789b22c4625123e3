"""OpenAI Codex in Jupyter: a kernel whose cells are prompts, and a record of what came of them."""

from codex_kernel._version import __version__

__all__ = ["__version__"]


def _jupyter_server_extension_points() -> list[dict[str, object]]:
    """Where Jupyter finds the server extension; loaded only when a server asks."""
    from codex_kernel.server.app import CodexExtension

    return [{"module": "codex_kernel.server.app", "app": CodexExtension}]
