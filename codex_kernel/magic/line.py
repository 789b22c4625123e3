"""The line of `%codex`: its options in front, the rest of it is the prompt as it stands.

A prompt is prose: its quotes, dashes and question marks are no syntax.
"""

from __future__ import annotations

import re
from argparse import ArgumentParser
from difflib import get_close_matches
from tokenize import TokenInfo
from typing import Any

from IPython.core.error import UsageError
from IPython.core.inputtransformer2 import EscapedCommand, MagicAssign

_WORD = re.compile(r"""\s*((?:"[^"]*"|'[^']*'|[^\s"'])+)""")
_OPTION = re.compile(r"--?[A-Za-z]")


def split(line: str, parser: ArgumentParser) -> tuple[list[str], str]:
    """The options of a line as words, and the prompt behind them; raises `UsageError`."""
    words: list[str] = []
    rest = line.strip()
    while _OPTION.match(rest):
        name, rest = _word(rest)
        name, is_given, value = name.partition("=")
        action = parser._option_string_actions.get(name)
        if action is None:
            raise UsageError(_unknown(name, list(parser._option_string_actions)))
        words.append(name)
        if action.nargs == 0 and is_given:
            raise UsageError(f"The option {name} of %codex takes no value.")
        if action.nargs != 0:
            value, rest = (_unquoted(value), rest) if is_given else _word(rest)
            words.append(value)
    if rest == "--" or rest.startswith("-- "):
        rest = rest[3:]
    return words, rest


def _word(text: str) -> tuple[str, str]:
    found = _WORD.match(text)
    if found is None:
        return "", ""
    return _unquoted(found[1]), text[found.end() :].lstrip()


def _unquoted(word: str) -> str:
    is_quoted = len(word) > 1 and word[0] in "\"'" and word[-1] == word[0]
    return word[1:-1] if is_quoted else word


def _unknown(name: str, known: list[str]) -> str:
    close = get_close_matches(name, known, n=1)
    hint = f"Did you mean {close[0]}?" if close else "%codex? lists them."
    return f"%codex has no option {name}. {hint} `--` before it makes it part of the prompt."


class CodexLine(EscapedCommand):
    """`%codex why does this fail?`: a question to Codex, which IPython would take as help."""

    priority = 4  # before HelpEnd, which is 5

    @classmethod
    def find(cls, tokens_by_line: list[list[TokenInfo]]) -> Any:
        """The first line of this kind."""
        for tokens in tokens_by_line:
            words = [token for token in tokens if token.string.strip()]
            if _asks(words):
                return cls(words[0].start)
        return None


class CodexAssign(MagicAssign):
    """The same with `answer =` before it."""

    priority = 4
    _column = 0

    @classmethod
    def find(cls, tokens_by_line: list[list[TokenInfo]]) -> Any:
        """The first line of this kind."""
        for tokens in tokens_by_line:
            words = [token for token in tokens if token.string.strip()]
            if len(words) > 2 and words[1].string == "=" and _asks(words[2:]):
                found = cls(words[0].start)  # where HelpEnd begins too: then the priority counts
                found._column = words[2].start[1]
                return found
        return None

    def transform(self, lines: list[str]) -> list[str]:
        """The lines with this one as Python."""
        self.start_col = self._column
        return super().transform(lines)


def _asks(words: list[TokenInfo]) -> bool:
    """Whether `%codex` and a prompt that ends in a question mark stand here, not `%codex?`."""
    begin = [word.string for word in words[:2]]
    return begin == ["%", "codex"] and len(words) > 3 and words[-1].string == "?" != words[2].string
