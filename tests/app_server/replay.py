"""Recorded streams played as an engine would: turn by turn, into stamped events.

A recording is a `.jsonl` of `fixtures/app-server`; only the user's own threads are played, not
those of sub-agents.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from codex_kernel.app_server.outcome import outcome
from codex_kernel.app_server.questions import question, subject
from codex_kernel.app_server.translate import supersede, translate
from codex_kernel.ids import TurnId, approval_id
from codex_kernel.turn import events
from codex_kernel.turn.approvals import (
    Answer,
    Approval,
    Choice,
    Decision,
    Input,
    approval_decided,
    approval_requested,
    input_answered,
    input_requested,
)
from codex_kernel.turn.events import Draft, Event, item_completed
from codex_kernel.turn.transcript import Transcript, closing_drafts

FIXTURES = Path(__file__).parent.parent / "fixtures"
RECORDINGS = sorted((FIXTURES / "app-server").glob("*.jsonl"))
AT = "2026-11-20T12:00:00.000Z"
ANSWERED_BY = "user"

Message = dict[str, Any]
Cut = Callable[[list[Message]], Iterator[list[Message]]]

_CHOICES: dict[str, Choice] = {
    "accept": "once",
    "acceptForSession": "session",
    "decline": "decline",
    "cancel": "stop",
}


@dataclass
class RecordedTurn:
    """What belongs to one turn: `(direction, message)` in order."""

    id: str
    thread_id: str
    lines: list[tuple[str, Message]] = field(default_factory=list)

    @property
    def notifications(self) -> list[Message]:
        return [m for way, m in self.lines if way == "in" and "id" not in m]


def messages(recording: Path) -> list[tuple[str, Message]]:
    lines = [json.loads(line) for line in recording.read_text(encoding="utf-8").splitlines()]
    return [(line["dir"], line["msg"]) for line in lines]


def own_threads(recording: Path) -> set[str]:
    """The threads that the user opened or asked something of, without those of sub-agents."""
    found: set[Any] = set()
    for way, message in messages(recording):
        if way == "out":
            found.add((message.get("params") or {}).get("threadId"))
        elif "result" in message:
            found.add(((message["result"] or {}).get("thread") or {}).get("id"))
    return found - {None}


def recorded_turns(recording: Path) -> list[RecordedTurn]:
    """The turns of the user's threads; what comes after the end of one is left out."""
    own = own_threads(recording)
    turns: dict[str, RecordedTurn] = {}
    current: dict[str, RecordedTurn] = {}
    asked: dict[Any, RecordedTurn] = {}
    over: set[str] = set()
    for way, message in messages(recording):
        if way == "out":
            if "result" in message and message["id"] in asked:
                asked[message["id"]].lines.append((way, message))
            continue
        turn = _turn_of(message, own, turns, current)
        if turn is None or turn.id in over:
            continue
        turn.lines.append((way, message))
        if "id" in message:
            asked[message["id"]] = turn
        if message["method"] == "turn/completed":
            over.add(turn.id)
    return [turn for turn in turns.values() if turn.lines]


def _turn_of(
    message: Message,
    own: set[str],
    turns: dict[str, RecordedTurn],
    current: dict[str, RecordedTurn],
) -> RecordedTurn | None:
    params = message.get("params") or {}
    thread_id = params.get("threadId")
    if "method" not in message or thread_id not in own:
        return None
    turn_id = params.get("turnId") or (params.get("turn") or {}).get("id")
    if message["method"] == "turn/started" and params["turn"]["rootTurnId"] in turns:
        turn_id = params["turn"]["rootTurnId"]  # a review: the items go by the root's id
    if turn_id is None:
        return current.get(thread_id)
    turn = turns.setdefault(turn_id, RecordedTurn(turn_id, thread_id))
    current[thread_id] = turn
    return turn


class Player:
    """Plays one recorded turn into events and their transcript."""

    def __init__(self, turn: RecordedTurn, name: str) -> None:
        self.events: list[Event] = []
        self.transcript = Transcript()
        self.questions: list[tuple[Message, Approval | Input | None, Message | None]] = []
        self._id = TurnId(name)
        self._turn = turn
        self._pending: dict[Any, Approval | Input] = {}
        self._asked = 0
        self._prompt: str | None = None
        self._echo_id: str | None = None

    def play(self, cut: Cut) -> dict[str, Any]:
        turn = self._turn
        self._prompt, self._echo_id = _prompt(turn.notifications)
        self._emit([events.turn_queued(self._prompt)])
        self._emit([events.settings_updated({}, session_id=turn.thread_id)])
        self._emit([events.turn_started(turn.thread_id, turn.id)])
        run: list[Message] = []
        for way, message in turn.lines:
            if way == "in" and "id" not in message:
                run.append(message)
                continue
            self._translate(run, cut)
            run = []
            self._answer(message) if way == "out" else self._ask(message)
        self._translate(run, cut)
        self._end()
        return self.transcript.data

    def _emit(self, drafts: list[Draft]) -> None:
        made = events.stamp(self._id, len(self.events), drafts, AT)
        self.transcript.apply(made)
        self.events += made

    def _translate(self, run: list[Message], cut: Cut) -> None:
        for batch in cut(run):
            drafts = supersede(translate(batch), self.transcript)
            self._emit([draft for draft in drafts if not self._is_echo(draft)])

    def _is_echo(self, draft: Draft) -> bool:
        return "item" in draft and draft["item"]["id"] == self._echo_id

    def _ask(self, request: Message) -> None:
        self._asked += 1
        item = subject(request, self.transcript)
        asked = question(request, approval_id(self._id, self._asked), item)
        self.questions.append((request, asked, None))
        if asked is None:
            return
        self._pending[request["id"]] = asked
        is_input = "questions" in asked
        self._emit([input_requested(asked) if is_input else approval_requested(asked)])  # type: ignore[arg-type]  # a plain dict

    def _answer(self, response: Message) -> None:
        asked = self._pending.pop(response["id"], None)
        self.questions = [
            (r, q, response["result"] if r["id"] == response["id"] else a)
            for r, q, a in self.questions
        ]
        if asked is None or self.transcript.is_final:
            return
        answer = given_answer(response["result"])
        if isinstance(answer, Answer):
            self._emit([input_answered(asked, answer)])  # type: ignore[arg-type]  # a plain dict
        else:
            self._emit([approval_decided(asked["id"], answer)])

    def _end(self) -> None:
        last = self._turn.notifications[-1]
        if last["method"] != "turn/completed":
            self._emit([*closing_drafts(self.transcript, "lost"), events.turn_ended("lost")])
            return
        state, error = outcome(last["params"]["turn"])
        status = "failed" if state == "failed" else "interrupted"
        if state == "completed":
            self._emit([item_completed(item) for item in self._background()])
        self._emit([*closing_drafts(self.transcript, status), events.turn_ended(state, error)])

    def _background(self) -> list[dict[str, Any]]:
        commands = [item for item in self.transcript.open_items() if item["type"] == "command"]
        return [{**item, "status": "background"} for item in commands]


def given_answer(result: Message) -> Decision | Answer:
    """What the user must have said for this reply to be recorded."""
    if "answers" in result:
        answers = {key: value["answers"] for key, value in result["answers"].items()}
        return Answer(answers, ANSWERED_BY)
    if result.get("content"):
        content = {key: [str(value)] for key, value in result["content"].items()}
        return Answer(content, ANSWERED_BY)
    if "permissions" in result:
        return Decision("session" if result.get("scope") == "session" else "once", ANSWERED_BY)
    lasting = (result.get("_meta") or {}).get("persist")
    if lasting:
        return Decision(lasting, ANSWERED_BY)
    decision = result.get("decision") or result["action"]
    return Decision("always" if isinstance(decision, dict) else _CHOICES[decision], ANSWERED_BY)


def whole(run: list[Message]) -> Iterator[list[Message]]:
    yield run


def one_by_one(run: list[Message]) -> Iterator[list[Message]]:
    for message in run:
        yield [message]


def _prompt(notifications: list[Message]) -> tuple[str, str | None]:
    for draft in translate(notifications):
        if draft["type"] == "item.completed" and draft["item"]["type"] == "user_message":
            return draft["item"]["text"], draft["item"]["id"]
    return "", None
