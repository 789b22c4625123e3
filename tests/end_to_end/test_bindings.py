"""Which session a notebook goes on with."""

from __future__ import annotations

import shutil
import sqlite3
import uuid
from contextlib import closing
from typing import Any

import pytest

from codex_kernel.scripted_model import ScriptedModel

from . import notebook
from .place import Kernel, Place, Result, kernel_in
from .record import rows
from .script import cell, say

pytestmark = pytest.mark.usefixtures("model")


def turn(kernel: Kernel, cell_id: str = "one", **options: Any) -> Result:
    result = kernel.run(cell(say("Yes.")), cell_id=cell_id, **options)
    assert result.status == "ok", result.reply
    return result


def session_in(place: Place, name: str | None = "test.ipynb", **environ: str) -> Result:
    """One turn in a kernel of its own."""
    with kernel_in(place, notebook=name, **environ) as kernel:
        return turn(kernel)


def warnings(result: Result) -> str:
    return " ".join(w["message"] for w in result.items("warning"))


def test_the_same_notebook_goes_on_with_its_session(place: Place):
    notebook.write(place.workspace / "test.ipynb", "one", "two")
    first = session_in(place)
    notebook.write(place.workspace / "test.ipynb", "one", "three")
    second = session_in(place)
    assert second.bundle["session_id"] == first.bundle["session_id"]
    assert "Continuing a session of 1 turn" in warnings(second)


def test_another_notebook_of_the_same_name_begins_blank_and_says_how_to_resume(place: Place):
    notebook.write(place.workspace / "Untitled.ipynb", "one")
    first = session_in(place, "Untitled.ipynb")
    notebook.write(place.workspace / "Untitled.ipynb", "quite-other")
    with kernel_in(place, notebook="Untitled.ipynb") as kernel:
        second = turn(kernel, "quite-other")
        assert second.bundle["session_id"] != first.bundle["session_id"]
        assert f"/resume {first.bundle['session_id']}" in warnings(second)
        resumed = kernel.run(
            f"/resume {first.bundle['session_id']}\n" + cell(say("Taken up.")), cell_id="x"
        )
        assert resumed.bundle["session_id"] == first.bundle["session_id"]


def test_a_copy_begins_blank_and_offers_to_go_on_from_a_copy_of_the_session(
    place: Place, model: ScriptedModel
):
    path = notebook.write(place.workspace / "test.ipynb", "one")
    first = session_in(place)
    shutil.copy(path, place.workspace / "copy.ipynb")
    second = session_in(place, "copy.ipynb")
    original = first.bundle["session_id"]
    assert second.bundle["session_id"] != original
    assert f"/fork {original}" in str(second.items("warning"))
    with kernel_in(place, notebook="copy.ipynb") as kernel:
        forked = kernel.run(f"/fork {original}\n" + cell(say("On.")), cell_id="one")
        assert forked.bundle["session_id"] not in (original, second.bundle["session_id"])
        assert "Yes." in str(model.requests[-1])


def test_without_a_notebook_every_kernel_begins_blank(place: Place):
    first, second = session_in(place, None), session_in(place, None)
    assert first.bundle["session_id"] != second.bundle["session_id"]


def test_on_restart_new_begins_blank(place: Place):
    first = session_in(place)
    second = session_in(place, CODEX_KERNEL_ON_RESTART="new")
    assert first.bundle["session_id"] != second.bundle["session_id"]


def test_cells_sent_back_to_back_share_a_new_session(place: Place):
    with kernel_in(place) as kernel:
        requests = [kernel.send(cell(say(text)), cell_id=text) for text in ("a", "b", "c")]
        results = [kernel.finish(request) for request in requests]
    assert len({result.bundle["session_id"] for result in results}) == 1
    assert len({result.bundle["turn_id"] for result in results}) == 3
    assert [result.data["text/plain"] for result in results] == ["a", "b", "c"]


def test_a_session_that_never_had_a_turn_is_begun_anew_without_a_word(place: Place):
    before = session_in(place).bundle["session_id"]
    fresh = str(uuid.uuid4())
    with closing(sqlite3.connect(place.data / "turns.sqlite")) as log, log:
        log.execute("DELETE FROM notebook_cells")
        log.execute("UPDATE notebooks SET session_id = ?", (fresh,))
        log.execute("UPDATE sessions SET session_id = ?, is_fresh = 1, turns = 0", (fresh,))
    result = session_in(place)
    assert result.bundle["session_id"] not in (before, fresh)
    assert warnings(result) == ""
    [bound] = rows(place, "SELECT session_id FROM notebooks")
    assert bound["session_id"] == result.bundle["session_id"]


def test_a_session_whose_history_is_gone_is_an_error_that_offers_new(place: Place):
    before = session_in(place).bundle["session_id"]
    config = (place.codex_home / "config.toml").read_text()
    shutil.rmtree(place.codex_home)
    place.codex_home.mkdir()
    (place.codex_home / "config.toml").write_text(config)
    with kernel_in(place) as kernel:
        failed = kernel.run(cell(say("never said")), cell_id="one")
        assert failed.reply["ename"] == "TurnFailed"
        assert failed.bundle["error"]["kind"] == "session_not_found"
        assert before in failed.reply["evalue"]
        assert "/new" in failed.reply["evalue"]
        anew = kernel.run("/new\n" + cell(say("Yes.")), cell_id="one")
        assert anew.status == "ok"
        assert anew.bundle["session_id"] != before


def test_a_session_that_is_open_elsewhere_is_an_error_that_offers_a_copy(
    place: Place, model: ScriptedModel
):
    with kernel_in(place) as first, kernel_in(place) as second:
        session_id = turn(first).bundle["session_id"]
        failed = second.run(cell(say("never said")), cell_id="one")
        assert failed.reply["ename"] == "TurnFailed"
        assert failed.bundle["error"]["kind"] == "session_in_use"
        assert "/fork" in failed.reply["evalue"]
        assert second.run("/resume " + session_id).reply["ename"] == "SessionInUse"
        forked = second.run("/fork\n" + cell(say("From a copy.")), cell_id="one")
        assert forked.status == "ok"
        copy = forked.bundle["session_id"]
        assert copy != session_id
        assert "Yes." in str(model.requests[-1])
        refused = second.run(f"/resume {session_id}")
        assert refused.reply["ename"] == "SessionInUse"
        assert turn(second).bundle["session_id"] == copy
        assert turn(first).bundle["session_id"] == session_id


def test_a_codex_that_does_not_start_costs_no_notebook_its_session(place: Place):
    session_id = session_in(place).bundle["session_id"]
    with kernel_in(place, CODEX_BIN=str(place.root / "no-codex")) as kernel:
        assert kernel.run(cell(say("never said"))).reply["ename"] == "TurnFailed"
        other = "01a00000-0000-7000-8000-000000000000"
        assert kernel.run(f"/resume {other}").reply["ename"] == "BinaryNotFound"
    assert session_in(place).bundle["session_id"] == session_id
