"""Codex works in the live namespace: a real ipykernel, the real binary, both tool styles."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from codex_kernel.scripted_model import ScriptedModel

from .place import MIME, Kernel, Place, Result, kernel_in, new_place, processes_of, scripted
from .place import wait_until as wait_until
from .script import cell, say

SERVER = "codex_kernel"
CELL = {"cell_id": "a-cell"}
STYLES = pytest.mark.parametrize("style", ["gpt-5.5", "gpt-6.1-sol"])


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    with new_place() as place:
        yield place
        wait_until(lambda: not processes_of(place), seconds=10)


@pytest.fixture(scope="module")
def model(place: Place) -> Iterator[ScriptedModel]:
    with scripted(place, "gpt-5.5") as model:
        yield model


@pytest.fixture(scope="module")
def kernel(place: Place, model: ScriptedModel) -> Iterator[Kernel]:
    with kernel_in(place, spec="python3") as kernel:
        assert kernel.run("%load_ext codex_kernel").status == "ok"
        yield kernel


def call(tool: str, **arguments: Any) -> list[Any]:
    return ["mcp", SERVER, tool, arguments]


def ask(kernel: Kernel, *script: Any, options: str = "", answer: Any = None) -> Result:
    """Run a `%%codex` cell; `answer` is the user's, to every question."""
    replies = None if answer is None else (lambda _prompt: answer)
    return kernel.run(f"%%codex {options}\n{cell(*script)}", answer=replies, **CELL)


def answered(result: Result) -> dict[str, Any]:
    """The one tool call of a turn."""
    [item] = result.items("mcp_tool_call")
    return item


def words(item: dict[str, Any]) -> str:
    return "".join(part.get("text", "") for part in item["content"])


@STYLES
def test_code_runs_in_the_namespace_when_the_user_allows_it(
    kernel: Kernel, model: ScriptedModel, style: str
) -> None:
    kernel.run("x = 20")
    code = "print('it is', x)\ny = x * 2 + 2\ny"
    asked: list[str] = []

    def allow(prompt: str) -> str:
        asked.append(prompt)
        return "y"

    options = f"--new --model {style}"
    text = f"%%codex {options}\n{cell(call('python_run', code=code), say('Done.'))}"
    result = kernel.run(text, answer=allow, **CELL)
    assert result.status == "ok", result.of("error")
    item = answered(result)
    assert item["status"] == "completed", item
    assert words(item) == "it is 20\n42\n"
    assert "it is 20" in result.text
    [question] = asked
    assert code.splitlines()[0] in question
    assert "run code in your kernel" in question
    assert "42" in str(model.requests[-1])
    assert kernel.run("assert y == 42").status == "ok"


def test_a_no_runs_nothing_and_tells_codex_why(kernel: Kernel, model: ScriptedModel) -> None:
    kernel.run("touched = False")
    script = (call("python_run", code="touched = True"), say("Ok."))
    result = ask(kernel, *script, answer="n not today")
    item = answered(result)
    assert item["status"] == "failed"
    assert "not today" in words(item)
    [approval] = result.items("approval")
    assert (approval["outcome"], approval["decision"]) == ("declined", "decline")
    assert kernel.run("assert not touched").status == "ok"


def test_nobody_there_means_no(kernel: Kernel) -> None:
    item = answered(ask(kernel, call("python_run", code="touched = True"), say("Ok.")))
    assert "did not allow" in words(item)


def test_for_the_session_means_until_the_session_ends(kernel: Kernel) -> None:
    code = call("python_run", code="1 + 1")
    assert words(answered(ask(kernel, code, say("Ok."), options="--new", answer="s"))) == "2\n"
    again = ask(kernel, code, say("Ok."))
    assert words(answered(again)) == "2\n"
    assert again.items("approval") == []
    new = ask(kernel, code, say("Ok."), options="--new")
    assert "did not allow" in words(answered(new))


def test_figures_go_to_the_user_once_and_to_codex(
    kernel: Kernel, model: ScriptedModel, place: Place
) -> None:
    code = "import matplotlib.pyplot as plt\nplt.plot([1, 2, 3]);"
    result = ask(kernel, call("python_run", code=code), say("Ok."), answer="y")
    shown = [data["data"] for data in result.of("display_data") if "image/png" in data["data"]]
    assert len(shown) == 1
    assert answered(result)["content"] == []
    assert "<img" not in result.data["text/html"]
    assert "data:image/png;base64," in json.dumps(model.requests[-1])
    session = result.bundle["session_id"]
    command = [sys.executable, "-m", "codex_kernel", "export", session, "--to", "html"]
    page = subprocess.run(command, env=place.environ(), capture_output=True, check=True, text=True)
    assert page.stdout.count("<img") == 1


def test_an_error_goes_back_as_a_traceback_and_the_cell_is_fine(kernel: Kernel) -> None:
    result = ask(kernel, call("python_run", code="1 / 0"), say("Oh."), answer="y")
    assert result.status == "ok"
    item = answered(result)
    assert item["status"] == "failed"
    assert "ZeroDivisionError" in words(item)
    assert "\x1b" not in words(item)
    assert result.of("error") == []
    assert "ZeroDivisionError" in result.text


AWAITING = (
    "import asyncio\n"
    "async def later(value):\n"
    "    await asyncio.sleep(0.01)\n"
    "    print('slept')\n"
    "    return value\n"
    "awaited = await later(42)\n"
    "awaited"
)


def test_await_outside_of_a_function_works(kernel: Kernel) -> None:
    kernel.run("import asyncio\nafter = asyncio.ensure_future(asyncio.sleep(0.01, 'mine'))")
    item = answered(ask(kernel, call("python_run", code=AWAITING), say("Ok."), answer="y"))
    assert words(item) == "slept\n42\n"
    assert kernel.run("print(awaited, await after)").text == "42 mine\n"


def test_await_works_where_a_coroutine_waits_and_between_cells(kernel: Kernel) -> None:
    script = cell(call("python_run", code=AWAITING), say("Ok."))
    kernel.run(f"import codex_kernel\nscript = {script!r}")
    asked = kernel.run(
        "result = await codex_kernel.ask(script, quiet=True)\nprint(result.items[0]['content'])",
        answer=lambda _prompt: "s",
        **CELL,
    )
    assert "42" in asked.text
    kernel.run(f"%%codex --background -o run\n{script}", **CELL)
    assert kernel.run("print((await run).items[0]['content'])").text.count("42") == 1


def test_a_time_limit_and_stop_reach_code_that_awaits(kernel: Kernel) -> None:
    code = "print('begun', flush=True)\nimport asyncio\nawait asyncio.sleep(600)"
    late = call("python_run", code=code, timeout_seconds=0.5)
    item = answered(ask(kernel, late, say("Slow."), answer="y"))
    assert "begun" in words(item)
    assert "Stopped after 0.5 s." in words(item)
    text = f"%%codex\n{cell(call('python_run', code=code, timeout_seconds=300), say('No.'))}"
    request = kernel.send(text, allow_stdin=True, **CELL)
    kernel.until(request, lambda m: m["content"].get("text") == "begun\n", lambda _prompt: "y")
    kernel.interrupt()
    assert kernel.finish(request).reply["ename"] == "KeyboardInterrupt"
    assert kernel.run("import asyncio\nprint(await asyncio.sleep(0.01, 'alive'))").text == "alive\n"


def test_a_time_limit_interrupts_the_code_and_keeps_what_it_printed(kernel: Kernel) -> None:
    code = "print('begun', flush=True)\nimport time\ntime.sleep(600)"
    result = ask(
        kernel, call("python_run", code=code, timeout_seconds=0.5), say("Slow."), answer="y"
    )
    assert result.status == "ok"
    item = answered(result)
    assert "begun" in words(item)
    assert "Stopped after 0.5 s." in words(item)


def test_stop_interrupts_the_code_and_the_turn_once(kernel: Kernel) -> None:
    code = "print('sleeping', flush=True)\nimport time\ntime.sleep(600)"
    text = f"%%codex\n{cell(call('python_run', code=code, timeout_seconds=300), say('No.'))}"
    request = kernel.send(text, allow_stdin=True, **CELL)
    kernel.until(request, lambda m: m["content"].get("text") == "sleeping\n", lambda _prompt: "y")
    kernel.interrupt()
    result = kernel.finish(request)
    assert result.reply["ename"] == "KeyboardInterrupt"
    assert kernel.run("print('alive')").text == "alive\n"
    assert ask(kernel, say("Fine.")).status == "ok"


@STYLES
def test_variables_are_listed_without_running_anything(kernel: Kernel, style: str) -> None:
    kernel.run(
        "class Bad:\n"
        "    def __repr__(self): import time; time.sleep(600)\n"
        "bad, OPENAI_API_KEY = Bad(), 'sk-' + 'hunter2'\n"
        "loop = []; loop.append(loop)\n"
        "import numpy as np; big = np.zeros((1000, 1000))"
    )
    result = ask(kernel, call("python_variables"), say("Ok."), options=f"--new --model {style}")
    item = answered(result)
    assert item["status"] == "completed", item
    assert "bad: Bad\n" in words(item)
    assert "big: numpy.ndarray, 1000x1000 float64, 8,000,000 bytes" in words(item)
    assert "OPENAI_API_KEY: str (not shown" in words(item)
    assert "hunter2" not in json.dumps(result.bundle)
    assert "get_ipython" not in words(item)


def test_a_name_is_inspected(kernel: Kernel) -> None:
    kernel.run("def area(r: float = 1.0):\n    'Of a circle.'\n    return 3 * r * r")
    item = answered(ask(kernel, call("python_inspect", name="area"), say("Ok.")))
    assert "area(r: float = 1.0)" in words(item)
    assert "return 3 * r * r" in words(item)


@STYLES
def test_a_function_of_the_users_is_a_tool(kernel: Kernel, style: str) -> None:
    kernel.run(
        "import codex_kernel as codex\n"
        "@codex.tool\n"
        "def double(number: int, times: int = 1) -> int:\n"
        "    'Double a number.'\n"
        "    print('doubling')\n"
        "    return number * 2 ** times"
    )
    options = f"--new --model {style}"
    good = ask(kernel, call("double", number=21), say("Ok."), options=options)
    assert words(answered(good)).startswith("42")
    assert "doubling" in good.text
    bad = ask(kernel, call("double", number="many"), say("Ok."))
    assert "`number`" in words(answered(bad))


@STYLES
def test_a_session_that_runs_learns_of_a_function_registered_since(
    kernel: Kernel, style: str
) -> None:
    first = ask(kernel, say("Hello."), options=f"--new --model {style}")
    kernel.run(
        "import codex_kernel as codex\n"
        "@codex.tool\n"
        f"def triple_{style[4]}(number: int) -> int:\n"
        "    return number * 3"
    )
    later = ask(
        kernel, call(f"triple_{style[4]}", number=14), say("Ok."), options=f"--model {style}"
    )
    assert words(answered(later)) == "42"
    assert later.bundle["session_id"] == first.bundle["session_id"]
    assert later.items("notice") == []


def test_a_background_turn_runs_code_between_cells(kernel: Kernel) -> None:
    kernel.run("z = 1")
    assert ask(kernel, call("python_run", code="1"), say("."), answer="s").status == "ok"
    script = cell(call("python_run", code="z += 41\nz"), say("Ok."))
    kernel.run(f"%%codex --background -o run\n{script}", **CELL)
    done = kernel.run("result = await run\nprint(run.status, z)")
    assert done.text.endswith("completed 42\n")


def test_the_own_notebook_is_not_read_from_its_file_by_the_agent_alone(
    kernel: Kernel, place: Place
) -> None:
    item = answered(ask(kernel, call("notebook_insert", source="1 + 1"), say("Ok.")))
    assert item["status"] == "failed"
    assert "No page of JupyterLab" in words(item)
    assert MIME
