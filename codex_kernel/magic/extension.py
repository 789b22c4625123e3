"""`%load_ext codex_kernel` and `%unload_ext codex_kernel`: what IPython gets, and gives back.

Loading starts nothing: the first prompt (or Tab in one) does.
"""

from __future__ import annotations

import sys
from typing import Any

from codex_kernel.magic.line import CodexAssign, CodexLine
from codex_kernel.magic.magics import CodexMagics

TRANSFORMERS = (CodexLine, CodexAssign)


def load(shell: Any) -> None:
    """Give IPython the magics, their completion and their prompts that end in `?`."""
    magics = CodexMagics(shell=shell)
    shell.register_magics(magics)
    shell.input_transformer_manager.token_transformers.extend(TRANSFORMERS)
    shell.Completer.custom_matchers.append(_Matcher(magics))


def unload(shell: Any) -> None:
    """Take everything back; ends what runs, and Codex."""
    manager = shell.magics_manager
    for kind in ("line", "cell"):
        manager.magics[kind].pop("codex", None)
    manager.registry.pop(CodexMagics.__name__, None)
    kept = shell.input_transformer_manager.token_transformers
    kept[:] = [each for each in kept if each not in TRANSFORMERS]
    matchers = shell.Completer.custom_matchers
    matchers[:] = [each for each in matchers if not isinstance(each, _Matcher)]
    if host := sys.modules.get("codex_kernel.magic.host"):
        host.close()


class _Matcher:
    """IPython's matcher of ours; what it needs is loaded by the first Tab."""

    matcher_priority = 1000.0
    matcher_identifier = "codex"
    matcher_api_version = 2

    def __init__(self, magics: CodexMagics) -> None:
        self._magics = magics
        self.__qualname__ = self.matcher_identifier

    def __call__(self, context: Any) -> Any:
        if "%codex" not in context.full_text:
            return {"completions": []}
        from codex_kernel.magic.completion import match

        return match(context, self._magics.parser)
