"""How a step becomes a tool call that the model in question would make.

Codex offers its tools in two styles. *Classic* models have each tool in `tools` and call it
directly. *Code mode* models have one custom tool `exec` that runs JavaScript, in which the tools
are functions; a few (sub-agents, user input) are still called directly. Which style a request
wants is seen from what it offers. The items that a user sees are the same in both.

This module makes finished items of the Responses API, without ids.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .request import ModelRequest
from .script import Step

Item = dict[str, Any]

# The default of `exec` is 30 s; a command may take as long as its own `yield_time_ms`.
_EXEC_PRAGMA = '// @exec: {"yield_time_ms": 600000}\n'
_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9_$]")


@dataclass(frozen=True)
class Toolbox:
    """The tools that a request offers: name -> namespace (None for a plain one)."""

    direct: dict[str, str | None]
    has_code_mode: bool

    @classmethod
    def of(cls, request: ModelRequest) -> Toolbox:
        """What `request` offers."""
        direct = _names(request.body.get("tools") or [], None)
        has_code_mode = False
        for item in request.input:
            if item.get("type") == "additional_tools":
                offered = _names(item.get("tools") or [], None)
                has_code_mode = has_code_mode or "exec" in offered
                direct |= offered
        return cls(direct, has_code_mode)


@dataclass(frozen=True)
class Call:
    """A tool with its arguments: an object for a function, text for a custom tool."""

    tool: str
    arguments: dict[str, Any] | str
    namespace: str | None = None

    def item(self, toolbox: Toolbox) -> Item:
        """The call in the style of `toolbox`."""
        if toolbox.has_code_mode and self.tool not in toolbox.direct:
            return _custom("exec", self._as_javascript())
        if isinstance(self.arguments, str):
            if self.tool == "apply_patch" and self.tool not in toolbox.direct:
                return Call("exec_command", {"cmd": _patch_command(self.arguments)}).item(toolbox)
            return _custom(self.tool, self.arguments)
        item: Item = {
            "type": "function_call",
            "name": self.tool,
            "arguments": json.dumps(self.arguments),
        }
        namespace = self.namespace or toolbox.direct.get(self.tool)
        return item | {"namespace": namespace} if namespace else item

    def _as_javascript(self) -> str:
        prefix = f"{self.namespace}__" if self.namespace else ""
        name = _NOT_IN_A_NAME.sub("_", prefix + self.tool)
        show = "image" if self.tool == "view_image" else "text"
        call = f"await tools.{name}({json.dumps(self.arguments)})"
        return f"{_EXEC_PRAGMA}{show}({call});\n"


def tool_item(step: Step, request: ModelRequest, toolbox: Toolbox) -> Item:
    """The item that a tool step makes; KeyError when the step is not one of TOOL_STEPS."""
    return TOOL_STEPS[step.kind](step, request, toolbox)


def _run(step: Step) -> Call:
    return Call("exec_command", {"cmd": step.value(0), **step.options})


def _escalate(step: Step) -> Call:
    arguments = {
        "cmd": step.value(0),
        "sandbox_permissions": "require_escalated",
        "justification": step.value(1),
    }
    return Call("exec_command", arguments | step.options)


def _plan(step: Step) -> Call:
    plan = [{"step": name, "status": status} for name, status in step.value(0)]
    explanation = {"explanation": step.value(1)} if step.value(1) else {}
    return Call("update_plan", {"plan": plan, **explanation})


_CALLS: dict[str, Callable[[Step], Call]] = {
    "run": _run,
    "escalate": _escalate,
    "plan": _plan,
    "patch": lambda step: Call("apply_patch", step.value(0)),
    "view_image": lambda step: Call("view_image", {"path": step.value(0)}),
    "call": lambda step: Call(step.value(0), step.value(1), step.value(2)),
    "spawn": lambda step: Call(
        "spawn_agent", {"task_name": step.value(0), "message": step.value(1)}
    ),
    "mcp": lambda step: Call(step.value(1), step.value(2), f"mcp__{step.value(0)}"),
}


def _called(step: Step, _request: ModelRequest, toolbox: Toolbox) -> Item:
    return _CALLS[step.kind](step).item(toolbox)


def _typed(step: Step, request: ModelRequest, toolbox: Toolbox) -> Item:
    arguments = {"session_id": request.running_command or 0, "chars": step.value(0)}
    return Call("write_stdin", arguments | step.options).item(toolbox)


def _joined(step: Step, request: ModelRequest, toolbox: Toolbox) -> Item:
    """The older tools are told for whom to wait, the newer ones wait for anyone."""
    arguments: dict[str, Any] = {"timeout_ms": 10_000}
    if request.spawned_agents:
        arguments["targets"] = list(request.spawned_agents)
    return Call("wait_agent", arguments | step.options).item(toolbox)


def _searched(step: Step, _request: ModelRequest, _toolbox: Toolbox) -> Item:
    query = step.value(0)
    action = {"type": "search", "query": query, "queries": [query]}
    return {"type": "web_search_call", "status": "completed", "action": action}


TOOL_STEPS: dict[str, Callable[[Step, ModelRequest, Toolbox], Item]] = {
    **dict.fromkeys(_CALLS, _called),
    "type": _typed,
    "join": _joined,
    "custom": lambda step, _request, _toolbox: _custom(step.value(0), step.value(1)),
    "search": _searched,
    "item": lambda step, _request, _toolbox: dict(step.value(0)),
}


def _custom(tool: str, text: str) -> Item:
    return {"type": "custom_tool_call", "name": tool, "input": text}


def _patch_command(patch: str) -> str:
    """The command that Codex takes for a patch where the model has no tool for it."""
    return f"apply_patch <<'END_OF_PATCH'\n{patch.rstrip()}\nEND_OF_PATCH\n"


def _names(tools: list[Any], namespace: str | None) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for tool in tools:
        name = tool.get("name")
        if tool.get("type") == "namespace":
            found |= _names(tool.get("tools") or [], None if name == "functions" else name)
        elif name:
            found[name] = namespace
    return found
