"""What of a Python notebook may go to Codex with a prompt, when the user chooses so.

Cells as they were run with their text outputs, or the names and types of variables: text only,
bounded, and no value of the user's is looked into. Nothing leaves this module by itself.
"""

from __future__ import annotations

import re
import types
from collections.abc import Iterator
from typing import Any

from codex_kernel.render import terminal
from codex_kernel.render.escape import head, tail

CELLS_BYTES = 24 * 1024
"""All cells together; the newest ones are kept."""
SOURCE_BYTES, OUTPUT_BYTES = 4 * 1024, 2 * 1024
VARIABLES = 500

_OURS = re.compile(r"\s*%%?codex\b")
_TEXT = {"out_stream": "stream", "err_stream": "stream", "execute_result": "text/plain"}
"""Kinds of outputs that IPython keeps, and which part of them is text."""


def cells(shell: Any, after: int) -> str:
    """The cells that ran after the one of this number, with outputs; "" when there are none."""
    manager = shell.history_manager
    sources: list[str] = list(manager.input_hist_raw)
    outputs: dict[int, list[Any]] = dict(getattr(manager, "outputs", {}))
    shown: list[str] = []
    left = CELLS_BYTES
    for number in range(min(len(sources), shell.execution_count) - 1, after, -1):
        if not sources[number].strip() or _OURS.match(sources[number]):
            continue
        cell = _cell(number, sources[number], outputs.get(number, []))
        left -= len(cell.encode())
        if left < 0:
            shown.append("(Earlier cells are left out.)")
            break
        shown.append(cell)
    if not shown:
        return ""
    intro = "Cells that the user ran in the Python notebook, with their text outputs:"
    return "\n\n".join([intro, *reversed(shown)])


def _cell(number: int, source: str, outputs: list[Any]) -> str:
    lines = [f"In [{number}]:", _fenced("python", _bounded(source, SOURCE_BYTES))]
    text = _bounded("".join(_texts(outputs)), OUTPUT_BYTES)
    if text.strip():
        lines += [f"Output of [{number}]:", _fenced("", text)]
    return "\n".join(lines)


def _texts(outputs: list[Any]) -> Iterator[str]:
    for output in list(outputs):
        part = output.bundle.get(_TEXT.get(output.output_type, ""), "")
        yield "".join(part) if isinstance(part, list) else f"{part}\n" if part else ""


def _fenced(language: str, text: str) -> str:
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
    return f"{fence}{language}\n{text.strip()}\n{fence}"


def _bounded(text: str, limit: int) -> str:
    text = terminal.strip(text)
    if len(text.encode()) <= limit:
        return text
    return f"{head(text, limit // 2)}\n... left out ...\n{tail(text, limit // 2)}"


def variables(shell: Any) -> str:
    """The names and types of the user's variables; "" when there are none."""
    hidden = shell.user_ns_hidden
    lines = [
        f"{name}: {_type_name(type(value))}"
        for name, value in dict(shell.user_ns).items()
        if not name.startswith("_") and name not in hidden and type(value) is not types.ModuleType
    ]
    if not lines:
        return ""
    if len(lines) > VARIABLES:
        lines = [*lines[:VARIABLES], f"... and {len(lines) - VARIABLES} more"]
    return "\n".join(["Variables of the Python notebook, by name and type:", *lines])


def _type_name(kind: type) -> str:
    name = type.__dict__["__qualname__"].__get__(kind)
    module = type.__dict__["__module__"].__get__(kind)
    return name if module in ("builtins", "__main__") else f"{module}.{name}"
