"""What the REST routes tell of the record that another process writes."""

from __future__ import annotations

import asyncio
import csv
import io
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from codex_kernel.ids import new_turn_id, stored_path
from codex_kernel.render.bundle import MIME, mime_bundle
from codex_kernel.server.models import (
    Audit,
    ChangedFiles,
    Events,
    Notebook,
    Sessions,
    TurnBundle,
    TurnDetail,
    Turns,
)
from codex_kernel.settings import ViewSettings
from codex_kernel.turn.approvals import Decision, approval_decided, approval_requested
from codex_kernel.turn.events import (
    diff_updated,
    item_completed,
    settings_updated,
    steer_sent,
    turn_started,
    usage_updated,
    warning,
)
from codex_kernel.turn_log import bindings
from codex_kernel.turn_log.log import TurnLog
from tests.end_to_end.place import wait_until
from tests.turn_log.test_feed import approval
from tests.turn_log.turns import SESSION, begin, beginning, ended, ending, running

from .place import Server


def notebook_of(server: Server, path: str) -> str:
    return stored_path(server.root_dir / path)


async def test_sessions_are_listed_searched_and_paged(server: Server, log: TurnLog) -> None:
    for number in range(5):
        await bindings.remember_session(log, f"list-{number}", title=f"Sum {number}", cwd="/w")
    found: list[str] = []
    query = {"search": "list-", "limit": 2}
    while True:
        page = Sessions.model_validate(server.get(f"sessions?{urlencode(query)}"))
        found += [session.session_id for session in page.sessions]
        if page.next is None:
            break
        query["before"] = page.next
    assert sorted(found) == [f"list-{number}" for number in range(5)]
    [one] = server.get("sessions?search=SUM+3")["sessions"]
    assert (one["session_id"], one["title"], one["running"]) == ("list-3", "Sum 3", False)


async def test_a_session_tells_tokens_activity_and_notebooks(server: Server, log: TurnLog) -> None:
    await bindings.remember_session(log, SESSION, cwd="/workspace", model="m")
    notebook = stored_path(server.root_dir / "told.ipynb")
    await bindings.bind(log, notebook, SESSION)
    record = await running(log)
    await record.append([usage_updated({"total": {"total_tokens": 123}})])
    found = server.get(f"sessions/{SESSION}")
    assert (found["tokens"], found["running"]) == (123, True)
    assert found["notebooks"] == [notebook]
    await record.append(ending("x"))
    assert not server.get(f"sessions/{SESSION}")["running"]


async def test_turns_are_found_by_everything_that_names_them(server: Server, log: TurnLog) -> None:
    notebook = notebook_of(server, "ünï code/a b.ipynb")
    done = await ended(log, notebook=notebook, cell_id="one")
    live = await running(log, notebook=notebook, cell_id="two")
    path = quote("ünï code/a b.ipynb")

    def ids(query: str) -> list[str]:
        page = Turns.model_validate(server.get(f"turns?{query}"))
        assert {turn.path for turn in page.turns} <= {"ünï code/a b.ipynb"}
        return [turn.turn_id for turn in page.turns]

    assert ids(f"notebook={path}") == [live.turn_id, done.turn_id]
    assert ids(f"notebook=/{path}") == ids(f"notebook=RTC:{path}") == ids(f"notebook={path}")
    assert ids(f"notebook=x/../{path}") == ids(f"notebook={path}")
    assert ids(f"notebook={path}&cell=one") == [done.turn_id]
    assert ids(f"notebook={path}&state=live") == [live.turn_id]
    assert ids(f"notebook={path}&state=completed,failed") == [done.turn_id]
    assert ids(f"notebook={path}&state=live&state=completed") == [live.turn_id, done.turn_id]
    assert ids(f"ids={done.turn_id},{new_turn_id()}") == [done.turn_id]
    assert ids("notebook=../../etc/passwd") == []
    page = server.get(f"turns?notebook={path}&limit=1")
    assert page["next"] == live.turn_id
    assert ids(f"notebook={path}&limit=1&before={page['next']}") == [done.turn_id]
    await live.append(ending("x"))


async def test_a_notebook_behind_a_link_has_the_path_by_which_the_page_names_it(
    server: Server, log: TurnLog, tmp_path: Path
) -> None:
    (server.root_dir / "linked").symlink_to(tmp_path)
    record = await ended(log, notebook=stored_path(tmp_path / "far.ipynb"), cell_id="one")
    [turn] = server.get("turns?notebook=linked/far.ipynb")["turns"]
    assert (turn["turn_id"], turn["path"]) == (record.turn_id, "linked/far.ipynb")


async def test_a_turn_is_told_with_its_transcript(server: Server, log: TurnLog) -> None:
    record = await ended(log)
    found = TurnDetail.model_validate(server.get(f"turns/{record.turn_id}"))
    assert found.transcript == record.transcript.data
    assert (found.state, found.client) == ("completed", "kernel")


async def test_events_come_in_pages_and_as_a_snapshot_when_compacted(
    server: Server, log: TurnLog
) -> None:
    record = await ended(log, answer="abc")
    events = await log.events(record.turn_id)
    first = Events.model_validate(server.get(f"turns/{record.turn_id}/events?limit=4"))
    rest = server.get(f"turns/{record.turn_id}/events?after=4")
    assert first.events + rest["events"] == events
    assert (rest["seq"], rest["state"]) == (record.transcript.seq, "completed")
    await log.compact(record.turn_id)
    [snapshot] = server.get(f"turns/{record.turn_id}/events?after=4")["events"]
    assert snapshot["transcript"] == record.transcript.data


async def test_open_questions_are_told_until_they_are_answered(
    server: Server, log: TurnLog
) -> None:
    notebook = notebook_of(server, "asking.ipynb")
    record = await running(log, notebook=notebook)
    [asked] = await record.append([approval_requested(approval(record.turn_id))])
    [found] = server.get("approvals?state=pending&notebook=asking.ipynb")["approvals"]
    assert (found["event"], found["path"]) == (asked, "asking.ipynb")
    assert server.get("approvals?notebook=other.ipynb") == {"approvals": []}
    await record.append([approval_decided(f"{record.turn_id}.1", Decision("once", "ada"))])
    assert server.get("approvals?notebook=asking.ipynb") == {"approvals": []}
    await record.append(ending("x"))


async def test_a_notebook_is_told_also_when_nothing_is_known_of_it(
    server: Server, log: TurnLog
) -> None:
    unknown = Notebook.model_validate(server.get("notebooks?path=never/seen.ipynb"))
    assert (unknown.session_id, unknown.settings, unknown.path) == (None, {}, "never/seen.ipynb")
    path = stored_path(server.root_dir / "set.ipynb")
    await bindings.set_notebook_settings(log, path, {"model": "m"})
    await bindings.bind(log, path, SESSION)
    known = server.get("notebooks?path=set.ipynb")
    assert (known["session_id"], known["settings"]) == (SESSION, {"model": "m"})


async def audited(log: TurnLog, session_id: str) -> None:
    await bindings.remember_session(log, session_id)
    record = await begin(log)
    await record.append(beginning(session_id))
    command = {
        "id": "c",
        "type": "command",
        "status": "completed",
        "command": "=cmd|' /C calc'!A0",
        "exit_code": 0,
    }
    change = {"kind": "add", "path": "/workspace/new.py"}
    await record.append(
        [
            approval_requested(approval(record.turn_id)),
            approval_decided(f"{record.turn_id}.1", Decision("decline", "ada via HTTP", "no")),
            item_completed(command),
            item_completed(
                {"id": "f", "type": "file_change", "status": "completed", "changes": [change]}
            ),
            steer_sent("faster", "the user"),
            *ending("42"),
        ]
    )


async def test_the_audit_tells_who_did_what_from_where(server: Server, log: TurnLog) -> None:
    await audited(log, "audited")
    entries = Audit.model_validate(server.get("sessions/audited/audit")).entries
    told = {entry.kind: entry for entry in entries}
    decided = told["approval.decided"]
    assert (decided.who, decided.client, decided.outcome) == (
        "ada",
        "HTTP",
        "decline, declined: no",
    )
    assert told["command"].outcome == "exit 0"
    assert told["file_change"].what == "add /workspace/new.py"
    assert (told["steer.sent"].who, told["steer.sent"].client) == ("the user", "kernel")
    assert told["settings.updated"].what == "model: m"
    first = server.get("sessions/audited/audit?limit=3")
    rest = server.get(f"sessions/audited/audit?{urlencode({'after': first['next']})}")
    assert first["entries"] + rest["entries"] == [entry.model_dump() for entry in entries]


@pytest.mark.parametrize("how", ["query", "header"])
async def test_the_audit_comes_as_csv_that_no_spreadsheet_runs(
    server: Server, log: TurnLog, how: str
) -> None:
    session = f"audited-{how}"
    await audited(log, session)
    if how == "query":
        answer = server.fetch(f"sessions/{session}/audit?format=csv")
    else:
        answer = server.fetch(f"sessions/{session}/audit", headers={"Accept": "text/csv"})
    assert answer.header("Content-Type") == "text/csv; charset=utf-8"
    lines = list(csv.DictReader(io.StringIO(answer.body.decode())))
    entries = server.get(f"sessions/{session}/audit")["entries"]
    assert [line["seq"] for line in lines] == [str(entry["seq"]) for entry in entries]
    [command] = [line for line in lines if line["kind"] == "command"]
    assert command["what"] == "'=cmd|' /C calc'!A0"


@pytest.mark.parametrize(
    "path", ["turns/none", "turns/none/events", "sessions/none", "sessions/none/audit"]
)
def test_what_is_not_known_is_404_with_a_next_step(server: Server, path: str) -> None:
    problem = server.get(path, status=404)
    assert problem["kind"] == "NotFound"
    assert problem["next_step"]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("turns?limit=0", "limit"),
        ("turns?limit=many", "limit"),
        ("turns?state=asleep", "state"),
        ("notebooks", "path"),
        ("approvals?state=all", "state"),
        ("sessions?before=nonsense", "before"),
        ("sessions?limit=1001", "limit"),
    ],
)
def test_a_bad_parameter_is_named(server: Server, path: str, name: str) -> None:
    problem = server.get(path, status=400)
    assert problem["kind"] == "BadRequest"
    assert f"`{name}" in problem["message"]


def test_jupyterlabs_own_parameters_are_let_pass(server: Server) -> None:
    assert "turns" in server.get("turns?1763668800000")


async def test_a_bundle_is_what_the_kernel_would_show(server: Server, log: TurnLog) -> None:
    record = await begin(log, notebook=notebook_of(server, "bundle.ipynb"))
    await record.append([settings_updated({"cwd": "/w"}), turn_started(SESSION, "c", 7)])
    live = TurnBundle.model_validate(server.get(f"turns/{record.turn_id}/bundle"))
    assert (live.final, live.execution_count, live.state) == (False, 7, "running")
    assert set(live.data) == {MIME, "text/plain"}
    await record.append(ending("the answer"))
    final = TurnBundle.model_validate(server.get(f"turns/{record.turn_id}/bundle"))
    assert (final.final, final.execution_count) == (True, 7)
    assert final.data == mime_bundle(record.transcript.data, ViewSettings(), final=True)
    [turn] = server.get(f"turns?ids={record.turn_id}")["turns"]
    assert turn["execution_count"] == 7
    server.get(f"turns/{new_turn_id()}/bundle", status=404)


async def test_changed_files_are_named_as_the_contents_api_names_them(
    server: Server, log: TurnLog
) -> None:
    root = stored_path(server.root_dir)
    record = await begin(log, notebook=notebook_of(server, "files.ipynb"))

    async def files() -> ChangedFiles:
        return ChangedFiles.model_validate(server.get(f"turns/{record.turn_id}/files"))

    await record.append([settings_updated({"cwd": f"{root}/sub"}), turn_started(SESSION, "c")])
    assert await files() == ChangedFiles(files=[], ran_commands=False)
    await record.append([item_completed(a_patch(f"{root}/sub/a b.py", f"{root}/files.ipynb"))])
    await record.append([item_completed(a_patch("/elsewhere/c.py"))])
    await record.append([diff_updated(MOVED)])
    await record.append([item_completed(a_command([{"type": "read"}]))])
    found = await files()
    assert not found.ran_commands
    assert {(each.path, each.kind, each.is_own_notebook) for each in found.files} == {
        ("sub/a b.py", "update", False),
        ("files.ipynb", "update", True),
        ("sub/old.txt", "delete", False),
        ("sub/new.txt", "add", False),
    }
    await record.append([item_completed(a_command([]))])
    assert (await files()).ran_commands
    await record.append(ending("x"))


async def test_an_open_notebook_that_was_written_to_is_among_the_changed_files(
    server: Server, log: TurnLog
) -> None:
    record = await running(log, notebook=notebook_of(server, "written.ipynb"))
    await record.append([warning("!", "open_notebook")])
    [found] = server.get(f"turns/{record.turn_id}/files")["files"]
    assert found == {"path": "written.ipynb", "kind": "update", "is_own_notebook": True}
    await record.append(ending("x"))
    server.get(f"turns/{new_turn_id()}/files", status=404)


MOVED = """diff --git a/old.txt b/new.txt
--- a/old.txt
+++ b/new.txt
@@ -1 +1 @@
-a
+b
"""


def a_patch(*paths: str) -> dict[str, Any]:
    changes = [{"path": path, "kind": "update", "move_path": None, "diff": ""} for path in paths]
    return {"id": paths[0], "type": "file_change", "status": "completed", "changes": changes}


def a_command(actions: list[dict[str, str]]) -> dict[str, Any]:
    command = {"command": "x", "raw": "x", "cwd": None, "actions": actions, "output": ""}
    return {"id": f"c{len(actions)}", "type": "command", "status": "completed", **command}


async def test_a_notebook_tells_how_many_pages_show_it(server: Server) -> None:
    async def shown(number: int) -> None:
        def is_told() -> bool:
            return server.get("notebooks?path=shown.ipynb")["pages"] == number

        await asyncio.to_thread(wait_until, is_told)

    presence = '{"type":"presence","notebooks":["shown.ipynb"]}'
    await shown(0)
    async with server.socket("feed") as one:
        await one.send(presence)
        await shown(1)
        async with server.socket("feed") as two:
            await two.send(presence)
            await shown(2)
        await shown(1)
    await shown(0)
