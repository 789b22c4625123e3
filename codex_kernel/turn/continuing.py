"""The prompt that goes on after a turn whose end nobody saw.

Owns the words only. Nothing is ever sent by itself: a frontend offers this text, a user runs it.
"""

from __future__ import annotations

_CUT_OFF = (
    "Your last turn here was cut off before you were done. "
    "First check what was already done: look at the files, at the state of the repository and at "
    "what your last commands left behind or left running. Take nothing for finished that you have "
    "not checked, and do nothing twice that is done."
)
_GO_ON = "Then go on with what I had asked for last."
_ASKED = "Then go on with what I had asked for, if it is not done:"


def continue_prompt(asked: str | None = None) -> str:
    """The text of a cell that goes on from a turn that was cut off.

    `asked`: the prompt of that turn, where Codex may never have got it; else its own history
    has it.
    """
    return f"{_CUT_OFF} {_GO_ON}" if asked is None else f"{_CUT_OFF} {_ASKED}\n\n{asked}"
