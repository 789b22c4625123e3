"""Tab in `%codex` and `%%codex`: options, commands and their values, and `@` paths."""

from __future__ import annotations

import concurrent.futures
import re
from argparse import ArgumentParser
from collections.abc import Iterable
from typing import Any

from IPython.core.completer import SimpleCompletion

from codex_kernel.cell.completion import complete
from codex_kernel.errors import CodexError
from codex_kernel.magic.host import current
from codex_kernel.settings import SANDBOXES

SECONDS = 3.0
"""A Tab does not wait longer; the first one starts Codex."""

_LINE = re.compile(r"\s*(?:\w+\s*=\s*)?%codex\s+")
_CELL = re.compile(r"%%codex[ \t]*")
_OPTION = re.compile(r"(--?[a-z]+)(\s+|=)")
_FIXED = {"--sandbox": SANDBOXES, "--context": ("none", "cells", "vars")}
_AS_COMMAND = {"--model": "/model ", "--effort": "/effort ", "--session": "/resume "}


def match(context: Any, parser: ArgumentParser) -> Any:
    """What can stand at the cursor; a result of IPython's matchers (version 2)."""
    text = _until_cursor(context)
    if text is None:
        return _result([], "")
    head, is_body, body = text.partition("\n")
    return _from_cell(body) if is_body else _on_line(head, parser)


def _until_cursor(context: Any) -> str | None:
    """What stands between the magic's name and the cursor, or None where there is none."""
    lines = context.full_text.split("\n")[: context.cursor_line]
    text = "\n".join([*lines, context.text_until_cursor])
    if found := _CELL.match(text):
        return text[found.end() :]
    found = _LINE.match(context.text_until_cursor)
    return None if found is None else context.text_until_cursor[found.end() :]


def _on_line(rest: str, parser: ArgumentParser) -> Any:
    """Options as long as there are any, then the prompt."""
    while found := _OPTION.match(rest):
        action = parser._option_string_actions.get(found[1])
        rest = rest[found.end() :]
        if action is not None and action.nargs != 0:
            value, gap, behind = re.match(r"(\S*)(\s*)(.*)", rest, re.DOTALL).groups()  # type: ignore[union-attr]  # matches all
            if not gap:
                return _value(found[1], value)
            rest = behind
    if rest.startswith("-") and " " not in rest:
        known = sorted(name for name in parser._option_string_actions if name.startswith("--"))
        return _among(known, rest, "option")
    return _from_cell(rest)


def _value(option: str, typed: str) -> Any:
    if option in _AS_COMMAND:
        return _from_cell(_AS_COMMAND[option] + typed)
    return _among(_FIXED.get(option, ()), typed, "value")


def _among(words: Iterable[str], typed: str, kind: str) -> Any:
    fitting = [SimpleCompletion(word, type=kind) for word in words if word.startswith(typed)]
    return _result(fitting, typed)


def _from_cell(text: str) -> Any:
    """As in a cell of the Codex kernel."""
    work = current().engine.run(lambda session: complete(text, len(text), session))
    try:
        reply = work.result(SECONDS)
    except (CodexError, TimeoutError, concurrent.futures.CancelledError):
        work.cancel()
        return _result([], "")
    types = reply["metadata"]["_jupyter_types_experimental"]
    found = [SimpleCompletion(each["text"], type=each["type"]) for each in types]
    return _result(found, text[reply["cursor_start"] :])


def _result(completions: list[SimpleCompletion], fragment: str) -> Any:
    return {
        "completions": completions,
        "matched_fragment": fragment,
        "suppress": bool(completions),
        "ordered": True,
    }
