"""OpenAI Codex in Jupyter: a kernel whose cells are prompts, and a record of what came of them."""

from codex_kernel._version import __version__

__all__ = ["__version__"]
