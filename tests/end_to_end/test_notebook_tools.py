"""Codex reads and changes notebooks through our tools; real binary, both tool styles."""

from __future__ import annotations

import json

import pytest

from codex_kernel.scripted_model import ScriptedModel

from .place import Kernel, Place
from .script import cell, say

SERVER = "codex_kernel"


@pytest.fixture(params=["gpt-5.5", "gpt-6.1-sol"])
def slug(request: pytest.FixtureRequest) -> str:
    """Tools called directly, and from JavaScript."""
    return request.param


def test_a_notebook_that_nobody_shows_is_read_from_its_file(
    kernel: Kernel, place: Place, model: ScriptedModel
) -> None:
    other = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [
        {"id": "one", "cell_type": "markdown", "metadata": {}, "source": ["# Su", "ms"]},
    ]}  # fmt: skip
    (place.workspace / "other.ipynb").write_text(json.dumps(other))
    read = ["mcp", SERVER, "notebook_read", {"path": "other.ipynb"}]
    result = kernel.run(cell(read, say("Read.")))
    assert result.status == "ok"
    [call] = result.items("mcp_tool_call")
    assert call["status"] == "completed", call
    text = str(call["content"])
    assert "# Sums" in text
    assert "From the file" in text
    assert "# Sums" in str(model.requests[-1])


def test_the_token_of_the_tools_is_kept_nowhere(kernel: Kernel, place: Place) -> None:
    assert kernel.run(cell(say("Hi."))).status == "ok"
    name = b"CODEX_KERNEL_TOOLS_TOKEN"
    kept = [path for path in place.root.rglob("*") if path.is_file() and name in path.read_bytes()]
    assert kept == []
    told = [" ".join(process.cmdline()) for process in kernel.children()]
    assert any("relay.py" in line for line in told)
    assert not any("TOKEN" in line for line in told)
