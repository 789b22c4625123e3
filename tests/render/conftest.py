"""Turns for the renderers, and the switch that writes their golden files anew.

`UPDATE_GOLDEN=1 pytest tests/render` writes them; read the difference before committing it.
"""

from __future__ import annotations

import os

import pytest


@pytest.fixture
def update_golden() -> bool:
    """Whether golden files are written instead of compared."""
    return os.environ.get("UPDATE_GOLDEN") == "1"
