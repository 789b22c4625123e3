"""The shipped demo, played from its notebook to the real binary in a copy of its folder."""

from __future__ import annotations

import csv
import json
import re
import shutil
from pathlib import Path

import nbformat
import pytest

from codex_kernel.scripted_model import DEMO_FOLDER, ScriptedModel, demo_scenarios

from .app_server import AppServer, Turn

NOTEBOOK = nbformat.read(DEMO_FOLDER / "demo.ipynb", as_version=4)
PROMPTS = [cell.source for cell in NOTEBOOK.cells if cell.cell_type == "code"]


@pytest.fixture
def workspace(codex_home: Path) -> Path:
    return Path(shutil.copytree(DEMO_FOLDER, codex_home / "workspace"))


@pytest.fixture
async def model() -> object:
    async with ScriptedModel(demo_scenarios()) as model:
        yield model


async def _play(codex: AppServer) -> list[Turn]:
    thread_id = await codex.start_thread()
    settings = {"thread_id": thread_id, "approvalPolicy": "on-request"}
    return [await codex.run(prompt, **settings) for prompt in PROMPTS]


def test_the_notebook_is_valid_and_has_no_outputs() -> None:
    nbformat.validate(NOTEBOOK)
    assert NOTEBOOK.metadata.kernelspec.name == "codex"
    assert not any(cell.get("outputs") for cell in NOTEBOOK.cells)


def test_each_prompt_has_exactly_one_scenario() -> None:
    names = [[each.name for each in demo_scenarios() if each.fits(prompt)] for prompt in PROMPTS]
    assert names == [["tour"], ["repair"], ["drawing"], ["copy"]]


async def test_the_demo_plays_through_and_says_what_is_true(
    codex: AppServer, workspace: Path, tmp_path: Path
) -> None:
    tour, repair, drawing, copy = await _play(codex)
    _check_tour(tour, workspace)
    _check_repair(repair)
    _check_drawing(drawing, workspace)
    assert [asked["method"] for asked in codex.asked] == ["item/commandExecution/requestApproval"]
    [command] = copy.items_of("commandExecution")
    assert command["status"] == "declined"
    assert "without it nothing was copied" in copy.answers[-1]
    assert all(turn.answers[-1] != "Done." for turn in (tour, repair, drawing, copy))


async def test_the_demo_can_be_run_a_second_time(codex: AppServer, workspace: Path) -> None:
    await _play(codex)
    again = await _play(codex)
    assert {turn.end["status"] for turn in again if turn.end} == {"completed"}
    commands = [item for turn in again[:3] for item in turn.items_of("commandExecution")]
    assert {item["exitCode"] for item in commands} == {0}


def _check_tour(turn: Turn, workspace: Path) -> None:
    *_, count = [item["aggregatedOutput"] for item in turn.items_of("commandExecution")]
    rows = list(csv.DictReader((workspace / "measurements.csv").read_text().splitlines()))
    assert count.startswith(f"{len(rows)} rows from 2026-03-02 00:00 to 2026-03-04 23:00")
    missing = {name: sum(row[name] == "" for row in rows) for name in rows[0] if name != "time"}
    answer = turn.answers[-1]
    assert f"{len(rows)} hourly readings" in answer
    assert f"**{sum(missing.values())} values are missing**" in answer
    assert all(f"{number} of `{name}`" in answer for name, number in missing.items())
    assert sum(row["cellar"] == "-127.0" for row in rows) == 5
    plan = turn.of("turn/plan/updated")[-1]["params"]["plan"]
    assert {step["status"] for step in plan} == {"completed"}
    listed = set(re.findall(r"^\| `(.+?)`", answer, re.MULTILINE))
    assert listed == {path.name for path in workspace.iterdir()} - {"sensors.png", "plot.py"}


def _check_repair(turn: Turn) -> None:
    before, after = turn.items_of("commandExecution")
    assert "ValueError: could not convert string to float: ''" in before["aggregatedOutput"]
    assert after["exitCode"] == 0
    counts = dict(re.findall(r"^(\w+) +(\d+) ", after["aggregatedOutput"], re.MULTILINE))
    answer = turn.answers[-1]
    assert f"{counts['inside']} of 72 values for `inside`" in answer
    assert f"{counts['outside']} for `outside` and {counts['cellar']} for `cellar`" in answer
    [change] = turn.items_of("fileChange")
    added = [line[1:] for line in change["changes"][0]["diff"].splitlines() if line[:1] == "+"]
    assert all(line in added for line in answer.split("```")[1].splitlines()[1:] if line)


def _check_drawing(turn: Turn, workspace: Path) -> None:
    [image] = turn.items_of("imageView")
    assert image["path"] == str(workspace / "sensors.png")
    assert (workspace / "sensors.png").read_bytes().startswith(b"\x89PNG\r\n")
    assert json.dumps(turn.types).count("fileChange") == 1
