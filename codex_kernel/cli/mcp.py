"""`jupyter codex mcp`: the notebooks on the screen, for Codex in a terminal or an editor."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from textwrap import dedent

from codex_kernel.cli.command import Command


class McpApp(Command):
    """Serve the notebook tools over stdin and stdout (MCP), for Codex in a terminal or an editor.

    A program that runs it in a folder can read the notebooks below it, and insert, replace,
    delete and run cells of those that are open in your JupyterLab. Before a cell runs, that
    program asks you; edits can be undone, and are asked for, too, when your settings have the
    sandbox `read-only` or the approval policy `untrusted`.
    """

    name = "jupyter-codex-mcp"
    description = __doc__
    examples = dedent("""\
        codex mcp add notebooks -- jupyter codex mcp
    """)

    def run(self) -> None:
        """Serve until stdin ends."""
        from codex_kernel.tools.rest import RestDocuments
        from codex_kernel.tools.stdio import serve

        documents = RestDocuments(os.getcwd(), Path(self.runtime_dir), os.environ)
        asyncio.run(serve(documents, self.settings().session))
