"""The client against the real binary, in every version there is."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Awaitable
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from codex_kernel.app_server.binary import check_version, newest_seen
from codex_kernel.app_server.client import (
    AppServer,
    child_environ,
    effective,
    resume_params,
    thread_params,
)
from codex_kernel.app_server.questions import refusal, reply
from codex_kernel.errors import AppServerError, AppServerGone, BinaryNotFound, RequestTimedOut
from codex_kernel.scripted_model import ScriptedModel
from codex_kernel.settings import AppServerSettings, Sandbox, SessionSettings
from codex_kernel.turn.approvals import Decision

from ..codex_binaries import binaries
from .conftest import Conversation, Start


async def test_start_tells_version_home_and_process(
    server: AppServer, codex_bin: Path, folder: Path
) -> None:
    assert server.version
    assert binaries()[server.version] == codex_bin
    assert server.codex_home == str(folder / "home")
    assert server.process is not None
    pid, started = server.process
    assert psutil.Process(pid).ppid() == psutil.Process().pid
    assert started is None or started > 0
    assert not server.is_shared
    assert not server.is_gone
    assert server.warnings == list(filter(None, [check_version(server.version)]))
    assert newest_seen(folder / "data", folder / "home") == server.version


async def test_a_turn_runs_from_start_to_end(conversation: Conversation) -> None:
    turn = await conversation.turn('Hello @@ [["say", "Hello you."]]')
    assert turn["status"] == "completed"
    echo = next(
        message["params"]["item"]
        for message in conversation.messages
        if message["method"] == "item/completed"
        and message["params"]["item"]["type"] == "userMessage"
    )
    assert echo["clientId"] == "mine"
    texts = [m["params"]["delta"] for m in conversation.messages if m["method"].endswith("delta")]
    assert "".join(texts) == "Hello you."


async def test_nothing_is_sent_that_nobody_reads(conversation: Conversation) -> None:
    await conversation.turn('Hello @@ [["say", "Hello."]]')
    methods = {message["method"] for message in conversation.messages}
    assert "thread/readState/changed" not in methods
    assert "turn/completed" in methods


async def test_what_comes_before_a_channel_is_opened_is_handed_over(
    server: AppServer, session_settings: SessionSettings, model: ScriptedModel
) -> None:
    first = await Conversation.begin(server, session_settings)
    first.channel.close()
    await first.ask('Hello @@ [[["say", "Hello."], ["wait", "seen"]]]')
    await model.reached("seen")
    late = Conversation(server, session_settings, first.id)
    started = await late.until("turn/started")
    model.release("seen")
    await late.until("turn/completed")
    assert [m["method"] for m in late.messages].index("turn/started") < 4
    assert started["params"]["threadId"] == first.id


async def test_two_threads_at_once_do_not_mix(
    server: AppServer, session_settings: SessionSettings
) -> None:
    one = await Conversation.begin(server, session_settings)
    two = await Conversation.begin(server, session_settings)
    turns = await asyncio.gather(
        one.turn('A @@ [["words", 200]]'),
        two.turn('B @@ [["words", 200]]'),
    )
    assert [turn["status"] for turn in turns] == ["completed", "completed"]
    for conversation in (one, two):
        assert {m["params"]["threadId"] for m in conversation.messages} == {conversation.id}


async def test_the_death_of_a_child_reaches_every_waiter_after_its_last_messages(
    conversation: Conversation, model: ScriptedModel
) -> None:
    server = conversation.server
    await conversation.ask('Hello @@ [[["say", "Half"], ["wait", "never"]]]')
    await conversation.until("item/agentMessage/delta")
    pending = asyncio.create_task(server.request("model/list", {}))
    waiting = asyncio.create_task(conversation.channel.batch())
    await asyncio.sleep(0)
    server.kill()
    gone = await asyncio.wait_for(asyncio.shield(server.gone), 10)
    assert "killed" in gone.message
    assert server.is_gone
    with pytest.raises(AppServerGone):
        await _drain(conversation, first=waiting)
    with pytest.raises(AppServerGone):
        await server.request("model/list", {})
    await asyncio.gather(pending, return_exceptions=True)


async def test_a_channel_that_is_opened_after_the_end_says_so(server: AppServer) -> None:
    await server.aclose()
    with pytest.raises(AppServerGone):
        await server.open_channel("any").batch()


async def test_a_closed_channel_ends_its_reader(conversation: Conversation) -> None:
    waiting = asyncio.create_task(_drain(conversation))
    await asyncio.sleep(0)
    conversation.channel.close()
    assert await asyncio.wait_for(waiting, 5) == []


async def _drain(
    conversation: Conversation, *, first: Awaitable[list[Any]] | None = None
) -> list[Any]:
    batch = await (first or conversation.channel.batch())
    while batch:
        batch = await conversation.channel.batch()
    return batch


@pytest.mark.parametrize("slug", ["unknown-model", "gpt-6.1-sol"])
async def test_messages_of_sub_agents_come_through_the_parents_channel(
    server: AppServer, session_settings: SessionSettings, slug: str
) -> None:
    conversation = await Conversation.begin(server, replace(session_settings, model=slug))
    task = 'look @@ [["run", "echo from child"], ["say", "child done"]]'
    script = [["spawn", "helper", task], ["join"], ["say", "ok"]]
    turn = await conversation.turn(f"Delegate @@ {json.dumps(script)}")
    assert turn["status"] == "completed"
    others = {m["params"]["threadId"] for m in conversation.messages} - {conversation.id}
    assert len(others) == 1
    (child,) = others
    await conversation.until("turn/completed", child)
    texts = [
        message["params"]["item"].get("text")
        for message in conversation.messages
        if message["method"] == "item/completed" and message["params"]["threadId"] == child
    ]
    assert "child done" in texts


async def test_an_approval_is_answered_by_its_request(
    conversation: Conversation, folder: Path
) -> None:
    outside = folder / "outside.txt"
    await conversation.ask(f'Go @@ [["escalate", "touch {outside}", "Need it?"], ["say", "ok"]]')
    request = await conversation.until("item/commandExecution/requestApproval")
    await conversation.server.respond(request, reply(request, Decision("once", "me")))
    await conversation.until("turn/completed")
    assert outside.exists()


async def test_a_refusal_declines_and_the_turn_goes_on(
    conversation: Conversation, folder: Path
) -> None:
    outside = folder / "outside.txt"
    await conversation.ask(f'Go @@ [["escalate", "touch {outside}", "Need it?"], ["say", "ok"]]')
    request = await conversation.until("item/commandExecution/requestApproval")
    await conversation.server.respond(request, refusal(request))
    turn = await conversation.until("turn/completed")
    assert turn["params"]["turn"]["status"] == "completed"
    assert not outside.exists()


async def test_a_question_of_a_thread_that_nobody_opened_is_refused(
    server: AppServer,
    session_settings: SessionSettings,
    folder: Path,
    model: ScriptedModel,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("codex_kernel.app_server.routing.UNCLAIMED_SECONDS", 0.05)
    outside = folder / "outside.txt"
    conversation = await Conversation.begin(server, session_settings)
    conversation.channel.close()
    script = f'[["escalate", "touch {outside}", "Need it?"], [["wait", "told"], ["say", "ok"]]]'
    await conversation.ask(f"Go @@ {script}")
    await model.reached("told")
    model.release("told")
    assert not outside.exists()
    late = Conversation(server, session_settings, conversation.id)
    await late.until("turn/completed")


async def test_global_notifications_go_to_subscribers(server: AppServer) -> None:
    heard: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    unsubscribe = server.subscribe(heard.put_nowait)
    await server.request("account/login/start", {"type": "apiKey", "apiKey": "sk-none"})
    methods: set[str] = set()
    async with asyncio.timeout(10):
        while not methods.issuperset({"account/login/completed", "account/updated"}):
            methods.add((await heard.get())["method"])
    unsubscribe()
    unsubscribe()


async def test_a_request_without_an_answer_times_out(conversation: Conversation) -> None:
    with pytest.raises(RequestTimedOut):
        await conversation.server.request("model/list", {}, timeout=0.0)


async def test_a_binary_that_is_not_there_is_named(folder: Path) -> None:
    settings = AppServerSettings(codex_bin=str(folder / "none"), codex_home=str(folder / "home"))
    with pytest.raises(BinaryNotFound, match="none"):
        await AppServer.start(settings, data_folder=folder / "data", client_version="0")


async def test_a_program_that_is_no_app_server_leaves_nothing_behind(folder: Path) -> None:
    before = psutil.Process().children(recursive=True)
    program = folder / "codex"
    program.write_text("#!/bin/sh\necho 'no such thing' >&2\nexit 3\n")
    program.chmod(0o700)
    settings = AppServerSettings(codex_bin=str(program), codex_home=str(folder / "home"))
    with pytest.raises(AppServerGone, match="no such thing"):
        await AppServer.start(settings, data_folder=folder / "data", client_version="0")
    silent = folder / "silent"
    silent.write_text("#!/bin/sh\ncat > /dev/null\n")
    silent.chmod(0o700)
    settings = replace(
        settings, codex_bin=str(silent), start_seconds=0.2, environ={"PATH": "/usr/bin:/bin"}
    )
    with pytest.raises(RequestTimedOut, match="did not start"):
        await AppServer.start(settings, data_folder=folder / "data", client_version="0")
    assert psutil.Process().children(recursive=True) == before


async def test_it_starts_where_the_data_folder_cannot_be_made(
    folder: Path, settings: AppServerSettings
) -> None:
    (folder / "file").touch()
    data_folder = folder / "file" / "data"
    async with await AppServer.start(
        settings, data_folder=data_folder, client_version="0"
    ) as server:
        assert server.process is not None
        assert os.listdir(psutil.Process(server.process[0]).cwd()) == []


async def test_several_start_at_once_on_one_home(start: Start) -> None:
    servers = await asyncio.gather(*(start() for _ in range(4)))
    assert len({server.process for server in servers}) == 4


async def test_an_unreadable_token_file_is_named(folder: Path) -> None:
    settings = AppServerSettings(endpoint="ws://127.0.0.1:9", token_file=str(folder / "none.token"))
    with pytest.raises(AppServerError, match=r"none\.token"):
        await AppServer.start(settings, data_folder=folder / "data", client_version="0")


async def test_effective_settings_are_reported(conversation: Conversation) -> None:
    conversation.settings = replace(conversation.settings, effort="high", network_access=True)
    await conversation.turn('Hello @@ [["say", "Hello."]]')
    updated = await conversation.until("thread/settings/updated")
    reported = effective(updated["params"]["threadSettings"])
    assert reported == {
        "model": "gpt-5.5",
        "effort": "high",
        "sandbox": "workspace-write",
        "network_access": True,
        "approval_policy": "on-request",
        "cwd": conversation.settings.cwd,
    }


@pytest.mark.parametrize("sandbox", ["workspace-write", "danger-full-access"])
async def test_the_users_config_stays_as_it_is_also_in_a_git_repository(
    start: Start,
    folder: Path,
    workspace: Path,
    session_settings: SessionSettings,
    sandbox: Sandbox,
) -> None:
    make = await asyncio.create_subprocess_exec("git", "init", "-q", workspace)
    assert await make.wait() == 0
    config = folder / "home" / "config.toml"
    before = config.read_bytes()
    settings = replace(session_settings, sandbox=sandbox)
    server = await start()
    conversation = await Conversation.begin(server, settings)
    write = "echo hi > file.txt; cat file.txt"
    turn = await conversation.turn(f'Go @@ [["run", "{write}"], ["say", "ok"]]')
    assert turn["status"] == "completed"
    assert (workspace / "file.txt").read_text() == "hi\n"
    assert config.read_bytes() == before
    await server.aclose()

    (workspace / "file.txt").unlink()
    server = await start()
    params = resume_params(settings, server._settings, conversation.id)
    await server.request("thread/resume", params)
    again = Conversation(server, settings, conversation.id)
    assert (await again.turn(f'Go @@ [["run", "{write}"], ["say", "ok"]]'))["status"] == "completed"
    assert (workspace / "file.txt").read_text() == "hi\n"
    assert config.read_bytes() == before


async def test_read_only_stays_read_only(
    server: AppServer, session_settings: SessionSettings, workspace: Path
) -> None:
    settings = replace(session_settings, sandbox="read-only")
    conversation = await Conversation.begin(server, settings)
    await conversation.turn('Go @@ [["run", "sleep 0.3; echo hi > file.txt"], ["say", "ok"]]')
    assert not (workspace / "file.txt").exists()


async def test_commands_see_the_environment_of_the_settings(
    server: AppServer, session_settings: SessionSettings, workspace: Path
) -> None:
    settings = replace(session_settings, env={"GREETING": "good day"})
    conversation = await Conversation.begin(server, settings)
    await conversation.turn('Go @@ [["run", "echo $GREETING > out.txt"], ["say", "ok"]]')
    assert (workspace / "out.txt").read_text() == "good day\n"


async def test_an_isolated_thread_leaves_out_what_the_user_configured(
    start: Start,
    folder: Path,
    workspace: Path,
    model: ScriptedModel,
    settings: AppServerSettings,
    session_settings: SessionSettings,
) -> None:
    (workspace / "AGENTS.md").write_text("PROJECT MARK\n")
    skill = folder / "home" / "skills" / "mine"
    skill.mkdir(parents=True)
    (skill / "SKILL.md").write_text("---\nname: mine\ndescription: SKILL MARK\n---\nbody\n")
    with (folder / "home" / "config.toml").open("a") as config:
        config.write('\n[mcp_servers."odd.name"]\ncommand = "no-such-program"\n')
    own = replace(settings, config={"mcp_servers.ours.command": "no-such-program-either"})
    server = await start(own)
    names = await server.mcp_servers(str(workspace))
    assert names == ["odd.name"]
    isolated = replace(session_settings, isolated=True)

    seen: dict[bool, tuple[bool, bool, set[str]]] = {}
    for each in (session_settings, isolated):
        params = thread_params(each, own, mcp_servers=names)
        answer = await server.request("thread/start", params)
        conversation = Conversation(server, each, answer["thread"]["id"])
        await conversation.turn('Hello @@ [["say", "Hello."]]')
        sent = json.dumps(model.requests[-1])
        started = {
            message["params"]["name"]
            for message in conversation.messages
            if message["method"] == "mcpServer/startupStatus/updated"
        }
        seen[each.isolated] = ("PROJECT MARK" in sent, "SKILL MARK" in sent, started)
    assert seen == {
        False: (True, True, {"odd.name", "ours"}),
        True: (False, False, {"ours"}),
    }


async def test_values_of_the_environment_stay_out_of_codexs_files(
    server: AppServer, session_settings: SessionSettings, folder: Path
) -> None:
    settings = replace(session_settings, env={"TOKEN": "hush-hush-hush"})
    conversation = await Conversation.begin(server, settings)
    await conversation.turn('Go @@ [["run", "true"], ["say", "ok"]]')
    await server.aclose()
    files = [path for path in (folder / "home").rglob("*") if path.is_file()]
    assert files
    assert [path for path in files if b"hush-hush-hush" in path.read_bytes()] == []


async def test_a_shared_app_server_is_used_and_left_running(
    start: Start, folder: Path, settings: AppServerSettings, session_settings: SessionSettings
) -> None:
    socket = folder / "shared.sock"
    process = await asyncio.create_subprocess_exec(
        str(settings.codex_bin),
        "app-server",
        "--listen",
        f"unix://{socket}",
        env=child_environ(settings),
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(30):
            while not socket.exists():  # noqa: ASYNC110 - another process makes it
                await asyncio.sleep(0.02)
        server = await start(replace(settings, endpoint=f"unix://{socket}"))
        assert server.is_shared
        assert server.process is None
        conversation = await Conversation.begin(server, session_settings)
        turn = await conversation.turn('Hello @@ [["say", "Hello."]]')
        assert turn["status"] == "completed"
        server.kill()
        assert not server.is_gone
        await server.aclose()
        assert server.is_gone
        assert process.returncode is None
    finally:
        process.terminate()
        await process.wait()
