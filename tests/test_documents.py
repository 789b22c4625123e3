"""What the documentation says in tables is what the code says."""

from __future__ import annotations

from pathlib import Path

import pytest

from docs.reference import PAGES, TABLES, filled


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_tables_are_those_of_the_code(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert filled(text) == text, "run `python -m docs.reference`"


@pytest.mark.parametrize("name", TABLES)
def test_every_table_is_on_a_page(name: str) -> None:
    assert any(f"<!-- begin: {name} -->" in page.read_text(encoding="utf-8") for page in PAGES)
