"""A response as the server-sent events of the Responses API, and where the stream has to hold.

`stream` is a function of values: steps in, pieces of bytes and holds out; who writes the bytes and
waits at the holds is `server`. Big generated texts come in pieces of many events each, so that the
model is never what a speed test measures.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from .holds import Drop, Hold, Pause, Stall, Wait
from .request import ModelRequest
from .script import Response, Step
from .tools import TOOL_STEPS, Item, Toolbox, tool_item

_CHUNK = 16
_EVENTS_PER_PIECE = 2_000
# An estimate above this could set off a compaction that no script asked for.
_MOST_ESTIMATED_TOKENS = 20_000
_CHARACTERS_PER_TOKEN = 4


Frame = bytes | Hold


def stream(
    response: Response, request: ModelRequest, *, attempt: int = 0, pace: float | None = None
) -> Iterator[Frame]:
    """The answer to `request` that plays `response`.

    `attempt` counts the answers to the same request that went before; `pace` is in characters
    per second of what a reader sees grow (None: at once).
    """
    return _Player(request, attempt, pace).play(response)


def event(kind: str, **fields: Any) -> bytes:
    """One server-sent event."""
    fields = {"type": kind, **fields}
    return f"event: {kind}\ndata: {json.dumps(fields, separators=(',', ':'))}\n\n".encode()


@dataclass
class _Player:
    """Plays one response once."""

    request: ModelRequest
    attempt: int
    pace: float | None
    written: int = 0
    usage: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._toolbox = Toolbox.of(self.request)
        self._unique = uuid.uuid4().hex[:10]
        self._indexes = count()
        self._numbers = count()
        self._due = self.request.round + 1

    def play(self, response: Response) -> Iterator[Frame]:
        response_id = f"resp_{self._unique}"
        is_cut = any(step.kind in _CUTS and step.is_active(self.attempt) for step in response)
        self._due = self.request.round + (not is_cut)
        yield event("response.created", response={"id": response_id})
        for step in response:
            if step.kind in _ENDS:
                if step.is_active(self.attempt):
                    yield _ENDS[step.kind](step, response_id)
                    return
                continue
            yield from self._step(step)
        answer = {"id": response_id, "usage": self._total_usage()}
        yield event("response.completed", response=answer)

    def _step(self, step: Step) -> Iterator[Frame]:
        if step.kind in TOOL_STEPS:
            yield from self._item(tool_item(step, self.request, self._toolbox))
        elif step.kind == "usage":
            self.usage |= step.value(0)
        elif step.kind in _HOLDS:
            if step.is_active(self.attempt):
                yield _HOLDS[step.kind](step)
        elif step.kind != "fail":
            yield from _TEXTS[step.kind](self, step)

    def say(self, step: Step) -> Iterator[Frame]:
        text = step.value(0)
        yield from self._message(text, _pieces(text, step.options.get("chunk", _CHUNK)), step)

    def words(self, step: Step) -> Iterator[Frame]:
        words = [f"word{number} " for number in range(step.value(0))]
        text = "".join(words)
        per_delta = max(1, step.value(1, 1))
        deltas = (
            "".join(words[begin : begin + per_delta]) for begin in range(0, len(words), per_delta)
        )
        yield from self._message(text, deltas, step)

    def text(self, step: Step) -> Iterator[Frame]:
        length = step.value(0)
        line = "The quick brown fox jumps over the lazy dog.\n"
        text = (line * (length // len(line) + 1))[:length]
        yield from self._message(text, _pieces(text, step.value(1, length)), step)

    def think(self, step: Step) -> Iterator[Frame]:
        item: Item = {"type": "reasoning", "summary": [], "encrypted_content": "scripted"}
        item_id, at = self._new_id("rs"), next(self._indexes)
        place = {"item_id": item_id, "output_index": at}
        yield self._added(at, item | {"id": item_id})
        for number, text in enumerate(step.values):
            part = {"type": "summary_text", "text": text}
            here = place | {"summary_index": number}
            empty = part | {"text": ""}
            yield event("response.reasoning_summary_part.added", part=empty, **here)
            deltas = _pieces(text, _CHUNK)
            yield from self._deltas("response.reasoning_summary_text.delta", here, deltas)
            yield event("response.reasoning_summary_text.done", text=text, **here)
            yield event("response.reasoning_summary_part.done", part=part, **here)
        summary = [{"type": "summary_text", "text": text} for text in step.values]
        yield self._done(at, item | {"id": item_id, "summary": summary})

    def think_raw(self, step: Step) -> Iterator[Frame]:
        text = step.value(0)
        item: Item = {"type": "reasoning", "summary": [], "encrypted_content": "scripted"}
        item_id, at = self._new_id("rs"), next(self._indexes)
        here = {"item_id": item_id, "output_index": at, "content_index": 0}
        yield self._added(at, item | {"id": item_id})
        yield from self._deltas("response.reasoning_text.delta", here, _pieces(text, _CHUNK))
        content = [{"type": "reasoning_text", "text": text}]
        yield self._done(at, item | {"id": item_id, "content": content})

    def _message(self, text: str, deltas: Iterator[str], step: Step) -> Iterator[Frame]:
        item_id, at = self._new_id("msg"), next(self._indexes)
        item: Item = {"type": "message", "role": "assistant", "id": item_id}
        if "phase" in step.options:
            item["phase"] = step.options["phase"]
        content = {"type": "output_text", "text": "", "annotations": []}
        here = {"item_id": item_id, "output_index": at, "content_index": 0}
        yield self._added(at, item | {"content": []})
        yield event("response.content_part.added", part=content, **here)
        yield from self._deltas("response.output_text.delta", here, deltas)
        content = content | {"text": text}
        yield event("response.output_text.done", text=text, **here)
        yield event("response.content_part.done", part=content, **here)
        yield self._done(at, item | {"content": [content]})

    def _item(self, item: Item) -> Iterator[Frame]:
        """A finished item; a tool call streams its arguments as the real model does."""
        at = next(self._indexes)
        item.setdefault("id", self._new_id("item"))
        if item["type"] not in _ARGUMENTS:
            yield self._added(at, item)
            yield self._done(at, item)
            return
        item.setdefault("call_id", self._new_id("call"))
        name, kind = _ARGUMENTS[item["type"]]
        here = {"item_id": item["id"], "output_index": at, "call_id": item["call_id"]}
        yield self._added(at, item | {name: ""})
        text = item.get(name, "")
        yield from self._deltas(f"{kind}.delta", here, _pieces(text, 4 * _CHUNK))
        yield event(f"{kind}.done", **here, **{name: text})
        yield self._done(at, item)

    def _deltas(self, kind: str, here: dict[str, Any], deltas: Iterator[str]) -> Iterator[Frame]:
        head = event(kind, **here)[: -len("}\n\n")] + b',"delta":'
        piece: list[bytes] = []
        for delta in deltas:
            self.written += len(delta)
            piece.append(b"%b%b}\n\n" % (head, json.dumps(delta).encode()))
            if self.pace and kind in _READ_LIVE:
                yield b"".join(piece)
                yield Pause(len(delta) / self.pace)
                piece.clear()
            elif len(piece) == _EVENTS_PER_PIECE:
                yield b"".join(piece)
                piece.clear()
        yield b"".join(piece)

    def _added(self, at: int, item: Item) -> bytes:
        return event("response.output_item.added", output_index=at, item=item)

    def _done(self, at: int, item: Item) -> bytes:
        return event("response.output_item.done", output_index=at, item=item)

    def _new_id(self, prefix: str) -> str:
        # The form is read again by `request`; the last part keeps ids of a retry apart.
        number = f"{self._unique}{next(self._numbers)}"
        return f"{prefix}_{self.request.turn}_r{self._due}_{number}"

    def _total_usage(self) -> dict[str, Any]:
        asked = len(json.dumps(self.request.input)) // _CHARACTERS_PER_TOKEN
        usage = {
            "input_tokens": min(asked, _MOST_ESTIMATED_TOKENS),
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": min(self.written // _CHARACTERS_PER_TOKEN, _MOST_ESTIMATED_TOKENS),
            "output_tokens_details": {"reasoning_tokens": 0},
        } | self.usage
        total = usage["input_tokens"] + usage["output_tokens"]
        return {"total_tokens": total} | usage


def _failed(step: Step, response_id: str) -> Frame:
    error = {"code": step.value(0), "message": step.value(1)}
    return event("response.failed", response={"id": response_id, "error": error})


def _incomplete(step: Step, response_id: str) -> Frame:
    details = {"reason": step.value(0)}
    return event("response.incomplete", response={"id": response_id, "incomplete_details": details})


_ENDS: dict[str, Callable[[Step, str], Frame]] = {
    "failed": _failed,
    "incomplete": _incomplete,
    "drop": lambda _step, _response_id: Drop(),
}

# Nobody sees the arguments of a tool grow: a pace there would only look like a standstill.
_READ_LIVE = frozenset(
    {
        "response.output_text.delta",
        "response.reasoning_summary_text.delta",
        "response.reasoning_text.delta",
    }
)

# Codex keeps what was complete before one of these and asks for the response again.
_CUTS = frozenset({"failed", "drop", "stall"})

_HOLDS: dict[str, Callable[[Step], Hold]] = {
    "pause": lambda step: Pause(step.value(0)),
    "wait": lambda step: Wait(step.value(0)),
    "stall": lambda _step: Stall(),
}

_TEXTS: dict[str, Callable[[_Player, Step], Iterator[Frame]]] = {
    "say": _Player.say,
    "words": _Player.words,
    "text": _Player.text,
    "think": _Player.think,
    "think_raw": _Player.think_raw,
}

# Type of item -> (field that is streamed, the events that stream it).
_ARGUMENTS = {
    "function_call": ("arguments", "response.function_call_arguments"),
    "custom_tool_call": ("input", "response.custom_tool_call_input"),
}


def _pieces(text: str, size: int) -> Iterator[str]:
    size = max(1, size)
    return (text[begin : begin + size] for begin in range(0, len(text), size))
