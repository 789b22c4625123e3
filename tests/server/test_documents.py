"""Bindings stay true to what happens to documents: a real server, real kernels, the real Codex."""

from __future__ import annotations

from typing import Any

from ..end_to_end.place import MIME, Result, wait_until
from ..end_to_end.record import end_of, events, rows
from ..end_to_end.script import cell, say
from ..end_to_end.situations import shows
from .running import Jupyter, ServerKernel

HELD = cell([say("Half"), ["wait", "rename"], say(" a sentence.")])


def bound(jupyter: Jupyter) -> dict[str, str]:
    """The session of every notebook that has one, by the end of its path."""
    found = rows(jupyter.place, "SELECT path, session_id FROM notebooks WHERE session_id NOT NULL")
    top = f"{jupyter.place.workspace}/"
    return {row["path"].removeprefix(top): row["session_id"] for row in found}


def run(kernel: ServerKernel, text: str = "Yes.", cell_id: str = "a-cell") -> Result:
    result = kernel.run(cell(say(text)), cell_id=cell_id)
    assert result.status == "ok", result.reply
    return result


def turn(jupyter: Jupyter, turn_id: str) -> dict[str, Any]:
    [found] = rows(jupyter.place, "SELECT * FROM turns WHERE turn_id = ?", turn_id)
    return found


def rename(jupyter: Jupyter, kernel: ServerKernel, new: str, old: str = "test.ipynb") -> None:
    """What JupyterLab does: the file first, then the session."""
    jupyter.rename(old, new)
    move_session(jupyter, kernel, new)


def move_session(jupyter: Jupyter, kernel: ServerKernel, new: str) -> None:
    model = {"path": new, "name": new.rpartition("/")[2], "type": "notebook"}
    jupyter.request("PATCH", f"api/sessions/{kernel.session_id}", model)


def test_a_rename_in_the_middle_of_a_turn_takes_the_binding_and_the_turns_along(
    jupyter: Jupyter, model: Any
):
    with jupyter.kernel() as kernel:
        request = kernel.send(HELD, cell_id="a-cell", allow_stdin=True)
        shown = kernel.until(request, shows("Half"))[-1]["content"]["data"][MIME]
        rename(jupyter, kernel, "renamed.ipynb")
        model.release("rename")
        result = kernel.finish(request)
        assert result.status == "ok"
        assert "open here" not in str(result.items("warning"))
        assert bound(jupyter) == {"renamed.ipynb": shown["session_id"]}
        second = run(kernel)
        assert second.bundle["session_id"] == shown["session_id"]
        for bundle in (shown, second.bundle):
            assert turn(jupyter, bundle["turn_id"])["notebook"].endswith("/renamed.ipynb")
        assert bound(jupyter) == {"renamed.ipynb": shown["session_id"]}


def test_a_rename_and_a_restart_keep_the_session(jupyter: Jupyter):
    with jupyter.kernel() as kernel:
        first = run(kernel)
        rename(jupyter, kernel, "renamed.ipynb")
        kernel.restart()
        second = run(kernel)
    assert second.bundle["session_id"] == first.bundle["session_id"]
    assert bound(jupyter) == {"renamed.ipynb": first.bundle["session_id"]}


def test_a_folder_that_is_renamed_takes_its_notebooks_along_and_the_old_name_begins_blank(
    jupyter: Jupyter,
):
    (jupyter.place.workspace / "old").mkdir()
    jupyter.write("old/in.ipynb")
    with jupyter.kernel("old/in.ipynb") as kernel:
        first = run(kernel)
        jupyter.rename("old", "new")
        wait_until(lambda: bound(jupyter) == {"new/in.ipynb": first.bundle["session_id"]})
        again = run(kernel)
        assert again.bundle["session_id"] == first.bundle["session_id"]
        move_session(jupyter, kernel, "new/in.ipynb")
    (jupyter.place.workspace / "old").mkdir()
    jupyter.write("old/in.ipynb")
    with jupyter.kernel("old/in.ipynb") as kernel:
        assert run(kernel).bundle["session_id"] != first.bundle["session_id"]


def test_a_deleted_notebook_loses_its_session_and_a_new_one_of_its_name_begins_blank(
    jupyter: Jupyter,
):
    untitled = jupyter.request("POST", "api/contents", {"type": "notebook"})["path"]
    with jupyter.kernel(untitled) as kernel:
        first = run(kernel)
        kernel.shut_down()
    jupyter.request("DELETE", f"api/contents/{untitled}")
    wait_until(lambda: bound(jupyter) == {})
    assert jupyter.request("POST", "api/contents", {"type": "notebook"})["path"] == untitled
    with jupyter.kernel(untitled) as kernel:
        second = run(kernel)
    assert second.bundle["session_id"] != first.bundle["session_id"]
    assert first.bundle["session_id"] not in str(second.items("warning"))
    assert turn(jupyter, first.bundle["turn_id"])["state"] == "completed"


def test_a_copy_begins_blank_also_where_another_notebook_had_its_name(jupyter: Jupyter):
    jupyter.write("test-Copy1.ipynb")
    with jupyter.kernel("test-Copy1.ipynb") as kernel:
        stale = run(kernel)
        kernel.shut_down()
    (jupyter.place.workspace / "test-Copy1.ipynb").unlink()  # as in a terminal: nobody hears of it
    with jupyter.kernel() as kernel:
        original = run(kernel)
    copy = jupyter.request("POST", "api/contents", {"copy_from": "test.ipynb"})["path"]
    assert copy == "test-Copy1.ipynb"
    wait_until(lambda: bound(jupyter) == {"test.ipynb": original.bundle["session_id"]})
    with jupyter.kernel(copy) as kernel:
        copied = run(kernel)
    earlier = (stale.bundle["session_id"], original.bundle["session_id"])
    assert copied.bundle["session_id"] not in earlier


def test_a_name_that_is_used_again_after_a_rename_begins_blank(jupyter: Jupyter):
    with jupyter.kernel() as kernel:
        first = run(kernel)
        rename(jupyter, kernel, "renamed.ipynb")
    jupyter.write("test.ipynb", "another-cell")
    with jupyter.kernel() as kernel:
        second = run(kernel, cell_id="another-cell")
    assert bound(jupyter) == {
        "renamed.ipynb": first.bundle["session_id"],
        "test.ipynb": second.bundle["session_id"],
    }


def test_a_console_on_a_notebooks_kernel_does_not_take_its_place(jupyter: Jupyter):
    with jupyter.kernel() as kernel:
        first = run(kernel)
        console = {"path": "test.ipynb/console-1", "name": "Console 1", "type": "console"}
        jupyter.request("POST", "api/sessions", {**console, "kernel": {"id": kernel.kernel_id}})
        second = run(kernel)
    assert turn(jupyter, second.bundle["turn_id"])["notebook"].endswith("/test.ipynb")
    assert bound(jupyter) == {"test.ipynb": first.bundle["session_id"]}


def test_a_kernel_shut_down_by_the_server_ends_its_turn_and_offers_to_go_on(jupyter: Jupyter):
    with jupyter.kernel() as kernel:
        request = kernel.send(HELD, cell_id="a-cell", allow_stdin=True)
        shown = kernel.until(request, shows("Half"))[-1]["content"]["data"][MIME]
        kernel.shut_down()
    end = end_of(jupyter.place, shown["turn_id"])
    assert end["state"] == "interrupted"
    assert "check what was already done" in end["error"]["continue_prompt"]
    assert "Half" in str(events(jupyter.place, shown["turn_id"]))
    wait_until(lambda: not rows(jupyter.place, "SELECT * FROM kernels"))
