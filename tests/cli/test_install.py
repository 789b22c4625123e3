"""The kernelspec: what ships, and what `install` makes of it."""

from __future__ import annotations

import json
import os
import struct
import sys
from pathlib import Path

import pytest

from codex_kernel.cli import kernelspec
from tests.cli.conftest import CommandLine

LOGOS = ("logo-32x32.png", "logo-64x64.png", "logo-svg.svg")
SOURCE = Path(__file__).resolve().parents[2] / "kernelspec"


def spec(folder: Path) -> dict[str, object]:
    return json.loads((folder / "kernel.json").read_text())


def test_the_shipped_spec_fits_the_server_of_the_same_environment() -> None:
    shipped = spec(kernelspec.shipped_folder())
    assert shipped == spec(SOURCE)
    assert shipped["argv"][:4] == ["python", "-P", "-m", "codex_kernel.kernel"]
    assert shipped["language"] == "codex"
    assert shipped["display_name"] == "Codex"
    assert shipped["interrupt_mode"] == "message"


@pytest.mark.parametrize(("name", "size"), [("logo-32x32.png", 32), ("logo-64x64.png", 64)])
def test_logos_have_the_size_their_name_says(name: str, size: int) -> None:
    head = (kernelspec.shipped_folder() / name).read_bytes()[:24]
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", head[16:]) == (size, size)


def test_jupyter_finds_the_kernelspec() -> None:
    assert kernelspec.found_folder().name == "codex"


def test_an_installed_spec_starts_this_interpreter(codex: CommandLine) -> None:
    done = codex("install", "--user")
    assert done.returncode == 0, done.stderr
    folder = codex.data / "kernels" / "codex"
    assert str(folder) in done.stdout
    assert spec(folder)["argv"][0] == sys.executable
    assert set(LOGOS) < set(os.listdir(folder))


def test_a_prefix_a_name_and_a_shown_name_can_be_chosen(codex: CommandLine) -> None:
    prefix = codex.home / "prefix"
    done = codex(
        "install", "--prefix", str(prefix), "--name", "codex-2", "--display-name", "Codex 2"
    )
    assert done.returncode == 0, done.stderr
    assert spec(prefix / "share/jupyter/kernels/codex-2")["display_name"] == "Codex 2"
    assert not (codex.data / "kernels").exists()


def test_installing_twice_replaces(codex: CommandLine) -> None:
    for _ in range(2):
        assert codex("install").returncode == 0
    assert os.listdir(codex.data / "kernels") == ["codex"]


@pytest.mark.parametrize(
    ("arguments", "said", "code"),
    [
        (("--user", "--sys-prefix"), "Give one of", 2),
        (("--name", "not/a name"), "Choose a --name", 1),
    ],
)
def test_what_cannot_be_done_is_said(
    codex: CommandLine, arguments: tuple[str, ...], said: str, code: int
) -> None:
    done = codex("install", *arguments)
    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_place_that_cannot_be_written_is_said(codex: CommandLine) -> None:
    (codex.home / "file").write_text("")
    done = codex("install", "--prefix", str(codex.home / "file"))
    assert done.returncode == 1
    assert "--prefix" in done.stderr
