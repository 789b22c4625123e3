"""A small MCP server over stdio: `greet` asks for a name, `add` just adds, `wait` never answers."""

from __future__ import annotations

import json
import sys
from typing import Any


def send(message: dict[str, Any]) -> None:
    print(json.dumps({"jsonrpc": "2.0", **message}), flush=True)


def text(words: str) -> dict[str, Any]:
    return {"content": [{"type": "text", "text": words}]}


def elicit() -> dict[str, Any]:
    """Ask the user for a name, and wait for the answer."""
    schema = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
    params = {"message": "Who are you?", "requestedSchema": schema}
    send({"id": "ask", "method": "elicitation/create", "params": params})
    for line in sys.stdin:
        message = json.loads(line)
        if message.get("id") == "ask":
            return message["result"]
    return {"action": "cancel"}


def call(name: str, arguments: dict[str, Any]) -> dict[str, Any] | None:
    if name == "add":
        return text(str(arguments["a"] + arguments["b"]))
    if name == "greet":
        answer = elicit()
        return text(f"{answer['action']} {answer.get('content')}")
    return None


def tool(name: str, *, is_harmless: bool) -> dict[str, Any]:
    return {
        "name": name,
        "description": name,
        "inputSchema": {"type": "object"},
        "annotations": {"readOnlyHint": is_harmless},
    }


def result(request: dict[str, Any]) -> dict[str, Any] | None:
    method, params = request["method"], request.get("params") or {}
    if method == "initialize":
        return {
            "protocolVersion": params["protocolVersion"],
            "capabilities": {"tools": {}},
            "serverInfo": {"name": "tests", "version": "1"},
        }
    if method == "tools/list":
        names = {"add": False, "greet": True, "wait": True}
        return {"tools": [tool(name, is_harmless=safe) for name, safe in names.items()]}
    if method == "tools/call":
        return call(params["name"], params.get("arguments") or {})
    return {}


def main() -> None:
    for line in sys.stdin:
        request = json.loads(line)
        if "id" in request:
            answer = result(request)
            if answer is not None:
                send({"id": request["id"], "result": answer})


if __name__ == "__main__":
    main()
