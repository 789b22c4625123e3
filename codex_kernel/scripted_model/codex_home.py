"""The config.toml that points a private CODEX_HOME at a scripted model."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

PROVIDER = "scripted"
_PROVIDER_SETTINGS = (
    "request_max_retries",
    "stream_max_retries",
    "stream_idle_timeout_ms",
    "requires_openai_auth",
)


def write_config(codex_home: Path, base_url: str, model: str = "gpt-5.5", **settings: Any) -> Path:
    """Write `codex_home`/config.toml (the folder is made) and return its path.

    `settings` are further settings of Codex; the retry counts, the idle timeout and whether an
    account is needed go to the provider. Slugs of note: gpt-5.5 has classic tools, gpt-6.1-sol
    code mode.
    """
    provider: dict[str, Any] = {
        "name": PROVIDER,
        "base_url": base_url,
        "wire_api": "responses",
        "requires_openai_auth": False,
        "supports_websockets": False,
    }
    provider |= {name: settings.pop(name) for name in _PROVIDER_SETTINGS if name in settings}
    top = {"model": model, "model_provider": PROVIDER, **settings}
    lines = [f"{_key(name)} = {_toml(value)}" for name, value in top.items()]
    lines += ["", f"[model_providers.{PROVIDER}]"]
    lines += [f"{_key(name)} = {_toml(value)}" for name, value in provider.items()]
    codex_home.mkdir(parents=True, exist_ok=True)
    path = codex_home / "config.toml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _key(name: str) -> str:
    return name if name.replace("_", "").replace("-", "").isalnum() else json.dumps(name)


def _toml(value: object) -> str:
    """`value` in TOML; the strings and numbers of JSON are TOML's too."""
    if isinstance(value, Mapping):
        inner = ", ".join(f"{_key(str(name))} = {_toml(each)}" for name, each in value.items())
        return f"{{ {inner} }}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, bool | int | float | str):
        return json.dumps(value, ensure_ascii=False)
    raise TypeError(f"config.toml cannot hold {value!r}.")
