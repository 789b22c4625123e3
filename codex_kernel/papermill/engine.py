"""The engine `codex` of papermill, which is papermill's own.

Engines and file systems are all that papermill loads from other packages, and it loads every
engine when it is imported: that is how it comes to know how parameters are written for the
language `codex`. Nobody has to ask for the engine.
"""

from __future__ import annotations

from papermill.engines import NBClientEngine
from papermill.translators import papermill_translators

from codex_kernel.papermill.parameters import CodexParameters

papermill_translators.register("codex", CodexParameters)


class CodexEngine(NBClientEngine):
    """Runs a notebook as papermill does."""
