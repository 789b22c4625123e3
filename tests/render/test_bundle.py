"""The bundle: the contract's fields, the published schema, its bounds, its bytes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import codex_kernel.render
from codex_kernel.render.bounds import Bounds
from codex_kernel.render.bundle import MIME, bundle, mime_bundle
from codex_kernel.settings import ViewSettings
from codex_kernel.turn import approvals, events

from . import turns

VIEW = ViewSettings()
SCHEMA = json.loads(
    (Path(codex_kernel.render.__file__).parent / "turn.schema.json").read_text(encoding="utf-8")
)
FIELDS = [
    "schema_version", "turn_id", "session_id", "cell_id", "state", "final", "seq", "prompt",
    "items", "plan", "diff", "usage", "error", "started_at", "finished_at", "codex",
]  # fmt: skip
PROSE = (
    "The quick brown fox jumps over the lazy dog, and then it rests for a while. "
    "It isn't tired; it's *content*, says the `dog`.\n\n"
)
CODE = """\
def parse(line: str, *, strict: bool = False) -> dict[str, int]:
    if "=" not in line and strict:
        raise ValueError(f"no value in {line!r}")
    key, _, value = line.partition("=")
    return {key.strip(): int(value or "0")} if value < "9" else {}

"""


def bytes_of(output: dict[str, Any]) -> int:
    """Bytes of an output on the wire and in a notebook."""
    return len(json.dumps(output, ensure_ascii=False).encode("utf-8"))


def item_of(data: dict[str, Any], kind: str, view: ViewSettings = VIEW) -> dict[str, Any]:
    """The first item of that type in the bundle."""
    return next(item for item in bundle(data, view)["items"] if item["type"] == kind)


@pytest.mark.parametrize("name", sorted(turns.TURNS))
def test_bundle_has_the_contracts_fields_in_order_and_fits_the_schema(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    content = bundle(turns.TURNS[name](), VIEW)
    assert list(content) == FIELDS
    assert list(content["codex"]) == ["model", "effort", "sandbox", "approval_policy", "version"]
    jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(json.dumps(content)))


def test_schema_refuses_what_is_not_a_turn() -> None:
    content = bundle(turns.failed(), VIEW)
    for broken in (
        {**content, "state": "sleeping"},
        {key: value for key, value in content.items() if key != "seq"},
        {**content, "items": [{"id": "x", "type": "message", "status": "completed"}]},
    ):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(broken, SCHEMA)


def test_final_bundle_has_three_types_and_a_live_one_no_html() -> None:
    assert list(mime_bundle(turns.failed(), VIEW, final=True)) == [MIME, "text/html", "text/plain"]
    assert list(mime_bundle(turns.waiting(), VIEW, final=False)) == [MIME, "text/plain"]


def test_what_a_bundle_must_not_forget_stands_among_its_items() -> None:
    items = bundle(turns.everything(), VIEW)["items"]
    kinds = [item["type"] for item in items]
    assert kinds[0] == "warning"
    assert kinds.count("approval") == 2
    assert {"input", "steer", "warning"} <= set(kinds)
    at = next(n for n, item in enumerate(items) if item["type"] == "approval")
    assert items[at]["item_id"] == items[at - 1]["id"]
    assert len({item["id"] for item in items}) == len(items)


def test_an_approval_repeats_its_items_command_only_when_it_differs() -> None:
    def decided(command: str) -> dict[str, Any]:
        asked: approvals.Approval = {
            "id": "a.1",
            "kind": "command",
            "item_id": "command_1",
            "reason": None,
            "command": command,
            "choices": ["once"],
        }
        started = events.item_started(turns.item("command", status="running", command="ls"))
        return item_of(turns.turn(started, *turns.decided(asked, "once")), "approval")

    assert "command" not in decided("ls")
    assert decided("ls; rm -rf /")["command"] == "ls; rm -rf /"


def test_a_steer_that_codex_took_up_is_shown_once() -> None:
    data = turns.turn(events.steer_sent("faster", "ada"), turns.done("user_message", text="faster"))
    assert [item["type"] for item in bundle(data, VIEW)["items"]] == ["user_message"]
    assert item_of(data, "user_message")["by"] == "ada"


def test_review_findings_are_shown_once() -> None:
    data = turns.turn(
        turns.done("review", phase="exited", text="One problem."),
        turns.done("message", text="One problem."),
    )
    assert [item["type"] for item in bundle(data, VIEW)["items"]] == ["message"]


def test_the_diff_holds_only_files_that_no_file_change_shows() -> None:
    content = bundle(turns.everything(), VIEW)
    assert content["diff"].startswith("diff --git a/data.csv b/data.csv\n")
    assert "shapes.py" not in content["diff"]


@pytest.mark.parametrize("status", ["declined", "failed"])
def test_a_patch_that_was_not_applied_does_not_hide_the_diff(status: str) -> None:
    change = {"path": "/workspace/shapes.py", "kind": "update", "diff": turns.UPDATE}
    data = turns.turn(
        turns.done("file_change", status=status, changes=[change]),
        events.diff_updated(turns.SHELL_DIFF),
    )
    assert "a/shapes.py" in bundle(data, VIEW)["diff"]


def test_a_later_change_of_a_patched_file_is_not_hidden() -> None:
    change = {"path": "/workspace/shapes.py", "kind": "update", "diff": turns.UPDATE}
    more = turns.SHELL_DIFF.replace("math.pi", "math.tau / 2")
    data = turns.turn(turns.done("file_change", changes=[change]), events.diff_updated(more))
    assert "math.tau" in bundle(data, VIEW)["diff"]


def test_paths_below_the_working_directory_are_relative() -> None:
    changes = [
        {"path": "/workspace/a/b.py", "kind": "update", "move_path": "/workspace/c.py", "diff": ""},
        {"path": "/etc/hosts", "kind": "update", "move_path": None, "diff": ""},
    ]
    shown = item_of(turns.turn(turns.done("file_change", changes=changes)), "file_change")
    assert [change["path"] for change in shown["changes"]] == ["a/b.py", "/etc/hosts"]
    assert shown["changes"][0]["move_path"] == "c.py"


def test_long_output_keeps_beginning_and_end_and_says_where_the_rest_is() -> None:
    output = "".join(f"line {n}\n" for n in range(10_000))
    data = turns.turn(turns.done("command", output=output))
    kept = item_of(data, "command")["output"]
    assert kept.startswith("line 0\nline 1\n")
    assert kept.endswith("line 9998\nline 9999\n")
    assert f"the whole output is in the turn log (jupyter codex show {turns.TURN})" in kept
    left = 10_000 - sum(line.startswith("line ") for line in kept.splitlines())
    assert f"… {left} lines / " in kept


@example(text="111\n😀\n", lines=2, limit=8)
@settings(max_examples=200, deadline=None)
@given(
    text=st.text(st.sampled_from("ab\n\r\x1b[31m é😀\b"), max_size=400),
    lines=st.integers(2, 12),
    limit=st.integers(8, 120),
)
def test_output_is_bounded_in_lines_and_bytes(text: str, lines: int, limit: int) -> None:
    view = ViewSettings(output_lines=lines, output_bytes=limit)
    kept = Bounds(view, "t").output(text)
    marks = [line for line in kept.split("\n") if "left out; the whole output" in line]
    assert len(marks) <= 1
    around = [line for line in kept.split("\n") if line not in marks]
    assert len(around) <= lines + 2  # a line that is cut in the middle is two
    assert sum(len(line.encode()) + 1 for line in around) <= limit + 6
    if not marks and "\r" not in text and "\b" not in text:
        assert kept == text


def test_very_many_outputs_are_bounded_together() -> None:
    output = "x" * 60 + "\n"
    commands = [turns.done("command", n, output=output * 500) for n in range(400)]
    content = bundle(turns.turn(*commands), VIEW)
    kept = sum(len(item["output"]) for item in content["items"])
    assert kept <= 1_000_000 + 400 * 200
    assert content["items"][0]["output"].startswith(output)


def test_one_endless_line_is_cut_too() -> None:
    output = "é" * 10**6 + "end"
    kept = item_of(turns.turn(turns.done("command", output=output)), "command")["output"]
    assert kept.startswith("ééé")
    assert kept.endswith("éend")
    assert len(kept.encode()) <= VIEW.output_bytes + 200


def test_a_progress_bar_is_its_last_state() -> None:
    output = "".join(f"\r{n:3d}% {'#' * (n // 2)}" for n in range(101)) + "\nready\n"
    kept = item_of(turns.turn(turns.done("command", output=output)), "command")["output"]
    assert kept == f"100% {'#' * 50}\nready\n"


def test_other_texts_are_bounded_by_item_bytes() -> None:
    view = ViewSettings(item_bytes=100)
    data = turns.turn(
        turns.done("message", text="é" * 1000),
        turns.done("mcp_tool_call", content=[{"type": "text", "text": "x" * 1000}]),
        turns.done("other", raw={"text": "y" * 100_000}),
    )
    shown = [json.dumps(item, ensure_ascii=False) for item in bundle(data, view)["items"]]
    assert all("left out" in text for text in shown)
    assert len(shown[0]) < 400
    assert len(shown[1]) < 500
    assert len(shown[2]) < 20_000


def test_files_of_one_patch_share_the_bound() -> None:
    diff = "@@ -0,0 +1,99 @@\n" + "+x\n" * 99
    changes = [{"path": f"/workspace/{n}", "kind": "add", "diff": diff} for n in range(20)]
    view = ViewSettings(item_bytes=1000)
    shown = item_of(turns.turn(turns.done("file_change", changes=changes)), "file_change", view)
    assert sum(len(change["diff"]) for change in shown["changes"]) < 1000 + 20 * 120
    assert all(change["added"] == 99 for change in shown["changes"])


def test_an_image_is_whole_or_left_out() -> None:
    data = turns.turn(turns.done("image", data="A" * 5_000_000, path="/workspace/big.png"))
    shown = item_of(data, "image")
    assert (shown["data"], shown["path"]) == (None, "big.png")
    small = turns.png()
    assert item_of(turns.turn(turns.done("image", data=small)), "image")["data"] == small
    block = {"type": "image", "data": "A" * 5_000_000, "mimeType": "image/png"}
    tool = item_of(turns.turn(turns.done("tool_call", content=[block])), "tool_call")
    assert tool["content"][0] == {"type": "image", "mimeType": "image/png", "data": None}


def test_plain_text_is_bounded_on_a_character() -> None:
    data = turns.turn(turns.done("message", text="😀" * 5000))
    plain = mime_bundle(data, VIEW, final=True)["text/plain"]
    assert VIEW.plain_bytes - 8 <= len(plain.encode("utf-8")) <= VIEW.plain_bytes


def test_prose_costs_little_more_than_twice_its_bytes() -> None:
    text = PROSE * (100_000 // len(PROSE))
    output = mime_bundle(turns.turn(turns.done("message", text=text)), VIEW, final=True)
    assert bytes_of(output) <= 2.4 * len(text)


@pytest.mark.parametrize("shape", ["answer", "patch", "both"])
def test_code_costs_at_most_four_and_a_half_times_its_bytes(shape: str) -> None:
    text = CODE * (100_000 // len(CODE))
    lines = text.splitlines()
    diff = f"@@ -0,0 +1,{len(lines)} @@\n" + "".join(f"+{line}\n" for line in lines)
    change = {"path": "/workspace/a.py", "kind": "add", "move_path": None, "diff": diff}
    drafts, size = [], 0
    if shape in ("patch", "both"):
        drafts += [turns.done("file_change", changes=[change])]
        header = "diff --git a/a.py b/a.py\nnew file mode 100644\n--- /dev/null\n+++ b/a.py\n"
        drafts += [events.diff_updated(header + diff)]
        size += len(text)
    if shape in ("answer", "both"):
        drafts += [turns.done("message", text=f"```python\n{text}```\n")]
        size += len(text)
    output = mime_bundle(turns.turn(*drafts), VIEW, final=True)
    assert bytes_of(output) <= 4.5 * size
