"""`%codex` in a Python notebook: a real ipykernel, the real binary, both tool styles."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from codex_kernel.scripted_model import ScriptedModel
from codex_kernel.scripted_model.request import ModelRequest

from . import record
from .place import (
    MIME,
    Kernel,
    Place,
    Result,
    kernel_in,
    new_place,
    processes_of,
    scripted,
    wait_until,
)
from .script import cell, png, say

CELL = {"allow_stdin": True, "cell_id": "a-cell"}
CALL = "get_ipython().run_cell_magic('codex', {options!r}, {prompt!r})"


STYLES = pytest.mark.parametrize("style", ["gpt-5.5", "gpt-6.1-sol"])
"""Models of both styles of tools."""


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


@pytest.fixture
def outside(place: Place) -> Iterator[Path]:
    """What the command `ESCALATE` makes outside of the workspace."""
    path = place.root / "outside.txt"
    yield path
    path.unlink(missing_ok=True)


ESCALATE = cell(["escalate", "echo done > ../outside.txt", "May I?"], say("Ok."))


def ask(kernel: Kernel, *script: Any, options: str = "", **more: Any) -> Result:
    """Run a `%%codex` cell."""
    return kernel.run(f"%%codex {options}\n{cell(*script)}", **{**CELL, **more})


def evaluate(kernel: Kernel, expression: str) -> Any:
    """The value of an expression in the user's namespace, by JSON."""
    result = kernel.run(f"import json; print('=>' + json.dumps({expression}))")
    assert result.status == "ok", result.of("error")
    return json.loads(result.text.partition("=>")[2])


def shows(word: str) -> Callable[[dict[str, Any]], bool]:
    """Whether a message shows an item with the word in it."""
    return lambda message: (
        word in json.dumps(message["content"].get("data", {}).get(MIME, {}).get("items"))
    )


@STYLES
def test_a_cell_is_a_turn_of_the_notebook_that_streams(kernel: Kernel, place: Place, style: str):
    script = cell([say("Working on it"), ["wait", "never"]])
    request = kernel.send(f"%%codex --model {style}\n{script}", **CELL)
    shown = kernel.until(request, shows("Working on it"))
    assert shown[-1]["content"]["data"][MIME]["final"] is False
    kernel.interrupt()
    result = kernel.finish(request)
    assert result.reply["ename"] == "KeyboardInterrupt"
    options = f"--model {style}"
    result = ask(kernel, ["run", "echo hi > made.txt"], say("Made **it**."), options=options)
    assert result.status == "ok"
    assert len({each["transient"]["display_id"] for each in result.of("display_data")}) == 1
    assert result.of("execute_result") == []
    assert result.bundle["state"] == "completed"
    assert result.bundle["cell_id"] == "a-cell"
    assert "<strong>it</strong>" in result.data["text/html"]
    assert (place.workspace / "made.txt").read_text() == "hi\n"
    first, second = record.turns(place)[-2:]
    assert (first["state"], second["state"]) == ("interrupted", "completed")
    assert second["notebook"] == str(place.workspace / "test.ipynb")
    assert second["session_id"] == first["session_id"]


def test_the_answer_goes_into_a_variable_and_is_shown_again_when_asked(kernel: Kernel):
    ask(kernel, ["patch", PATCH], say("Done *so*."), options="-o answer --new")
    fields = "[str(answer), answer.text, answer.state, [i['type'] for i in answer.items]]"
    assert evaluate(kernel, fields) == [
        "Done *so*.",
        "Done *so*.",
        "completed",
        ["file_change", "message"],
    ]
    assert "+new" in evaluate(kernel, "answer.diff")
    assert evaluate(kernel, "answer.usage['total']['total_tokens']") > 0
    assert evaluate(kernel, "[answer.error, answer.turn_id is None]") == [None, False]
    [shown] = kernel.run("answer", **CELL).of("display_data")
    assert shown["data"][MIME]["final"] is True
    assert shown["data"]["text/plain"] == "Done *so*."
    assert kernel.run("repr(answer)", **CELL).of("execute_result")[0]["data"]["text/plain"] == (
        "\"<Result completed: 'Done *so*.'>\""
    )


PATCH = "*** Begin Patch\n*** Add File: b.txt\n+new\n*** End Patch"


def test_a_question_is_a_prompt_and_not_a_call_for_help(kernel: Kernel, model: ScriptedModel):
    result = kernel.run(f"x = %codex {cell(say('Because.'))} but why?", **CELL)
    assert result.bundle["items"][-1]["text"] == "Because."
    assert result.bundle["prompt"].endswith("but why?")
    assert evaluate(kernel, "x.text") == "Because."
    assert "--background" in kernel.run("%codex?", **CELL).reply["payload"][0]["data"]["text/plain"]


def test_commands_are_those_of_the_codex_kernel(kernel: Kernel):
    assert "gpt-5.5" in kernel.run("%codex /model gpt-5.5", **CELL).data["text/plain"]
    assert "Sandbox" in kernel.run("%codex /status", **CELL).data["text/plain"]
    shown = kernel.run("%codex /help", **CELL).data["text/plain"]
    assert "%codex /model" in shown
    assert "/context" in shown
    result = kernel.run("%codex /modle", **CELL)
    assert result.reply["ename"] == "UnknownCommand"
    assert "`%codex /model`" in result.reply["evalue"]
    assert result.reply["traceback"] == [f"UnknownCommand: {result.reply['evalue']}"]


def test_options_differ_for_one_prompt_only(kernel: Kernel, model: ScriptedModel):
    ask(kernel, say("1"), options="--new")
    ask(kernel, say("2"), options="--model gpt-6.1-sol --sandbox read-only --effort high")
    ask(kernel, say("3"))
    # Codex compacts the history when the model changes.
    asked = [each for each in model.requests if not ModelRequest(each).is_compaction][-3:]
    assert [request["model"] for request in asked] == ["gpt-5.5", "gpt-6.1-sol", "gpt-5.5"]
    efforts = [(request.get("reasoning") or {}).get("effort") for request in asked]
    assert efforts[1] == "high"
    assert efforts[2] == efforts[0]
    result = kernel.run("%codex --modle x hi", **CELL)
    assert "--model" in "".join(result.of("stream")[0]["text"])


def test_new_and_another_session(kernel: Kernel):
    ask(kernel, say("1"), options="-o a")
    ask(kernel, say("2"), options="-o b --new")
    ask(kernel, say("3"), options=f"-o c --session {evaluate(kernel, 'a.session_id')}")
    a, b, c = evaluate(kernel, "[x.session_id for x in (a, b, c)]")
    assert a == c != b


def test_an_answer_has_the_shape_that_was_asked_for(kernel: Kernel, model: ScriptedModel):
    kernel.run(
        "from pydantic import BaseModel\n"
        "class Point(BaseModel):\n    x: int\n    name: str | None = None\n"
        "number = {'type': 'object', 'properties': {'n': {'type': 'integer'}}, 'required': ['n']}"
    )
    ask(kernel, say('{"x": 3, "name": null}'), options="-o p --schema Point")
    assert evaluate(kernel, "[type(p.value).__name__, p.value.x]") == ["Point", 3]
    form = model.requests[-1]["text"]["format"]
    assert form["schema"]["additionalProperties"] is False
    assert form["schema"]["required"] == ["x", "name"]
    ask(kernel, say('{"n": 3}'), options="-o n --schema number")
    assert evaluate(kernel, "n.value") == {"n": 3}
    result = ask(kernel, say('{"n": "three"}'), options="-o n --schema number")
    assert result.reply["ename"] == "AnswerInvalid"
    assert evaluate(kernel, "[n.text, n.value]") == ['{"n": "three"}', None]


def test_pictures_go_along(kernel: Kernel, place: Place, model: ScriptedModel):
    (place.workspace / "dot.png").write_bytes(png())
    kernel.run(
        "from IPython.display import Image\nplot = Image('dot.png')\n"
        "class Figure:\n"
        "    def savefig(self, file, format):\n        file.write(plot.data)\n"
        "figure = Figure()"
    )
    ask(kernel, say("Dots."), options="--image plot --image dot.png --image figure")
    assert str(model.requests[-1]["input"]).count("data:image/png;base64,") == 3
    result = ask(kernel, say("no"), options="--image nothing.png")
    assert result.reply["ename"] == "BadArgument"


def test_quiet_shows_nothing_and_returns_the_result(kernel: Kernel):
    result = kernel.run(f"r = %codex --quiet {cell(say('Hush.'))}", **CELL)
    assert result.of("display_data", "stream", "execute_result") == []
    assert evaluate(kernel, "r.text") == "Hush."


def test_a_background_run_goes_on_after_its_cell(kernel: Kernel, model: ScriptedModel):
    sent = kernel.send(
        f"%%codex --background -o job\n{cell([say('Begun'), ['wait', 'go']], say('Ended.'))}",
        **CELL,
    )
    reply = kernel.reply_to(sent)
    assert reply["status"] == "ok"
    kernel.run("while job.status != 'running': pass")
    assert evaluate(kernel, "[job.status, job.result]") == ["running", None]
    assert "<Run running" in evaluate(kernel, "repr(job)")
    kernel.run("job.steer('And be quick.')")
    waiting = kernel.send("print(job.wait().text)", **CELL)
    model.release("go")
    shown = kernel.until(waiting, lambda message: message["msg_type"] == "stream")
    assert "Ended." in shown[-1]["content"]["text"]
    kernel.reply_to(waiting)
    assert evaluate(kernel, "[job.status, job.result.text]") == ["completed", "Ended."]
    assert "And be quick." in str(model.requests[-1]["input"])


def test_the_handle_of_a_background_run_is_shown_only_where_nothing_keeps_it(kernel: Kernel):
    body = cell(say("Ended."))
    kept = kernel.run(f"%%codex --background -o job\n{body}", **CELL)
    assert "<Run" not in str(kept.of("execute_result", "display_data"))
    assert evaluate(kernel, "job.wait().text") == "Ended."
    loose = kernel.run(f"%%codex --background\n{body}", **CELL)
    assert "<Run" in loose.of("execute_result")[-1]["data"]["text/plain"]
    assert evaluate(kernel, "_.wait().text") == "Ended."


def test_a_background_run_is_stopped_by_its_handle(kernel: Kernel):
    kernel.run(f"%%codex --background -o job\n{cell([say('Begun'), ['wait', 'never']])}", **CELL)
    kernel.run("while job.status != 'running': pass\njob.interrupt()")
    result = kernel.run("job.wait()", **CELL)
    assert result.reply["ename"] == "TurnInterrupted"
    assert evaluate(kernel, "[job.status, job.result.state]") == ["interrupted"] * 2


def test_a_question_of_a_background_run_is_asked_of_whoever_waits_for_it(
    kernel: Kernel, outside: Path
):
    kernel.run(f"%%codex --background -o job\n{ESCALATE}", **CELL)
    kernel.run("while job.status != 'waiting': pass")
    result = kernel.run("job.wait().text", answer=lambda prompt: "y")
    assert result.status == "ok"
    assert outside.read_text() == "done\n"


@STYLES
def test_approvals_are_asked_below_the_cell(kernel: Kernel, outside: Path, style: str):
    text = f"%%codex --model {style}\n{ESCALATE}"
    result = kernel.run(text, answer=lambda prompt: "n not today")
    [command] = result.items("command")
    assert command["status"] == "declined"
    assert not outside.exists()
    result = kernel.run(text, answer=lambda prompt: "y")
    assert outside.read_text() == "done\n"
    assert result.items("approval")[0]["by"] == "kernel prompt"


def test_nobody_is_asked_where_nobody_is(kernel: Kernel, outside: Path):
    result = kernel.run(f"%%codex\n{ESCALATE}")
    assert result.items("approval")[0]["outcome"] == "declined"
    assert len(result.of("display_data", "update_display_data")) == 1
    assert not outside.exists()


def test_a_box_that_was_left_open_does_not_answer_the_next_question(kernel: Kernel, outside: Path):
    request = kernel.send(f"%%codex\n{ESCALATE}", **CELL)
    stale = kernel.client.get_stdin_msg(timeout=30)
    kernel.interrupt()
    assert kernel.finish(request).reply["ename"] == "KeyboardInterrupt"
    request = kernel.send(f"%%codex\n{ESCALATE}", **CELL)
    fresh = kernel.client.get_stdin_msg(timeout=30)
    for question, text in ((stale, "y"), (fresh, "n")):
        reply = kernel.client.session.msg("input_reply", {"value": text}, parent=question)
        kernel.client.stdin_channel.send(reply)
    assert kernel.finish(request).items("approval")[0]["outcome"] == "declined"
    assert not outside.exists()


def test_an_error_of_the_turn_is_ours_with_its_next_step(kernel: Kernel):
    result = ask(kernel, ["fail", 400, {"error": {"message": "Bad."}}], options="-o r")
    assert result.reply["ename"] == "TurnFailed"
    assert "Bad." in result.reply["evalue"]
    assert result.reply["traceback"] == [f"TurnFailed: {result.reply['evalue']}"]
    assert evaluate(kernel, "[r.state, type(r.error).__name__]") == ["failed", "TurnFailed"]


def test_await_in_a_cell_leaves_the_loop_free(kernel: Kernel, outside: Path):
    code = (
        "import asyncio\nfrom codex_kernel import ask\nticks = 0\n"
        "async def tick():\n    global ticks\n"
        "    while True:\n        ticks += 1\n        await asyncio.sleep(0.01)\n"
        "ticking = asyncio.create_task(tick())\n"
        f"answer = await ask({ESCALATE!r})\nticking.cancel()\nprint(answer.text)"
    )
    result = kernel.run(code, answer=lambda prompt: "y")
    assert result.status == "ok", result.of("error")
    assert "Ok." in result.text
    assert result.bundle["state"] == "completed"
    assert outside.exists()
    assert evaluate(kernel, "ticks") > 5


def test_an_interrupt_of_an_await_stops_the_turn(kernel: Kernel, place: Place):
    script = cell([say("Begun"), ["wait", "never"]])
    request = kernel.send(f"from codex_kernel import ask\nawait ask({script!r})", **CELL)
    kernel.until(request, shows("Begun"))
    kernel.interrupt()
    assert kernel.finish(request).reply["ename"] == "TurnInterrupted"
    assert record.turns(place)[-1]["state"] == "interrupted"


def test_a_blocking_call_in_a_running_loop_is_stopped_once(kernel: Kernel, place: Place):
    script = cell([say("Begun"), ["wait", "never"]])
    call = CALL.format(options="", prompt=script)
    code = f"import asyncio\nawait asyncio.sleep(0)\ntry:\n    {call}\n"
    code += "except KeyboardInterrupt:\n    print('stopped')"
    request = kernel.send(code, **CELL)
    kernel.until(request, shows("Begun"))
    kernel.interrupt()
    result = kernel.finish(request)
    assert (result.status, result.text) == ("ok", "stopped\n")
    assert record.turns(place)[-1]["state"] == "interrupted"


def test_it_can_be_called_in_a_function_and_inside_a_running_loop(kernel: Kernel):
    call = CALL.format(options="--quiet", prompt=cell(say("Nested.")))
    result = kernel.run(
        f"def inner():\n    return {call}.text\n"
        "async def outer():\n    return inner()\n"
        "print(inner(), await outer())",
        **CELL,
    )
    assert result.text.split() == ["Nested.", "Nested."]


def test_the_cells_that_ran_go_along_when_asked(place: Place, model: ScriptedModel):
    with kernel_in(place, spec="python3", notebook="cells.ipynb") as kernel:
        kernel.run("%load_ext codex_kernel")
        kernel.run("secret_number = 40 + 2\nprint('printed', secret_number)")
        kernel.run("secret_number * 2")
        ask(kernel, say("1"))
        assert "secret_number" not in str(model.requests[-1]["input"])
        shown = kernel.run("%codex /context cells", **CELL).data["text/plain"]
        assert "printed 42" in shown
        result = ask(kernel, say("2"), options="--context cells")
        sent = str(model.requests[-1]["input"])
        assert "printed 42" in sent
        assert "84" in sent
        assert "cells that ran" in json.dumps(result.bundle)
        assert "nothing to send" in kernel.run("%codex /context cells", **CELL).data["text/plain"]
        ask(kernel, say("3"), options="--context vars")
        assert "secret_number: int" in str(model.requests[-1]["input"])


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("%codex /mod", "/model"),
        ("%codex --mod", "--model"),
        ("%codex --sandbox read", "read-only"),
        ("%%codex\n/sandbox wor", "workspace-write"),
        ("%codex look at @dat", "@data.csv"),
        ("x = %codex look at @dat", "@data.csv"),
    ],
)
def test_tab_completes(kernel: Kernel, place: Place, code: str, found: str):
    (place.workspace / "data.csv").write_text("1\n")
    reply = kernel.ask("complete_request", code=code, cursor_pos=len(code))
    assert reply["matches"] == [found]
    completed = code[: reply["cursor_start"]] + found
    assert completed.startswith(code)


def test_unloading_leaves_nothing_behind(kernel: Kernel):
    kernel.run("%codex /status", **CELL)
    before = evaluate(kernel, SIGNS)
    kernel.run(f"%%codex --background -o job\n{cell([say('Begun'), ['wait', 'never']])}", **CELL)
    kernel.run("while job.status != 'running': pass")
    assert kernel.run("%unload_ext codex_kernel").status == "ok"
    assert evaluate(kernel, "job.status") == "interrupted"
    wait_until(lambda: not kernel.children())
    left = evaluate(kernel, SIGNS)
    assert left["codex"] == [False, False]
    assert left["hooks"] == 0
    assert left["threads"] == []
    assert "`%codex` not found" in kernel.run("%codex hi", **CELL).text
    kernel.run("%load_ext codex_kernel")
    assert ask(kernel, say("Again.")).bundle["state"] == "completed"
    assert evaluate(kernel, SIGNS)["hooks"] == before["hooks"]


SIGNS = (
    "(lambda s: {'codex': ['codex' in s.magics_manager.magics[k] for k in ('line', 'cell')],"
    " 'hooks': sum('codex' in repr(x) for x in (s.Completer.custom_matchers,"
    " s.input_transformer_manager.token_transformers, s.events.callbacks)),"
    " 'threads': sorted(t.name for t in __import__('threading').enumerate()"
    " if 'codex' in t.name or 'worker' in t.name)})(get_ipython())"
)


def test_the_kernel_ends_with_its_codex(place: Place, model: ScriptedModel):
    with kernel_in(place, spec="python3", notebook="other.ipynb") as kernel:
        kernel.run("%load_ext codex_kernel")
        ask(kernel, say("Hi."))
        children = kernel.children()
        process = psutil.Process(kernel.pid)
        kernel.manager.shutdown_kernel(now=False)
        assert not process.is_running()
    assert not psutil.wait_procs(children, timeout=5)[1]
    assert record.turns(place)[-1]["state"] == "completed"
