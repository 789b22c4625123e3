"""`jupyter codex` itself: help, versions, mistakes, configuration."""

from __future__ import annotations

import pytest
from traitlets.utils.importstring import import_item

from codex_kernel import __version__
from codex_kernel.cli.app import CodexApp
from codex_kernel.cli.command import Command
from tests.cli.conftest import CommandLine

SUBCOMMANDS = sorted(CodexApp.subcommands)


def test_without_a_subcommand_the_help_is_printed(codex: CommandLine) -> None:
    done = codex()
    assert done.returncode == 0
    for name in SUBCOMMANDS:
        assert f"\n{name}\n" in done.stdout


@pytest.mark.parametrize("name", SUBCOMMANDS)
def test_every_subcommand_is_a_command_with_a_description(name: str) -> None:
    command = import_item(CodexApp.subcommands[name][0])
    assert issubclass(command, Command)
    assert command.name == f"jupyter-codex-{name}"
    assert command.__doc__
    assert command.run is not Command.run


@pytest.mark.parametrize("name", SUBCOMMANDS)
def test_every_alias_and_flag_sets_a_trait_that_exists(name: str) -> None:
    command = import_item(CodexApp.subcommands[name][0])
    app = command()
    assert "Usage: jupyter codex" in "\n".join(app.emit_help(classes=True))
    for section, values in [pair for flag, _ in app.flags.values() for pair in flag.items()]:
        if section == command.__name__:
            assert set(values) <= set(command.class_trait_names(config=True))


def test_the_version_is_the_packages(codex: CommandLine) -> None:
    assert codex("--version").stdout.strip() == __version__


def test_a_mistyped_subcommand_names_the_one_that_was_meant(codex: CommandLine) -> None:
    done = codex("sesions")
    assert done.returncode == 2
    assert "'sesions'" in done.stderr
    assert "`sessions`" in done.stderr


def test_an_argument_too_many_is_refused(codex: CommandLine) -> None:
    done = codex("install", "codex")
    assert done.returncode == 2
    assert "takes no arguments" in done.stderr


def test_a_wrong_value_is_refused_before_anything_is_done(codex: CommandLine) -> None:
    done = codex("prune", "--CodexSettings.data_dir=relative")
    assert done.returncode != 0
    assert "absolute path" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_broken_configuration_file_is_named(codex: CommandLine) -> None:
    (codex.home / "config" / "jupyter_codex_config.py").write_text("c.X =")
    done = codex("sessions")
    assert done.returncode == 1
    assert "jupyter_codex_config.py" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_generated_configuration_can_be_read_back(codex: CommandLine) -> None:
    done = codex("--generate-config")
    assert done.returncode == 0, done.stderr
    text = (codex.home / "config" / "jupyter_codex_config.py").read_text()
    assert "# c.CodexSettings.sandbox = 'workspace-write'" in text
    assert codex().returncode == 0


def test_a_configuration_file_in_the_current_folder_is_not_executed(codex: CommandLine) -> None:
    (codex.work / "jupyter_codex_config.py").write_text("raise SystemExit('executed')")
    (codex.work / "jupyter_config.py").write_text("raise SystemExit('executed')")
    assert codex().returncode == 0
