"""Codex from Python: `%codex` and `%%codex` in IPython, `ask` anywhere."""
