"""The text of a cell: which lines are commands, what is the prompt, what it mentions.

Owns where a command line begins, the backslash that sends one as it is, and `@path`. Refuses to
know which commands there are; only `mentions` looks at the disk.
"""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass

COMMAND = re.compile(r"[/%][a-z][a-z-]*(?=\s|$)")
"""The beginning of a command line; `/data/x.csv` and `% of users` are none."""
SHELL = re.compile(r"!\S")
_ESCAPED = re.compile(rf"\\+(?:{COMMAND.pattern}|{SHELL.pattern})")
_CODE = re.compile(r"(?ms)^[ \t]*(`{3,}|~{3,}).*?(?:^[ \t]*\1|\Z)|`[^`\n]+`")
_MENTION = re.compile(
    r"(?:^|(?<=[\s(\[{,;:\"']))@(?:\"(?P<double>[^\"\n]+)\"|'(?P<single>[^'\n]+)'|(?P<bare>\S+))"
)
_CLOSING = ".,;:!?)]}'\""
IMAGES = frozenset({".png", ".jpg", ".jpeg", ".gif", ".webp"})
"""What Codex takes as an image."""


@dataclass(frozen=True)
class CommandLine:
    """A command as it was typed: its name without the `/` or `%`, and the rest of the line."""

    name: str
    rest: str
    text: str


@dataclass(frozen=True)
class Cell:
    """What a cell asks for, in this order: commands, then a prompt ("" for none).

    `shell` is the command of a cell that is one `!` line; then there is nothing else.
    """

    commands: tuple[CommandLine, ...] = ()
    prompt: str = ""
    shell: str | None = None


def parse(text: str) -> Cell:
    """A cell's text taken apart. Never fails: what is no command is the prompt."""
    lines = text.replace("\r\n", "\n").split("\n")
    if SHELL.match(stripped := "\n".join(lines).strip("\n")) and "\n" not in stripped:
        return Cell(shell=stripped[1:].strip())
    commands: list[CommandLine] = []
    at = 0
    while at < len(lines):
        line = lines[at]
        if found := COMMAND.match(line):
            commands.append(CommandLine(found[0][1:], line[found.end() :].strip(), line))
        elif line.strip():
            break
        at += 1
    return Cell(tuple(commands), _prompt(lines[at:]))


def as_prompt(text: str) -> str:
    """The text of a cell whose prompt this is, whatever it begins with."""
    text = text.strip("\n")
    return text if parse(text) == Cell(prompt=text.rstrip()) else f"\\{text}"


def is_escaped(line: str) -> bool:
    """Whether the line begins with the backslash that sends it as it is."""
    return _ESCAPED.match(line) is not None


def _prompt(lines: list[str]) -> str:
    if lines and is_escaped(lines[0]):
        lines = [lines[0][1:], *lines[1:]]
    return "\n".join(lines).rstrip()


@dataclass(frozen=True)
class Mention:
    """An `@path` in a text: from `start` to `end` in code points, the path as it was typed."""

    path: str
    start: int
    end: int


def find_mentions(text: str) -> list[Mention]:
    """Everything that is written like a mention, outside of code; whether it exists is open."""
    found: list[Mention] = []
    for match in _MENTION.finditer(without_code(text)):
        quoted = match["double"] or match["single"]
        found.append(Mention(quoted or match["bare"], match.start(), match.end()))
    return found


def without_code(text: str) -> str:
    """The text with code blanked out, every other character where it was."""
    return _CODE.sub(lambda code: re.sub(r"[^\n]", " ", code[0]), text)


def mentions(prompt: str, cwd: str) -> tuple[str, tuple[str, ...]]:
    """The prompt, unchanged, and the image files it mentions, as absolute paths.

    Other files stay what they are in the text: Codex reads them itself when it wants to.
    """
    images: list[str] = []
    for mention in find_mentions(prompt):
        path = existing_file(mention.path, cwd)
        if path and os.path.splitext(path)[1].lower() in IMAGES and path not in images:
            images.append(path)
    return prompt, tuple(images)


def existing_file(typed: str, cwd: str) -> str | None:
    """The regular file that a mention means, as an absolute path, or None.

    A stop after the path ("see @plot.png.") is not part of it, unless a file is called so.
    """
    while typed:
        path = os.path.abspath(os.path.join(cwd, os.path.expanduser(typed)))
        if _is_file(path):
            return path
        if typed[-1] not in _CLOSING:
            return None
        typed = typed[:-1]
    return None


def _is_file(path: str) -> bool:
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except (OSError, ValueError):
        return False
