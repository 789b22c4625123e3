from __future__ import annotations

from typing import Any

import pytest

from codex_kernel.app_server.translate import supersede, translate
from codex_kernel.ids import TurnId
from codex_kernel.turn import events
from codex_kernel.turn.transcript import Transcript

from .replay import AT, RECORDINGS, Player, messages, one_by_one, recorded_turns, whole


def note(method: str, **params: Any) -> dict[str, Any]:
    return {"method": method, "params": {"threadId": "t", "turnId": "u", **params}}


def delta(
    item_id: str, text: str, method: str = "agentMessage/delta", **more: Any
) -> dict[str, Any]:
    return note(f"item/{method}", itemId=item_id, delta=text, **more)


def running_turn() -> tuple[Transcript, list[events.Event]]:
    drafts = [
        events.turn_queued("p"),
        events.settings_updated({}),
        events.turn_started("t", "u"),
    ]
    stamped = events.stamp(TurnId("x"), 0, drafts, AT)
    transcript = Transcript()
    transcript.apply(stamped)
    return transcript, stamped


def apply(transcript: Transcript, drafts: list[dict[str, Any]]) -> None:
    transcript.apply(events.stamp(TurnId("x"), transcript.seq, drafts, AT))


def recorded(name: str) -> list[Any]:
    return recorded_turns(next(path for path in RECORDINGS if path.stem == name))


def test_deltas_of_a_batch_become_one_text_per_item() -> None:
    batch = [delta("a", "Hel"), delta("b", "x"), delta("a", "lo"), delta("b", "y")]
    assert translate(batch) == [
        events.item_text("a", "text", "Hello"),
        events.item_text("b", "text", "xy"),
    ]


def test_what_means_nothing_does_not_part_a_text() -> None:
    batch = [
        delta("a", "1"),
        note("account/rateLimits/updated"),
        note("new/thing"),
        delta("a", "2"),
    ]
    assert translate(batch) == [events.item_text("a", "text", "12")]


def test_text_stays_before_what_follows_it() -> None:
    batch = [delta("a", "1"), note("turn/diff/updated", diff="d"), delta("a", "2")]
    kinds = [draft["type"] for draft in translate(batch)]
    assert kinds == ["item.text", "diff.updated", "item.text"]


def test_parts_of_reasoning_do_not_run_together() -> None:
    transcript, _ = running_turn()
    raw = {"id": "r", "type": "reasoning", "summary": [], "content": []}
    batch = [
        note("item/started", item=raw),
        note("item/reasoning/summaryPartAdded", itemId="r", summaryIndex=0),
        delta("r", "**One**", "reasoning/summaryTextDelta", summaryIndex=0),
        note("item/reasoning/summaryPartAdded", itemId="r", summaryIndex=1),
        delta("r", "raw", "reasoning/textDelta", contentIndex=0),
        note("item/reasoning/summaryPartAdded", itemId="r", summaryIndex=2),
        delta("r", "**Three**", "reasoning/summaryTextDelta", summaryIndex=2),
    ]
    apply(transcript, translate(batch))
    item = transcript.item("r")
    assert item is not None
    assert item["summary"] == ["**One**", "", "**Three**"]
    assert item["content"] == ["raw"]


def test_final_output_replaces_the_live_one_which_has_gaps() -> None:
    transcript, _ = running_turn()
    raw = {
        "id": "c",
        "type": "commandExecution",
        "command": "seq 3",
        "commandActions": [],
        "cwd": "/",
        "status": "inProgress",
        "aggregatedOutput": None,
    }
    apply(transcript, translate([note("item/started", item=raw)]))
    apply(transcript, translate([delta("c", "1\n3\n", "commandExecution/outputDelta")]))
    done = {**raw, "status": "completed", "aggregatedOutput": "1\n2\n3\n"}
    apply(transcript, translate([note("item/completed", item=done)]))
    assert transcript.data["items"][0]["output"] == "1\n2\n3\n"


def test_the_whole_diff_replaces_the_earlier_one() -> None:
    transcript, _ = running_turn()
    batch = [note("turn/diff/updated", diff="one"), note("turn/diff/updated", diff="two")]
    apply(transcript, translate(batch))
    assert transcript.data["diff"] == "two"


def test_a_retry_is_a_status_and_a_final_error_is_left_to_the_outcome() -> None:
    error = {"message": "Reconnecting... 1/5", "additionalDetails": "cut"}
    assert translate([note("error", error=error, willRetry=True)]) == [
        events.retry("Reconnecting... 1/5", "cut")
    ]
    assert translate([note("error", error=error, willRetry=False)]) == []


@pytest.mark.parametrize("cut", [whole, one_by_one])
def test_the_half_message_of_a_cut_stream_ends_as_lost(cut: Any) -> None:
    (turn,) = recorded("error_drop_mid_message")
    items = Player(turn, "x").play(cut)["items"]
    assert [(item["text"], item["status"]) for item in items] == [
        ("half a sen", "lost"),
        ("second try whole sentence", "completed"),
    ]


def test_a_whole_message_of_a_cut_stream_stays() -> None:
    (turn,) = recorded("error_stream_drop")
    assert [item["status"] for item in Player(turn, "x").play(whole)["items"]] == [
        "completed",
        "completed",
    ]


def test_reasoning_that_is_cut_ends_with_what_came_in_the_same_batch() -> None:
    transcript, _ = running_turn()
    raw = {"id": "r", "type": "reasoning", "summary": [], "content": []}
    apply(transcript, translate([note("item/started", item=raw)]))
    batch = [
        delta("r", "a", "reasoning/summaryTextDelta", summaryIndex=0),
        note("error", error={"message": "again"}, willRetry=True),
    ]
    apply(transcript, supersede(translate(batch), transcript))
    assert transcript.data["items"] == [
        {"id": "r", "type": "reasoning", "summary": ["a"], "content": [], "status": "lost"}
    ]
    assert transcript.data["retry"]["message"] == "again"


def test_a_running_command_outlives_a_cut_stream() -> None:
    transcript, _ = running_turn()
    raw = {
        "id": "c",
        "type": "commandExecution",
        "command": "sleep 9",
        "commandActions": [],
        "cwd": "/",
        "status": "inProgress",
    }
    error = note("error", error={"message": "again"}, willRetry=True)
    drafts = supersede(translate([note("item/started", item=raw), error]), transcript)
    apply(transcript, drafts)
    assert transcript.data["items"][0]["status"] == "running"


def test_the_message_of_a_reviewer_ends_with_the_review() -> None:
    (turn,) = recorded("review")
    items = Player(turn, "x").play(one_by_one)["items"]
    assert [item["status"] for item in items if item["type"] == "message"] == ["lost", "completed"]
    assert [item["phase"] for item in items if item["type"] == "review"] == ["entered", "exited"]


def test_without_a_retry_the_drafts_are_left_as_they_are() -> None:
    drafts = translate([delta("a", "1")])
    assert supersede(drafts, Transcript()) is drafts


def test_usage_has_our_names() -> None:
    counts = {
        "totalTokens": 3,
        "inputTokens": 2,
        "cachedInputTokens": 1,
        "outputTokens": 1,
        "reasoningOutputTokens": 0,
    }
    usage = {"total": counts, "last": counts, "modelContextWindow": 258400}
    (draft,) = translate([note("thread/tokenUsage/updated", tokenUsage=usage)])
    assert draft["usage"]["context_window"] == 258400
    assert draft["usage"]["last"] == {
        "total_tokens": 3,
        "input_tokens": 2,
        "cached_input_tokens": 1,
        "output_tokens": 1,
        "reasoning_output_tokens": 0,
    }


def test_a_plan_has_our_names() -> None:
    plan = [{"step": "Read", "status": "inProgress"}, {"step": "Edit", "status": "pending"}]
    (draft,) = translate([note("turn/plan/updated", plan=plan, explanation="Working")])
    assert draft == events.plan_updated(
        [{"step": "Read", "status": "in_progress"}, {"step": "Edit", "status": "pending"}],
        "Working",
    )


def test_settings_are_those_that_codex_reports() -> None:
    reported = {
        "cwd": "/workspace",
        "approvalPolicy": "never",
        "sandboxPolicy": {"type": "workspaceWrite", "networkAccess": False},
        "model": "gpt-5.5",
        "effort": "high",
    }
    (draft,) = translate([note("thread/settings/updated", threadSettings=reported)])
    assert draft["settings"] == {
        "cwd": "/workspace",
        "approval_policy": "never",
        "sandbox": "workspace-write",
        "network_access": False,
        "model": "gpt-5.5",
        "effort": "high",
    }


@pytest.mark.parametrize(
    ("message", "kind", "part"),
    [
        (note("warning", message="Mind this."), "codex", "Mind this."),
        (note("guardianWarning", message="Risky."), "guardian", "Risky."),
        (note("configWarning", summary="Bad key", details="line 3"), "config", "Bad key line 3"),
        (note("deprecationNotice", summary="Old.", details=None), "deprecation", "Old."),
        (
            note("mcpServer/startupStatus/updated", name="bad", status="failed", error="no file"),
            "mcp",
            "bad cannot be used: no file",
        ),
        (
            note("model/rerouted", fromModel="a", toModel="b", reason="highRiskCyberActivity"),
            "model",
            "b instead of a (high risk cyber activity)",
        ),
    ],
)
def test_warnings_have_a_kind(message: dict[str, Any], kind: str, part: str) -> None:
    (draft,) = translate([message])
    assert draft["type"] == "warning"
    assert draft["kind"] == kind
    assert part in draft["message"]


def test_cosmetic_warnings_and_those_about_our_own_calls_are_left_out() -> None:
    told = [
        message
        for recording in RECORDINGS
        for way, message in messages(recording)
        if way == "in" and message.get("method") in ("configWarning", "deprecationNotice")
    ]
    assert len(told) > 60
    (draft,) = translate(told)
    assert draft["message"].startswith("Project-local config")
    ready = note("mcpServer/startupStatus/updated", name="tiny", status="ready", error=None)
    assert translate([ready]) == []


def test_what_is_typed_into_a_command_is_an_item_of_its_own() -> None:
    transcript = Player(recorded("write_stdin")[1], "x").play(whole)
    typed = next(item for item in transcript["items"] if item["type"] == "terminal_input")
    assert typed["text"] == "abc\n"
    assert typed["process_id"] == "34894"


def test_a_patch_that_still_streams_is_shown_and_then_replaced() -> None:
    (turn,) = recorded("patch_streaming")
    player = Player(turn, "x")
    player.play(one_by_one)
    patches = [
        event["item"]["changes"]
        for event in player.events
        if event["type"] == "item.started" and event["item"]["type"] == "file_change"
    ]
    assert [patch[0]["path"] for patch in patches] == ["new.py", "a.txt", "/workspace/a.txt"]
    assert player.transcript.data["items"][0]["changes"] == patches[-1]


def test_progress_of_a_tool_is_its_output_while_it_runs() -> None:
    assert translate([note("item/mcpToolCall/progress", itemId="m", message="50 %")]) == [
        events.item_text("m", "output", "50 %\n")
    ]


def test_messages_in_an_unknown_shape_are_passed_over() -> None:
    broken = [{"method": "turn/diff/updated", "params": {}}, note("error", willRetry=True)]
    assert translate(broken) == []


def test_an_image_and_searches_are_recorded() -> None:
    (image,) = Player(recorded("image")[0], "x").play(whole)["items"][:1]
    assert (image["origin"], image["path"]) == ("viewed", "/workspace/pic.png")
    searches = Player(recorded("web_search")[0], "x").play(whole)["items"][:3]
    assert [item["action"]["type"] for item in searches] == ["search", "open_page", "find_in_page"]
