from __future__ import annotations

import os
from typing import Any

from codex_kernel.app_server.client import child_environ, codex_home, command_line
from codex_kernel.app_server.params import (
    effective,
    fork_params,
    resume_params,
    sandbox_policy,
    thread_params,
    turn_params,
)
from codex_kernel.settings import AppServerSettings, SessionSettings

SERVER = AppServerSettings()


def test_a_thread_always_begins_read_only() -> None:
    for make in (thread_params, _resume, fork_params_of):
        assert make(SessionSettings(sandbox="danger-full-access"), SERVER)["sandbox"] == "read-only"


def _resume(settings: SessionSettings, server: AppServerSettings) -> dict[str, Any]:
    return resume_params(settings, server, "t")


def fork_params_of(settings: SessionSettings, server: AppServerSettings) -> dict[str, Any]:
    return fork_params(settings, server, "t")


def test_resume_repeats_every_setting_and_asks_for_no_turns() -> None:
    settings = SessionSettings(cwd="/w", model="m")
    resumed = resume_params(settings, SERVER, "t", "a.ipynb")
    begun = thread_params(settings, SERVER, notebook="a.ipynb")
    assert resumed == {**begun, "threadId": "t", "excludeTurns": True}


def test_the_instructions_name_the_notebook() -> None:
    settings = SessionSettings(instructions="Do not touch{notebook}. {braces} stay.")
    named = thread_params(settings, SERVER, notebook="a.ipynb")["developerInstructions"]
    assert named == "Do not touch a.ipynb. {braces} stay."
    unnamed = thread_params(settings, SERVER)["developerInstructions"]
    assert unnamed == "Do not touch. {braces} stay."
    assert "developerInstructions" not in thread_params(SessionSettings(instructions=None), SERVER)


def test_the_users_configuration_comes_last() -> None:
    server = AppServerSettings(config={"allow_login_shell": True, "mcp_servers.a.command": "b"})
    config = thread_params(SessionSettings(env={"A": "1"}), server)["config"]
    assert config["allow_login_shell"] is True
    assert config["mcp_servers.a.command"] == "b"
    assert config["features.unbounded_connection_retries"] is False
    assert config["shell_environment_policy.set"] == {"A": "1"}


def test_an_isolated_thread_keeps_the_servers_of_its_host() -> None:
    own = {"mcp_servers.ours.command": "x", "mcp_servers.ours.args": ["y"], "a.b": 1}
    server = AppServerSettings(config=own)
    isolated = SessionSettings(isolated=True)
    config = thread_params(isolated, server, mcp_servers=["odd.name", "ours"])["config"]
    assert config["mcp_servers"] == {
        "odd.name": {"enabled": False},
        "ours": {"command": "x", "args": ["y"]},
    }
    assert config["a.b"] == 1
    assert not [key for key in config if key.startswith("mcp_servers.")]
    nested = AppServerSettings(config={"mcp_servers": {"ours": {"command": "x"}}})
    config = thread_params(isolated, nested, mcp_servers=["other"])["config"]
    assert config["mcp_servers"] == {"other": {"enabled": False}, "ours": {"command": "x"}}


def test_every_turn_says_everything() -> None:
    settings = SessionSettings(cwd="w", effort="high", writable_roots=("x",), network_access=True)
    params = turn_params(settings, "t", [{"type": "text", "text": "hi"}], "c")
    assert params["cwd"] == os.path.abspath("w")
    assert params["effort"] == "high"
    assert params["clientUserMessageId"] == "c"
    assert "model" not in params
    assert params["sandboxPolicy"] == {
        "type": "workspaceWrite",
        "writableRoots": [os.path.abspath("x")],
        "networkAccess": True,
        "excludeTmpdirEnvVar": False,
        "excludeSlashTmp": False,
    }


def test_each_sandbox_has_its_policy() -> None:
    assert sandbox_policy(SessionSettings(sandbox="danger-full-access")) == {
        "type": "dangerFullAccess"
    }
    assert sandbox_policy(SessionSettings(sandbox="read-only")) == {
        "type": "readOnly",
        "networkAccess": False,
    }


def test_the_sandbox_of_an_opened_thread_is_not_taken_for_the_real_one() -> None:
    answer = {
        "model": "gpt-5.5",
        "reasoningEffort": "low",
        "cwd": "/w",
        "approvalPolicy": {"granular": {}},
        "sandbox": {"type": "readOnly"},
        "thread": {"cliVersion": "0.163.0"},
    }
    assert effective(answer) == {
        "model": "gpt-5.5",
        "effort": "low",
        "approval_policy": "granular",
        "cwd": "/w",
        "version": "0.163.0",
    }
    assert effective(answer, SessionSettings())["sandbox"] == "workspace-write"
    full = effective(answer, SessionSettings(sandbox="danger-full-access"))
    assert (full["sandbox"], full["network_access"]) == ("danger-full-access", True)


def test_the_features_that_are_off_are_named_on_the_command_line(tmp_path: Any) -> None:
    assert command_line(tmp_path / "codex")[1:] == [
        "app-server",
        "--disable",
        "shell_snapshot",
        "--disable",
        "unbounded_connection_retries",
        "--disable",
        "instant_interrupt",
    ]


def test_the_home_of_the_child_is_made_and_named(tmp_path: Any) -> None:
    home = tmp_path / "new" / "home"
    environ = child_environ(AppServerSettings(codex_home=str(home), environ={"A": "1"}))
    assert environ == {"A": "1", "CODEX_HOME": str(home)}
    assert home.is_dir()
    assert codex_home(environ) == home
    assert codex_home({"HOME": "/h"}).as_posix() == "/h/.codex"
