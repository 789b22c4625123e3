"""Documents as the exporters make them, without nbconvert."""

from __future__ import annotations

from typing import Any

from codex_kernel.export import notebook
from codex_kernel.export.document import Document, fitted
from codex_kernel.export.redaction import Redaction
from codex_kernel.settings import ExportSettings


def document(made: Any, **settings: Any) -> Document:
    """The document of a notebook that no log completes."""
    read = notebook.read(made, "notebook", Redaction(), lambda bundle: bundle)
    return fitted(read, ExportSettings(**settings))
