"""Configuration: files, environment, validation, and that no setting lacks its trait."""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from pathlib import Path

import pytest
from ipykernel.kernelbase import Kernel
from jupyter_core.paths import jupyter_data_dir
from traitlets import TraitError
from traitlets.config import Config
from traitlets.config.loader import ConfigLoaderError

from codex_kernel.config import (
    CodexSettings,
    environment_name,
    load_config,
    load_config_file,
    trait_of,
)
from codex_kernel.settings import Settings

GROUPS = [type(group) for group in vars(Settings()).values() if is_dataclass(group)]
"""`command_prefix` is no group: the host sets it, not the user."""


class CodexKernel(CodexSettings):
    """A host that is configurable itself, as the kernel is."""


def load(folders: list[Path], **environ: str) -> Config:
    return load_config([str(folder) for folder in folders], environ)


def test_every_field_of_the_settings_has_exactly_one_trait() -> None:
    wanted = [
        trait_of(field.name)
        for group in GROUPS
        for field in fields(group)
        if field.name != "environ"
    ]
    assert sorted(wanted) == sorted(CodexSettings.class_trait_names(config=True))
    assert len(wanted) == len(set(wanted))


def test_traits_say_what_they_are_for() -> None:
    for name, trait in CodexSettings.class_traits(config=True).items():
        assert trait.help.endswith("."), name


def test_no_trait_hides_an_attribute_of_the_kernel_class() -> None:
    assert not [name for name in CodexSettings.class_trait_names() if name in vars(Kernel)]


def test_defaults_are_those_of_the_settings() -> None:
    made = CodexSettings().settings(environ={})
    expected = Settings()
    assert made.session == expected.session
    assert made.app_server == expected.app_server
    assert made.turn == expected.turn
    assert made.view == expected.view
    assert made.log.folder == Path(jupyter_data_dir()) / "codex_kernel"


def test_the_environment_of_the_process_goes_to_the_app_server(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SOME_KEY", "some value")
    assert CodexSettings().settings().app_server.environ["SOME_KEY"] == "some value"
    assert CodexSettings().settings(environ={}).app_server.environ == {}


def test_values_become_frozen_ones() -> None:
    made = CodexSettings(
        writable_roots=["/one", "/two"],
        fail_on=["declined"],
        env={"A": "b"},
        codex_config={"features.goals": False},
        max_minutes=2,
    ).settings(environ={})
    assert made.session.writable_roots == ("/one", "/two")
    assert made.session.fail_on == ("declined",)
    assert made.session.env == {"A": "b"}
    assert made.session.max_minutes == 2
    assert made.app_server.config == {"features.goals": False}


def test_a_stronger_folder_wins_and_json_lies_beside_python(tmp_path: Path) -> None:
    user, system = tmp_path / "user", tmp_path / "system"
    user.mkdir()
    system.mkdir()
    (system / "jupyter_codex_config.py").write_text(
        "c.CodexSettings.model = 'of-system'\nc.CodexSettings.effort = 'low'\n"
    )
    (user / "jupyter_codex_config.json").write_text(
        json.dumps({"CodexSettings": {"model": "of-user"}})
    )
    settings = CodexSettings(config=load([user, system])).settings(environ={})
    assert settings.session.model == "of-user"
    assert settings.session.effort == "low"


def test_the_working_folder_is_not_searched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "jupyter_codex_config.py").write_text("raise SystemExit('was executed')\n")
    monkeypatch.chdir(tmp_path)
    assert load([]) == Config()
    load_config(environ={})


def test_a_section_for_one_host_is_stronger_than_the_one_for_all() -> None:
    config = Config({"CodexSettings": {"model": "all"}, "CodexKernel": {"model": "kernel"}})
    assert CodexSettings(config=config).model == "all"
    assert CodexKernel(config=config).model == "kernel"


def test_the_environment_wins_over_every_section_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "jupyter_codex_config.py").write_text(
        "c.CodexSettings.model = 'all'\nc.CodexKernel.model = 'kernel'\nc.CodexKernel.effort = 'x'"
    )
    config = load([tmp_path], CODEX_KERNEL_MODEL="of-environment")
    assert CodexSettings(config=config).model == "of-environment"
    kernel = CodexKernel(config=config)
    assert kernel.model == "of-environment"
    assert kernel.effort == "x"


@pytest.mark.parametrize(
    ("trait", "text", "value"),
    [
        ("data_dir", "/somewhere", "/somewhere"),
        ("network_access", "true", True),
        ("max_minutes", "1.5", 1.5),
        ("max_minutes", "None", None),
        ("max_bytes", "1000", 1000),
        ("sandbox", "read-only", "read-only"),
        ("writable_roots", '["/a", "/b"]', ["/a", "/b"]),
        ("fail_on", '["declined", "patch"]', ["declined", "patch"]),
        ("env", '{"A": "b"}', {"A": "b"}),
    ],
)
def test_the_environment_can_set_every_kind_of_trait(trait: str, text: str, value: object) -> None:
    config = load([], **{environment_name(trait): text})
    assert getattr(CodexSettings(config=config), trait) == value


def test_a_variable_that_is_not_json_is_named() -> None:
    with pytest.raises(ConfigLoaderError, match="CODEX_KERNEL_FAIL_ON"):
        load([], CODEX_KERNEL_FAIL_ON="declined")


def test_the_names_of_variables_are_derived_from_the_traits() -> None:
    assert environment_name("data_dir") == "CODEX_KERNEL_DATA_DIR"


@pytest.mark.parametrize(
    ("trait", "value", "said"),
    [
        ("sandbox", "none", "workspace-write"),
        ("approval_policy", "always", "on-request"),
        ("endpoint", "http://localhost", "ws://host:port"),
        ("data_dir", "relative/folder", "absolute path"),
        ("data_dir", "", "absolute path"),
        ("codex_home", ".codex", "absolute path"),
        ("writable_roots", ["data"], "absolute path"),
        ("env", {"A=B": "c"}, "'A=B'"),
        ("max_minutes", 0, "greater than 0"),
        ("output_lines", -1, "greater than 0"),
        ("approval_seconds", float("nan"), "greater than 0"),
        ("fail_on", ["everything"], "declined"),
    ],
)
def test_a_wrong_value_is_refused_with_the_reason(trait: str, value: object, said: str) -> None:
    with pytest.raises(TraitError, match=said.replace("'", ".")) as caught:
        CodexSettings(**{trait: value})
    assert trait in str(caught.value)


def test_a_home_folder_is_expanded() -> None:
    home = str(Path.home())
    assert CodexSettings(codex_home="~/codex").codex_home == str(Path(home, "codex"))
    assert CodexSettings(codex_bin="~/codex").codex_bin == str(Path(home, "codex"))
    assert CodexSettings(codex_bin="codex").codex_bin == "codex"


@pytest.mark.parametrize(
    ("name", "text"), [("jupyter_codex_config.py", "c.X ="), ("jupyter_codex_config.json", "{")]
)
def test_a_broken_file_is_named(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(ConfigLoaderError, match=name):
        load([tmp_path])
    with pytest.raises(ConfigLoaderError, match=name):
        load_config_file(tmp_path / name)


def test_one_file_can_be_loaded_alone(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text("c.CodexSettings.model = 'mine'")
    assert CodexSettings(config=load_config_file(file)).model == "mine"
    with pytest.raises(ConfigLoaderError, match="no configuration file"):
        load_config_file(tmp_path / "missing.py")
