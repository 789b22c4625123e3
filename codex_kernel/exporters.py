"""The exporters of nbconvert, a host: a notebook in, a document out.

nbconvert finds them by their entry points, and JupyterLab lists them in Save and Export As. Owns
their traits; what a document is, `export` knows. Not imported by anything else here: nbconvert
takes seconds to import.
"""

from __future__ import annotations

from typing import Any

from nbconvert.exporters.exporter import Exporter
from traitlets import Bool, Enum, List, Unicode, default

from codex_kernel.config import CodexSettings, load_config
from codex_kernel.export import notebook
from codex_kernel.export.document import Document, fitted
from codex_kernel.export.page import page
from codex_kernel.export.record import Completing
from codex_kernel.export.redaction import Redaction
from codex_kernel.export.text import text
from codex_kernel.settings import ExportSettings, Settings


class CodexExporter(Exporter):
    """What both have in common; by default as `CodexSettings` has it."""

    variant = Enum(
        ["full", "compact"],
        help="Everything of each turn, or prompt, answer and a line on the rest.",
    ).tag(config=True)
    reasoning = Bool(help="Whether the reasoning is shown.").tag(config=True)
    complete = Bool(
        True, help="Show outputs that the notebook cut in full, where the turn log has them."
    ).tag(config=True)
    secret_patterns = List(
        Unicode(), help="Regular expressions of secrets to leave out, beside the usual ones."
    ).tag(config=True)

    @default("variant")
    def _default_variant(self) -> str:
        return self._settings.export.variant

    @default("reasoning")
    def _default_reasoning(self) -> bool:
        return self._settings.export.reasoning

    @default("secret_patterns")
    def _default_secret_patterns(self) -> list[str]:
        return list(self._settings.export.secret_patterns)

    @property
    def _settings(self) -> Settings:
        return CodexSettings(config=load_config()).settings()

    def document(self, nb: Any, resources: dict[str, Any]) -> Document:
        """The document of a notebook."""
        redaction = Redaction(self.secret_patterns)
        turn_ids = notebook.turn_ids(nb) if self.complete else []
        completing = Completing(self._settings.log, turn_ids, redaction)
        name = str((resources.get("metadata") or {}).get("name") or "Notebook")
        read = notebook.read(nb, name, redaction, completing)
        chosen: Any = {"variant": self.variant, "reasoning": self.reasoning}
        return fitted(read, ExportSettings(**chosen))

    def from_notebook_node(
        self, nb: Any, resources: Any | None = None, **kw: Any
    ) -> tuple[Any, dict[str, Any]]:
        """The notebook as text, as nbconvert calls for it."""
        shown, found = super().from_notebook_node(nb, resources, **kw)
        return self.draw(self.document(shown, found)), found

    def draw(self, document: Document) -> str:
        """The document in the format of this exporter."""
        raise NotImplementedError


class CodexHTMLExporter(CodexExporter):
    """A transcript as one HTML page without scripts."""

    export_from_notebook = "Codex transcript (HTML)"
    output_mimetype = "text/html"

    @default("file_extension")
    def _default_file_extension(self) -> str:
        return ".html"

    def draw(self, document: Document) -> str:
        """As HTML."""
        return page(document)


class CodexMarkdownExporter(CodexExporter):
    """A transcript as one Markdown file without HTML."""

    export_from_notebook = "Codex transcript (Markdown)"
    output_mimetype = "text/markdown"

    @default("file_extension")
    def _default_file_extension(self) -> str:
        return ".md"

    def draw(self, document: Document) -> str:
        """As Markdown."""
        return text(document)
