"""Acting on turns by REST: stop, steer, take back, answer a question, delete.

A turn belongs to the process that runs it; here its owner is asked (see `errands`). Who asks is
the identity that Jupyter knows, with what they use.
"""

from __future__ import annotations

from typing import Any

from codex_kernel.ids import TurnId
from codex_kernel.server.errands import ask_owner, is_repeated, told
from codex_kernel.server.models import Command, DecisionBody, Deleted, Outcome, SteerBody
from codex_kernel.server.routes import Call, Refusal, Route, bad_request, unknown
from codex_kernel.server.turns import known_turn
from codex_kernel.turn.state import is_final
from codex_kernel.turn_log import commands, retention
from codex_kernel.turn_log.rows import TurnRow


async def interrupt_turn(call: Call) -> Outcome:
    """Stop a turn that runs or waits; the outcome says that it was told, not that it has ended."""
    return await _ask_turn(call, "interrupt", {})


async def steer_turn(call: Call) -> Outcome:
    """Add to a turn that runs. When it has ended meanwhile, the text comes back in `outcome`."""
    body: SteerBody = call.body
    return await _ask_turn(call, "steer", {"text": body.text})


async def cancel_turn(call: Call) -> Outcome:
    """Take back a turn that waits behind another; nothing of it was sent."""
    return await _ask_turn(call, "cancel", {})


async def decide_approval(call: Call) -> Outcome:
    """Answer a question. The first answer counts; later ones are told whose that was."""
    body: DecisionBody = call.body
    question_id = call.ids["approval_id"]
    if not await is_repeated(call, "approval", question_id, "decide"):
        await _check_open(call, question_id)
    return await ask_owner(call, "approval", question_id, "decide", _answer(body))


async def show_command(call: Call) -> Outcome:
    """What became of something that was asked."""
    command_id = call.ids["command_id"]
    if not await commands.is_known(call.log, command_id):
        raise unknown("command", command_id)
    return told(command_id, await commands.outcome(call.log, command_id))


async def delete_turn(call: Call) -> Deleted:
    """Delete the record of a turn that has ended; the notebook keeps its picture."""
    row = await known_turn(call.log, call.ids["turn_id"])
    deleted = await retention.delete_turns(call.log, [row.turn_id])
    if not deleted:
        raise Refusal(409, "The turn has not ended.", next_step="Stop it first.", kind="TurnIsLive")
    return Deleted(turn_ids=list(deleted))


async def _ask_turn(call: Call, verb: str, args: dict[str, Any]) -> Outcome:
    turn_id = call.ids["turn_id"]
    if not await is_repeated(call, "turn", turn_id, verb):
        row = await known_turn(call.log, turn_id)
        if is_final(row.state):
            raise _ended(row, args)
    try:
        return await ask_owner(call, "turn", turn_id, verb, args)
    except Refusal as refusal:
        # What the user typed is never lost.
        refusal.outcome = {**args, **(refusal.outcome or {})}
        raise


def _ended(row: TurnRow, more: dict[str, Any]) -> Refusal:
    return Refusal(
        410,
        f"The turn has ended ({row.state}).",
        next_step="Run a new cell.",
        kind="TurnEnded",
        outcome={"state": row.state, **more},
    )


def _answer(body: DecisionBody) -> dict[str, Any]:
    if (body.decision is None) == (body.answers is None):
        raise bad_request("Either `decision` or `answers`.")
    if body.decision == "always" and not body.rule:
        raise bad_request("`rule`: `always` writes a rule, which must be shown and confirmed.")
    return body.model_dump(exclude={"key"}, exclude_none=True)


async def _check_open(call: Call, question_id: str) -> None:
    """Raise what can be said without asking the owner: unknown, decided, too late."""
    turn_id = TurnId(question_id.rpartition(".")[0])
    transcript = await call.log.transcript(turn_id)
    if transcript is None:
        raise unknown("approval", question_id)
    asked = [*transcript.data["approvals"], *transcript.data["inputs"]]
    question = next((each for each in asked if each["id"] == question_id), None)
    if question is None:
        raise unknown("approval", question_id)
    if transcript.is_final:
        raise _ended(await known_turn(call.log, turn_id), _who(question))
    if question["outcome"] is not None:
        raise Refusal(
            409,
            f"{question.get('by') or 'Somebody else'} was first.",
            kind="Refused",
            outcome=_who(question),
        )


def _who(question: dict[str, Any]) -> dict[str, Any]:
    return {name: question.get(name) for name in ("by", "decision")}


_REFUSED = (404, 409, 410)

ROUTES = (
    Route(
        "POST",
        "turns/{turn_id}/interrupt",
        "Stop a turn",
        interrupt_turn,
        Outcome,
        body=Command,
        problems=_REFUSED,
    ),
    Route(
        "POST",
        "turns/{turn_id}/steer",
        "Add to a running turn",
        steer_turn,
        Outcome,
        body=SteerBody,
        problems=_REFUSED,
    ),
    Route(
        "POST",
        "turns/{turn_id}/cancel",
        "Take back a waiting turn",
        cancel_turn,
        Outcome,
        body=Command,
        problems=_REFUSED,
    ),
    Route(
        "DELETE",
        "turns/{turn_id}",
        "Delete a turn's record",
        delete_turn,
        Deleted,
        problems=(404, 409),
    ),
    Route(
        "POST",
        "approvals/{approval_id}",
        "Answer a question",
        decide_approval,
        Outcome,
        body=DecisionBody,
        problems=_REFUSED,
    ),
    Route(
        "GET",
        "commands/{command_id}",
        "The outcome of a command",
        show_command,
        Outcome,
        problems=(404, 409, 500, 502, 503, 504),
    ),
)
