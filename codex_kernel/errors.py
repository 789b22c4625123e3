"""Every error of the package, in one tree.

An error says in one sentence what happened; `next_step` says in one sentence what the user
can do about it. Foreign exceptions become these at the rim where they appear (OSError in `rpc`,
sqlite3 in `turn_log`) and become foreign again at the other rim (an execute reply, an HTTP
answer, an exit code), once.

    CodexError
    ├── AppServerError              the app-server, or the way to it
    │   ├── BinaryNotFound          there is no Codex to start
    │   ├── BinaryTooOld            it would read a CODEX_HOME that a newer Codex wrote
    │   ├── AppServerGone           it ended, or the connection did
    │   ├── ProtocolViolation       what came is not the protocol
    │   ├── RequestTimedOut         no answer in time
    │   └── RequestRefused          it answered with an error
    │       └── Overloaded          ... with "retry later"
    ├── SessionError                the conversation cannot be used
    │   ├── NotLoggedIn             no account and the model needs one
    │   ├── SessionInUse            another process has it open
    │   └── SessionNotFound         Codex does not know it (any more)
    ├── TurnError                   how a turn ended, when it did not complete
    │   ├── TurnInterrupted
    │   ├── TurnFailed
    │   ├── TurnLost
    │   ├── TurnCancelled
    │   ├── TurnRefused             it completed, but `fail_on` says that is not enough
    │   ├── LimitReached            it was not begun: what the settings allow is used up
    │   └── AnswerInvalid           it completed, but not in the shape that was asked for
    ├── CellError                   the text of a cell is not right
    │   ├── UnknownCommand
    │   ├── BadArgument
    │   └── UnknownReference
    ├── NotebookError               what is asked of an open notebook is not done
    │   ├── NotebookNotShown        no page of ours shows it
    │   └── NotebookRefused         the page that shows it did not do it
    ├── ToolError                   a tool that Codex called; Codex is told, and the turn goes on
    │   ├── ToolRefused             not allowed, or called wrongly
    │   ├── KernelBusy              the main thread does something else
    │   └── ToolStopped             interrupted, or out of time
    ├── LogError                    the turn log
    │   ├── LogUnavailable          cannot be opened or written now
    │   ├── LogTooNew               written by a newer codex_kernel
    │   └── OwnershipLost           another process took this turn over
    └── InvalidTransition           an event that cannot follow (a bug, or a damaged record)
"""

from __future__ import annotations


class CodexError(Exception):
    """Something went wrong; `next_step` tells what to do about it."""

    http_status = 500
    next_step = ""

    def __init__(self, message: str, *, next_step: str | None = None) -> None:
        super().__init__(message)
        if next_step is not None:
            self.next_step = next_step

    def __str__(self) -> str:
        """What happened, then the next step, as one line of prose."""
        message = super().__str__()
        return f"{message} {self.next_step}".strip()

    @property
    def message(self) -> str:
        """What happened, without the next step."""
        return super().__str__()


class AppServerError(CodexError):
    """The app-server, or the way to it, failed."""

    http_status = 502


class BinaryNotFound(AppServerError):
    """There is no Codex binary to start."""

    next_step = "Install it with `pip install openai-codex-cli-bin`, or set CODEX_BIN."


class BinaryTooOld(AppServerError):
    """The binary is older than the Codex that wrote this CODEX_HOME."""

    next_step = "Run `jupyter codex doctor` to see which binary is used, and update it."


class AppServerGone(AppServerError):
    """The app-server ended, or the connection to it was lost."""

    next_step = "Try again: a new one is started and the session resumed."


class ProtocolViolation(AppServerError):
    """What arrived is not a JSON-RPC message."""

    next_step = "Check with `jupyter codex doctor` that the binary is a Codex app-server."


class RequestTimedOut(AppServerError):
    """The app-server did not answer a request in time."""

    http_status = 504
    next_step = "Try again; restart the kernel if it happens again."


class RequestRefused(AppServerError):
    """The app-server answered a request with an error."""

    def __init__(
        self, method: str, code: int, message: str, data: object = None, **kwargs: str
    ) -> None:
        super().__init__(message, **kwargs)
        self.method = method
        self.code = code
        self.data = data


class Overloaded(RequestRefused):
    """The app-server was too busy for a request, also after retries."""

    http_status = 503
    next_step = "Wait a moment and try again."


class SessionError(CodexError):
    """The session cannot be used."""

    http_status = 409


class NotLoggedIn(SessionError):
    """Codex has no account and the model needs one."""

    http_status = 401
    next_step = "Run a cell with `/login` (device code) or `/login api-key`."


class SessionInUse(SessionError):
    """Another process has this session open."""

    next_step = "Close it there, or run `/fork` to go on from a copy, or `/new` to begin anew."


class SessionNotFound(SessionError):
    """Codex does not know this session."""

    http_status = 404
    next_step = "Run `/new` to begin anew, or `/sessions` to see what can be resumed."


class TurnError(CodexError):
    """A turn did not complete."""


class TurnInterrupted(TurnError):
    """The turn was stopped."""

    next_step = "Run the next cell to go on from here."


class TurnFailed(TurnError):
    """The turn ended with an error."""

    next_step = "Run the cell again when the cause is mended."


class TurnLost(TurnError):
    """The process that ran the turn is gone; how far it came is in the record."""

    next_step = "Ask Codex to check what was already done before it goes on."


class TurnCancelled(TurnError):
    """The turn was taken back before anything was sent."""


class TurnRefused(TurnError):
    """The turn completed, but something happened that `fail_on` counts as failure."""

    next_step = "See the transcript; the setting `fail_on` lists what fails a turn."


class LimitReached(TurnError):
    """The turns before used up what the settings allow."""

    http_status = 409


class AnswerInvalid(TurnError):
    """The answer does not have the shape that was asked for."""

    next_step = "The text of the result has it as it came; ask again, or for another shape."


class CellError(CodexError):
    """The text of a cell is not right."""

    http_status = 400


class UnknownCommand(CellError):
    """A line begins like a command, but there is none of that name."""


class BadArgument(CellError):
    """A command was given arguments that it does not take."""


class UnknownReference(CellError):
    """A prompt refers to a cell that is not in the record."""

    next_step = "Put it in backticks to send it as it is."


class NotebookError(CodexError):
    """What was asked of an open notebook is not done."""

    http_status = 409


class NotebookNotShown(NotebookError):
    """No page of ours shows the notebook."""

    next_step = "Open it in JupyterLab, with the extension of codex_kernel, and try again."


class NotebookRefused(NotebookError):
    """The page that shows the notebook did not do it."""

    next_step = "Read the notebook to see how it is."


class ToolError(CodexError):
    """A tool that Codex called gave no result; the sentence is for Codex."""

    http_status = 409


class ToolRefused(ToolError):
    """The user did not allow it, or it was called wrongly."""


class KernelBusy(ToolError):
    """The main thread of the kernel does something else."""

    next_step = "Try again later, or go on without it."


class ToolStopped(ToolError):
    """What the tool ran was interrupted, or took too long."""


class LogError(CodexError):
    """The turn log cannot do what was asked."""

    http_status = 503


class LogUnavailable(LogError):
    """The turn log cannot be opened or written."""

    next_step = "Turns go on unrecorded; see `jupyter codex doctor` for the cause."


class LogTooNew(LogError):
    """The turn log was written by a newer codex_kernel."""

    next_step = "Update codex-kernel, or set CODEX_KERNEL_DATA_DIR to another folder."


class OwnershipLost(LogError):
    """Another process took this turn over; this one must stop writing."""

    http_status = 409
    next_step = "The outcome is in the record of the turn."


class InvalidTransition(CodexError):
    """An event that cannot follow the events before it."""

    next_step = "Please report this with the turn's events (`jupyter codex show`)."
