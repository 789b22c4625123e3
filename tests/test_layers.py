"""What a layer must not know is not even loaded when it is imported."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

HOSTS = ("ipykernel", "IPython", "traitlets", "jupyter_client", "jupyter_core", "zmq", "tornado")
PICTURES = ("markdown_it",)


def loaded_by(module: str) -> set[str]:
    """The top-level packages that importing a module loads, in an interpreter of its own."""
    code = f"import sys, {module}; print(*{{name.split('.')[0] for name in sys.modules}})"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_the_contracts_between_layers_are_kept() -> None:
    linter = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run(
        [linter, "--no-cache", "--no-logo"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("module", "strangers"),
    [
        ("turn.transcript", (*HOSTS, *PICTURES, "sqlite3", "asyncio")),
        ("settings", (*HOSTS, *PICTURES, "sqlite3", "asyncio")),
        ("render.bundle", (*HOSTS, "sqlite3", "websockets")),
        ("rpc.stdio", (*HOSTS, *PICTURES, "sqlite3")),
        ("app_server.client", (*HOSTS, *PICTURES, "sqlite3")),
        ("turn_log.log", (*HOSTS, *PICTURES, "websockets")),
        ("scripted_model", (*HOSTS, *PICTURES, "sqlite3", "websockets")),
        ("tools.offer", ("IPython", "ipykernel", "zmq", "tornado", "pydantic", "mcp")),
        ("magic.ask", (*HOSTS, *PICTURES, "sqlite3", "asyncio")),
        ("magic.run", ("IPython", "ipykernel", "zmq", "tornado", "pydantic", "jsonschema")),
        ("config", ("ipykernel", "IPython", "zmq", "tornado", "sqlite3", "asyncio")),
        ("cli.app", ("ipykernel", "IPython", "zmq", "sqlite3", "websockets", "nbclient")),
    ],
)
def test_a_layer_does_not_load_what_it_must_not_know(
    module: str, strangers: tuple[str, ...]
) -> None:
    assert not loaded_by(f"codex_kernel.{module}") & set(strangers)
