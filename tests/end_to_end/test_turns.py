"""Every kind of item, by the real binary in a real kernel, with both tool styles."""

from __future__ import annotations

import json
from importlib.resources import files

import jsonschema
import pytest

from .place import Kernel, Place
from .script import cell, png, say

pytestmark = pytest.mark.parametrize("slug", ["gpt-5.5", "gpt-6.1-sol"])


def test_a_prompt_is_answered_in_one_display(kernel: Kernel):
    result = kernel.run(cell([["think", "**Greeting**\n\nI say hello."], say("Hello *there*.")]))
    assert result.status == "ok"
    assert [content["transient"] for content in result.of("display_data")] == [
        {"display_id": f"codex-turn-{result.bundle['turn_id']}"}
    ]
    assert result.bundle["state"] == "completed"
    assert result.bundle["final"] is True
    assert result.bundle["prompt"].startswith("Go @@")
    assert [item["type"] for item in result.bundle["items"]] == ["reasoning", "message"]
    assert result.data["text/plain"] == "Hello *there*."
    assert "<em>there</em>" in result.data["text/html"]
    assert "widget-view" not in json.dumps(list(result.data))
    schema = json.loads((files("codex_kernel.render") / "turn.schema.json").read_text())
    jsonschema.validate(result.bundle, schema)


def test_a_command_runs_in_the_notebooks_folder(kernel: Kernel, place: Place):
    result = kernel.run(
        cell(["run", "echo $((6*7)) > out.txt; cat out.txt; pwd; exit 3"], say("Ran."))
    )
    [command] = result.items("command")
    assert command["exit_code"] == 3
    assert command["output"].splitlines() == ["42", str(place.workspace)]
    assert command["command"].startswith("echo")
    assert (place.workspace / "out.txt").read_text() == "42\n"
    assert result.status == "ok"


def test_a_patch_changes_files_and_its_diff_is_shown(kernel: Kernel, place: Place):
    (place.workspace / "a.txt").write_text("one\ntwo\nthree\n")
    patch = (
        "*** Begin Patch\n*** Update File: a.txt\n@@\n one\n-two\n+TWO\n three\n"
        "*** Add File: b.txt\n+new\n*** End Patch"
    )
    result = kernel.run(cell(["patch", patch], say("Patched.")))
    assert (place.workspace / "a.txt").read_text() == "one\nTWO\nthree\n"
    [change] = result.items("file_change")
    assert {entry["path"]: entry["kind"] for entry in change["changes"]} == {
        "a.txt": "update",
        "b.txt": "add",
    }
    assert "-two\n+TWO" in json.dumps(change).replace("\\n", "\n")


def test_a_plan_is_a_checklist(kernel: Kernel):
    steps = [["Read", "completed"], ["Write", "in_progress"], ["Test", "pending"]]
    result = kernel.run(cell(["plan", steps, "Working"], say("Planned.")))
    assert [step["status"] for step in result.bundle["plan"]] == [
        "completed",
        "in_progress",
        "pending",
    ]


def test_an_image_that_codex_looks_at_is_shown(kernel: Kernel, place: Place):
    (place.workspace / "dot.png").write_bytes(png())
    result = kernel.run(cell(["view_image", str(place.workspace / "dot.png")], say("A dot.")))
    assert [item["origin"] for item in result.items("image")] == ["viewed"]
    assert "data:image/png;base64," in result.data["text/html"]


def test_a_web_search_is_shown(kernel: Kernel):
    result = kernel.run(cell([["search", "jupyter kernels"], say("Found.")]))
    assert [item["query"] for item in result.items("web_search")] == ["jupyter kernels"]


def test_a_sub_agent_is_shown_and_its_text_stays_apart(kernel: Kernel, slug: str):
    if slug == "gpt-5.5":
        return  # this model has no such tool
    task = cell(say("I am the child."), prompt="Help")
    result = kernel.run(cell(["spawn", "helper", task], ["join"], say("All done.")))
    assert result.items("sub_agent")
    assert [item["text"] for item in result.items("message")] == ["All done."]


def test_several_messages_of_a_turn_are_kept(kernel: Kernel):
    result = kernel.run(
        cell(
            [say("I look.", phase="commentary"), ["run", "true"]],
            say("Nothing there.", phase="final_answer"),
        )
    )
    assert [item["text"] for item in result.items("message")] == ["I look.", "Nothing there."]
    assert result.data["text/plain"] == "Nothing there."
