"""What documents look like, kept in files: `UPDATE_GOLDEN=1 pytest tests/export` writes them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from codex_kernel.export.page import page
from codex_kernel.export.text import text

from . import notebooks
from .documents import document

GOLDEN = Path(__file__).parent / "golden"
VARIANTS: dict[str, dict[str, Any]] = {
    "full": {},
    "compact": {"variant": "compact"},
    "no-reasoning": {"reasoning": False},
}


@pytest.mark.parametrize("name", VARIANTS)
def test_documents_are_the_golden_ones(name: str) -> None:
    made = document(notebooks.everything(), **VARIANTS[name])
    for file, shown in ((f"{name}.html", page(made)), (f"{name}.md", text(made))):
        if os.environ.get("UPDATE_GOLDEN") == "1":
            GOLDEN.mkdir(exist_ok=True)
            (GOLDEN / file).write_text(shown, encoding="utf-8")
        assert (GOLDEN / file).read_text(encoding="utf-8") == shown, file
