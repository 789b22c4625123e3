"""The exporters as nbconvert and JupyterLab use them."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbconvert.exporters import get_export_names, get_exporter
from traitlets.config import Config

from codex_kernel.export.record import Completing
from codex_kernel.export.redaction import Redaction
from codex_kernel.ids import TurnId
from codex_kernel.settings import LogSettings
from codex_kernel.turn.events import Draft, turn_ended
from codex_kernel.turn.transcript import fold
from codex_kernel.turn_log.log import TurnLog

from ..render import turns
from . import notebooks

LINES = "".join(f"line {number}\n" for number in range(1000))
KEY = "sk-" + "proj-Abcdefghij0123456789"


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder of its own, and nothing of the user's configuration."""
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("JUPYTER_NO_CONFIG", "1")
    monkeypatch.setenv("CODEX_KERNEL_DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "data"


def long_turn(prompt: str = "Do it", output: str = LINES) -> list[Draft]:
    command = turns.done("command", command="cat log", output=output)
    return [*turns.begun(prompt), command, turn_ended("completed")]


def record(folder: Path, drafts: list[Draft]) -> None:
    """Have the turn in the log."""

    async def write() -> None:
        async with TurnLog.open(LogSettings(folder=folder)) as log:
            made, _ = await log.begin(TurnId(turns.TURN), drafts[0])
            await made.append(drafts[1:])

    asyncio.run(write())


def exported(to: str, made: Any, **config: Any) -> str:
    exporter = get_exporter(to)(config=Config({"CodexExporter": config}))
    shown, resources = exporter.from_notebook_node(made)
    assert resources["output_extension"] == exporter.file_extension
    return shown


def cut() -> Any:
    """A notebook that left out most of an output."""
    data = fold(turns.stamped(long_turn()))
    return notebooks.notebook(notebooks.turn_cell(data))


def test_nbconvert_and_the_menu_of_lab_know_them() -> None:
    assert {"codex_html", "codex_markdown"} <= set(get_export_names())
    for name, suffix, mime in (
        ("codex_html", ".html", "text/html"),
        ("codex_markdown", ".md", "text/markdown"),
    ):
        exporter = get_exporter(name)()
        assert exporter.export_from_notebook.startswith("Codex transcript")
        assert (exporter.file_extension, exporter.output_mimetype) == (suffix, mime)


@pytest.mark.parametrize("to", ["codex_html", "codex_markdown"])
def test_what_the_notebook_cut_comes_from_the_log(to: str, data: Path) -> None:
    assert "line 500\n" not in exported(to, cut())
    record(data, long_turn())
    shown = exported(to, cut())
    assert "line 500\n" in shown
    assert "left out" not in shown
    assert "line 500\n" not in exported(to, cut(), complete=False)


def test_the_log_completes_only_the_same_turn_and_takes_secrets_out(data: Path) -> None:
    record(data, long_turn("Another prompt"))
    assert "line 500\n" not in exported("codex_html", cut())
    completing = Completing(LogSettings(folder=data), [turns.TURN], Redaction([r"line \d+"]))
    bundle = cut().cells[0].outputs[0].data["application/vnd.codex.turn.v1+json"]
    forged = {**bundle, "prompt": "Another prompt"}
    [item] = [item for item in completing(forged)["items"] if item["type"] == "command"]
    assert set(item["output"].split("\n")) == {"[redacted]", ""}


def test_a_log_that_cannot_be_read_leaves_what_the_notebook_has(data: Path) -> None:
    data.mkdir()
    (data / "turns.sqlite").write_text("no database" * 1000)
    assert "cat log" in exported("codex_html", cut())


def test_traits_choose_the_variant_the_reasoning_and_the_secrets() -> None:
    made = notebooks.everything()
    assert "5 commands" in exported("codex_html", made, variant="compact")
    assert "Looking around" not in exported("codex_markdown", made, reasoning=False)
    assert "circle" not in exported("codex_markdown", made, secret_patterns=["(?i)circles?"])


def test_settings_are_the_defaults_of_the_traits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CODEX_KERNEL_EXPORT_VARIANT", "compact")
    monkeypatch.setenv("CODEX_KERNEL_EXPORT_REASONING", "False")
    monkeypatch.setenv("CODEX_KERNEL_SECRET_PATTERNS", '["ACME"]')
    exporter = get_exporter("codex_html")()
    assert (exporter.variant, exporter.reasoning) == ("compact", False)
    assert exporter.secret_patterns == ["ACME"]


def test_the_command_of_nbconvert_writes_a_page(tmp_path: Path) -> None:
    nbformat.write(notebooks.everything(), str(tmp_path / "circles.ipynb"))
    done = subprocess.run(
        [sys.executable, "-m", "nbconvert", "--to", "codex_html", "circles.ipynb"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "<title>A study of circles</title>" in (tmp_path / "circles.html").read_text()


def test_only_the_exporters_import_nbconvert() -> None:
    code = "import sys, codex_kernel.cli.app, codex_kernel.export.page, codex_kernel.kernel.kernel"
    code += "; print({'nbconvert', 'jinja2', 'papermill', 'nbformat'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
