"""Configuration: the only place where traitlets become settings.

`load_config` reads `jupyter_codex_config.py` and `.json` along the configuration folders of
`jupyter --paths`, and the environment on top; kernel, magic, server and command line all call it,
so they agree. `CodexSettings` carries one trait per field of `settings` and makes the frozen
values that everything below a host works with. A host that is configurable itself inherits it:
`c.CodexKernel.model` is for kernels, `c.CodexSettings.model` for every host.

What wins, from weak to strong: the default, the files (user over environment over system),
`CODEX_KERNEL_<TRAIT>` in the environment (lists and mappings as JSON), the command line. The
working directory is never searched: an agent can write there.

This module knows no host, no session and no file but the configuration's.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar, cast

from jupyter_core.paths import jupyter_config_path, jupyter_data_dir
from traitlets import Bool, Dict, Enum, Float, Int, List, TraitError, Unicode, default, validate
from traitlets.config import Config, Configurable
from traitlets.config.loader import (
    ConfigFileNotFound,
    ConfigLoaderError,
    DeferredConfigString,
    JSONFileConfigLoader,
    PyFileConfigLoader,
)

from codex_kernel.settings import (
    APPROVAL_POLICIES,
    FAILURES,
    SANDBOXES,
    AppServerSettings,
    ExportSettings,
    LogSettings,
    SessionSettings,
    Settings,
    TurnSettings,
    ViewSettings,
)

CONFIG_NAME = "jupyter_codex_config"
ENVIRONMENT_PREFIX = "CODEX_KERNEL_"

_SESSION = SessionSettings()
_APP_SERVER = AppServerSettings()
_TURN = TurnSettings()
_LOG = LogSettings()
_VIEW = ViewSettings()
_EXPORT = ExportSettings()

_TRAIT_OF_FIELD = {
    "config": "codex_config",
    "folder": "data_dir",
    "variant": "export_variant",
    "reasoning": "export_reasoning",
}
"""Fields whose plain name would clash (`config` is traitlets' own) or say too little."""

_Group = TypeVar("_Group")
Proposal = Mapping[str, Any]


def default_data_folder() -> Path:
    """Where this package keeps its data unless told otherwise."""
    return Path(jupyter_data_dir()) / "codex_kernel"


class CodexSettings(Configurable):
    """What can be configured, for every host of Codex in Jupyter."""

    # How Codex works in a session
    cwd = Unicode(_SESSION.cwd, help="Folder Codex works in, relative to the notebook's.").tag(
        config=True
    )
    model = Unicode(
        _SESSION.model,
        allow_none=True,
        help="Model of new sessions, e.g. 'gpt-5.5'; None = as Codex is configured.",
    ).tag(config=True)
    effort = Unicode(
        _SESSION.effort,
        allow_none=True,
        help="Reasoning effort, e.g. 'low' or 'high'; None = the model's default.",
    ).tag(config=True)
    sandbox = Enum(
        list(SANDBOXES),
        _SESSION.sandbox,
        help="What commands may write: nothing, the working folder, or everything.",
    ).tag(config=True)
    approval_policy = Enum(
        list(APPROVAL_POLICIES),
        _SESSION.approval_policy,
        help="When Codex asks: before most commands, when it needs more rights, or never.",
    ).tag(config=True)
    network_access = Bool(
        _SESSION.network_access, help="Whether sandboxed commands may use the network."
    ).tag(config=True)
    writable_roots = List(
        Unicode(), help="More folders that sandboxed commands may write to (absolute paths)."
    ).tag(config=True)
    env = Dict(
        value_trait=Unicode(),
        key_trait=Unicode(),
        help="More environment variables for the commands Codex runs.",
    ).tag(config=True)
    instructions = Unicode(
        _SESSION.instructions,
        allow_none=True,
        help="Developer instructions of new sessions; '{notebook}' is the open notebook's name.",
    ).tag(config=True)
    isolated = Bool(
        _SESSION.isolated,
        help="Leave out the folder's AGENTS.md, and MCP servers, skills and plugins of the user "
        "(reproducible runs; an AGENTS.md in CODEX_HOME still counts).",
    ).tag(config=True)
    on_restart = Enum(
        ["resume", "new"],
        _SESSION.on_restart,
        help="Whether a restarted kernel resumes the notebook's session or begins a new one.",
    ).tag(config=True)
    fail_on = List(
        Enum(list(FAILURES)),
        help=f"What makes a completed turn an error reply; any of {', '.join(FAILURES)}.",
    ).tag(config=True)
    tools = Bool(
        _SESSION.tools,
        help="Whether Codex may read and edit open notebooks and, asking first, run code in a "
        "Python kernel.",
    ).tag(config=True)
    max_minutes = Float(
        _SESSION.max_minutes,
        allow_none=True,
        help="Interrupt a turn that runs longer than this; None = no limit.",
    ).tag(config=True)

    max_turns = Int(
        _SESSION.max_turns,
        allow_none=True,
        help="Turns that one kernel runs; further ones fail. None = no limit.",
    ).tag(config=True)
    max_tokens = Int(
        _SESSION.max_tokens,
        allow_none=True,
        help="Tokens that the turns of one kernel may use together: the turn that exceeds them is "
        "stopped, further ones fail. None = no limit.",
    ).tag(config=True)
    variables = Dict(
        value_trait=Unicode(),
        key_trait=Unicode(),
        help="What `{name}` stands for in prompts, as `/set name=value` in a cell says.",
    ).tag(config=True)

    # Which app-server
    codex_bin = Unicode(
        _APP_SERVER.codex_bin,
        allow_none=True,
        help="The Codex binary; None = $CODEX_BIN, then `codex` on PATH, then the installed wheel.",
    ).tag(config=True)
    endpoint = Unicode(
        _APP_SERVER.endpoint,
        allow_none=True,
        help="ws://host:port or unix:///path of a shared app-server; None = start one.",
    ).tag(config=True)
    token_file = Unicode(
        _APP_SERVER.token_file, allow_none=True, help="File with the token of `endpoint`."
    ).tag(config=True)
    codex_home = Unicode(
        _APP_SERVER.codex_home,
        allow_none=True,
        help="Codex's own folder; None = $CODEX_HOME, then ~/.codex.",
    ).tag(config=True)
    codex_config = Dict(
        key_trait=Unicode(),
        help="More Codex configuration, dotted keys as in config.toml.",
    ).tag(config=True)
    request_seconds = Float(
        _APP_SERVER.request_seconds, help="How long the app-server may take to answer a request."
    ).tag(config=True)
    start_seconds = Float(
        _APP_SERVER.start_seconds, help="How long the app-server may take to start."
    ).tag(config=True)

    # How turns are watched and stopped
    batch_seconds = Float(
        _TURN.batch_seconds, help="Events are recorded and shown in batches of this length."
    ).tag(config=True)
    silence_seconds = Float(
        _TURN.silence_seconds,
        help="After this long without an event, ask Codex whether the turn still runs.",
    ).tag(config=True)
    escalation_seconds = Float(
        _TURN.escalation_seconds,
        help="A second interrupt this long after the first one kills our own app-server.",
    ).tag(config=True)
    approval_seconds = Float(
        _TURN.approval_seconds, help="An unanswered approval is declined after this."
    ).tag(config=True)

    tool_seconds = Float(
        _TURN.tool_seconds,
        help="Code that Codex runs in a Python kernel is interrupted after this at the latest.",
    ).tag(config=True)

    # Where turns are recorded
    data_dir = Unicode(
        help="Folder of the turn log; by default `codex_kernel` in Jupyter's data folder."
    ).tag(config=True)
    commit_seconds = Float(
        _LOG.commit_seconds, help="A commit that takes longer makes the turn go on unrecorded."
    ).tag(config=True)
    max_age_days = Float(
        _LOG.max_age_days,
        help="Older turns are removed when a kernel or a Jupyter server starts, daily by the "
        "server, and by `jupyter codex prune`.",
    ).tag(config=True)
    max_bytes = Int(
        _LOG.max_bytes,
        help="The oldest turns go, at the same times, until the turn log has this size.",
    ).tag(config=True)
    image_bytes = Int(
        _LOG.image_bytes, help="Larger files are not kept as before-images of a patch."
    ).tag(config=True)
    image_bytes_per_turn = Int(
        _LOG.image_bytes_per_turn, help="Before-images of one turn are kept up to this size."
    ).tag(config=True)

    # How much of a turn goes into the notebook
    output_lines = Int(
        _VIEW.output_lines, help="Lines of a command's output kept in the notebook."
    ).tag(config=True)
    output_bytes = Int(
        _VIEW.output_bytes, help="Bytes of a command's output kept in the notebook."
    ).tag(config=True)
    item_bytes = Int(
        _VIEW.item_bytes, help="Bytes of any other item (a message, a diff) kept in the notebook."
    ).tag(config=True)
    plain_bytes = Int(_VIEW.plain_bytes, help="Bytes of the plain-text form of a turn.").tag(
        config=True
    )
    messages_per_second = Float(
        _VIEW.messages_per_second, help="How often a running turn is redrawn at most."
    ).tag(config=True)

    # What of a session goes into a document
    export_variant = Enum(
        ["full", "compact"],
        _EXPORT.variant,
        help="How much of each turn an exported document shows: everything, or prompt, answer "
        "and a line on the rest.",
    ).tag(config=True)
    export_reasoning = Bool(
        _EXPORT.reasoning, help="Whether exported documents show the reasoning."
    ).tag(config=True)
    secret_patterns = List(
        Unicode(),
        help="Regular expressions of secrets that exported documents leave out, beside the usual "
        "ones; of a group named `secret` only that.",
    ).tag(config=True)

    @default("data_dir")
    def _default_data_dir(self) -> str:
        return str(default_data_folder())

    @validate("codex_bin")
    def _expanded_path(self, proposal: Proposal) -> str | None:
        value: str | None = proposal["value"]
        return value and os.path.expanduser(value)

    @validate("data_dir", "codex_home", "token_file")
    def _absolute_path(self, proposal: Proposal) -> str | None:
        value: str | None = proposal["value"]
        return None if value is None else _absolute(value, _name(proposal))

    @validate("writable_roots")
    def _absolute_roots(self, proposal: Proposal) -> list[str]:
        roots: list[str] = proposal["value"]
        return [_absolute(root, "writable_roots") for root in roots]

    @validate("env", "codex_config", "variables")
    def _plain_keys(self, proposal: Proposal) -> dict[str, object]:
        value: dict[str, object] = proposal["value"]
        for key in value:
            if not key or "\0" in key or (_name(proposal) == "env" and "=" in key):
                raise TraitError(f"`{_name(proposal)}` cannot have the name {key!r}.")
        return value

    @validate("endpoint")
    def _known_scheme(self, proposal: Proposal) -> str | None:
        value: str | None = proposal["value"]
        if value is not None and not value.startswith(("ws://", "wss://", "unix://")):
            raise TraitError(
                f"`endpoint` is ws://host:port, wss://host:port or unix:///path, not {value!r}."
            )
        return value

    @validate(
        "max_minutes",
        "max_turns",
        "max_tokens",
        "request_seconds",
        "start_seconds",
        "batch_seconds",
        "silence_seconds",
        "approval_seconds",
        "tool_seconds",
        "commit_seconds",
        "max_age_days",
        "max_bytes",
        "output_lines",
        "output_bytes",
        "item_bytes",
        "plain_bytes",
        "messages_per_second",
    )
    def _positive(self, proposal: Proposal) -> float | None:
        value: float | None = proposal["value"]
        if value is not None and not value > 0:
            raise TraitError(f"`{_name(proposal)}` must be greater than 0, not {value}.")
        return value

    @validate("escalation_seconds", "image_bytes", "image_bytes_per_turn")
    def _not_negative(self, proposal: Proposal) -> float:
        value: float = proposal["value"]
        if not value >= 0:
            raise TraitError(f"`{_name(proposal)}` must be 0 or more, not {value}.")
        return value

    def settings(self, environ: Mapping[str, str] | None = None) -> Settings:
        """Everything as frozen values; `environ` (by default ours) is the app-server's."""
        own = {
            "environ": dict(os.environ if environ is None else environ),
            "folder": Path(self.data_dir),
            "writable_roots": tuple(self.writable_roots),
            "fail_on": tuple(self.fail_on),
            "secret_patterns": tuple(self.secret_patterns),
            "env": dict(self.env),
            "variables": dict(self.variables),
            "config": dict(self.codex_config),
        }
        return Settings(
            session=self._group(SessionSettings, own),
            app_server=self._group(AppServerSettings, own),
            turn=self._group(TurnSettings, own),
            log=self._group(LogSettings, own),
            view=self._group(ViewSettings, own),
            export=self._group(ExportSettings, own),
        )

    def _group(self, group: Callable[..., _Group], own: Mapping[str, object]) -> _Group:
        names = [field.name for field in fields(cast("Any", group))]
        return group(**{n: own[n] if n in own else getattr(self, trait_of(n)) for n in names})


def trait_of(field: str) -> str:
    """The trait that sets a field of `settings`."""
    return _TRAIT_OF_FIELD.get(field, field)


def environment_name(trait: str) -> str:
    """The environment variable that sets a trait, e.g. `CODEX_KERNEL_DATA_DIR`."""
    return ENVIRONMENT_PREFIX + trait.upper()


def load_config(
    folders: Iterable[str] | None = None, environ: Mapping[str, str] | None = None
) -> Config:
    """The configuration of this user and environment; raises ConfigLoaderError naming the file.

    `folders` (default: `jupyter --paths`) are given strongest first, as Jupyter lists them.
    """
    config = Config()
    for folder in reversed(list(jupyter_config_path() if folders is None else folders)):
        for loader in (PyFileConfigLoader, JSONFileConfigLoader):
            config.merge(_load_file(loader, folder))
    _apply_environment(config, os.environ if environ is None else environ)
    return config


def load_config_file(path: str | os.PathLike[str]) -> Config:
    """One configuration file (`.py` or `.json`); raises ConfigLoaderError naming the file."""
    folder, name = os.path.split(os.path.abspath(path))
    if not os.path.exists(path):
        raise ConfigLoaderError(f"There is no configuration file {os.fspath(path)}.")
    loader = JSONFileConfigLoader if name.endswith(".json") else PyFileConfigLoader
    return _load_file(loader, folder, name)


def _load_file(
    loader: type[PyFileConfigLoader] | type[JSONFileConfigLoader], folder: str, name: str = ""
) -> Config:
    suffix = ".py" if loader is PyFileConfigLoader else ".json"
    name = name or CONFIG_NAME + suffix
    try:
        return loader(name, path=folder).load_config()
    except ConfigFileNotFound:
        return Config()
    except Exception as error:  # a configuration file is code: whatever it raises, name the file
        path = os.path.join(folder, name)
        raise ConfigLoaderError(f"{path}: {type(error).__name__}: {error}") from error


def _apply_environment(config: Config, environ: Mapping[str, str]) -> None:
    """Variables win over files, also over a file's more special section (`c.CodexKernel`)."""
    sections = {"CodexSettings", *(name for name in config if name.startswith("Codex"))}
    for name, trait in CodexSettings.class_traits(config=True).items():
        text = environ.get(environment_name(name))
        if text is None:
            continue
        value = _from_environment(name, text, is_container=isinstance(trait, List | Dict))
        for section in sections:
            if section == "CodexSettings" or name in config[section]:
                config[section][name] = value


def _from_environment(trait: str, text: str, *, is_container: bool) -> object:
    if not is_container:
        return DeferredConfigString(text)  # the trait itself parses it
    try:
        return json.loads(text)
    except ValueError as error:
        raise ConfigLoaderError(f"{environment_name(trait)} is not JSON: {error}") from error


def _name(proposal: Proposal) -> str:
    return proposal["trait"].name


def _absolute(path: str, trait: str) -> str:
    # A relative path would mean another folder for every notebook.
    expanded = os.path.expanduser(path)
    if not os.path.isabs(expanded):
        raise TraitError(f"`{trait}` takes an absolute path, not {path!r}.")
    return expanded
