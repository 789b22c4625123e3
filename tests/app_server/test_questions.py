from __future__ import annotations

from typing import Any, get_args

import pytest

from codex_kernel.app_server.questions import _REFUSALS, question, refusal, reply, subject
from codex_kernel.ids import ApprovalId, TurnId
from codex_kernel.turn import events
from codex_kernel.turn.approvals import Answer, Choice, Decision
from codex_kernel.turn.transcript import Transcript

from .replay import AT, RECORDINGS, Player, given_answer, recorded_turns, whole
from .schemas import Schema, response, validate

ID = ApprovalId("turn.1")
Request = dict[str, Any]

COMMAND: Request = {
    "id": 0,
    "method": "item/commandExecution/requestApproval",
    "params": {
        "itemId": "c",
        "reason": "why?",
        "command": "/bin/bash -lc 'touch /x'",
        "cwd": "/w",
        "proposedExecpolicyAmendment": ["touch", "/x"],
        "availableDecisions": [
            "accept",
            {"acceptWithExecpolicyAmendment": {"execpolicy_amendment": ["touch", "/x"]}},
            "cancel",
        ],
    },
}
PATCH: Request = {
    "id": 0,
    "method": "item/fileChange/requestApproval",
    "params": {"itemId": "p", "reason": None, "grantRoot": None},
}
PERMISSIONS: Request = {
    "id": 0,
    "method": "item/permissions/requestApproval",
    "params": {
        "itemId": "q",
        "cwd": "/w",
        "reason": "need it",
        "permissions": {"network": None, "fileSystem": {"read": None, "write": ["/home/user"]}},
    },
}
TOOL: Request = {
    "id": 0,
    "method": "mcpServer/elicitation/request",
    "params": {
        "serverName": "tiny",
        "mode": "form",
        "message": 'Allow the tiny MCP server to run tool "boom"?',
        "requestedSchema": {"type": "object", "properties": {}},
        "_meta": {
            "codex_approval_kind": "mcp_tool_call",
            "persist": ["session", "always"],
            "tool_params": {"a": 1},
        },
    },
}
FORM: Request = {
    "id": 0,
    "method": "mcpServer/elicitation/request",
    "params": {
        "serverName": "tiny",
        "mode": "form",
        "message": "Who are you?",
        "_meta": None,
        "requestedSchema": {
            "type": "object",
            "required": ["name"],
            "properties": {
                "name": {"type": "string", "title": "Name", "description": "First name"},
                "age": {"type": "integer"},
                "height": {"type": "number"},
                "agrees": {"type": "boolean"},
                "colour": {"type": "string", "enum": ["r", "g"], "enumNames": ["red", "green"]},
                "sizes": {
                    "type": "array",
                    "items": {"anyOf": [{"const": "s", "title": "small"}]},
                },
            },
        },
    },
}
INPUT: Request = {
    "id": 0,
    "method": "item/tool/requestUserInput",
    "params": {
        "itemId": "u",
        "questions": [
            {
                "id": "q1",
                "header": "Pick",
                "question": "Which?",
                "isOther": True,
                "isSecret": True,
                "options": [{"label": "A", "description": "first"}],
            }
        ],
    },
}
_ASKED = {request["method"] for request in (COMMAND, PATCH, PERMISSIONS, TOOL, INPUT)}
APPROVALS = [COMMAND, PATCH, PERMISSIONS, TOOL]


def decide(choice: Choice) -> Decision:
    return Decision(choice, "me")


def test_a_command_is_asked_with_its_rule() -> None:
    asked: Any = question(COMMAND, ID)
    assert asked == {
        "id": ID,
        "kind": "command",
        "item_id": "c",
        "reason": "why?",
        "command": "touch /x",
        "cwd": "/w",
        "rule": ["touch", "/x"],
        "choices": ["once", "session", "always", "decline", "stop"],
    }


@pytest.mark.parametrize(
    "change",
    [
        {"proposedExecpolicyAmendment": None},
        {"availableDecisions": ["accept", "cancel"]},
    ],
)
def test_a_rule_is_offered_only_when_it_is_proposed_and_taken(change: dict[str, Any]) -> None:
    request = {**COMMAND, "params": {**COMMAND["params"], **change}}
    asked: Any = question(request, ID)
    assert asked["choices"] == ["once", "session", "decline", "stop"]
    assert "rule" not in asked
    assert reply(request, decide("always")) == {"decision": "decline"}


def test_a_proposed_rule_counts_where_nothing_is_listed() -> None:
    request = {**COMMAND, "params": {**COMMAND["params"], "availableDecisions": None}}
    asked: Any = question(request, ID)
    assert asked["rule"] == ["touch", "/x"]


def test_network_access_says_where_to() -> None:
    context = {"host": "example.org", "protocol": "https"}
    params = {"itemId": "c", "networkApprovalContext": context, "reason": None, "command": None}
    asked: Any = question({**COMMAND, "params": params}, ID)
    assert asked["reason"] == "Network access to example.org (https)"
    assert "command" not in asked


def test_a_patch_is_asked_with_the_diff_of_its_item() -> None:
    changes = [{"path": "/a", "kind": "add", "move_path": None, "diff": "@@"}]
    item = {"id": "p", "type": "file_change", "changes": changes, "status": "running"}
    asked: Any = question(PATCH, ID, item)
    assert asked["changes"] == changes
    assert "always" not in asked["choices"]


def test_the_tool_of_a_question_is_named_also_without_its_item() -> None:
    asked: Any = question(TOOL, ID)
    assert (asked["kind"], asked["server"], asked["tool"]) == ("mcp_tool_call", "tiny", "boom")
    assert asked["arguments"] == {"a": 1}


def test_a_tool_is_allowed_for_longer_only_where_that_is_offered() -> None:
    meta = {"codex_approval_kind": "mcp_tool_call", "persist": "session"}
    asked: Any = question({**TOOL, "params": {**TOOL["params"], "_meta": meta}}, ID)
    assert asked["choices"] == ["once", "session", "decline", "stop"]


def test_the_item_of_a_question_is_found() -> None:
    transcript = Transcript()
    call = {"id": "m", "type": "mcp_tool_call", "server": "tiny", "tool": "x", "status": "running"}
    patch = {"id": "p", "type": "file_change", "changes": [], "status": "running"}
    drafts = [
        events.turn_queued("p"),
        events.settings_updated({}),
        events.turn_started("t", "u"),
        events.item_started(call),
        events.item_started(patch),
    ]
    transcript.apply(events.stamp(TurnId("x"), 0, drafts, AT))
    assert subject(TOOL, transcript) == call
    assert subject(PATCH, transcript) == patch
    assert subject(COMMAND, transcript) is None
    assert subject({"id": 0, "method": "currentTime/read", "params": {}}, transcript) is None


def test_a_form_is_asked_field_by_field() -> None:
    asked: Any = question(FORM, ID)
    kinds = {field["id"]: field["kind"] for field in asked["questions"]}
    assert kinds == {
        "name": "text",
        "age": "integer",
        "height": "number",
        "agrees": "boolean",
        "colour": "choice",
        "sizes": "choice",
    }
    assert [field["id"] for field in asked["questions"] if field["required"]] == ["name"]
    assert asked["questions"][4]["options"][0] == {"label": "r", "description": "red"}


def test_a_form_is_answered_in_its_types() -> None:
    answers = {
        "name": ["Ada"],
        "age": ["36"],
        "height": ["1.7"],
        "agrees": ["yes"],
        "colour": ["g"],
        "sizes": ["s"],
    }
    assert reply(FORM, Answer(answers, "me")) == {
        "action": "accept",
        "content": {
            "name": "Ada",
            "age": 36,
            "height": 1.7,
            "agrees": True,
            "colour": "g",
            "sizes": ["s"],
        },
    }
    few = {"name": ["Ada"], "age": [""], "height": []}
    assert reply(FORM, Answer(few, "me")) == {"action": "accept", "content": {"name": "Ada"}}


@pytest.mark.parametrize(
    "answers",
    [
        None,
        {},
        {"name": [""]},
        {"name": ["A"], "age": ["x"]},
        {"name": ["A"], "colour": ["blue"]},
        {"name": ["A"], "height": ["nan"]},
        {"name": ["A"], "height": ["1e999"]},
    ],
)
def test_a_form_that_is_not_filled_in_well_is_declined(answers: Any) -> None:
    assert reply(FORM, Answer(answers, "me")) == {"action": "decline"}


def test_a_form_is_never_accepted_by_a_mere_yes() -> None:
    assert reply(FORM, decide("once")) == {"action": "decline"}


@pytest.mark.parametrize("mode", ["url", "openai/form", "openaiForm", "openai/userVerification"])
def test_forms_in_other_dialects_are_no_questions(mode: str) -> None:
    request = {**FORM, "params": {**FORM["params"], "mode": mode}}
    assert question(request, ID) is None
    assert reply(request, Answer({"name": ["A"]}, "me")) == {"action": "decline"}


def test_input_of_a_tool_is_asked_and_answered() -> None:
    asked: Any = question(INPUT, ID)
    assert asked["source"] == "codex"
    assert asked["questions"][0]["is_secret"]
    assert reply(INPUT, Answer({"q1": ["A"]}, "me")) == {"answers": {"q1": {"answers": ["A"]}}}
    assert reply(INPUT, Answer(None, "me")) == {"answers": {}}


@pytest.mark.parametrize("request_", [COMMAND, PATCH, PERMISSIONS], ids=lambda r: r["method"])
def test_answers_to_a_question_for_leave_decline(request_: Request) -> None:
    assert reply(request_, Answer({"a": ["b"]}, "me")) == refusal(request_)


@pytest.mark.parametrize(
    "method", [*sorted(set(_REFUSALS) - _ASKED), "attestation/generate", "new/request"]
)
@pytest.mark.parametrize("answer", [decide("once"), Answer({"a": ["b"]}, "me")])
def test_what_is_no_question_cannot_be_accepted(method: str, answer: Decision | Answer) -> None:
    request = {"id": 0, "method": method, "params": {}}
    assert question(request, ID) is None
    assert reply(request, answer) == refusal(request)


def test_permissions_are_granted_as_asked_and_for_as_long_as_said() -> None:
    granted = {"fileSystem": {"read": None, "write": ["/home/user"]}}
    assert reply(PERMISSIONS, decide("once")) == {"permissions": granted, "scope": "turn"}
    assert reply(PERMISSIONS, decide("session")) == {"permissions": granted, "scope": "session"}
    assert reply(PERMISSIONS, decide("decline")) == {"permissions": {}, "scope": "turn"}
    assert reply(PERMISSIONS, decide("stop")) == {"permissions": {}, "scope": "turn"}


@pytest.mark.parametrize("request_", APPROVALS, ids=lambda request: request["method"])
@pytest.mark.parametrize("choice", get_args(Choice))
def test_replies_have_the_shape_of_their_request(
    schema: Schema,
    request_: Request,
    choice: Choice,
) -> None:
    validate(schema, response(schema, request_["method"]), reply(request_, decide(choice)))


@pytest.mark.parametrize("request_", [FORM, INPUT], ids=lambda request: request["method"])
@pytest.mark.parametrize("answers", [None, {"name": ["A"], "q1": ["A"]}])
def test_answers_have_the_shape_of_their_request(
    schema: Schema,
    request_: Request,
    answers: Any,
) -> None:
    answer = reply(request_, Answer(answers, "me"))
    validate(schema, response(schema, request_["method"]), answer)


def test_recorded_requests_become_questions_and_recorded_answers_their_replies() -> None:
    kinds: set[str] = set()
    for recording in RECORDINGS:
        for turn in recorded_turns(recording):
            player = Player(turn, "x")
            player.play(whole)
            for request, asked, given in player.questions:
                if asked is None:
                    assert request["method"] == "item/tool/call"
                    continue
                kinds.add(str(asked.get("kind", request["method"])))
                if given is not None:
                    assert reply(request, given_answer(given)) == _without_defaults(given)
    assert kinds == {
        "command",
        "file_change",
        "permissions",
        "mcp_tool_call",
        "mcpServer/elicitation/request",
        "item/tool/requestUserInput",
    }


def _without_defaults(given: dict[str, Any]) -> dict[str, Any]:
    if "permissions" in given:
        kept = {name: value for name, value in given["permissions"].items() if value is not None}
        return {**given, "permissions": kept}
    return given
