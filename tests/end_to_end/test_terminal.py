"""`%codex` and `ask` on a terminal: a real IPython, and plain programs."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest

from codex_kernel.scripted_model import ScriptedModel

from . import record
from .place import Place, new_place, processes_of, scripted, wait_until
from .script import cell, say

SECONDS = 60
ENDLESS = cell([say("Begun"), ["wait", "never"]])
ESCALATE = cell(["escalate", "echo done > ../outside.txt", "May I?"], say("Understood."))


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    with new_place() as place:
        yield place
        wait_until(lambda: not processes_of(place), seconds=10)


@pytest.fixture(scope="module", autouse=True)
def model(place: Place) -> Iterator[ScriptedModel]:
    with scripted(place) as model:
        yield model


class Terminal:
    """An IPython, line by line."""

    def __init__(self, place: Place) -> None:
        self.cells = 1
        self.child = pexpect.spawn(
            sys.executable,
            ["-m", "IPython", "--simple-prompt", "--no-banner", "--colors=NoColor"],
            env=place.environ(TERM="dumb"),
            cwd=str(place.workspace),
            encoding="utf-8",
            timeout=SECONDS,
            echo=False,
        )
        self.child.expect(r"In \[1\]: ")

    def begin(self, line: str, shown: str) -> None:
        """Type a line and wait until something is shown."""
        self.child.sendline(line)
        self.child.expect(shown)

    def end(self) -> str:
        """What came until the next prompt."""
        self.cells += 1
        self.child.expect(rf"In \[{self.cells}\]: ")
        return self.child.before or ""

    def run(self, line: str) -> str:
        """What a line shows."""
        self.child.sendline(line)
        return self.end()


@pytest.fixture(scope="module")
def terminal(place: Place) -> Iterator[Terminal]:
    terminal = Terminal(place)
    terminal.run("%load_ext codex_kernel")
    yield terminal
    terminal.child.sendline("exit")
    terminal.child.expect(pexpect.EOF)
    terminal.child.close()
    assert terminal.child.exitstatus == 0


def test_text_streams_and_is_not_repeated(terminal: Terminal):
    shown = terminal.run("%codex " + cell(["run", "echo 6''7"], say("That was it.")))
    assert "$ echo 6''7" in shown
    assert "67" in shown
    assert shown.count("That was it.") == 2  # and once in the line of Out[]
    assert "<Result completed: 'That was it.'>" in shown
    shown = terminal.run("%codex -o x " + cell(say("Kept.")) + " is it?")
    assert "Out[" not in shown
    assert "Kept." in terminal.run("print(x)")


def test_ctrl_c_stops_the_turn_and_is_raised_once(terminal: Terminal, place: Place):
    terminal.begin(f"%codex {ENDLESS}", "Begun\r")
    terminal.child.sendintr()
    shown = terminal.end()
    assert shown.count("KeyboardInterrupt") == 1
    assert "Traceback" not in shown
    assert record.turns(place)[-1]["state"] == "interrupted"


def test_ctrl_c_stops_a_turn_that_is_awaited(terminal: Terminal, place: Place):
    terminal.run("from codex_kernel import ask")
    assert "Awaited." in terminal.run(f"(await ask({cell(say('Awaited.'))!r})).text")
    terminal.begin(f"await ask({ENDLESS!r})", "Begun\r")
    terminal.child.sendintr()
    assert "TurnInterrupted" in terminal.end()
    assert record.turns(place)[-1]["state"] == "interrupted"


def test_questions_are_asked_and_what_was_typed_before_is_no_answer(
    terminal: Terminal, place: Place
):
    terminal.child.sendline(f"%codex {ESCALATE}\ny\ny")
    terminal.child.expect("Your answer: ")
    terminal.child.sendline("n")
    assert "Understood." in terminal.end()
    assert not (place.root / "outside.txt").exists()
    terminal.begin(f"%codex {ESCALATE}", "Your answer: ")
    terminal.child.sendintr()
    assert "KeyboardInterrupt" in terminal.end()
    terminal.begin(f"%codex {ESCALATE}", "Your answer: ")
    terminal.child.sendline("y")
    assert "Understood." in terminal.end()
    assert (place.root / "outside.txt").exists()


def test_code_of_codex_runs_and_may_await(terminal: Terminal):
    code = "import asyncio\nawait asyncio.sleep(0.01)\nseen = 6 * 7\nprint('slept', seen)"
    script = cell(["mcp", "codex_kernel", "python_run", {"code": code}], say("Ran."))
    terminal.begin(f"%codex --new {script}", "Your answer: ")
    terminal.child.sendline("y")
    assert "slept 42" in terminal.end()
    terminal.begin(f"(await ask({script!r})).text", "Your answer: ")
    terminal.child.sendline("s")
    shown = terminal.end()
    assert "slept 42" in shown
    assert "Ran." in shown
    assert "42" in terminal.run("seen")


def test_errors_are_sentences(terminal: Terminal):
    shown = terminal.run("%codex /modle")
    assert "UnknownCommand: There is no command `%codex /modle`." in shown
    assert "Traceback" not in shown


def test_unload_and_load_again(terminal: Terminal, place: Place):
    terminal.run("%unload_ext codex_kernel")
    wait_until(lambda: not any("codex" in each.name() for each in processes_of(place)))
    names = "print([t.name for t in __import__('threading').enumerate()])"
    assert "codex-engine" not in terminal.run(names)
    terminal.run("%load_ext codex_kernel")
    assert "Again." in terminal.run(f"%codex {cell(say('Again.'))}")


PROGRAM = f"""
import asyncio, sys
from codex_kernel import ask

print("sync:", ask({cell(say("One."))!r}).wait().text)

async def both():
    runs = ask({cell(say("Two."))!r}), ask({cell(say("Three."))!r})
    return [result.text for result in await asyncio.gather(*runs)]

print("async:", asyncio.run(both()))
print("valid:", ask({cell(say('{"value": [1, 2]}'))!r}, schema=list[int]).wait().value)
print("declined:", ask({ESCALATE!r}).wait().items[0]["status"])
print("session:", len({{ask("/status").wait().session_id, None}}))
assert "IPython" not in sys.modules
"""


def test_a_plain_program_needs_no_ipython_and_ends_by_itself(place: Place):
    (place.root / "outside.txt").unlink(missing_ok=True)
    done = _program(place, PROGRAM)
    assert done.stderr == ""
    assert done.returncode == 0
    assert done.stdout.splitlines() == [
        "sync: One.",
        "async: ['Two.', 'Three.']",
        "valid: [1, 2]",
        "declined: declined",
        "session: 1",
    ]
    assert not (place.root / "outside.txt").exists()


def test_a_program_that_does_not_wait_takes_its_turn_along(place: Place):
    code = f"from codex_kernel import ask\nrun = ask({ENDLESS!r})\nwhile run.status != 'running': 0"
    done = _program(place, code)
    assert (done.returncode, done.stderr) == (0, "")
    assert record.turns(place)[-1]["state"] == "interrupted"


def test_an_error_ends_a_program_with_a_sentence(place: Place):
    done = _program(place, "from codex_kernel import ask\nask('/modle').wait()")
    assert done.returncode == 1
    assert "UnknownCommand: There is no command `/modle`. Did you mean `/model`?" in done.stderr


def _program(place: Place, code: str) -> subprocess.CompletedProcess[str]:
    program = Path(place.workspace / "program.py")
    program.write_text(code)
    return subprocess.run(
        [sys.executable, program],
        env=place.environ(),
        cwd=place.workspace,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
