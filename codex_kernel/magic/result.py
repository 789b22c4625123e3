"""What came of a prompt: the answer, and the turn it came from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Generic, TypeVar

from codex_kernel.errors import CodexError
from codex_kernel.ids import SessionId, TurnId
from codex_kernel.render import bundle, text
from codex_kernel.settings import ViewSettings
from codex_kernel.turn.transcript import Transcript

T = TypeVar("T")

SHOWN_CHARACTERS = 60


class Result(Generic[T]):
    """The outcome of `ask` and `%codex`. `str()` of it is the answer's text.

    A command (`/status`) is no turn: its text is what it said, and the rest is empty.
    """

    def __init__(
        self,
        said: str,
        value: T,
        transcript: Transcript | None = None,
        error: CodexError | None = None,
        view: ViewSettings | None = None,
    ) -> None:
        """`transcript`: the ended turn; `said`: what commands showed."""
        self._transcript = transcript
        self._said = said
        self._view = view or ViewSettings()
        self.value: T = value
        """The answer: its text, or with `schema` the validated value; None when there is none."""
        self.error: CodexError | None = error
        """Why it did not complete, or None; `next_step` says what to do about it."""
        self.shown_in: int | None = None
        """The number of the IPython cell whose output shows the turn already."""

    @property
    def text(self) -> str:
        """The final answer, as Markdown."""
        return self._said if self._transcript is None else self._transcript.answer()

    @property
    def state(self) -> str:
        """How it ended: "completed", "interrupted", "failed", "cancelled" or "lost"."""
        if self._transcript is None:
            return "completed" if self.error is None else "failed"
        return self._transcript.state

    @property
    def items(self) -> list[dict[str, Any]]:
        """What Codex did, in order: messages, commands, file changes, tool calls, ..."""
        return self._data.get("items", [])

    @property
    def diff(self) -> str | None:
        """What patches changed, as a unified diff."""
        return self._data.get("diff")

    @property
    def usage(self) -> dict[str, Any] | None:
        """Tokens used: of the last request, and of the session in all."""
        return self._data.get("usage")

    @property
    def turn_id(self) -> TurnId | None:
        """The id of the turn in the record, e.g. for `jupyter codex show`."""
        return self._data.get("turn_id")

    @property
    def session_id(self) -> SessionId | None:
        """The session it belongs to; `session=` of another call goes on with it."""
        return self._data.get("session_id")

    @property
    def _data(self) -> Mapping[str, Any]:
        return {} if self._transcript is None else self._transcript.data

    def __str__(self) -> str:
        """The text of the answer."""
        return self.text

    def __repr__(self) -> str:
        """One line: how it ended, and how the answer begins."""
        shown = " ".join(self.text.split())
        if len(shown) > SHOWN_CHARACTERS:
            shown = f"{shown[: SHOWN_CHARACTERS - 1]}…"
        about = f", error={type(self.error).__name__}" if self.error is not None else ""
        return f"<Result {self.state}: {shown!r}{about}>"

    def _ipython_display_(self) -> None:
        """The turn as its cell shows it; not again in the cell that has just shown it."""
        from IPython.core.display_functions import display
        from IPython.core.getipython import get_ipython

        shell: Any = get_ipython()
        if self.shown_in is None or shell.execution_count != self.shown_in:
            display(self._repr_mimebundle_(), raw=True)
        elif not hasattr(shell, "kernel"):  # a terminal has written "Out[1]:" already
            print(repr(self))

    def _repr_mimebundle_(self, **_options: Any) -> dict[str, Any]:
        """The turn as its cell shows it."""
        if self._transcript is None:
            return {"text/plain": self._said}
        shown = bundle.mime_bundle(self._transcript.data, self._view, final=True)
        return shown | {"text/plain": text.plain(self._transcript.data, self._view)}
