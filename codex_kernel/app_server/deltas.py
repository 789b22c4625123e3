"""Runs of deltas as one delta each: an answer comes as thousands of them, in bursts.

Whatever is done with a message afterwards is then done once per run. What is joined follows each
other and differs in its text (and its time stamp, of which the first remains) alone. Pure.
"""

from __future__ import annotations

from typing import Any

Message = dict[str, Any]

TEXT = frozenset(
    {
        "item/agentMessage/delta",
        "item/plan/delta",
        "item/commandExecution/outputDelta",
        "item/reasoning/summaryTextDelta",
        "item/reasoning/summaryPartAdded",
        "item/reasoning/textDelta",
    }
)
"""Methods of messages that only add text; a part that is added has none yet."""


def joined(batch: list[Message]) -> list[Message]:
    """The messages in order, each run of deltas as its first one, with the text of all."""
    messages: list[Message] = []
    method, params, texts = "", {}, list[str]()
    for message in batch:
        if message["method"] not in TEXT or (text := _taken(message)) is None:
            _put_back(params, texts)
        elif texts and message["params"] == params and message["method"] == method:
            texts.append(text)
            continue
        else:
            _put_back(params, texts)
            method, params, texts = message["method"], message["params"], [text]
        messages.append(message)
    _put_back(params, texts)
    return messages


def _taken(message: Message) -> str | None:
    """The text, taken out of the message so that the rest can be compared; None without one."""
    params = message.get("params")
    if type(params) is not dict or type(params.get("delta")) is not str:
        return None
    return params.pop("delta")


def _put_back(params: Message, texts: list[str]) -> None:
    if texts:
        params["delta"] = "".join(texts)
        texts.clear()
