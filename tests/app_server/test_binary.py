from __future__ import annotations

import asyncio
import os
import stat
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from codex_cli_bin import bundled_codex_path
from hypothesis import given
from hypothesis import strategies as st

from codex_kernel.app_server import binary
from codex_kernel.app_server.binary import (
    MINIMUM,
    NEWEST_TESTED,
    SUPPORTED,
    Source,
    check_version,
    choose,
    find_binary,
    is_older,
    newest_seen,
    parse_user_agent_version,
    probe_version,
    remember_version,
    version_key,
)
from codex_kernel.errors import BinaryNotFound, BinaryTooOld

ENV = {"PATH": os.defpath}
MakeProgram = Callable[..., Path]


@pytest.fixture
def program(tmp_path: Path) -> MakeProgram:
    """Make a program, by default one that says it is a Codex of `version`."""

    def make(version: str = "", *, name: str = "codex", source: str = "") -> Path:
        path = tmp_path / f"bin-{version or name}" / name
        path.parent.mkdir()
        path.write_text(f"#!/bin/sh\n{source or f'echo codex-cli {version}'}\n")
        path.chmod(0o755)
        return path

    return make


def test_the_setting_comes_first_then_the_variable_then_the_path_then_the_wheel(
    program: MakeProgram,
) -> None:
    setting, variable, path = program("1.0.0"), program("2.0.0"), program("3.0.0")
    env = {"CODEX_BIN": str(variable), "PATH": f"{path.parent}:{os.defpath}"}
    chosen = find_binary(str(setting), env)
    assert (chosen.path, chosen.source, chosen.is_explicit) == (setting, Source.SETTING, True)
    chosen = find_binary(None, env)
    assert (chosen.path, chosen.source, chosen.is_explicit) == (variable, Source.VARIABLE, True)
    chosen = find_binary("", env | {"CODEX_BIN": ""})
    assert (chosen.path, chosen.source, chosen.is_explicit) == (path, Source.PATH, False)
    chosen = find_binary(None, ENV)
    assert (chosen.path, chosen.source) == (bundled_codex_path(), Source.WHEEL)


def test_a_name_is_looked_up_and_a_tilde_is_the_home(
    program: MakeProgram, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = program(name="codex-nightly")
    assert find_binary("codex-nightly", {"PATH": str(path.parent)}).path == path
    monkeypatch.setenv("HOME", str(path.parent))
    assert find_binary("~/codex-nightly", ENV).path == path


def test_a_named_binary_that_is_missing_is_not_replaced_by_another(tmp_path: Path) -> None:
    plain = tmp_path / "codex"
    plain.touch()
    with pytest.raises(BinaryNotFound, match="setting codex_bin"):
        find_binary(str(plain), ENV)
    with pytest.raises(BinaryNotFound, match="CODEX_BIN"):
        find_binary(None, ENV | {"CODEX_BIN": "/nowhere/codex"})


async def test_the_real_binary_tells_a_tested_version() -> None:
    version = await probe_version(bundled_codex_path(), os.environ)
    assert version in [tested.version for tested in SUPPORTED]


async def test_programs_without_a_version_are_told_apart(program: MakeProgram) -> None:
    assert await probe_version(program(name="mute", source="exit 1"), ENV) is None
    assert await probe_version(Path("/nowhere/codex"), ENV) is None
    assert await probe_version(program("1.2.3-alpha.4"), ENV) == "1.2.3-alpha.4"


async def test_a_program_that_does_not_answer_is_ended(
    program: MakeProgram, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(binary, "PROBE_SECONDS", 0.2)
    stuck = program(name="stuck", source="sleep 60917 & sleep 60917")
    assert await probe_version(stuck, ENV) is None
    await asyncio.to_thread(wait_until_none_runs, "60917")


def wait_until_none_runs(word: str) -> None:
    while any(word in (each.info["cmdline"] or []) for each in psutil.process_iter(["cmdline"])):
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("user_agent", "version"),
    [
        ("codex_kernel/0.163.0 (Debian 12.0.0; x86_64) xterm (codex_kernel; 0.1.0)", "0.163.0"),
        ("codex_kernel/0.170.0-alpha.3 (Mac OS 15.1.0; arm64) unknown", "0.170.0-alpha.3"),
        ("codex_kernel/0.0.0 (Linux)", "0.0.0"),
        ("codex_kernel (Debian 12.0.0)", None),
        ("", None),
    ],
)
def test_the_version_is_read_from_the_user_agent(user_agent: str, version: str | None) -> None:
    assert parse_user_agent_version(user_agent) == version


def test_the_table_is_in_order_and_its_versions_pass_without_a_word() -> None:
    versions = [tested.version for tested in SUPPORTED]
    assert (versions[0], versions[-1]) == (MINIMUM, NEWEST_TESTED) == ("0.163.0", "0.171.0")
    assert versions == sorted(versions, key=lambda version: version_key(version) or ())
    assert {check_version(version) for version in [*versions, "0.165.2"]} == {None}


def test_newer_and_unknown_versions_are_used_with_a_warning() -> None:
    assert "newer than 0.171.0" in (check_version("0.172.0") or "")
    assert "newer than 0.171.0" in (check_version("0.171.1-alpha.1") or "")
    for unknown in (None, "", "nightly", "0.0.0"):
        assert "does not tell its version" in (check_version(unknown) or "")


@pytest.mark.parametrize("version", ["0.162.9", "0.99.0", "0.163.0-alpha.9"])
def test_versions_below_the_minimum_are_refused(version: str) -> None:
    with pytest.raises(BinaryTooOld, match=r"oldest that works here is 0\.163\.0\. Update it"):
        check_version(version)


def test_versions_are_ordered_as_semantic_versioning_does() -> None:
    order = ["0.9.0", "0.10.0-alpha", "0.10.0-alpha.2", "0.10.0-alpha.10", "0.10.0-beta", "0.10.0"]
    for index, version in enumerate(order):
        assert all(is_older(earlier, version) for earlier in order[:index])
        assert not any(is_older(later, version) for later in order[index:])


@given(st.text(alphabet="0123456789.-ab", max_size=12), st.text(max_size=12))
def test_whatever_calls_itself_a_version_can_be_compared(first: str, second: str) -> None:
    assert not (is_older(first, second) and is_older(second, first))


def test_only_the_newest_version_of_a_home_is_remembered(tmp_path: Path) -> None:
    data_dir, home = tmp_path / "data", tmp_path / "home"
    home.mkdir()
    assert newest_seen(data_dir, home) is None
    for version in ("0.163.0", "0.169.0", "0.163.0", None, "0.0.0", "nightly"):
        remember_version(data_dir, home, version)
    assert newest_seen(data_dir, home) == "0.169.0"
    (tmp_path / "link").symlink_to(home)
    assert newest_seen(data_dir, tmp_path / "link") == "0.169.0"
    assert newest_seen(data_dir, tmp_path / "other") is None
    (record,) = data_dir.iterdir()
    assert stat.S_IMODE(record.stat().st_mode) == 0o600


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"/codex-home": 7}', '{"/codex-home": "x"}'])
def test_a_damaged_record_is_begun_anew(tmp_path: Path, damage: str) -> None:
    (tmp_path / binary.RECORD).write_text(damage)
    assert newest_seen(tmp_path, Path("/codex-home")) is None
    remember_version(tmp_path, Path("/codex-home"), "0.163.0")
    assert newest_seen(tmp_path, Path("/codex-home")) == "0.163.0"


def test_a_record_that_cannot_be_written_stops_nobody(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    remember_version(file / "data", Path("/codex-home"), "0.163.0")
    assert newest_seen(file / "data", Path("/codex-home")) is None


async def test_an_older_binary_on_the_path_gives_way_to_the_wheel(
    program: MakeProgram, tmp_path: Path
) -> None:
    newer = program("0.200.0")
    env = {"PATH": f"{newer.parent}:{os.defpath}"}

    async def source() -> Source:
        found = await choose(None, env, data_dir=tmp_path, codex_home=Path("/codex-home"))
        return found.source

    assert await source() is Source.PATH
    remember_version(tmp_path, Path("/codex-home"), "0.200.0")
    assert await source() is Source.PATH
    env["PATH"] = f"{program('0.162.0').parent}:{os.defpath}"
    (tmp_path / binary.RECORD).unlink()
    remember_version(tmp_path, Path("/codex-home"), "0.163.0")
    assert await source() is Source.WHEEL


@pytest.mark.parametrize("seen", [None, "0.150.0"])
async def test_what_is_too_old_or_no_codex_on_the_path_gives_way_to_the_wheel(
    program: MakeProgram, tmp_path: Path, seen: str | None
) -> None:
    remember_version(tmp_path, Path("/codex-home"), seen)
    for found in (program("0.150.0"), program(name="codex", source="exit 2")):
        env = {"PATH": f"{found.parent}:{os.defpath}"}
        chosen = await choose(None, env, data_dir=tmp_path, codex_home=Path("/codex-home"))
        assert chosen.source is Source.WHEEL


async def test_when_all_are_too_old_it_says_what_is_needed(
    program: MakeProgram, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(binary, "_wheel", lambda: None)
    env = {"PATH": f"{program('0.150.0').parent}:{os.defpath}"}
    with pytest.raises(
        BinaryTooOld, match=r"oldest Codex that works here is 0\.163\.0, but .* is 0"
    ):
        await choose(None, env, data_dir=tmp_path, codex_home=Path("/codex-home"))


async def test_a_newer_binary_on_the_path_is_used(program: MakeProgram, tmp_path: Path) -> None:
    newer = program("0.200.0")
    remember_version(tmp_path, Path("/codex-home"), "0.199.0")
    env = {"PATH": f"{newer.parent}:{os.defpath}"}
    found = await choose(None, env, data_dir=tmp_path, codex_home=Path("/codex-home"))
    assert found.path == newer


async def test_when_all_are_older_only_a_named_one_is_used(
    program: MakeProgram, tmp_path: Path
) -> None:
    older = program("0.150.0")
    remember_version(tmp_path, Path("/codex-home"), "0.500.0")
    env = {"PATH": f"{older.parent}:{os.defpath}"}
    with pytest.raises(BinaryTooOld, match=r"last used by Codex 0\.500\.0, but .* is 0\.150\.0"):
        await choose(None, env, data_dir=tmp_path, codex_home=Path("/codex-home"))
    found = await choose(str(older), env, data_dir=tmp_path, codex_home=Path("/codex-home"))
    assert found.path == older
