"""Tab and Shift-Tab in a cell: commands, their values, `@` paths, and what they are.

Offsets are code points, as Jupyter counts them. Nothing here starts an app-server or waits long
for one: without it there are the commands and the files of the folder.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from codex_kernel.cell.command import Argument, Command, Value
from codex_kernel.cell.commands import BY_NAME, commands_of, describe
from codex_kernel.cell.output import Output, joined, printed, prose
from codex_kernel.cell.references import referable
from codex_kernel.cell.settings_commands import full_path
from codex_kernel.cell.text import COMMAND, existing_file, find_mentions
from codex_kernel.engine.session import Session
from codex_kernel.errors import CodexError, LogError

LOOK_UP_SECONDS = 2.0
"""A Tab does not wait longer for Codex."""
MATCHES = 50
HEAD_BYTES = 4 * 1024
"""What Shift-Tab shows of a file."""

_NAME = re.compile(r"[/%][a-z-]*")
_MENTION = re.compile(r"(?:^|(?<=[\s(\[{,;:\"']))@(\"?)([^\"\n]*|\S*)$")
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})")


@dataclass(frozen=True)
class Match:
    """A text that may take the place of what was typed."""

    text: str
    kind: str
    summary: str = ""


async def complete(text: str, cursor: int, session: Session) -> dict[str, Any]:
    """A `complete_reply`: what can stand at the cursor."""
    cursor = max(0, min(cursor, len(text)))
    begin = text.rfind("\n", 0, cursor) + 1
    line = text[begin:cursor]
    start, matches = begin + len(line), []
    if _is_among_commands(text, begin) and _NAME.fullmatch(line):
        start, matches = begin, _names(line, session.command_prefix)
    elif (found := COMMAND.match(line)) and _is_among_commands(text, begin):
        word, matches = await _arguments(found[0][1:], line[found.end() :], session)
        start = cursor - len(word)
    if not matches and (mention := _MENTION.search(line)):
        start = begin + mention.start()
        matches = await _references(mention[0], session)
        # Where a number is meant, files that are spelt alike would only be in the way.
        matches += await _paths(mention[2], bool(mention[1]), session, searches=not matches)
    return _reply(matches, start, cursor)


def _reply(matches: Sequence[Match], start: int, cursor: int) -> dict[str, Any]:
    types = [
        {"start": start, "end": cursor, "text": each.text, "type": each.kind}
        | ({"signature": each.summary} if each.summary else {})
        for each in matches
    ]
    return {
        "status": "ok",
        "matches": [each.text for each in matches],
        "cursor_start": start if matches else cursor,
        "cursor_end": cursor,
        "metadata": {"_jupyter_types_experimental": types},
    }


def _is_among_commands(text: str, begin: int) -> bool:
    """Whether only commands stand before the line that begins there."""
    before = text[:begin].replace("\r\n", "\n").split("\n")
    return all(COMMAND.match(line) for line in before if line.strip())


def _names(typed: str, prefix: str) -> list[Match]:
    mark, name = typed[0], typed[1:]
    return [
        Match(mark + command.name, "function", command.summary)
        for command in sorted(commands_of(prefix), key=lambda each: each.name)
        if command.name.startswith(name)
    ]


async def _arguments(name: str, rest: str, session: Session) -> tuple[str, list[Match]]:
    """The word that is typed, and what it may become."""
    command = BY_NAME.get(name)
    if command is None or not rest[:1].isspace():
        return "", []
    words = rest.split()
    word = "" if rest[-1].isspace() or not words else words[-1]
    at = len(words) - (1 if word else 0)
    if command.arguments and command.arguments[-1].takes_rest:
        at = min(at, len(command.arguments) - 1)
        if at == len(command.arguments) - 1:
            word = rest.lstrip() if at == 0 else word
    if at >= len(command.arguments):
        return word, []
    argument = command.arguments[at]
    given = {each.name: typed for each, typed in zip(command.arguments, words[:at], strict=False)}
    if argument.is_path:
        return word, await asyncio.to_thread(_folders, word, session.settings.cwd)
    values = await _values(argument, given, session)
    return word, [
        Match(each.text, "value", each.summary) for each in values if _fits(each, word, argument)
    ]


def _fits(value: Value, word: str, argument: Argument) -> bool:
    """By its beginning; what goes by a title (a session), by a part of that."""
    typed = word.casefold()
    return value.text.casefold().startswith(typed) or (
        argument.takes_rest and typed in value.summary.casefold()
    )


async def _values(argument: Argument, given: dict[str, str], session: Session) -> Sequence[Value]:
    if not callable(argument.values):
        return argument.values
    if argument.asks_codex and (session.server is None or session.server.is_gone):
        return ()
    try:
        async with asyncio.timeout(LOOK_UP_SECONDS):
            return await argument.values(session, given)
    except (CodexError, TimeoutError):
        return ()


async def _references(typed: str, session: Session) -> list[Match]:
    """Earlier cells of the notebook by their number, when something of `@cell[` is typed."""
    kinds = [kind for kind in ("@cell[", "@out[") if kind.startswith(typed[: len(kind)])]
    if len(typed) < 2 or not kinds:
        return []
    try:
        cells = await referable(session)
    except LogError:
        return []
    texts = [(f"{kind}{cell.number}]", cell.prompt) for kind in kinds for cell in cells]
    return [
        Match(text, "reference", prompt.partition("\n")[0][:80])
        for text, prompt in texts
        if text.startswith(typed)
    ][:MATCHES]


async def _paths(typed: str, is_quoted: bool, session: Session, *, searches: bool) -> list[Match]:
    """Files for a mention: below the folder as Codex finds them, else by listing."""
    cwd = session.settings.cwd
    paths = await asyncio.to_thread(_listed, typed, cwd)
    if searches and typed and not typed.endswith(os.sep):
        paths += [path for path in await _searched(typed, session) if path not in paths]
    return [_mention(path, is_quoted) for path in paths[:MATCHES]]


async def _searched(typed: str, session: Session) -> list[str]:
    server = session.server
    if server is None or server.is_gone or typed[0] in "~/.\\":
        return []
    params = {"query": typed, "roots": [full_path(session.settings.cwd)]}
    try:
        answer = await server.request("fuzzyFileSearch", params, LOOK_UP_SECONDS)
    except CodexError:
        return []
    return [
        each["path"] + (os.sep if each["match_type"] == "directory" else "")
        for each in answer["files"]
    ]


def _mention(path: str, is_quoted: bool) -> Match:
    needs_quotes = is_quoted or any(char.isspace() for char in path)
    is_folder = path.endswith(os.sep)
    # A folder's quote stays open: its files come next.
    text = f'@"{path}' + ("" if is_folder else '"') if needs_quotes else f"@{path}"
    return Match(text, "folder" if is_folder else "file")


def _folders(typed: str, cwd: str) -> list[Match]:
    return [Match(path, "folder") for path in _listed(typed, cwd) if path.endswith(os.sep)]


def _listed(typed: str, cwd: str) -> list[str]:
    """What lies where the path points, by the beginning of its name; hidden ones when asked."""
    folder, name = os.path.split(typed)
    where = os.path.join(cwd, os.path.expanduser(folder))
    try:
        with os.scandir(where) as entries:
            found = [(entry.name, entry.is_dir()) for entry in entries]
    except (OSError, ValueError):
        return []
    shown = [
        os.path.join(folder, entry) + (os.sep if is_folder else "")
        for entry, is_folder in found
        if entry.casefold().startswith(name.casefold())
        and (not entry.startswith(".") or name.startswith("."))
    ]
    return sorted(shown, key=str.casefold)


async def inspect(text: str, cursor: int, session: Session) -> dict[str, str] | None:
    """What stands at the cursor, as a MIME bundle: help of a command, or the head of a file."""
    cursor = max(0, min(cursor, len(text)))
    begin = text.rfind("\n", 0, cursor) + 1
    end = text.find("\n", cursor)
    line = text[begin : len(text) if end < 0 else end]
    for mention in find_mentions(text):
        if mention.start <= cursor <= mention.end:
            shown = await asyncio.to_thread(_file, mention.path, session.settings.cwd)
            return shown.bundle() if shown else None
    if (found := COMMAND.match(line)) and _is_among_commands(text, begin):
        command: Command | None = BY_NAME.get(found[0][1:])
        return describe(command, session.command_prefix).bundle() if command else None
    return None


def _file(typed: str, cwd: str) -> Output | None:
    """The head of a regular file that a path names as it was typed."""
    path = existing_file(typed, cwd)
    if path is None:
        return None
    try:
        with open(path, "rb") as file:
            content = file.read(HEAD_BYTES + 1)
        size = os.path.getsize(path)
    except OSError:
        return None
    about = prose(f"`{path}`, {size:,} bytes")
    if b"\0" in content:
        return about
    shown = content[:HEAD_BYTES].decode(errors="replace")
    return joined(about, printed(shown + ("\n…" if len(content) > HEAD_BYTES else "")))


def is_complete(text: str) -> str:
    """Whether Enter should run the text: "complete", or "incomplete" while something is open."""
    lines = text.replace("\r\n", "\n").split("\n")
    if lines[-1].endswith("\\") or (len(lines) > 1 and not lines[-1] and lines[-2].endswith("\\")):
        return "incomplete"
    return "incomplete" if _has_open_fence(lines) or _has_open_quote(lines) else "complete"


def _has_open_fence(lines: Iterable[str]) -> bool:
    fence = ""
    for line in lines:
        found = _FENCE.match(line)
        if not fence:
            fence = found[1] if found else ""
        elif found and found[1].startswith(fence) and line.strip() == found[1]:
            fence = ""
    return bool(fence)


def _has_open_quote(lines: Sequence[str]) -> bool:
    """In a command whose arguments are words; a title or a prompt may hold any quote."""
    written = [line for line in lines if line.strip()]
    if not written or not (found := COMMAND.match(written[-1])):
        return False
    command = BY_NAME.get(found[0][1:])
    if command is None or not all(COMMAND.match(line) for line in written):
        return False
    if any(argument.takes_rest for argument in command.arguments):
        return False
    return any(written[-1].count(quote) % 2 for quote in "\"'")
