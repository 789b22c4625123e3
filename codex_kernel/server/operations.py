"""Operations on open notebooks: asked by REST, taken up and answered by the page that shows them.

The document is never opened here, and nothing is asked of the user. See the top of `models`.
"""

from __future__ import annotations

import json
from typing import Any

from codex_kernel.errors import NotebookRefused
from codex_kernel.ids import NotebookPath
from codex_kernel.server.models import (
    Body,
    OpenOperation,
    OperationBody,
    Outcome,
    PageOutcome,
)
from codex_kernel.server.routes import Call, Refusal, Route, bad_request, unknown
from codex_kernel.turn_log import commands, operations
from codex_kernel.turn_log.operations import Operation

WAIT_SECONDS = 20.0
"""How long an answer waits for the page; then it is 202 and the id of the command."""
MAX_OUTCOME_CHARS = 16_000_000


class Nothing(Body):
    """An empty body."""


async def ask_page(call: Call) -> Outcome:
    """Do something on a notebook that a page shows; 409 when none does, or when it refuses."""
    body: OperationBody = call.body
    args = body.operation.model_dump(mode="json", exclude={"verb"})
    notebook = call.service.notebook(body.path)
    operation = Operation(notebook, body.operation.verb, args, call.by)
    operation_id = await operations.begin(call.log, operation)
    outcome = await commands.wait(call.log, operation_id, WAIT_SECONDS)
    if outcome is not None:
        await commands.forget(call.log, operation_id)
        operations.result(outcome)
    return Outcome(command_id=operation_id, done=outcome is not None, outcome=outcome)


async def claim_operation(call: Call) -> OpenOperation:
    """Take an operation up, as a page that shows the notebook; one page gets it."""
    operation_id = call.ids["operation_id"]
    await _known(call, operation_id)
    row = await commands.take(call.log, operation_id)
    if row is None:
        raise _too_late()
    notebook = NotebookPath(row.target_id)
    return OpenOperation.model_validate(
        {
            "operation_id": operation_id,
            "path": call.service.api_path(notebook),
            "notebook": notebook,
            "by": row.by,
            "turn_id": row.args["turn_id"],
            "operation": {"verb": row.verb, **row.args["args"]},
        }
    )


async def answer_operation(call: Call) -> Outcome:
    """Say what became of an operation that was taken up."""
    body: PageOutcome = call.body
    operation_id = call.ids["operation_id"]
    outcome = _outcome(body)
    await _known(call, operation_id)
    is_claimed = await commands.is_claimed(call.log, operation_id)
    if not is_claimed or await commands.outcome(call.log, operation_id) is not None:
        raise _too_late()
    await commands.finish(call.log, operation_id, outcome)
    return Outcome(command_id=operation_id, done=True, outcome=None)


async def _known(call: Call, operation_id: str) -> None:
    target = await commands.target(call.log, operation_id)
    if target is None or target[0] != "notebook":
        raise unknown("operation", operation_id)


def _too_late() -> Refusal:
    return Refusal.of(NotebookRefused("The operation was taken up by another page, or answered."))


def _outcome(body: PageOutcome) -> dict[str, Any]:
    if (body.result is None) == (body.error is None):
        raise bad_request("Either `result` or `error`.")
    if body.result is not None:
        if len(json.dumps(body.result)) > MAX_OUTCOME_CHARS:
            raise bad_request("`result`: more than was asked for.")
        return {"ok": True, "result": body.result}
    return {"error": body.error, "next_step": body.next_step}


_REFUSED = (404, 409)

ROUTES = (
    Route(
        "POST",
        "operations",
        "Have a page do something on a notebook",
        ask_page,
        Outcome,
        body=OperationBody,
        problems=(409,),
    ),
    Route(
        "POST",
        "operations/{operation_id}/claim",
        "Take an operation up",
        claim_operation,
        OpenOperation,
        body=Nothing,
        problems=_REFUSED,
    ),
    Route(
        "POST",
        "operations/{operation_id}/outcome",
        "Answer an operation",
        answer_operation,
        Outcome,
        body=PageOutcome,
        problems=_REFUSED,
    ),
)
