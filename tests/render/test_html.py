"""HTML of a turn: safe whatever an agent wrote, complete, and readable without colours."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from codex_kernel.render import markdown_turn
from codex_kernel.render.bundle import MIME, bundle, draw_ahead, live_bundle, mime_bundle
from codex_kernel.render.html import from_bundle, html
from codex_kernel.settings import ViewSettings
from codex_kernel.turn import events
from codex_kernel.turn.state import FINAL_STATES

from . import turns
from .page import Page

VIEW = ViewSettings()
_CORPUS = json.loads((Path(__file__).parents[1] / "fixtures/hostile.json").read_text())
_PIECES: list[str] = _CORPUS["pieces"]
hostile = st.lists(st.sampled_from(_PIECES) | st.text(max_size=8), max_size=6).map("".join)
_KEPT = {"type", "status", "id", "item_id"}


def infested(value: Any, texts: list[str], key: str = "") -> Any:
    """The value with the texts, one after the other, in place of its own."""
    if isinstance(value, str) and key not in _KEPT:
        texts.append(texts.pop(0))
        return texts[-1]
    if isinstance(value, dict):
        return {name: infested(part, texts, name) for name, part in value.items()}
    return [infested(part, texts, key) for part in value] if isinstance(value, list) else value


@pytest.mark.parametrize("text", _CORPUS["texts"])
def test_a_text_of_the_corpus_stays_text_in_every_place(text: str) -> None:
    for name in turns.TURNS:
        Page(html(infested(turns.TURNS[name](), [text]), VIEW))


@pytest.mark.parametrize("large", _CORPUS["large"], ids=lambda large: repr(large["text"]))
def test_a_large_text_of_the_corpus_stays_text(large: dict[str, Any]) -> None:
    text = large["text"] * large["times"]
    kinds = [
        {"id": "m", "type": "message", "status": "completed", "text": text, "phase": None},
        {"id": "c", "type": "command", "status": "completed", "command": "x", "output": text},
    ]
    Page(html(turns.TURNS["empty"]() | {"items": kinds}, VIEW))


@settings(max_examples=150, deadline=None)
@given(
    texts=st.lists(hostile, min_size=1, max_size=12),
    name=st.sampled_from(sorted(turns.TURNS)),
    state=st.sampled_from(["running", "completed", "failed"]),
)
def test_nothing_an_agent_writes_becomes_markup(texts: list[str], name: str, state: str) -> None:
    data = infested(turns.TURNS[name](), list(texts)) | {"state": state, "turn_id": turns.TURN}
    if data["error"] is None and state == "failed":
        data["error"] = {"kind": "x", "message": texts[0], "next_step": texts[-1]}
    shown = html(data, VIEW)
    Page(shown)
    shown.encode("utf-8")
    assert [token.type for token in MarkdownIt().parse(shown)] == ["html_block"]
    json.dumps(mime_bundle(data, VIEW, final=True), ensure_ascii=False).encode("utf-8")


@pytest.mark.parametrize("text", _PIECES)
def test_the_same_hostile_text_in_every_place(text: str) -> None:
    data = infested(turns.everything(), [text]) | {"state": "completed"}
    output = mime_bundle(data, VIEW, final=True)
    Page(output["text/html"])
    json.dumps(output, ensure_ascii=False).encode("utf-8")


@pytest.mark.parametrize("name", sorted(turns.TURNS))
def test_every_turn_reads_as_strict_html(name: str) -> None:
    Page(html(turns.TURNS[name](), VIEW))


def test_the_picture_is_complete_without_colours() -> None:
    text = Page(html(turns.everything(), VIEW)).text
    for expected in (
        "✓ Completed", "gpt-5.5 (medium)", "45.7k tokens", "83 % context left", "☑ Read the code",
        "◐ Fix area", "Looking around", "$ pytest --color=yes -q", "exit 1", "12 s",
        "+def area(radius):", "-def area(r):", "Edited shapes.py +3 -2",
        "Created tests/test_shapes.py", "You added by ada", "Use math.pi, please",
        "Sent to the turn by bob", "Allowed for this session by ada", "in sub",
        "Declined by ada: nobody asked for mail", "(secret)", "no such tool", "Looked at an image",
        "Sub-agent: spawn agent", "[P1] Rounding", "History shortened", "running in background",
        "declined", "hologram", "⚠ The open notebook was changed", "Created data.csv +2 -0",
        "Typed yes", "A hook said", "Draft that Codex gave up", "314.159", "This cell has run",
    ):  # fmt: skip
        assert expected in text
    assert "hunter2" not in text


def test_the_answer_comes_after_what_was_done_and_warnings_last() -> None:
    text = Page(html(turns.everything(), VIEW)).text
    order = ["hologram", "Sent to the turn", "data.csv", "there is a test", "The open notebook"]
    assert sorted(order, key=text.index) == order


def test_a_message_that_was_given_up_is_the_answer_only_without_another() -> None:
    lost = turns.done("message", 1, "lost", text="Half an")
    assert "gave up" not in Page(html(turns.turn(lost, state="failed"), VIEW)).text
    both = turns.turn(turns.done("message", 2, text="An answer"), lost)
    text = Page(html(both, VIEW)).text
    assert "gave up" in text
    assert mime_bundle(both, VIEW, final=True)["text/plain"] == "An answer"


def test_images_of_the_turn_are_embedded_and_remote_ones_are_links() -> None:
    data = turns.turn(
        turns.done("image", path="/workspace/plot.png", data=turns.png()),
        turns.done("message", text="![plot](https://example.org/plot.png)"),
    )
    page = Page(html(data, VIEW))
    assert len(page.images) == 1
    assert page.links == ["https://example.org/plot.png"]
    assert "[image: plot]" in page.text


@pytest.mark.parametrize(
    "data",
    [
        "not base64!",
        "PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciLz4=",
        "data:image/svg+xml;base64,PHN2Zz4=",
        "https://example.org/x.png",
        '" onerror="alert(1)',
    ],
)
def test_only_pictures_of_known_kinds_are_embedded(data: str) -> None:
    block = {"type": "image", "data": data, "mime_type": "image/png"}
    shown = turns.turn(turns.done("image", data=data), turns.done("tool_call", content=[block]))
    assert Page(html(shown, VIEW)).images == []


def test_a_command_cannot_hide_or_reorder_what_it_does() -> None:
    data = turns.turn(turns.done("command", command="echo ok \u202e;mr\u200b\x1b[8m"))
    text = Page(html(data, VIEW)).text
    assert "⟨U+202E⟩" in text
    assert "⟨U+200B⟩" in text
    assert "␛[8m" in text


def test_a_command_of_many_lines_is_named_by_its_first_and_whole_below() -> None:
    lines = "python3 - <<'END'\n" + "print('\u202e<b>')\n" * 9 + "END"
    waiting, ran = (
        html(turns.turn(turns.done("command", status=status, command=lines, output="")), VIEW)
        for status in ("running", "completed")
    )
    summary, _, body = waiting.partition("</summary>")
    assert "$ python3 - &lt;&lt;'END'" in summary
    assert "print" not in summary
    assert body.count("print('⟨U+202E⟩&lt;b&gt;')\n") == 9
    assert "<details open" in waiting
    assert "<details style" in ran


def test_a_long_run_of_steps_is_folded_into_a_count() -> None:
    page = Page(html(turns.long_run(), VIEW))
    assert "8 commands" in page.text
    assert "All eight steps ran." in page.text


@pytest.mark.parametrize("state", [*FINAL_STATES])
def test_every_ending_is_named_with_the_next_step(state: str) -> None:
    error = {"kind": "x", "message": "It stopped.", "next_step": "Run it again."}
    drafts = [turns.begun()[0], events.interrupt_requested("ada")]
    if state in ("completed", "lost", "failed", "interrupted"):
        drafts = [*turns.begun(), events.interrupt_requested("ada")]
    data = turns.fold(turns.stamped([*drafts, events.turn_ended(state, error)]))
    text = Page(html(data, VIEW)).text
    assert state.capitalize() in text
    assert "Run it again." in text


def test_commands_in_what_is_said_are_code() -> None:
    error = {"kind": "x", "message": "No `<b>`.", "next_step": "Run `/login`, or `/log\nout`."}
    drafts = [*turns.begun(), events.turn_ended("failed", error)]
    shown = html(turns.fold(turns.stamped(drafts)), VIEW)
    assert "No <code>&lt;b&gt;</code>." in shown
    assert "Run <code>/login</code>, or `/log<br>out`." in shown


@pytest.mark.parametrize(
    ("last", "window"),
    [(None, 1000), ({"total_tokens": 10}, None), ({"total_tokens": 2000}, 1000), ({}, 1000)],
)
def test_the_context_left_is_hidden_when_it_is_not_known(last: Any, window: int | None) -> None:
    usage = {"last": last, "total": {"total_tokens": 10**7}, "context_window": window}
    data = turns.turn(events.usage_updated(usage))
    assert "context" not in Page(html(data, VIEW)).text


def test_a_turn_without_a_sandbox_says_so() -> None:
    settings = events.settings_updated({"sandbox": "danger-full-access"})
    assert "no sandbox" in Page(html(turns.turn(settings), VIEW)).text


def test_a_saved_bundle_is_enough() -> None:
    data = turns.everything()
    saved = json.loads(json.dumps(bundle(data, VIEW)))
    assert from_bundle(saved) == html(data, VIEW)


def test_a_live_picture_shows_the_open_question_but_no_control() -> None:
    page = Page(live_bundle(turns.waiting(), VIEW)["text/html"])
    assert "Waiting for a decision" in page.text
    assert "Need to write outside the workspace?" in page.text
    assert "Reconnecting... 2/5" in page.text


def test_a_live_output_is_one_picture_in_two_forms() -> None:
    output = live_bundle(turns.waiting(), VIEW)
    assert output["text/html"] == from_bundle(output[MIME])
    assert output == mime_bundle(turns.waiting(), VIEW, final=False) | output


@pytest.mark.parametrize("size", [10, VIEW.item_bytes + 1])
def test_an_answer_that_was_drawn_ahead_is_not_parsed_at_the_end(
    size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "A word.  " * size
    data = turns.turn(turns.done("message", text=text))
    draw_ahead(text, data, VIEW)
    # Whatever is still parsed would fail.
    monkeypatch.setattr("codex_kernel.render.markdown._parser", None)
    assert mime_bundle(data, VIEW, final=True)["text/html"].count("A word.") >= size // 10


def test_rendering_leaves_the_transcript_alone() -> None:
    data = turns.everything()
    before = deepcopy(data)
    first = mime_bundle(data, VIEW, final=True)
    assert data == before
    assert json.dumps(mime_bundle(data, VIEW, final=True)) == json.dumps(first)


@pytest.mark.parametrize("form", [from_bundle, markdown_turn.from_bundle])
def test_a_question_hides_nothing_and_code_is_no_command(form: Callable[[Any], str]) -> None:
    call: Any = {"id": "a.1", "item_id": None, "reason": None, "choices": ["once", "decline"]}
    tool = {**call, "kind": "mcp_tool_call", "server": "files", "tool": "read\u202eexec"}
    ran = {**call, "id": "a.2", "kind": "code", "command": "print(1)"}
    data = turns.turn(*turns.decided(tool, "once"), *turns.decided(ran, "once"))
    text = form(bundle(data, VIEW))
    assert "\u202e" not in text
    assert "U+202E" in text
    assert "$ print(1)" not in text
