"""Reading the questions that wait for an answer."""

from __future__ import annotations

from codex_kernel.ids import NotebookPath
from codex_kernel.server.models import Approvals, ApprovalsQuery, OpenApproval
from codex_kernel.server.routes import Call, Route
from codex_kernel.server.service import Service
from codex_kernel.turn_log import overview
from codex_kernel.turn_log.log import TurnLog


async def list_approvals(call: Call) -> Approvals:
    """Approvals and inputs that nobody has answered, the oldest first."""
    query: ApprovalsQuery = call.query
    notebook = None if query.notebook is None else call.service.notebook(query.notebook)
    found = await read_questions(call.service, call.log, notebook, query.session)
    return Approvals(approvals=found)


async def read_questions(
    service: Service,
    log: TurnLog,
    notebook: NotebookPath | None = None,
    session_id: str | None = None,
) -> list[OpenApproval]:
    """Open questions as pages see them."""
    return [
        OpenApproval(
            turn_id=question.turn_id,
            session_id=question.session_id,
            notebook=question.notebook,
            path=service.api_path(question.notebook),
            cell_id=question.cell_id,
            event=question.event,
        )
        for question in await overview.open_questions(log, notebook=notebook, session_id=session_id)
    ]


ROUTES = (Route("GET", "approvals", "Open questions", list_approvals, Approvals, ApprovalsQuery),)
