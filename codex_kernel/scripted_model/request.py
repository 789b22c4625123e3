"""What a request of Codex to its model means: which prompt is played, and how far it has come.

Everything is read from the request itself, so that retries, resumed sessions and any number of
threads at once need no memory here. Every id the model gives out says in which turn it was made
and which response (`round`) is due after it; Codex sends the ids back in `input`, and the highest
of this turn counts. What came before a cut names the same response once more, because Codex keeps
it and asks again. A compaction removes the ids, so its summary carries the number on.

This module knows the Responses API's input items and nothing of scripts or HTTP.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from .script import Script, find_script

_ROUND_IN_ID = re.compile(r"^[a-z]+_([0-9a-f]{12})_r(\d+)_")
_ROUND_IN_SUMMARY = re.compile(r"\[scripted turn ([0-9a-f]{12}), next round (\d+)\]")
_RUNNING_COMMAND = re.compile(r'session(?: |_)id"?:? (\d+)|"session_id":(\d+)', re.IGNORECASE)
_COMPACTION_PROMPT = "CONTEXT CHECKPOINT COMPACTION"
_AGENT_ID = re.compile(r'"agent_id":"([^"]+)"')
_TASK = re.compile(r"Message Type: \w*TASK\b")
# What Codex itself writes into the conversation in the user's name.
_NOT_THE_USER = re.compile(
    r"\s*(?:<(?:environment_context|user_instructions|turn_aborted|skill|user_shell_command|"
    r"subagent_notification|model_switch|realtime_conversation|hook_prompt)\b"
    r"|# AGENTS\.md instructions|Another language model started to solve this problem)"
)


@dataclass(frozen=True)
class Prompt:
    """What the user asked: its text, and where it stands in the request's input."""

    text: str
    position: int


class ModelRequest:
    """One `POST /responses`, read."""

    def __init__(self, body: dict[str, Any]) -> None:
        self.body = body
        self.input: list[dict[str, Any]] = [
            item for item in body.get("input") or [] if isinstance(item, dict)
        ]

    @cached_property
    def metadata(self) -> dict[str, Any]:
        """What Codex says about the turn (thread_id, turn_id, request_kind, ...), or nothing."""
        client = self.body.get("client_metadata") or {}
        try:
            return json.loads(client.get("x-codex-turn-metadata") or "{}")
        except json.JSONDecodeError:
            return {}

    @cached_property
    def turn(self) -> str:
        """The turn as it appears in our ids; the same for every request of a turn."""
        turn_id = self.metadata.get("turn_id") or ""
        return hashlib.sha256(str(turn_id).encode()).hexdigest()[:12]

    @cached_property
    def is_compaction(self) -> bool:
        """Whether a summary of the conversation is asked for."""
        is_asked = _COMPACTION_PROMPT in self.input_text
        return is_asked or self.metadata.get("request_kind") == "compaction"

    @cached_property
    def input_text(self) -> str:
        """The text of the newest input item."""
        return _text(self.input[-1]) if self.input else ""

    @cached_property
    def is_side_request(self) -> bool:
        """Whether this is asked for Codex's own ends (a title, a memory), not for a turn."""
        return self.metadata.get("request_kind", "turn") not in ("turn", "compaction")

    @cached_property
    def answer_schema(self) -> dict[str, Any] | None:
        """The JSON schema that the answer must follow, if any."""
        form = (self.body.get("text") or {}).get("format") or {}
        schema = form.get("schema")
        return schema if isinstance(schema, dict) else None

    @cached_property
    def prompt(self) -> Prompt:
        """The prompt whose script is played now.

        A message that steers a running turn takes over only when it brings its own script.
        ScriptError when a script in it is malformed.
        """
        prompts = self._prompts()
        begin = self._begin_of_turn()
        earlier = [prompt for prompt in prompts if prompt.position < begin]
        steering = [prompt for prompt in prompts if prompt.position > begin]
        for prompt in reversed(steering):
            if find_script(prompt.text) is not None:
                return prompt
        return earlier[-1] if earlier else Prompt("", -1)

    @cached_property
    def script(self) -> Script | None:
        """The script that the prompt carries, if any; ScriptError when it is malformed."""
        return find_script(self.prompt.text)

    @cached_property
    def round(self) -> int:
        """Which response of the script is due: 0, 1, 2, ..."""
        after = self.input[self.prompt.position + 1 :]
        rounds = [due for item in after if (due := self._due_after(item)) is not None]
        return max(rounds, default=0)

    @cached_property
    def summary_mark(self) -> str:
        """What a summary must contain so that the turn goes on where it was."""
        return f"[scripted turn {self.turn}, next round {self.round}]"

    @cached_property
    def running_command(self) -> int | None:
        """The number by which Codex knows the newest command that was still running."""
        for item in reversed(self.input):
            if not str(item.get("type", "")).endswith("_output"):
                continue
            found = _RUNNING_COMMAND.findall(_text(item))
            if found:
                return int(next(filter(None, found[-1])))
        return None

    @cached_property
    def spawned_agents(self) -> tuple[str, ...]:
        """The agents that this turn started, where Codex gave them ids."""
        outputs = (_text(item) for item in self.input[self.prompt.position + 1 :])
        return tuple(found[1] for text in outputs if (found := _AGENT_ID.search(text)))

    def _prompts(self) -> list[Prompt]:
        found = []
        for position, item in enumerate(self.input):
            parts = _user_parts(item)
            if self.is_compaction and position == len(self.input) - 1:
                continue
            if parts:
                found.append(Prompt("\n".join(parts), position))
        return found

    def _begin_of_turn(self) -> int:
        """Where this turn's first trace of ours stands; the end of the input when there is none."""
        if "turn_id" in self.metadata:
            for position, item in enumerate(self.input):
                if self._due_after(item) is not None:
                    return position
        return len(self.input)

    def _due_after(self, item: dict[str, Any]) -> int | None:
        """The round that a trace of this turn calls for, None for everything else."""
        if item.get("role") == "user":
            found = _ROUND_IN_SUMMARY.search(_text(item))
        else:
            ids = (str(item.get(key) or "") for key in ("call_id", "id"))
            found = next(filter(None, map(_ROUND_IN_ID.match, ids)), None)
        return int(found[2]) if found and found[1] == self.turn else None


def _user_parts(item: dict[str, Any]) -> list[str]:
    """The texts in an item that are the user's words (or, for a sub-agent, its task)."""
    if item.get("type") == "agent_message":
        # Agents also report back by messages; only a task is a prompt.
        return [_text(item)] if _TASK.search(_text(item)) else []
    if item.get("type", "message") != "message" or item.get("role") != "user":
        return []
    return [text for text in _texts(item) if not _NOT_THE_USER.match(text)]


def _texts(item: dict[str, Any]) -> list[str]:
    content = item.get("content", item.get("output", ""))
    if isinstance(content, str):
        return [content]
    if not isinstance(content, list):
        return []
    return [
        # The task of a sub-agent comes under this name; a scripted model encrypts nothing.
        str(part.get("text") or part.get("encrypted_content") or "")
        for part in content
        if isinstance(part, dict)
    ]


def _text(item: dict[str, Any]) -> str:
    return "\n".join(_texts(item))
