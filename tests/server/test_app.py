"""How Jupyter finds the extension, and what it gives to the kernels it starts."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
import urllib.request
from pathlib import Path

import psutil

from codex_kernel.ids import log_path

from .place import ROOT, SECONDS, TOKEN, jupyter_server


def test_naming_the_extension_loads_nothing_of_a_server() -> None:
    code = "import sys, codex_kernel; print(*{name.split('.')[0] for name in sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert not {"jupyter_server", "tornado", "pydantic", "traitlets"} & set(done.stdout.split())


def test_a_data_file_of_the_wheel_enables_it() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    shared = project["tool"]["hatch"]["build"]["targets"]["wheel"]["shared-data"]
    [folder] = [here for here, there in shared.items() if there.endswith("server_config.d")]
    file = ROOT / folder / "codex_kernel.json"
    config = json.loads(file.read_text(encoding="utf-8"))
    assert config == {"ServerApp": {"jpserver_extensions": {"codex_kernel": True}}}


def test_a_server_that_is_told_nothing_finds_it_by_that_file() -> None:
    with jupyter_server(is_named=False) as server:
        assert server.get("health")["log"]["is_recorded"]


def test_kernels_of_the_server_write_where_it_reads(tmp_path: Path) -> None:
    with jupyter_server(
        f"--CodexServer.data_dir={tmp_path}", without=("CODEX_KERNEL_DATA_DIR",)
    ) as server:
        assert server.get("health")["log"]["path"] == str(log_path(tmp_path))
        request = urllib.request.Request(
            f"{server.url}api/kernels",
            method="POST",
            data=b'{"name": "python3"}',
            headers={"Authorization": f"token {TOKEN}"},
        )
        urllib.request.urlopen(request, timeout=SECONDS).close()
        children = psutil.Process(server.process.pid).children()
        [kernel] = [child for child in children if "ipykernel" in " ".join(child.cmdline())]
        assert kernel.environ()["CODEX_KERNEL_DATA_DIR"] == str(tmp_path)
