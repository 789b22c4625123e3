"""Writes the tables of the documentation from the code: `python -m docs.reference`.

Between `<!-- begin: X -->` and `<!-- end: X -->` nothing is written by hand; a test compares.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import fields
from pathlib import Path
from typing import Any

from codex_kernel.cli.app import CodexApp
from codex_kernel.config import CodexSettings, environment_name, trait_of
from codex_kernel.server.app import CodexServer
from codex_kernel.settings import SessionSettings

ROOT = Path(__file__).resolve().parent.parent
PAGES = (ROOT / "README.md", ROOT / "docs" / "settings.md")
_LONG = 60


def commands() -> str:
    """The subcommands of `jupyter codex`."""
    lines = ["| | |", "|---|---|"]
    lines += [f"| `{name}` | {text} |" for name, (_, text) in CodexApp.subcommands.items()]
    return "\n".join(lines)


def session_settings() -> str:
    """What is chosen most: how Codex works in a session, and which Codex."""
    names = [trait_of(field.name) for field in fields(SessionSettings)]
    return _settings([*names, "codex_bin", "data_dir"])


def all_settings() -> str:
    """Every trait."""
    return _settings(CodexSettings.class_own_traits(config=True), with_variable=True)


def server_settings() -> str:
    """The traits of the server extension alone."""
    return _settings(CodexServer.class_own_traits(config=True), of=CodexServer)


def filled(text: str) -> str:
    """A page with its tables as the code has them now."""
    for name, table in TABLES.items():
        pattern = f"(<!-- begin: {name} -->\n).*?(<!-- end: {name} -->)"
        body = table()
        text = re.sub(pattern, lambda m, b=body: f"{m[1]}{b}\n{m[2]}", text, flags=re.DOTALL)
    return text


def _settings(
    names: Iterable[str],
    *,
    with_variable: bool = False,
    of: type[CodexSettings] = CodexSettings,
) -> str:
    traits = of.class_traits(config=True)
    lines = ["| setting | default | |", "|---|---|---|"]
    for name in names:
        variable = f"<br>`{environment_name(name)}`" if with_variable else ""
        lines.append(f"| `{name}`{variable} | {_default(traits[name])} | {traits[name].help} |")
    return "\n".join(lines)


def _default(trait: Any) -> str:
    if trait.name == "data_dir":
        return "in `jupyter --data-dir`"  # differs from machine to machine
    shown = repr(trait.default())
    return f"`{shown}`" if len(shown) <= _LONG else "see `settings.py`"


TABLES: dict[str, Callable[[], str]] = {
    "commands": commands,
    "settings": session_settings,
    "all settings": all_settings,
    "server settings": server_settings,
}

if __name__ == "__main__":
    for page in PAGES:
        page.write_text(filled(page.read_text(encoding="utf-8")), encoding="utf-8")
