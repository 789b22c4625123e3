"""The tools on a live Python namespace: run code, list variables, look at one.

Running asks the user first and happens on the main thread; looking runs no code of the user's and
happens beside it, so that a busy kernel can be looked at. Knows no IPython: the host brings what
runs a cell.
"""

from __future__ import annotations

import asyncio
import fnmatch
import threading
import types
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol, TypeVar

from codex_kernel.errors import ToolStopped
from codex_kernel.tools import inspection, values
from codex_kernel.tools.names import is_secret, type_name
from codex_kernel.tools.tool import Answer, Caller, Leave, Text, Tool, prop, schema, text

T = TypeVar("T")

LOOK_SECONDS = 10.0
"""Looking takes milliseconds; statistics of a large frame may take a second."""
RUN_SECONDS = 60.0
NAMES, MOST_NAMES = 200, 2000
HEAD_CHARS = 400


class Python(Protocol):
    """A live namespace."""

    seconds: float
    """The longest that code may run, whatever is asked for."""

    @property
    def names(self) -> Mapping[str, Any]:
        """The user's variables, without what the shell put there."""
        ...

    async def run(self, code: str, seconds: float, turn_id: str | None) -> Answer:
        """Run code as a cell and return what it showed; raises `ToolError`."""
        ...


def python_tools(python: Python) -> tuple[Tool, ...]:
    """The tools of one namespace."""

    async def run(arguments: dict[str, Any], caller: Caller) -> Answer:
        code: str = arguments["code"]
        seconds = min(arguments["timeout_seconds"], python.seconds)
        why = "It runs in this kernel, with your rights and outside of the sandbox."
        await caller.ask_leave(Leave("python_run", "python_run", why, code))
        return await python.run(code, seconds, caller.turn_id)

    async def variables(arguments: dict[str, Any], _caller: Caller) -> Answer:
        names = python.names
        return text(await aside(lambda: listing(names, arguments["pattern"], arguments["limit"])))

    async def look(arguments: dict[str, Any], _caller: Caller) -> Answer:
        path: str = arguments["name"]
        names = python.names
        return text(await aside(lambda: inspection.report(path, inspection.find(names, path))))

    return (
        Tool("python_run", _RUN, _RUN_SCHEMA, run),
        Tool("python_variables", _VARIABLES, _VARIABLES_SCHEMA, variables, reads_only=True),
        Tool("python_inspect", _INSPECT, _INSPECT_SCHEMA, look, reads_only=True),
    )


def listing(names: Mapping[str, Any], pattern: str, limit: int) -> str:
    """One line per variable: name, type, shape, size, and how it begins."""
    found = [
        name
        for name, value in names.items()
        if type(value) is not types.ModuleType and fnmatch.fnmatchcase(name, pattern)
    ]
    lines = [line for name in found[:limit] for line in _line(name, names[name])]
    if not found:
        return "There are no such variables."
    if len(found) > limit:
        lines.append(f"... and {len(found) - limit} more; give a pattern or a limit.")
    return "\n".join(lines)


def _line(name: str, value: Any) -> Iterator[str]:
    facts = [f"{name}: {type_name(type(value))}"]
    if is_secret(name):
        yield f"{facts[0]} (not shown: its name sounds like a secret)"
        return
    facts += [each for each in (values.shape(value),) if each]
    size = values.size(value)
    facts += [] if size is None else [f"{size:,} bytes"]
    shown = values.head(value)
    if "\n" in shown:
        yield ", ".join(facts)
        yield from (f"    {line[:HEAD_CHARS]}" for line in shown.splitlines())
    else:
        yield ", ".join(facts) + (f" = {shown[:HEAD_CHARS]}" if shown else "")


async def aside(function: Callable[[], T]) -> T:
    """The value of a function that runs on a thread of its own; raises `ToolStopped` if it hangs.

    A daemon thread, not an executor's: nothing of it holds up the end of the process.
    """
    loop = asyncio.get_running_loop()
    answered: asyncio.Future[T] = loop.create_future()

    def settle(value: Any, failure: BaseException | None) -> None:
        if answered.done():
            return
        if failure is None:
            answered.set_result(value)
        else:
            answered.set_exception(failure)

    def work() -> None:
        try:
            outcome = function(), None
        except Exception as failure:  # goes to whoever awaits
            outcome = None, failure
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, *outcome)

    threading.Thread(target=work, name="codex-tool", daemon=True).start()
    try:
        async with asyncio.timeout(LOOK_SECONDS):
            return await answered
    except TimeoutError:
        raise ToolStopped(f"Looking took longer than {LOOK_SECONDS:g} s.") from None


def joined(parts: list[Any]) -> Answer:
    """An answer of parts, or a sentence that there are none."""
    return Answer(tuple(parts) or (Text("(The code ran and showed nothing.)"),))


_RUN = """\
Run Python code in the user's live kernel, where their variables are. Returns what it printed, the \
value of its last expression, figures as images, and the traceback if it raised. The user is asked \
first and sees the code. State stays: assign results to variables to use them later. `await` \
outside of a function runs on an event loop of its own.\
"""
_RUN_SCHEMA = schema(
    ("code",),
    code=prop("string", "Python, as in a notebook cell."),
    timeout_seconds=prop(
        "number", "Interrupt the code after this.", RUN_SECONDS, minimum=0.1, maximum=86400
    ),
)
_VARIABLES = """\
List the variables of the user's live Python kernel: name, type, shape, size in memory, and the \
first elements or rows. Runs no code; works while the kernel is busy.\
"""
_VARIABLES_SCHEMA = schema(
    pattern=prop("string", "Only names like this, with * and ?.", "*"),
    limit=prop("integer", "How many names at most.", NAMES, minimum=1, maximum=MOST_NAMES),
)
_INSPECT = """\
Tell about one name of the user's live Python kernel, or an attribute of it (`pd.merge`): type, \
shape, signature, documentation, source, and statistics of a data frame. Runs no code of the \
user's.\
"""
_INSPECT_SCHEMA = schema(("name",), name=prop("string", "A name, or dotted attributes of one."))
