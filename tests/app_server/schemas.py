"""The JSON schema of the protocol that a binary itself generates."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import jsonschema

Schema = dict[str, Any]


@functools.cache
def generated(codex_bin: Path) -> Schema:
    """All definitions of the schema that a binary generates."""
    with tempfile.TemporaryDirectory() as folder:
        command = [codex_bin, "app-server", "generate-json-schema", "--experimental"]
        environ = {**os.environ, "CODEX_HOME": folder}
        subprocess.run([*command, "--out", folder], check=True, capture_output=True, env=environ)
        name = "codex_app_server_protocol.schemas.json"
        return json.loads((Path(folder) / name).read_text(encoding="utf-8"))


def resolve(schema: Schema, reference: str) -> Schema:
    found: Any = schema
    for step in reference.removeprefix("#/").split("/"):
        found = found[step]
    return found


def methods(schema: Schema, kind: str) -> dict[str, str]:
    """Reference to the parameters by method; blank for those without."""
    return {
        entry["properties"]["method"]["enum"][0]: entry["properties"]
        .get("params", {})
        .get("$ref", "")
        for entry in schema["definitions"][kind]["oneOf"]
    }


def response(schema: Schema, method: str) -> str:
    return methods(schema, "ServerRequest")[method].replace("Params", "Response")


def validate(schema: Schema, reference: str, value: Any) -> None:
    wrapped = {"$ref": reference, "definitions": schema["definitions"]}
    jsonschema.validate(value, wrapped, format_checker=None)
