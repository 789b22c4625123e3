"""`jupyter codex demo`: its files, its environment, and a whole headless run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from codex_kernel.cli import demo_files, demo_run
from codex_kernel.cli.demo import scripted_environment
from codex_kernel.config import CodexSettings, load_config
from codex_kernel.errors import CodexError
from tests.cli.conftest import CommandLine


def test_each_demo_gets_a_new_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    notebooks = [demo_files.copy_to(None) for _ in range(3)]
    assert [n.parent.name for n in notebooks] == ["codex-demo", "codex-demo-2", "codex-demo-3"]
    assert all(notebook.is_file() for notebook in notebooks)


def test_a_folder_with_files_is_not_written_to(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(CodexError, match="not empty"):
        demo_files.copy_to(tmp_path)
    assert os.listdir(tmp_path) == ["mine.txt"]


def test_the_scripted_model_is_used_whatever_is_configured(tmp_path: Path) -> None:
    (tmp_path / "jupyter_codex_config.py").write_text(
        "c.CodexSettings.endpoint = 'ws://elsewhere:1'\n"
        "c.CodexKernel.codex_home = '/users/home'\n"
        "c.CodexSettings.data_dir = '/users/data'\n"
        "c.CodexSettings.model = 'expensive'\n"
    )
    environ = scripted_environment({"CODEX_HOME": "/users/home"}, tmp_path / "run")
    config = load_config([str(tmp_path)], environ)
    settings = CodexSettings(config=config).settings(environ)
    assert settings.app_server.endpoint is None
    assert settings.app_server.codex_home == str(tmp_path / "run" / "codex-home")
    assert settings.app_server.environ["CODEX_HOME"] == str(tmp_path / "run" / "codex-home")
    assert settings.log.folder == tmp_path / "run"
    assert settings.session.model is None


def test_a_missing_package_is_named_with_the_command_that_installs_it() -> None:
    with pytest.raises(CodexError, match=r"codex-kernel\[lab\]"):
        demo_run.require("a_package_that_nobody_has")


def test_a_data_folder_that_cannot_be_written_is_said_with_a_next_step(codex: CommandLine) -> None:
    (codex.home / "file").write_text("")
    done = codex("demo", "--execute", JUPYTER_DATA_DIR=str(codex.home / "file" / "data"))
    assert done.returncode == 1
    assert "JUPYTER_DATA_DIR" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_headless_demo_runs_every_prompt_and_leaves_nothing_behind(codex: CommandLine) -> None:
    done = codex("demo", "--execute")
    assert done.returncode == 0, done.stderr
    notebook = codex.work / "codex-demo" / "demo.ipynb"
    assert str(notebook) in done.stdout
    cells = json.loads(notebook.read_text())["cells"]
    prompts = [cell for cell in cells if cell["cell_type"] == "code"]
    assert done.stdout.count("completed") == len(prompts)
    assert [cell["execution_count"] for cell in prompts] == list(range(1, len(prompts) + 1))
    assert (codex.work / "codex-demo" / "sensors.png").is_file()
    assert os.listdir(codex.data / "codex_kernel" / "demo") == []
    assert os.listdir(codex.environ["CODEX_HOME"]) == []


@pytest.fixture
def opened_demo(codex: CommandLine) -> Iterator[subprocess.Popen[str]]:
    """A demo whose JupyterLab answers requests."""
    with subprocess.Popen(
        [sys.executable, "-m", "codex_kernel", "demo", "--no-browser"],
        cwd=codex.work,
        env={**codex.environ, "JUPYTER_TOKEN": "of-this-test"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as program:
        try:
            assert program.stdout is not None
            if not any("/lab/tree/demo.ipynb" in line for line in program.stdout):
                pytest.fail("JupyterLab did not start")
            yield program
        finally:
            program.terminate()


def test_ctrl_c_ends_jupyterlab_and_the_model_and_leaves_nothing_behind(
    codex: CommandLine, opened_demo: subprocess.Popen[str]
) -> None:
    children = psutil.Process(opened_demo.pid).children(recursive=True)
    assert children
    os.kill(opened_demo.pid, signal.SIGINT)
    opened_demo.communicate(timeout=60)
    assert opened_demo.returncode == 130
    assert psutil.wait_procs(children, timeout=30)[1] == []
    assert os.listdir(codex.data / "codex_kernel" / "demo") == []
