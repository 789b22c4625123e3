"""OpenAI Codex in Jupyter: a kernel whose cells are prompts, `%codex`, and a record of both.

`ask` is the Python API, `@tool` lets Codex call a function; `%load_ext codex_kernel` gives
`%codex` and `%%codex`. Nothing else of the package is loaded before one of them is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from codex_kernel._version import __version__

if TYPE_CHECKING:
    from codex_kernel.magic.ask import ask
    from codex_kernel.tools.registry import tool

__all__ = ["__version__", "ask", "tool"]


def __getattr__(name: str) -> Any:
    if name == "ask":
        from codex_kernel.magic.ask import ask

        return ask
    if name == "tool":
        from codex_kernel.tools.registry import tool

        return tool
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def load_ipython_extension(shell: Any) -> None:
    """`%load_ext codex_kernel`."""
    from codex_kernel.magic.extension import load

    load(shell)


def unload_ipython_extension(shell: Any) -> None:
    """`%unload_ext codex_kernel`."""
    from codex_kernel.magic.extension import unload

    unload(shell)


def _jupyter_server_extension_points() -> list[dict[str, object]]:
    """Where Jupyter finds the server extension; loaded only when a server asks."""
    from codex_kernel.server.app import CodexExtension

    return [{"module": "codex_kernel.server.app", "app": CodexExtension}]
