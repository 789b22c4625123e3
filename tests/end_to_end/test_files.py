"""Files that are not the turn's own: configuration, instructions, patched files, the notebook."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from codex_kernel.scripted_model import ScriptedModel

from . import notebook
from .place import Kernel, Place, kernel_in
from .record import rows
from .script import cell, say


@pytest.mark.parametrize("sandbox", ["workspace-write", "danger-full-access"])
def test_codex_configuration_stays_as_it_was_in_a_repository(
    place: Place, model: ScriptedModel, codex_bin: Path, sandbox: str
):
    subprocess.run(["git", "init", "-q", str(place.workspace)], check=True)
    config = place.codex_home / "config.toml"
    before = config.read_bytes()
    for _ in range(2):
        with kernel_in(place, CODEX_BIN=str(codex_bin), CODEX_KERNEL_SANDBOX=sandbox) as kernel:
            result = kernel.run(cell(["run", "echo written > out.txt"], say("Done.")))
            assert result.status == "ok"
            kernel.run("/fork\n" + cell(say("A copy.")))
    assert (place.workspace / "out.txt").exists()
    assert config.read_bytes() == before


INSTRUCTIONS = "Always answer in the voice of a pirate."


def test_the_users_instructions_are_respected(place: Place, model: ScriptedModel, kernel: Kernel):
    (place.codex_home / "AGENTS.md").write_text(INSTRUCTIONS)
    (place.workspace / "AGENTS.md").write_text("This project likes tabs.")
    kernel.run(cell(say("Arr.")))
    assert INSTRUCTIONS in str(model.requests[-1])
    assert "This project likes tabs." in str(model.requests[-1])


def test_an_isolated_session_leaves_the_projects_instructions_out(
    place: Place, model: ScriptedModel, codex_bin: Path
):
    (place.workspace / "AGENTS.md").write_text("This project likes tabs.")
    with kernel_in(place, CODEX_BIN=str(codex_bin), CODEX_KERNEL_ISOLATED="1") as kernel:
        assert kernel.run(cell(say("Hello."))).status == "ok"
    assert "This project likes tabs." not in str(model.requests[-1])


def patch(path: str, old: str, new: str) -> list[str]:
    text = f"*** Begin Patch\n*** Update File: {path}\n@@\n-{old}\n+{new}\n*** End Patch"
    return ["patch", text]


def images(place: Place, turn_id: str) -> dict[str, bytes | None]:
    """The before-images of a turn by file name."""
    found = rows(place, "SELECT path, content FROM before_images WHERE turn_id = ?", turn_id)
    return {Path(row["path"]).name: row["content"] for row in found}


def test_a_patched_file_is_kept_as_it_was(kernel: Kernel, place: Place):
    (place.workspace / "a.txt").write_text("before\n")
    result = kernel.run(cell(patch("a.txt", "before", "after"), say("Patched.")))
    assert (place.workspace / "a.txt").read_text() == "after\n"
    assert images(place, result.bundle["turn_id"]) == {"a.txt": b"before\n"}


def test_a_turn_that_writes_the_open_notebook_is_flagged_and_a_copy_kept(
    kernel: Kernel, place: Place
):
    path = notebook.write(place.workspace / "test.ipynb", "one", sources=("Precious",))
    before = path.read_bytes()
    changed = cell(
        ["run", "sed -i s/Precious/Gone/ test.ipynb; sleep 0.3"], say("Changed your notebook.")
    )
    result = kernel.run(changed, cell_id="one")
    assert "Gone" in path.read_text()
    [told] = [w for w in result.items("warning") if w["kind"] == "open_notebook"]
    assert "test.ipynb" in told["message"]
    assert "Do not reload" in told["message"]
    assert images(place, result.bundle["turn_id"])["test.ipynb"] == before


def test_a_patch_of_the_open_notebook_is_flagged(kernel: Kernel, place: Place):
    path = notebook.write(place.workspace / "test.ipynb", "one", sources=("Precious",))
    before = path.read_bytes()
    [line] = [text for text in path.read_text().splitlines() if "Precious" in text]
    result = kernel.run(
        cell(patch("test.ipynb", line, line.replace("Precious", "Gone")), say("Patched.")),
        cell_id="one",
    )
    assert "Gone" in path.read_text()
    assert "open_notebook" in [w["kind"] for w in result.items("warning")]
    assert images(place, result.bundle["turn_id"])["test.ipynb"] == before


def test_a_turn_that_leaves_the_notebook_alone_is_not_flagged(kernel: Kernel, place: Place):
    notebook.write(place.workspace / "test.ipynb", "one")
    result = kernel.run(cell(["run", "cat test.ipynb; sleep 0.3"], say("Read.")), cell_id="one")
    assert "open_notebook" not in [w["kind"] for w in result.items("warning")]
