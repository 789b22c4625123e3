"""Transcripts for the tests of the renderers, each made by folding events as an owner would."""

from __future__ import annotations

import base64
import struct
import zlib
from datetime import datetime, timedelta
from typing import Any

from codex_kernel.ids import TurnId
from codex_kernel.turn import approvals, events
from codex_kernel.turn.events import Draft, Item
from codex_kernel.turn.transcript import fold

TURN = TurnId("01900000-0000-7000-8000-000000000001")
SESSION = "0199aaaa-0000-7000-8000-00000000000a"
CWD = "/workspace"
USAGE = {
    "last": {"total_tokens": 45_678, "input_tokens": 45_000, "output_tokens": 678},
    "total": {"total_tokens": 900_000, "input_tokens": 890_000, "output_tokens": 10_000},
    "context_window": 272_000,
}
SETTINGS = {
    "model": "gpt-5.5",
    "effort": "medium",
    "sandbox": "workspace-write",
    "approval_policy": "on-request",
    "version": "0.163.0",
    "cwd": CWD,
}


def stamped(drafts: list[Draft]) -> list[events.Event]:
    """The drafts as events, half a second apart."""
    start = datetime(2026, 1, 2, 3, 4, 5)
    out: list[events.Event] = []
    for number, draft in enumerate(drafts):
        at = (start + timedelta(seconds=number / 2)).isoformat(timespec="milliseconds") + "Z"
        out += events.stamp(TURN, number, [draft], at)
    return out


def begun(prompt: str = "Do it", *, again: bool = False) -> list[Draft]:
    """The events up to the point where Codex has accepted the turn."""
    return [
        events.turn_queued(prompt, notebook="/workspace/a.ipynb", cell_id="cell-1", again=again),
        events.settings_updated(SETTINGS, session_id=SESSION),
        events.turn_started(SESSION, "codex-turn-1"),
    ]


def turn(*drafts: Draft, state: str | None = "completed", error: Any = None) -> dict[str, Any]:
    """The transcript of a turn with these events between its beginning and its end."""
    ending = [events.turn_ended(state, error)] if state else []
    return fold(stamped([*begun(), *drafts, *ending]))


def item(kind: str, number: int | str = 1, status: str = "completed", **fields: Any) -> Item:
    """An item of that type with the fields it always has."""
    return {"id": f"{kind}_{number}", "type": kind, "status": status, **_FIELDS[kind], **fields}


def done(kind: str, number: int | str = 1, status: str = "completed", **fields: Any) -> Draft:
    """The event of a completed item."""
    return events.item_completed(item(kind, number, status, **fields))


def png(width: int = 24, height: int = 12) -> str:
    """A small picture with a gradient, in base64."""
    rows = b"".join(
        b"\0" + bytes(v for x in range(width) for v in (x * 255 // width, y * 255 // height, 160))
        for y in range(height)
    )
    parts = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows, 9)),
        (b"IEND", b""),
    ]
    body = b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in parts
    )
    return base64.b64encode(b"\x89PNG\r\n\x1a\n" + body).decode()


_FIELDS: dict[str, dict[str, Any]] = {
    "message": {"text": "", "phase": None},
    "user_message": {"text": "", "client_id": None},
    "terminal_input": {"command_id": "command_1", "process_id": "7", "text": ""},
    "hook_prompt": {"text": ""},
    "reasoning": {"summary": [], "content": []},
    "command": {
        "command": "true",
        "raw": "/bin/bash -lc true",
        "cwd": CWD,
        "source": "agent",
        "process_id": None,
        "actions": [],
        "output": "",
        "exit_code": 0,
        "duration_ms": 40,
    },
    "file_change": {"changes": []},
    "mcp_tool_call": {
        "server": "tiny",
        "tool": "add",
        "arguments": {"a": 1, "b": 2},
        "content": [],
        "structured": None,
        "error": None,
        "duration_ms": 1200,
    },
    "tool_call": {
        "namespace": None,
        "tool": "notebook_eval",
        "arguments": {},
        "content": [],
        "duration_ms": None,
    },
    "plan": {"text": ""},
    "web_search": {"query": "", "action": None},
    "image": {"origin": "viewed", "path": None, "data": None, "prompt": None},
    "sub_agent": {"tool": "spawn_agent", "prompt": None, "receivers": [], "agents": {}},
    "review": {"phase": "entered", "text": ""},
    "compaction": {},
    "sleep": {"duration_ms": 3000},
    "other": {"codex_type": "hologram", "raw": {}},
}

UPDATE = '''\
@@ -1,4 +1,5 @@
 import math
 
-def area(r):
-    return 3.14 * r * r
+def area(radius):
+    """The area of a circle."""
+    return math.pi * radius**2
'''
ADD = "@@ -0,0 +1,3 @@\n+import pytest\n+\n+from shapes import area\n"
SHELL_DIFF = (
    "diff --git a/shapes.py b/shapes.py\nindex 1111111..2222222 100644\n--- a/shapes.py\n"
    f"+++ b/shapes.py\n{UPDATE}"
    "diff --git a/data.csv b/data.csv\nnew file mode 100644\n--- /dev/null\n+++ b/data.csv\n"
    "@@ -0,0 +1,2 @@\n+radius,area\n+1,3.14159\n"
)
ANSWER = """\
`area` used **3.14**; it uses `math.pi` now, and there is a test.

| radius | before | now |
|---:|---:|---:|
| 1 | 3.14 | 3.14159 |
| 10 | 314 | 314.159 |

- See [the docs](https://docs.python.org/3/library/math.html) and [shapes.py](shapes.py).
- Run it:

```bash
pytest -q
```
"""
COLOURS = (
    "\x1b[1m===== test session starts =====\x1b[0m\ncollected 3 items\n\n"
    "test_shapes.py \x1b[32m.\x1b[0m\x1b[31mF\x1b[0m\x1b[33ms\x1b[0m\n"
    "downloading  10%\rdownloading  55%\rdownloading 100%\n"
    "\x1b[31mE       assert 3.14 == 3.14159\x1b[0m\n"
    "\x1b[36mtest_shapes.py\x1b[0m:7: AssertionError \x1b[41;97m FAILED \x1b[0m\n"
    "\x1b[31m\x1b[1m1 failed\x1b[0m, \x1b[32m1 passed\x1b[0m in 0.12s\n"
)


def decided(approval: approvals.Approval, choice: approvals.Choice, reason: str | None = None):
    """The two events of a question that ada answered."""
    return [
        approvals.approval_requested(approval),
        approvals.approval_decided(approval["id"], approvals.Decision(choice, "ada", reason)),
    ]


def everything() -> dict[str, Any]:
    """A turn with every kind of item and of event."""
    command = item("command", 5, "running", command="rm -rf build", cwd="/workspace/sub")
    asked: approvals.Approval = {
        "id": f"{TURN}.1",
        "kind": "command",
        "item_id": command["id"],
        "reason": "The old build is in the way.",
        "command": "rm -rf build",
        "cwd": "/workspace/sub",
        "choices": ["once", "session", "decline", "stop"],
    }
    refused: approvals.Approval = {
        "id": f"{TURN}.2",
        "kind": "mcp_tool_call",
        "item_id": None,
        "reason": None,
        "server": "mail",
        "tool": "send",
        "arguments": {"to": "everyone"},
        "choices": ["once", "decline"],
    }
    question: approvals.Input = {
        "id": f"{TURN}.3",
        "item_id": None,
        "source": "codex",
        "message": None,
        "questions": [
            {"id": "q1", "question": "Which radius?", "options": [], "is_secret": False},
            {"id": "q2", "question": "Password?", "options": [], "is_secret": True},
        ],
    }
    plan = [
        {"step": "Read the code", "status": "completed"},
        {"step": "Fix `area`", "status": "in_progress"},
        {"step": "Run the tests", "status": "pending"},
    ]
    return fold(
        stamped(
            [
                *begun("Fix the area function", again=True),
                done("reasoning", summary=["**Looking around**\n\nI read `shapes.py` first."]),
                done("message", 1, text="I look at the code first.", phase="commentary"),
                events.plan_updated(plan, "Three steps"),
                done(
                    "command",
                    1,
                    command="cat shapes.py && ls",
                    output="import math\n\ndef area(r):\n    return 3.14 * r * r\nshapes.py\n",
                    actions=[{"type": "read", "command": "cat shapes.py", "path": "shapes.py"}],
                ),
                done("web_search", query="circle area", action={"type": "search"}),
                done(
                    "file_change",
                    changes=[
                        {
                            "path": "/workspace/shapes.py",
                            "kind": "update",
                            "move_path": None,
                            "diff": UPDATE,
                        },
                        {
                            "path": "/workspace/tests/test_shapes.py",
                            "kind": "add",
                            "move_path": None,
                            "diff": ADD,
                        },
                    ],
                ),
                events.diff_updated(SHELL_DIFF),
                done(
                    "command",
                    2,
                    "failed",
                    command="pytest --color=yes -q",
                    output=COLOURS,
                    exit_code=1,
                    duration_ms=12_400,
                ),
                events.steer_sent("Use math.pi, please", "ada"),
                done("user_message", text="Use math.pi, please"),
                events.steer_sent("Too late for this one", "bob"),
                events.item_started(command),
                *decided(asked, "session"),
                events.item_completed({**command, "status": "completed", "output": ""}),
                *decided(refused, "decline", "nobody asked for mail"),
                approvals.input_requested(question),
                approvals.input_answered(
                    question, approvals.Answer({"q1": ["10"], "q2": ["hunter2"]}, "ada")
                ),
                done("mcp_tool_call", content=[{"type": "text", "text": "3"}]),
                done("mcp_tool_call", 2, "failed", error="no such tool", tool="sub"),
                done(
                    "mcp_tool_call",
                    3,
                    server="codex_kernel",
                    tool="python_run",
                    arguments={"code": "df.plot(); df.n"},
                    content=[
                        {"type": "text", "text": "0    1"},
                        {
                            "type": "image",
                            "data": png(12, 6),
                            "mimeType": "image/png",
                            "annotations": {"audience": ["assistant"]},
                        },
                    ],
                ),
                done(
                    "tool_call",
                    arguments={"code": "df.plot()"},
                    content=[{"type": "image", "data": png(12, 6), "mime_type": "image/png"}],
                ),
                done("image", path="/workspace/plot.png", data=png()),
                done("image", 2, origin="generated", prompt="a circle", data=png(16, 16)),
                done("plan", text="1. Measure\n2. Cut"),
                done(
                    "sub_agent",
                    prompt="Check the numbers",
                    agents={"child-1": {"status": "completed"}},
                ),
                done("review", 1, text="uncommitted changes"),
                done("review", 2, phase="exited", text="- [P1] Rounding — shapes.py:4"),
                done("compaction"),
                done("sleep"),
                done("terminal_input", text="yes\n"),
                done("hook_prompt", text="Keep to the style guide."),
                done("message", 3, "lost", text="A half sent"),
                done("command", 3, "background", command="npm run dev", exit_code=None),
                done("command", 4, "declined", command="curl example.org", exit_code=None),
                done("other", raw={"type": "hologram", "shape": "sphere"}),
                events.warning("The open notebook was changed on disk.", "notebook"),
                events.usage_updated(USAGE),
                done("message", 2, text=ANSWER, phase="final_answer"),
                events.turn_ended("completed"),
            ]
        )
    )


def failed() -> dict[str, Any]:
    """A turn that failed after a command."""
    error: events.TurnErrorInfo = {
        "kind": "usage_limit",
        "message": "You've hit your usage limit.",
        "next_step": "Try again after 6:40 PM, or log in with another account (/login).",
        "details": "HTTP 429 from the model",
    }
    return turn(
        done("command", command="make", output="cc -c a.c\n", duration_ms=65_000),
        done("message", text="I build it first."),
        state="failed",
        error=error,
    )


def interrupted() -> dict[str, Any]:
    """A turn that was stopped in a command."""
    return turn(
        events.item_started(item("command", status="running", command="sleep 100")),
        events.interrupt_requested("ada"),
        done("command", status="interrupted", command="sleep 100", exit_code=None),
        state="interrupted",
        error={"kind": "interrupted", "message": "Stopped by ada.", "next_step": "Run it again."},
    )


def waiting() -> dict[str, Any]:
    """A live turn with an open question, and text that is still coming."""
    asked: approvals.Approval = {
        "id": f"{TURN}.1",
        "kind": "command",
        "item_id": "command_1",
        "reason": "Need to write outside the workspace?",
        "command": "touch /x",
        "cwd": CWD,
        "choices": ["once", "decline", "stop"],
    }
    return turn(
        events.item_started(item("message", status="running")),
        events.item_text("message_1", "text", "I am going to "),
        events.item_started(item("command", status="running", command="touch /x")),
        approvals.approval_requested(asked),
        events.retry("Reconnecting... 2/5", "503"),
        state=None,
    )


def long_run() -> dict[str, Any]:
    """A turn of many commands, as a long job looks."""
    commands = [
        done("command", n, command=f"python step_{n}.py", output=f"step {n}\n" * n)
        for n in range(1, 9)
    ]
    return turn(*commands, done("message", text="All **eight** steps ran."))


def empty() -> dict[str, Any]:
    """A turn in which nothing happened."""
    return turn()


TURNS = {
    "everything": everything,
    "failed": failed,
    "interrupted": interrupted,
    "waiting": waiting,
    "long_run": long_run,
    "empty": empty,
}
