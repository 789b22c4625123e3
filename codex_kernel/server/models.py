"""The bodies and answers of the REST API and the frames of its WebSockets, as pydantic models.

The one description of the API: requests are checked against these, the OpenAPI document is made
from them. Names of fields are those of the turn log. Knows no handler.

Operations on an open notebook: its document belongs to the page that shows it, so whoever wants
to read or change it (the tools of a kernel, `jupyter codex mcp`) asks that page.

1. The feed tells every page `{"type": "operation", "cursor", "at", "operation_id", "notebook",
   "path"}`. A page that does not show `path` ignores it.
2. A page that shows it takes it up: `POST operations/{operation_id}/claim` answers an
   `OpenOperation`, and 409 when another page (a second tab) was first or nobody waits any more.
   A page has 3 s; then the asker is told that the notebook is not open.
3. It does `operation` on the shared model of the document, in one undoable step, and marks new
   or changed cells in their metadata: `"codex": {"written_by": by, "turn_id": turn_id}`. What is
   to be replaced, deleted or run must read as in `was`, or it is refused: the user has edited it
   meanwhile. Nothing is asked of the user: whoever sent the operation has done that.
4. It answers `POST operations/{operation_id}/outcome` with a `PageOutcome`, in any case.

The results, by verb (`cell` is an nbformat 4 cell with its `id`, besides `index` and `state`: idle,
queued or running; of its outputs only the data of the asked types, every text up to `max_chars`
characters, the middle of a longer one replaced by a line that says how much was left out):

    read      {"cells": [cell], "total", "kernel", "language", "active_cell": id or null}
    insert    {"cell_id", "index"}
    replace   {"cell_id", "index"}
    delete    {"cell_id"}
    run       {"cell": cell, "state": "completed", "error", "running" (after `seconds`) or
              "queued" (with `wait` false)}
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr

from codex_kernel.settings import ApprovalPolicy, Sandbox
from codex_kernel.turn.approvals import Choice
from codex_kernel.turn.state import State

MAX_NUMBER = 2**53 - 1
"""What JavaScript still counts exactly; SQLite would take more."""
MAX_TEXT = 1_000_000

Number = Annotated[int, Field(ge=0, le=MAX_NUMBER)]
Id = Annotated[str, Field(min_length=1, max_length=200)]
Path = Annotated[
    str, Field(min_length=1, max_length=4096, description="As the contents API names it.")
]


def _split(value: Any) -> Any:
    """`a,b` and repeated parameters are the same list; nothing between two commas is no part."""
    if not isinstance(value, list):
        return value
    return [part for item in value for part in str(item).split(",") if part or not item]


class Body(BaseModel):
    """What a client sends: a field that is not known is a mistake."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class Query(BaseModel):
    """Parameters of a request; those that are not known (`token`, `_xsrf`, ...) are not ours."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)


class Answer(BaseModel):
    """What the server answers."""

    @property
    def http_status(self) -> int:
        """200 unless an answer says otherwise."""
        return 200

    model_config = ConfigDict(
        json_schema_serialization_defaults_required=True,
        # An error in an answer ends up in the server's log; what is answered must not.
        hide_input_in_errors=True,
    )


# Queries


class Page(Query):
    limit: int = Field(50, ge=1, le=1000)


class SessionsQuery(Page):
    search: str | None = Field(
        None, max_length=500, description="In title, first prompt, folder and id."
    )
    cwd: str | None = Field(None, max_length=4096, description="The session's working folder.")
    archived: bool = Field(False, description="Those that were put away, instead of the others.")
    before: str | None = Field(
        None,
        max_length=300,
        pattern=r"^[0-9T:.Z-]+ [!-~]+$",
        description="`next` of the page before.",
    )


class TurnsQuery(Page):
    notebook: Path | None = None
    session: Id | None = None
    cell: Id | None = None
    state: Annotated[list[State | Literal["live"]], BeforeValidator(_split)] | None = None
    ids: Annotated[list[Id], BeforeValidator(_split)] | None = None
    before: Id | None = Field(None, description="`next` of the page before.")


class EventsQuery(Query):
    after: Number = 0
    limit: int = Field(1000, ge=1, le=1000)


class AfterQuery(Query):
    after: Number = 0


class FeedQuery(Query):
    after: Number | None = Field(None, description="The last cursor; none: from now on.")


class NotebookQuery(Query):
    path: Path


class ThreadsQuery(Query):
    notebook: Path | None = Field(None, description="Its folder is meant.")
    cwd: str | None = Field(None, min_length=1, max_length=4096)


class DeleteQuery(Query):
    thread: bool = Field(False, description="Codex's own record of the session as well.")


class ApprovalsQuery(Query):
    state: Literal["pending"] = "pending"
    notebook: Path | None = None
    session: Id | None = None


class AuditQuery(Query):
    format: Literal["json", "csv"] | None = Field(None, description="Else as `Accept` says.")
    after: str | None = Field(
        None,
        max_length=300,
        pattern=r"^[!-~]+ [0-9]{1,15}$",
        description="`next` of the page before.",
    )
    limit: int = Field(1000, ge=1, le=5000)


# Bodies


class Command(Body):
    """What is asked of a process that owns a turn or a session."""

    key: str | None = Field(
        None,
        min_length=1,
        max_length=200,
        description="Asked again with the same key nothing is done twice, and the outcome is the "
        "first one's. `Idempotency-Key` as a header is the same.",
    )


class SessionPatch(Command):
    title: str | None = Field(None, max_length=500, pattern=r"\S")
    archived: bool | None = None


class ForkBody(Command):
    turn_id: Id | None = Field(None, description="The last turn to take along; none: all.")
    notebook: Path | None = Field(None, description="A notebook to bind to the fork.")


class BindBody(Body):
    path: Path
    session_id: Id | None = Field(description="null ends the binding.")
    take_over: bool = Field(
        False, description="Have the kernel that has the session open give it up first."
    )


class NotebookPatch(Body):
    """What is left out stays as it is; null takes a wish back."""

    model: str | None = Field(None, max_length=200)
    effort: str | None = Field(None, max_length=50)
    sandbox: Sandbox | None = None
    approval_policy: ApprovalPolicy | None = None
    cwd: str | None = Field(None, max_length=4096)
    env: list[Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=200)]] | None = (
        Field(None, max_length=100, description="Names, never values: the kernel has these.")
    )


class SteerBody(Command):
    text: str = Field(min_length=1, max_length=MAX_TEXT)


class DecisionBody(Command):
    """An answer to an approval (`decision`) or to an input (`answers`, or to decline it)."""

    decision: Choice | None = None
    reason: str | None = Field(None, max_length=10_000, description="For Codex, at a decline.")
    rule: list[str] | None = Field(
        None, description="With `always`: the rule as it was shown to the user, who confirmed it."
    )
    answers: dict[str, list[str]] | None = Field(None, description="By the id of the question.")


class StopBody(Command):
    process_id: str | None = Field(
        None, max_length=200, description="Of a background command; none: all of the session."
    )


class LoginBody(Body):
    """How to log in; a key is handed to Codex and kept by nobody else."""

    type: Literal["device_code", "api_key"]
    api_key: SecretStr | None = Field(None, max_length=1000)


# Operations on an open notebook, see the top


class ReadCells(Body):
    """Cells as they are on the screen."""

    verb: Literal["read"]
    cells: list[Id] | None = Field(None, max_length=1000, description="These; none: a range.")
    first: Number = Field(0, description="Index of the first cell of the range.")
    count: int = Field(50, ge=1, le=1000)
    max_chars: int = Field(10_000, ge=1, le=MAX_TEXT)
    mime_types: list[str] = Field(
        ["text/plain", "text/markdown", "image/png", "image/jpeg"],
        max_length=20,
        description="Of outputs. An image is whole or left out.",
    )


class InsertCell(Body):
    """A new cell before or after another; without one at the beginning or the end."""

    verb: Literal["insert"]
    kind: Literal["code", "markdown", "raw"]
    source: str = Field(max_length=MAX_TEXT)
    place: Literal["before", "after"] = "after"
    anchor: Id | None = None


class ReplaceCell(Body):
    """Another text, and perhaps another kind, for a cell that keeps its id."""

    verb: Literal["replace"]
    cell_id: Id
    was: str = Field(max_length=MAX_TEXT)
    source: str = Field(max_length=MAX_TEXT)
    kind: Literal["code", "markdown", "raw"] | None = None


class DeleteCell(Body):
    """A cell less."""

    verb: Literal["delete"]
    cell_id: Id
    was: str = Field(max_length=MAX_TEXT)


class RunCell(Body):
    """Run a cell as the user would; `wait` false: queue it and answer at once."""

    verb: Literal["run"]
    cell_id: Id
    was: str = Field(max_length=MAX_TEXT)
    wait: bool = True
    seconds: float = Field(60, gt=0, le=24 * 3600, description="The answer comes by then.")
    max_chars: int = Field(10_000, ge=1, le=MAX_TEXT)
    mime_types: list[str] = Field(
        ["text/plain", "text/markdown", "image/png", "image/jpeg"], max_length=20
    )


NotebookOperation = Annotated[
    ReadCells | InsertCell | ReplaceCell | DeleteCell | RunCell, Field(discriminator="verb")
]


class OperationBody(Body):
    """Something to do on a notebook that a page shows."""

    path: Path
    operation: NotebookOperation


class PageOutcome(Body):
    """What became of an operation: a result, or why there is none."""

    result: dict[str, Any] | None = None
    error: str | None = Field(None, min_length=1, max_length=10_000)
    next_step: str | None = Field(None, max_length=10_000)


# Answers


class OpenOperation(Answer):
    """An operation that this page has taken up."""

    operation_id: str
    path: str | None
    notebook: str
    by: str = Field(description="Who wants it, for the mark on the cell.")
    turn_id: str | None
    operation: NotebookOperation


class Problem(Answer):
    """Why a request was not done."""

    message: str
    next_step: str
    kind: str
    outcome: dict[str, Any] | None = Field(
        None, description="More about it: who decided first, the text that was not sent."
    )


class Outcome(Answer):
    """What became of a command: `done` is false while its owner has not answered."""

    command_id: str | None = Field(description="null: there was nothing to do.")
    done: bool
    outcome: dict[str, Any] | None

    @property
    def http_status(self) -> int:
        """202 while it is open: `GET commands/{id}` tells later."""
        return 200 if self.done else 202


class Background(Answer):
    """Commands that outlived their turn, as their kernel knows them."""

    commands: list[dict[str, Any]]


class Deleted(Answer):
    turn_ids: list[str]


class Thread(Answer):
    """A session of Codex's, whoever began it; `known`: it is in the record."""

    session_id: str
    title: str | None
    preview: str
    cwd: str | None
    model: str | None
    source: str | None = Field(description="What began it, as Codex names it.")
    updated_at: int = Field(description="Seconds since 1970.")
    known: bool


class Threads(Answer):
    threads: list[Thread]


class Models(Answer):
    models: list[dict[str, Any]] = Field(description="As Codex describes them, in its order.")


class LoginState(Answer):
    """A login by device code: the user enters `code` at `url`."""

    login_id: str
    url: str
    code: str
    state: Literal["waiting", "done", "failed", "cancelled"]
    problem: str | None


class Account(Answer):
    account: dict[str, Any] | None = Field(description="`type`, and of ChatGPT email and plan.")
    needs_login: bool = Field(description="The model needs an account and there is none.")
    rate_limits: dict[str, Any] | None
    login: LoginState | None


class Session(Answer):
    session_id: str
    title: str | None
    preview: str | None = Field(description="How its first prompt begins.")
    cwd: str | None
    model: str | None
    forked_from: str | None
    is_fresh: bool
    turns: int
    tokens: int | None = Field(description="All turns together, as Codex counts.")
    running: bool
    archived: bool
    created_at: str
    last_activity: str


class Sessions(Answer):
    sessions: list[Session]
    next: str | None = Field(description="`before` of the next page.")


class SessionDetail(Session):
    notebooks: list[str] = Field(description="Stored paths of the notebooks bound to it.")


class Turn(Answer):
    turn_id: str
    session_id: str | None
    codex_turn_id: str | None
    notebook: str | None = Field(description="The stored path.")
    path: str | None = Field(description="The contents API's path, below its root.")
    cell_id: str | None
    prompt: str = Field(description="Its beginning.")
    state: State
    seq: int
    error: dict[str, Any] | None
    client: str | None
    session_tokens: int | None
    queued_at: str | None
    started_at: str | None
    finished_at: str | None
    execution_count: int | None = Field(description="In the prompt of its cell.")
    updated_at: str
    is_compacted: bool


class Turns(Answer):
    turns: list[Turn]
    next: str | None = Field(description="`before` of the next page.")


class TurnDetail(Turn):
    transcript: dict[str, Any]


class TurnBundle(Answer):
    """A turn as the kernel shows it in a notebook; `final` when it has ended."""

    turn_id: str
    state: State
    final: bool
    execution_count: int | None
    data: dict[str, Any] = Field(description="The MIME bundle of the output.")


class ChangedFile(Answer):
    """A file below the server's root that a turn changed."""

    path: str = Field(description="As the contents API names it.")
    kind: Literal["add", "update", "delete"]
    is_own_notebook: bool = Field(description="The document whose cell the turn is.")


class ChangedFiles(Answer):
    """What a turn has changed by now, by its patches and its diff."""

    files: list[ChangedFile]
    ran_commands: bool = Field(
        description="It ran commands that may have changed more files than are named here."
    )


class Events(Answer):
    """Events after a number; of a compacted turn one `snapshot` at its last."""

    events: list[dict[str, Any]]
    state: State
    seq: int


class LastTurn(Answer):
    """The last turn of a notebook that Codex was asked, and what it reported to work with."""

    turn_id: str
    state: State
    settings: dict[str, Any]
    usage: dict[str, Any] | None


class Notebook(Answer):
    """What is known of a notebook, also when nothing is."""

    path: str | None
    notebook: str
    session_id: str | None
    settings: dict[str, Any] = Field(description="What the notebook asks for.")
    defaults: dict[str, Any] = Field(
        description="The user's own model, effort, sandbox, approval_policy; null: Codex's choice."
    )
    last_turn: LastTurn | None
    pages: int = Field(description="How many pages show it now.")


class OpenApproval(Answer):
    turn_id: str
    session_id: str | None
    notebook: str | None
    path: str | None
    cell_id: str | None
    event: dict[str, Any] = Field(description="`approval.requested` or `input.requested`.")


class Approvals(Answer):
    approvals: list[OpenApproval]


class AuditEntry(Answer):
    """One thing that was done. `who` and `client` as far as the record has them."""

    at: str
    turn_id: str
    seq: int
    kind: str
    who: str | None
    client: str | None
    what: str
    outcome: str | None
    notebook: str | None
    cell_id: str | None


class Audit(Answer):
    session_id: str
    entries: list[AuditEntry]
    next: str | None = Field(description="`after` of the next page.")


class Health(Answer):
    """How the record is; `problem` and `next_step` when something is wrong."""

    status: Literal["ok", "degraded", "unavailable"]
    version: str
    problem: str | None
    next_step: str | None
    log: dict[str, Any] | None
    live_turns: int | None
    readers: int = Field(description="WebSockets that are open.")


# Frames of the WebSockets


class Presence(Body):
    """From the page, whenever it changes: the notebooks it shows."""

    type: Literal["presence"]
    notebooks: list[Path] = Field(max_length=200)
