"""What can be chosen, as frozen values with named defaults.

Hosts make these from traitlets (`config`), commands of a cell replace single fields; nothing
below the hosts reads an environment variable or a configuration file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Sandbox = Literal["read-only", "workspace-write", "danger-full-access"]
ApprovalPolicy = Literal["untrusted", "on-request", "never"]
OnRestart = Literal["resume", "new"]
Variant = Literal["full", "compact"]

SANDBOXES: tuple[Sandbox, ...] = ("read-only", "workspace-write", "danger-full-access")
APPROVAL_POLICIES: tuple[ApprovalPolicy, ...] = ("untrusted", "on-request", "never")
FAILURES: tuple[str, ...] = ("declined", "command", "patch", "warning")
"""What `fail_on` may name: a declined approval, a failing command, a failing patch, a warning."""

NOTEBOOK_INSTRUCTIONS = """\
You work inside a Jupyter notebook: every prompt is a cell, and your turn is shown in its output.
- The working directory is the notebook's folder. Give paths relative to it.
- Never edit, move or delete the notebook{notebook} that is open: its editor would lose changes. \
Put results into other files and say which. Its cells are read and changed by the notebook_ tools \
of codex_kernel, where they are offered.
- Answer in Markdown; keep answers short. Save figures as image files in the folder and view them, \
so that they appear in the notebook.
"""

PYTHON_INSTRUCTIONS = """\
You are called from a Python notebook or program, by %codex or ask(): the cells are Python, and \
your turn is shown below the cell that called you.
- The working directory is the notebook's folder. Give paths relative to it.
- Never edit, move or delete the notebook{notebook} that is open: its editor would lose changes. \
Put results into other files, or insert cells by the notebook_ tools of codex_kernel.
- The user's variables are reached by the tools python_variables, python_inspect and python_run of \
codex_kernel, where they are offered; commands of the shell do not see them.
- Answer in Markdown; keep answers short. Save figures as image files in the folder and view them, \
so that they appear in the notebook.
"""


@dataclass(frozen=True)
class SessionSettings:
    """How Codex works in one session. `None` leaves a choice to Codex's own configuration."""

    cwd: str = "."
    model: str | None = None
    effort: str | None = None
    sandbox: Sandbox = "workspace-write"
    approval_policy: ApprovalPolicy = "on-request"
    network_access: bool = False
    writable_roots: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    instructions: str | None = NOTEBOOK_INSTRUCTIONS
    isolated: bool = False
    """Leave out the folder's AGENTS.md, and MCP servers, skills and plugins of the user.

    Codex has no way to leave out an AGENTS.md in CODEX_HOME.
    """
    on_restart: OnRestart = "resume"
    fail_on: tuple[str, ...] = ()
    tools: bool = True
    """Offer Codex the notebooks that are open, and in Python the live namespace."""
    max_minutes: float | None = None
    """Interrupt a turn that runs longer; `None` = no limit."""
    max_turns: int | None = None
    """Turns that one kernel runs; further ones fail."""
    max_tokens: int | None = None
    """Tokens that one kernel uses; the turn that exceeds them is stopped, further ones fail."""
    variables: Mapping[str, str] = field(default_factory=dict[str, str])
    """What `{name}` stands for in prompts."""


@dataclass(frozen=True)
class AppServerSettings:
    """Which app-server, and how long to wait for it. Times in seconds."""

    codex_bin: str | None = None
    endpoint: str | None = None
    """`ws://host:port` or `unix:///path` of a shared app-server; `None` starts one of our own."""
    token_file: str | None = None
    """File with the capability token of `endpoint`."""
    codex_home: str | None = None
    environ: Mapping[str, str] = field(default_factory=dict[str, str])
    """The environment of the child; hosts pass their own."""
    config: Mapping[str, object] = field(default_factory=dict[str, object])
    """More configuration for every thread, dotted keys as in config.toml."""
    request_seconds: float = 30.0
    start_seconds: float = 30.0


@dataclass(frozen=True)
class TurnSettings:
    """How turns are watched and stopped. Times in seconds."""

    batch_seconds: float = 0.05
    """Events are committed and shown in batches of this length."""
    silence_seconds: float = 90.0
    """After this long without an event, ask Codex whether the turn still runs."""
    escalation_seconds: float = 2.0
    """A second interrupt this long after the first one kills our own app-server."""
    approval_seconds: float = 8 * 3600.0
    """An unanswered approval is declined after this."""
    tool_seconds: float = 600.0
    """Code that Codex runs in a Python kernel is interrupted after this at the latest."""


@dataclass(frozen=True)
class LogSettings:
    """Where turns are recorded and for how long."""

    folder: Path = Path(".")
    commit_seconds: float = 1.0
    """A commit that takes longer makes the turn go on unrecorded."""
    max_age_days: float = 90.0
    max_bytes: int = 2_000_000_000
    image_bytes: int = 2_000_000
    """Larger files are not kept as before-images."""
    image_bytes_per_turn: int = 20_000_000


@dataclass(frozen=True)
class ViewSettings:
    """How much of a turn goes into the notebook; the log keeps all of it."""

    output_lines: int = 200
    output_bytes: int = 16 * 1024
    item_bytes: int = 256 * 1024
    """Bound of any other text of one item (a message, a diff)."""
    plain_bytes: int = 4 * 1024
    messages_per_second: float = 10.0


@dataclass(frozen=True)
class ExportSettings:
    """What of a session goes into a document."""

    variant: Variant = "full"
    reasoning: bool = True
    secret_patterns: tuple[str, ...] = ()
    """Regular expressions of secrets beside those of `export.redaction`."""


@dataclass(frozen=True)
class Settings:
    """Everything, as a host passes it on."""

    session: SessionSettings = field(default_factory=SessionSettings)
    app_server: AppServerSettings = field(default_factory=AppServerSettings)
    turn: TurnSettings = field(default_factory=TurnSettings)
    log: LogSettings = field(default_factory=LogSettings)
    view: ViewSettings = field(default_factory=ViewSettings)
    export: ExportSettings = field(default_factory=ExportSettings)
    command_prefix: str = ""
    """What a user of this host writes before a command: "%codex " in a Python notebook."""
