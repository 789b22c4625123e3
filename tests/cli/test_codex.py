"""`doctor`, `login` and `logout` with the real Codex binary."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

from codex_kernel.scripted_model import ScriptedModel
from tests.cli.conftest import CommandLine

KEY = "sk-this-is-no-key-of-anybody"


def checks(done: subprocess.CompletedProcess[str]) -> dict[str, dict[str, Any]]:
    return {check["name"]: check for check in json.loads(done.stdout)["checks"]}


def test_the_doctor_finds_everything_well_with_a_model_that_needs_no_account(
    codex: CommandLine,
) -> None:
    with ScriptedModel.in_thread() as model:
        model.write_config(Path(codex.environ["CODEX_HOME"]))
        done = codex("doctor")
    assert done.returncode == 0, done.stdout + done.stderr
    for name in ("python", "packages", "kernelspec", "record", "binary", "app-server", "account"):
        assert f"✓ {name}" in done.stdout
    assert "✓ sandbox" in done.stdout
    assert "openai-codex-cli-bin" in done.stdout


def test_a_missing_account_is_a_problem_with_a_next_step(codex: CommandLine) -> None:
    done = codex("doctor", "--json")
    assert done.returncode == 1
    found = checks(done)
    assert found["account"]["status"] == "broken"
    assert found["account"]["next_step"] == "Run `jupyter codex login`."
    assert found["sandbox"]["status"] == "ok"
    assert json.loads(done.stdout)["is_ok"] is False


def test_the_sandbox_is_found_well_wherever_the_doctor_is_called(codex: CommandLine) -> None:
    data = codex.work / "data"  # below the current folder, which a sandbox may leave writable
    done = codex("doctor", "--json", CODEX_KERNEL_DATA_DIR=str(data))
    assert checks(done)["sandbox"]["status"] == "ok"
    assert "doctor-" not in " ".join(os.listdir(data))


def test_a_binary_that_is_not_there_is_a_problem_with_a_next_step(codex: CommandLine) -> None:
    found = checks(codex("doctor", "--json", CODEX_BIN="/nowhere/codex"))
    assert found["binary"]["status"] == "broken"
    assert "/nowhere/codex" in found["binary"]["found"]
    assert found["binary"]["next_step"]
    assert found["sandbox"]["status"] == "unknown"
    assert found["record"]["status"] == "ok"


def test_a_binary_that_is_no_codex_is_a_problem(codex: CommandLine) -> None:
    done = codex("doctor", "--json", CODEX_BIN=sys.executable)
    assert done.returncode == 1
    assert checks(done)["app-server"]["status"] == "broken"


def test_a_data_folder_that_cannot_be_written_is_a_problem(codex: CommandLine) -> None:
    (codex.home / "file").write_text("")
    folder = str(codex.home / "file" / "data")
    done = codex("doctor", "--json", CODEX_KERNEL_DATA_DIR=folder)
    assert done.returncode == 1, done.stderr
    assert checks(done)["record"]["status"] == "broken"
    assert checks(done)["record"]["next_step"]


def test_a_data_folder_without_room_for_a_new_folder_is_a_problem(codex: CommandLine) -> None:
    done = codex("doctor", "--json", CODEX_KERNEL_DATA_DIR="/proc")
    assert checks(done)["sandbox"]["status"] == "broken", done.stderr
    assert "CODEX_KERNEL_DATA_DIR" in checks(done)["sandbox"]["next_step"]


def test_a_codex_home_that_cannot_be_made_is_a_problem_with_a_next_step(codex: CommandLine) -> None:
    (codex.home / "file").write_text("")
    done = codex("doctor", "--json", CODEX_KERNEL_CODEX_HOME=str(codex.home / "file" / "home"))
    assert checks(done)["app-server"]["status"] == "broken", done.stderr
    assert "codex_home" in checks(done)["app-server"]["next_step"]


def test_a_sandbox_that_the_settings_do_without_is_not_tried(codex: CommandLine) -> None:
    done = codex("doctor", "--json", CODEX_KERNEL_SANDBOX="danger-full-access")
    assert checks(done)["sandbox"]["status"] == "unknown"
    assert "`sandbox`" in checks(done)["sandbox"]["found"]


def test_the_doctor_can_be_redirected_where_files_have_256_characters(codex: CommandLine) -> None:
    done = codex("doctor", PYTHONIOENCODING="cp1252")
    assert "\\u2713 python" in done.stdout
    assert "Traceback" not in done.stderr


def test_a_kernelspec_of_an_interpreter_that_is_gone_is_a_problem(codex: CommandLine) -> None:
    assert codex("install", "--user").returncode == 0
    file = codex.data / "kernels" / "codex" / "kernel.json"
    spec = json.loads(file.read_text())
    spec["argv"][0] = "/gone/python"
    file.write_text(json.dumps(spec))
    # Jupyter prefers the environment's own kernelspec unless the user's folder is put first.
    found = checks(codex("doctor", "--json", JUPYTER_PREFER_ENV_PATH="0"))
    assert found["kernelspec"]["status"] == "broken"
    assert "/gone/python" in found["kernelspec"]["found"]


def test_a_key_from_stdin_logs_in_and_is_never_printed(codex: CommandLine) -> None:
    done = codex("login", "--api-key", stdin=KEY + "\n")
    assert done.returncode == 0, done.stderr
    assert "API key" in done.stdout
    assert KEY not in done.stdout + done.stderr
    assert checks(codex("doctor", "--json"))["account"]["status"] == "ok"
    if os.name == "posix":
        kept = Path(codex.environ["CODEX_HOME"]) / "auth.json"
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600

    assert codex("logout").stdout == "Logged out.\n"
    assert checks(codex("doctor", "--json"))["account"]["status"] == "broken"


def test_a_key_as_an_argument_is_refused(codex: CommandLine) -> None:
    done = codex("login", KEY, stdin="")
    assert done.returncode == 2
    assert KEY not in done.stdout + done.stderr


def test_no_key_is_an_error(codex: CommandLine) -> None:
    done = codex("login", "--api-key", stdin="\n")
    assert done.returncode == 1
    assert "No API key" in done.stderr
