"""Commands reach their owner once, or are answered with an error."""

from __future__ import annotations

import asyncio

from codex_kernel.settings import LogSettings
from codex_kernel.turn_log import commands
from codex_kernel.turn_log.log import TurnLog

from .turns import ended, ending, running


async def test_command_is_claimed_and_answered(log: TurnLog) -> None:
    record = await running(log)
    command_id = await commands.ask(
        log, "turn", record.turn_id, "steer", {"text": "also the tests"}, "ada"
    )
    assert await commands.outcome(log, command_id) is None
    [command] = await commands.claim(log, [("turn", record.turn_id), ("session", "s")])
    assert command.command_id == command_id
    assert (command.target_kind, command.target_id) == ("turn", record.turn_id)
    assert (command.verb, command.args, command.by) == ("steer", {"text": "also the tests"}, "ada")
    await commands.finish(log, command_id, {"ok": True})
    await commands.finish(log, command_id, {"ok": False})
    assert await commands.outcome(log, command_id) == {"ok": True}


async def test_commands_come_in_order_and_only_to_their_targets(log: TurnLog) -> None:
    record = await running(log)
    turn: commands.Target = ("turn", record.turn_id)
    targets: list[commands.Target] = [("session", "s"), turn, ("notebook", "/n")]
    asked = [
        await commands.ask(log, *target, f"verb {number}", {}, "ada")
        for number, target in enumerate([*targets, targets[0]])
    ]
    await commands.ask(log, "session", "another", "rename", {}, "ada")
    await commands.ask(log, "notebook", "s", "rename", {}, "ada")
    targets: list[commands.Target] = [
        ("session", "s"),
        ("turn", record.turn_id),
        ("notebook", "/n"),
    ]
    found = await commands.claim(log, targets)
    assert [command.command_id for command in found] == asked
    assert await commands.claim(log, targets) == []
    assert await commands.claim(log, []) == []


async def test_news_tells_of_commands_and_of_turns_that_another_has_ended(log: TurnLog) -> None:
    mine, lost = await running(log), await running(log)
    targets: list[commands.Target] = [("turn", mine.turn_id), ("turn", lost.turn_id)]
    assert await commands.news(log, targets) == commands.News(False, frozenset())
    assert await commands.news(log, []) == commands.News(False, frozenset())
    await commands.ask(log, "session", "another", "rename", {}, "ada")
    await log.database.write("UPDATE turns SET owner = 'x' WHERE turn_id = ?", (lost.turn_id,))
    assert await commands.news(log, targets) == commands.News(False, frozenset({lost.turn_id}))
    await commands.ask(log, "turn", mine.turn_id, "interrupt", {}, "ada")
    assert (await commands.news(log, targets)).has_commands
    await commands.claim(log, targets)
    assert not (await commands.news(log, targets)).has_commands


async def test_two_claimers_never_get_the_same(settings: LogSettings, log: TurnLog) -> None:
    asked = [await commands.ask(log, "session", "s", "rename", {}, "ada") for _ in range(20)]
    async with TurnLog.open(settings) as second:
        claims = (commands.claim(each, [("session", "s")]) for each in (log, second, log, second))
        found = await asyncio.gather(*claims)
    assert sorted(row.command_id for rows in found for row in rows) == sorted(asked)


async def test_key_makes_a_command_once(log: TurnLog) -> None:
    record = await running(log)
    first = await commands.ask(log, "turn", record.turn_id, "interrupt", {}, "ada", key="k")
    again = await commands.ask(log, "turn", record.turn_id, "interrupt", {}, "ada", key="k")
    assert first == again == "k"
    assert len(await commands.claim(log, [("turn", record.turn_id)])) == 1
    await commands.finish(log, "k", {"ok": True})
    await commands.ask(log, "turn", record.turn_id, "interrupt", {}, "ada", key="k")
    assert await commands.outcome(log, "k") == {"ok": True}


async def test_command_to_an_ended_turn_is_answered_at_once(log: TurnLog) -> None:
    record = await ended(log)
    target: commands.Target = ("turn", record.turn_id)
    command_id = await commands.ask(log, *target, "steer", {}, "ada")
    assert await commands.claim(log, [target]) == []
    assert await commands.outcome(log, command_id) == {"error": "The turn has ended (completed)."}


async def test_end_of_the_turn_answers_what_nobody_took_up(log: TurnLog) -> None:
    record = await running(log)
    turn: commands.Target = ("turn", record.turn_id)
    approval: commands.Target = ("approval", f"{record.turn_id}.1")
    taken = await commands.ask(log, *turn, "steer", {}, "ada")
    await commands.claim(log, [turn])
    left = [
        await commands.ask(log, *turn, "interrupt", {}, "ada"),
        await commands.ask(log, *approval, "decide", {}, "ada"),
    ]
    other = await commands.ask(log, "session", "s", "rename", {}, "ada")
    await record.append(ending("42"))
    for command_id in left:
        answer = await commands.outcome(log, command_id)
        assert answer == {"error": "The turn has ended (completed)."}
    assert await commands.claim(log, [turn, approval]) == []
    assert await commands.outcome(log, taken) is None
    assert await commands.outcome(log, other) is None


async def test_command_that_waited_too_long_is_not_done(log: TurnLog) -> None:
    old = await commands.ask(log, "session", "s", "rename", {}, "ada")
    await log.database.write("UPDATE commands SET asked_at = '2020-01-01T00:00:00.000Z'")
    new = await commands.ask(log, "session", "s", "rename", {}, "ada")
    found = await commands.claim(log, [("session", "s")])
    assert [command.command_id for command in found] == [new]
    assert await commands.outcome(log, old) == {"error": "Nobody took this up in time."}


async def test_asker_waits_for_the_answer(settings: LogSettings, log: TurnLog) -> None:
    async with TurnLog.open(settings, kind="server") as server:
        command_id = await commands.ask(server, "session", "s", "rename", {}, "ada")
        waiting = asyncio.create_task(commands.wait(server, command_id, 30))
        async with log.tail() as tail:
            while not (found := await commands.claim(log, [("session", "s")])):
                assert await tail.changed(30)
        await commands.finish(log, found[0].command_id, {"ok": True})
        assert await waiting == {"ok": True}


async def test_asker_does_not_wait_for_ever(log: TurnLog) -> None:
    command_id = await commands.ask(log, "session", "s", "rename", {}, "ada")
    assert await commands.wait(log, command_id, 0.05) is None


async def test_what_was_answered_to_a_question_is_never_kept(log: TurnLog) -> None:
    record = await running(log)
    approval: commands.Target = ("approval", f"{record.turn_id}.1")
    secret = {"answers": {"token": "hunter2"}}

    async def answer() -> str:
        return await commands.ask(log, *approval, "decide", secret, "ada")

    finished = await answer()
    assert [row.args for row in await commands.claim(log, [approval])] == [secret]
    await commands.finish(log, finished, {"ok": True})
    await answer()
    await log.database.write("UPDATE commands SET asked_at = '2020' WHERE outcome IS NULL")
    assert await commands.claim(log, [approval]) == []
    await answer()
    assert await commands.claim(log, [approval])
    await commands.abandon(log, log.owner.owner)
    await answer()
    await record.append(ending("42"))
    await answer()
    rows = await log.database.rows("SELECT args, outcome FROM commands")
    assert len(rows) == 5
    assert all(row["outcome"] for row in rows)
    assert {row["args"] for row in rows} == {"{}"}
