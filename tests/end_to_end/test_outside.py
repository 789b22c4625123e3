"""What other processes ask through the log, carried out by the kernel that owns the turn."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

from codex_kernel.scripted_model import ScriptedModel
from codex_kernel.settings import LogSettings
from codex_kernel.turn_log import bindings, commands
from codex_kernel.turn_log.log import TurnLog

from .place import MIME, SECONDS, Kernel, Place, wait_until
from .record import turns
from .script import cell, say
from .test_approvals import ESCALATE
from .test_interrupts import shows

BY = "ada"


def ask(place: Place, *commands_: tuple[str, str, str, dict[str, Any]]) -> list[Any]:
    """Write commands from this process, and wait for their outcomes."""

    async def work() -> list[Any]:
        async with TurnLog.open(LogSettings(folder=place.data), "test") as log:
            ids = [await commands.ask(log, *command, BY) for command in commands_]  # type: ignore[arg-type]  # as given
            return [await commands.wait(log, command_id, 20) for command_id in ids]

    return asyncio.run(work())


def begin(kernel: Kernel, text: str, found) -> tuple[str, dict[str, Any]]:
    """Send a cell and wait for a bundle that is `found`."""
    request = kernel.send(text, allow_stdin=True, cell_id="a-cell")
    message = kernel.until(request, found)[-1]
    return request, message["content"]["data"][MIME]


def test_a_turn_is_interrupted(kernel: Kernel, place: Place):
    request, turn = begin(kernel, cell([say("Begun"), ["wait", "never"]]), shows("Begun"))
    assert ask(place, ("turn", turn["turn_id"], "interrupt", {})) == [{"ok": True}]
    result = kernel.finish(request)
    assert result.reply["ename"] == "TurnInterrupted"
    assert BY in result.reply["evalue"]


def test_a_turn_is_interrupted_from_the_command_line(
    kernel: Kernel, place: Place, model: ScriptedModel
):
    first, turn = begin(kernel, cell([say("Begun"), ["wait", "never"]]), shows("Begun"))
    second = kernel.send(cell(say("Never said.")))
    wait_until(lambda: len(turns(place)) == 2)
    done = codex(place, "interrupt", turn["turn_id"])
    assert done.stdout == f"{turn['turn_id']}: interrupted\n"
    result = kernel.finish(first)
    assert result.reply["ename"] == "TurnInterrupted"
    assert "via jupyter codex" in result.reply["evalue"]
    assert kernel.reply_to(second)["status"] == "aborted"
    again = codex(place, "interrupt", turn["turn_id"])
    assert (again.returncode, again.stdout) == (1, "")
    assert "the turn is interrupted" in again.stderr


def test_everything_of_a_session_is_interrupted_from_the_command_line(
    kernel: Kernel, place: Place, model: ScriptedModel
):
    first, turn = begin(kernel, cell([say("Begun"), ["wait", "never"]]), shows("Begun"))
    second = kernel.send(cell(say("Never said.")))
    wait_until(lambda: len(turns(place)) == 2)
    lines = codex(place, "interrupt", turn["session_id"]).stdout.splitlines()
    states = [line.partition(": ")[2] for line in lines]
    assert states == ["interrupted", "cancelled"]
    assert kernel.finish(first).status == "error"
    assert kernel.reply_to(second)["status"] == "aborted"


def codex(place: Place, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a subcommand of `jupyter codex` in the place."""
    command = [sys.executable, "-m", "codex_kernel", *words]
    return subprocess.run(
        command,
        env=place.environ(),
        check=False,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )


def test_a_turn_is_steered_and_the_model_hears_it(
    kernel: Kernel, place: Place, model: ScriptedModel
):
    request, turn = begin(
        kernel, cell([say("Begun"), ["wait", "here"]], say("On.")), shows("Begun")
    )
    outcome = ask(place, ("turn", turn["turn_id"], "steer", {"text": "Use metres"}))
    assert outcome == [{"ok": True}]
    model.release("here")
    result = kernel.finish(request)
    assert result.status == "ok"
    assert "Use metres" in str(model.requests[-1])
    assert "Use metres" in str(result.bundle["items"])


def test_a_steer_that_comes_too_late_says_so_and_gives_the_text_back(kernel: Kernel, place: Place):
    turn = kernel.run(cell(say("Done."))).bundle
    [outcome] = ask(place, ("turn", turn["turn_id"], "steer", {"text": "Use metres"}))
    assert "ended" in outcome["error"]


def test_an_approval_is_decided_elsewhere_and_the_second_is_told_who_was_first(
    kernel: Kernel, place: Place, model: ScriptedModel
):
    script = cell(ESCALATE, ["wait", "here"], say("Ok."))
    request, turn = begin(kernel, script, shows("waiting", "state"))
    question = f"{turn['turn_id']}.1"
    first, second = ask(
        place,
        ("approval", question, "decide", {"decision": "once"}),
        ("approval", question, "decide", {"decision": "decline"}),
    )
    assert first == {"ok": True}
    assert second == {"error": f"{BY} was first.", "by": BY, "decision": "once"}
    model.wait_reached("here")
    model.release("here")
    result = kernel.finish(request)
    assert (place.root / "outside.txt").exists()
    [approval] = result.items("approval")
    assert (approval["outcome"], approval["by"]) == ("accepted", BY)


def test_a_rule_is_not_written_by_who_has_not_seen_it(kernel: Kernel, place: Place):
    request, turn = begin(kernel, cell(ESCALATE, say("Ok.")), shows("waiting", "state"))
    [outcome] = ask(place, ("approval", f"{turn['turn_id']}.1", "decide", {"decision": "always"}))
    assert "does not take that answer" in outcome["error"]
    kernel.interrupt()
    kernel.finish(request)
    assert not Path(place.codex_home / "rules").exists()


def test_a_session_is_renamed_by_its_owner(kernel: Kernel, place: Place):
    session_id = kernel.run(cell(say("Hi."))).bundle["session_id"]
    assert ask(place, ("session", session_id, "rename", {"title": "Metres"})) == [{"ok": True}]

    async def title() -> str | None:
        async with TurnLog.open(LogSettings(folder=place.data), "test") as log:
            row = await bindings.session(log, session_id)
            return row.title if row else None

    assert asyncio.run(title()) == "Metres"
    assert "Metres" in kernel.run("/sessions", cell_id="c", answer=str).data["text/plain"]


def test_an_unknown_command_is_answered(kernel: Kernel, place: Place):
    request, turn = begin(kernel, cell([say("Begun"), ["wait", "never"]]), shows("Begun"))
    [outcome] = ask(place, ("turn", turn["turn_id"], "fly", {}))
    assert "not known" in outcome["error"]
    kernel.interrupt()
    kernel.finish(request)
