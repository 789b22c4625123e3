"""Notebooks run without a page: nbclient, papermill, nbconvert, and a console."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import papermill
import pexpect
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from codex_kernel.scripted_model import ScriptedModel

from . import notebook
from .place import MIME, Place, new_place, scripted
from .script import cell, say

RUN_SECONDS = 90
GOOD = (cell(["run", "echo 42"], say("The answer is **42**.")), "/status")
BAD = (cell(say("Fine.")), cell(["fail", 400, {"error": {"message": "Bad."}}]), cell(say("No.")))


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    with new_place() as place:
        yield place


@pytest.fixture(scope="module", autouse=True)
def model(place: Place) -> Iterator[ScriptedModel]:
    with scripted(place) as model:
        yield model


@pytest.fixture
def environ(place: Place, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The runner's environment, whose kernels inherit it."""
    environ = place.environ()
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    return environ


def write(place: Place, name: str, sources: tuple[str, ...]) -> Path:
    ids = tuple(f"cell-{number}" for number in range(len(sources)))
    return notebook.write(place.workspace / name, *ids, sources=sources)


def outputs(path: Path, number: int) -> list[dict[str, Any]]:
    return json.loads(path.read_text())["cells"][number]["outputs"]


def assert_good(path: Path) -> None:
    """The notebook of the good run, as it is on disk."""
    nbformat.validate(nbformat.read(path, as_version=4))
    [answer] = outputs(path, 0)
    assert answer["output_type"] == "display_data"
    assert answer["data"][MIME]["state"] == "completed"
    assert "".join(answer["data"]["text/plain"]) == "The answer is **42**."
    assert "<strong>42</strong>" in "".join(answer["data"]["text/html"])
    [status] = outputs(path, 1)
    assert "Sandbox" in "".join(status["data"]["text/plain"])


def test_nbclient_runs_a_notebook(place: Place, environ: dict[str, str]):
    path = write(place, "client.ipynb", GOOD)
    book = nbformat.read(path, as_version=4)
    NotebookClient(book, timeout=RUN_SECONDS, resources=_in(place)).execute()
    nbformat.write(book, path)
    assert_good(path)


def _in(place: Place) -> dict[str, Any]:
    return {"metadata": {"path": str(place.workspace)}}


def test_a_failing_turn_fails_the_run_with_its_sentence(place: Place, environ: dict[str, str]):
    book = nbformat.read(write(place, "bad.ipynb", BAD), as_version=4)
    with pytest.raises(CellExecutionError) as failure:
        NotebookClient(book, timeout=RUN_SECONDS, resources=_in(place)).execute()
    assert "TurnFailed" in str(failure.value)
    assert "The model provider refused the request: Bad." in str(failure.value)
    assert book.cells[0].outputs
    assert book.cells[2].outputs == []


def test_a_timeout_of_the_runner_stops_the_turn(place: Place, environ: dict[str, str]):
    sources = (cell([say("Begun"), ["wait", "never"]]), cell(say("Next.")))
    book = nbformat.read(write(place, "slow.ipynb", sources), as_version=4)
    client = NotebookClient(book, timeout=3, interrupt_on_timeout=True, resources=_in(place))
    with pytest.raises(CellExecutionError, match="TurnInterrupted"):
        client.execute()


def test_papermill_runs_a_notebook(place: Place, environ: dict[str, str]):
    path = write(place, "mill.ipynb", GOOD)
    result = place.workspace / "milled.ipynb"
    papermill.execute_notebook(
        path, result, cwd=str(place.workspace), progress_bar=False, log_output=False
    )
    assert_good(result)


def test_papermill_names_the_failing_turn(place: Place, environ: dict[str, str]):
    path = write(place, "mill-bad.ipynb", BAD)
    with pytest.raises(papermill.PapermillExecutionError, match="refused the request: Bad"):
        papermill.execute_notebook(
            path,
            place.workspace / "milled-bad.ipynb",
            cwd=str(place.workspace),
            progress_bar=False,
        )


@pytest.mark.parametrize(
    ("to", "suffix", "words"),
    [
        ("notebook", "ipynb", "The answer is **42**."),
        ("html", "html", "The answer is <strong>42</strong>"),
        ("markdown", "md", "42"),
    ],
)
def test_nbconvert_executes_a_notebook(
    place: Place, environ: dict[str, str], to: str, suffix: str, words: str
):
    path = write(place, f"convert-{to}.ipynb", GOOD)
    done = subprocess.run(
        [sys.executable, "-m", "nbconvert", "--execute", "--to", to, "--output", f"out-{to}", path],
        env=environ,
        cwd=place.workspace,
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    text = (place.workspace / f"out-{to}.{suffix}").read_text()
    assert words in text
    assert "The answer is" in text


def test_a_console_shows_text_as_it_comes_and_asks(place: Place, environ: dict[str, str]):
    console = pexpect.spawn(
        sys.executable,
        ["-m", "jupyter_console", "--kernel", "codex", "--simple-prompt"],
        env=environ,
        cwd=str(place.workspace),
        encoding="utf-8",
        timeout=RUN_SECONDS,
    )
    try:
        console.expect("each cell is a prompt")
        console.expect("In \\[1\\]")
        console.sendline(cell(["run", "echo 6''7"], say("That was it.")))
        console.expect("\\$ echo 6''7")
        console.expect("67")
        console.expect("That was it.")
        console.expect("In \\[2\\]")
        console.sendline(cell(["escalate", "echo out", "May I?"], say("Understood.")))
        console.expect("May I\\?")
        console.expect("n = decline")
        console.sendline("n")
        console.expect("Understood.")
        console.expect("In \\[3\\]")
        console.sendline("/modle")
        console.expect("UnknownCommand")
        console.expect("In \\[4\\]")
        console.sendeof()
        console.expect("really want to exit")
        console.sendline("y")
        console.expect(pexpect.EOF)
    finally:
        console.close(force=True)
