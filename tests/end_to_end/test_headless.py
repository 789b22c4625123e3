"""Agent notebooks that nobody watches: parameters, limits, and how a run says that it failed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import papermill
import pytest

from codex_kernel.scripted_model import ScriptedModel

from .place import MIME, Place, new_place, scripted
from .script import cell, say
from .test_runners import write

USED = ["usage", {"input_tokens": 900, "output_tokens": 100, "total_tokens": 1000}]


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    with new_place() as place:
        yield place


@pytest.fixture(scope="module", autouse=True)
def model(place: Place) -> Iterator[ScriptedModel]:
    with scripted(place) as model:
        yield model


@pytest.fixture(autouse=True)
def environ(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """The runner's environment, which its kernels inherit."""
    for name, value in place.environ().items():
        monkeypatch.setenv(name, value)


def run(place: Place, name: str, *sources: str, **parameters: Any) -> Path:
    """Run cells with papermill; the notebook that it wrote, also when it fails."""
    path = write(place, f"{name}.ipynb", sources)
    papermill.execute_notebook(
        path,
        place.workspace / f"{name}-out.ipynb",
        parameters,
        cwd=str(place.workspace),
        progress_bar=False,
        log_output=False,
    )
    return place.workspace / f"{name}-out.ipynb"


def prompts(path: Path) -> list[str]:
    """The prompts of the turns in a notebook."""
    found = nbformat.read(path, as_version=4)
    return [
        output.data[MIME]["prompt"]
        for each in found.cells
        if each.cell_type == "code"
        for output in each.outputs
        if MIME in output.get("data", {})
    ]


def test_parameters_stand_in_prompts_and_all_other_braces_stay(place: Place):
    text = 'Read {dataset} {n} times, not {other}: {"a": {n}} {} {{dataset}} {note} {size}'
    path = run(
        place,
        "parameters",
        cell(say("Read."), prompt=text),
        dataset="x y.csv",
        n=3,
        note='two\n"lines" {n}',
        size=None,
        sandbox="read-only",
        fail_on=["declined", "command"],
    )
    [prompt] = prompts(path)
    expected = 'Read x y.csv 3 times, not {other}: {"a": 3} {} {x y.csv} two\n"lines" {n} {size}'
    assert prompt.startswith(expected)
    injected = nbformat.read(path, as_version=4).cells[0]
    assert injected.metadata.tags == ["injected-parameters"]
    assert injected.source.split("\n")[:2] == ["/set dataset=x y.csv", "/set n=3"]
    bundle = nbformat.read(path, as_version=4).cells[1].outputs[0].data[MIME]
    assert bundle["codex"]["sandbox"] == "read-only"


def test_papermill_lists_the_parameters_of_a_notebook(place: Place):
    path = write(place, "inspected.ipynb", ("/set dataset=a.csv\n/set max_turns=3", "Read"))
    book = nbformat.read(path, as_version=4)
    book.cells[0].metadata.tags = ["parameters"]
    nbformat.write(book, path)
    found = papermill.inspect_notebook(path)
    assert {name: each["default"] for name, each in found.items()} == {
        "dataset": "a.csv",
        "max_turns": "3",
    }


@pytest.mark.parametrize(
    ("limit", "said"),
    [({"max_turns": 1}, "`max_turns` allows 1"), ({"max_tokens": 500}, "`max_tokens` allows 500")],
    ids=["turns", "tokens"],
)
def test_a_limit_ends_the_run_with_its_name(place: Place, limit: dict[str, Any], said: str):
    name = f"limit-{next(iter(limit))}"
    sources = (cell([say("One."), USED]), cell([say("Two."), USED]), cell(say("Three.")))
    with pytest.raises(papermill.PapermillExecutionError, match=said):
        run(place, name, *sources, **limit)
    assert len(prompts(place.workspace / f"{name}-out.ipynb")) == 2


def test_a_turn_is_stopped_at_the_token_limit(place: Place):
    long = cell([["run", "true"], USED], [["run", "sleep 60"], USED], say("Never."))
    with pytest.raises(papermill.PapermillExecutionError, match="TurnInterrupted") as failure:
        run(place, "stopped", long, max_tokens=500)
    assert "tokens were used, and `max_tokens` allows 500." in str(failure.value)


def test_the_command_ends_with_1_a_readable_message_and_the_partial_notebook(place: Place):
    good, bad = cell(say("Fine.")), cell(["escalate", "touch /x", "May I?"], say("Not done."))
    path = write(place, "command.ipynb", (good, bad, cell(say("Never."))))
    result = place.workspace / "command-out.ipynb"
    done = subprocess.run(
        [sys.executable, "-m", "papermill", path, result, "-p", "fail_on", "declined"],
        cwd=place.workspace,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 1
    assert "TurnRefused: The turn completed, but an approval was not given." in done.stderr
    assert len(prompts(result)) == 2
    assert "Declined by" in json.dumps(json.loads(result.read_text()))
