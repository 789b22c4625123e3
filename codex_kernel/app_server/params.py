"""Our settings as parameters of the app-server's requests, and what it reports back.

Owns which configuration every thread gets and why. Pure. Refuses to know connections and turns
that run.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from typing import Any

from codex_kernel.settings import AppServerSettings, Sandbox, SessionSettings

FEATURES_OFF = {
    # A login shell per thread, in the background: 122 extra processes for 50 threads.
    "shell_snapshot": False,
    # Without a network Codex waits for ever and the turn never ends.
    "unbounded_connection_retries": False,
    # Steering cuts the stream: the half message vanishes from screen and history.
    "instant_interrupt": False,
}
"""Features of Codex that a notebook does without; off for the process and for every thread."""

_THREAD_CONFIG: dict[str, object] = {
    # What the profile of a login shell prints gets into results, and it costs up to a second.
    "allow_login_shell": False,
    "tools.update_plan.enabled": True,
    **{f"features.{name}": value for name, value in FEATURES_OFF.items()},
}

# AGENTS.md in CODEX_HOME stays: Codex has no switch for it (0.163, 0.169); the answer of
# thread/start names it in `instructionSources`.
_ISOLATED: dict[str, object] = {
    "project_doc_max_bytes": 0,
    "skills.bundled.enabled": False,
    "skills.include_instructions": False,
    "features.plugins": False,
    "features.apps": False,
}

_POLICY_TYPES: dict[str, Sandbox] = {
    "readOnly": "read-only",
    "workspaceWrite": "workspace-write",
    "dangerFullAccess": "danger-full-access",
}


def thread_params(
    settings: SessionSettings,
    app_server: AppServerSettings,
    *,
    notebook: str | None = None,
    mcp_servers: Collection[str] = (),
) -> dict[str, Any]:
    """Parameters of thread/start; thread/resume takes the same and `threadId`.

    `notebook` is the name by which the instructions call the open notebook. `mcp_servers` names
    those of Codex's own configuration (`AppServer.mcp_servers`), which an isolated thread leaves
    out one by one: there is no switch for all.
    """
    return {
        "cwd": os.path.abspath(settings.cwd),
        # Always read-only: with any other sandbox Codex writes the user's repository as trusted
        # into config.toml. The real sandbox goes out with every turn, see `turn_params`.
        "sandbox": "read-only",
        "approvalPolicy": settings.approval_policy,
        "config": thread_config(settings, app_server, mcp_servers),
        **({"model": settings.model} if settings.model else {}),
        **_instructions(settings.instructions, notebook),
    }


def resume_params(
    settings: SessionSettings,
    app_server: AppServerSettings,
    thread_id: str,
    notebook: str | None = None,
    mcp_servers: Collection[str] = (),
) -> dict[str, Any]:
    """Parameters of thread/resume: all settings again, because Codex would take the old ones."""
    params = thread_params(settings, app_server, notebook=notebook, mcp_servers=mcp_servers)
    # Without its turns: we have our own record, and the answer would be megabytes.
    return {**params, "threadId": thread_id, "excludeTurns": True}


def fork_params(
    settings: SessionSettings,
    app_server: AppServerSettings,
    thread_id: str,
    notebook: str | None = None,
    mcp_servers: Collection[str] = (),
) -> dict[str, Any]:
    """Parameters of thread/fork."""
    return resume_params(settings, app_server, thread_id, notebook, mcp_servers)


def thread_config(
    settings: SessionSettings, app_server: AppServerSettings, mcp_servers: Collection[str] = ()
) -> dict[str, object]:
    """The configuration of a thread, dotted keys as in config.toml; the user's own comes last."""
    config = dict(_THREAD_CONFIG)
    if settings.isolated:
        config |= _ISOLATED
    if settings.env:
        config["shell_environment_policy.set"] = dict(settings.env)
    config |= dict(app_server.config)
    if settings.isolated and mcp_servers:
        return _with_servers_off(config, mcp_servers)
    return config


def _with_servers_off(config: dict[str, object], names: Collection[str]) -> dict[str, object]:
    # All servers nested: a name may have dots, and Codex takes dotted and nested keys for the
    # same table in any order, so that one would undo the other.
    servers: dict[str, Any] = {name: {"enabled": False} for name in names}
    kept: dict[str, object] = {}
    for key, value in config.items():
        head, *path = key.split(".")
        if head == "mcp_servers":
            _put(servers, path, value)
        else:
            kept[key] = value
    return {**kept, "mcp_servers": servers}


def _put(table: dict[str, Any], path: list[str], value: object) -> None:
    if not path:
        table.update(value if isinstance(value, dict) else {})
        return
    inner = table.get(path[0])
    if not isinstance(inner, dict) or inner == {"enabled": False}:
        inner = table[path[0]] = {}
    if len(path) == 1:
        table[path[0]] = value
    else:
        _put(inner, path[1:], value)


def turn_params(
    settings: SessionSettings, thread_id: str, input: list[dict[str, Any]], client_id: str
) -> dict[str, Any]:
    """Parameters of turn/start. Everything goes out every time: a resumed thread forgets.

    `client_id` comes back as `client_id` of the user_message item that echoes the prompt.
    """
    return {
        "threadId": thread_id,
        "clientUserMessageId": client_id,
        "input": input,
        "cwd": os.path.abspath(settings.cwd),
        "approvalPolicy": settings.approval_policy,
        "sandboxPolicy": sandbox_policy(settings),
        **({"model": settings.model} if settings.model else {}),
        **({"effort": settings.effort} if settings.effort else {}),
    }


def sandbox_policy(settings: SessionSettings) -> dict[str, Any]:
    """The sandbox as turn/start and command/exec take it."""
    if settings.sandbox == "danger-full-access":
        return {"type": "dangerFullAccess"}
    if settings.sandbox == "read-only":
        return {"type": "readOnly", "networkAccess": settings.network_access}
    return {
        "type": "workspaceWrite",
        "writableRoots": [os.path.abspath(root) for root in settings.writable_roots],
        "networkAccess": settings.network_access,
        "excludeTmpdirEnvVar": False,
        "excludeSlashTmp": False,
    }


def effective(reported: dict[str, Any], settings: SessionSettings | None = None) -> dict[str, Any]:
    """What Codex says it works with, for `settings.updated`.

    Takes the answer of thread/start, resume and fork as well as the `threadSettings` of
    `thread/settings/updated`. The first have no real sandbox to report (see `thread_params`):
    it is that of `settings`, as every turn sends it, and left out without them.
    """
    found = {
        "model": reported.get("model"),
        "effort": reported.get("effort", reported.get("reasoningEffort")),
        "approval_policy": _policy_name(reported.get("approvalPolicy")),
        "cwd": reported.get("cwd"),
        "version": (reported.get("thread") or {}).get("cliVersion"),
    }
    policy = reported.get("sandboxPolicy") or (settings and sandbox_policy(settings))
    if policy:
        found["sandbox"] = _POLICY_TYPES.get(policy["type"], policy["type"])
        found["network_access"] = policy.get("networkAccess", True) in (True, "enabled")
    return {name: value for name, value in found.items() if value is not None}


def _instructions(text: str | None, notebook: str | None) -> dict[str, str]:
    if not text:
        return {}
    # Not str.format: a user's own text may hold braces.
    return {"developerInstructions": text.replace("{notebook}", f" {notebook}" if notebook else "")}


def _policy_name(policy: Any) -> str | None:
    return "granular" if isinstance(policy, dict) else policy
