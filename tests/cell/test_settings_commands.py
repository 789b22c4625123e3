"""How Codex works: what commands change arrives in the next turn."""

from __future__ import annotations

from pathlib import Path

import pytest

from codex_kernel.cell.fields import FIELDS, read_field, show_field
from codex_kernel.errors import BadArgument
from codex_kernel.settings import SessionSettings

from .bench import Bench


async def test_model_lists_the_catalogue_and_marks_the_present_one(bench: Bench) -> None:
    assert "Codex's own choice" in await bench.run("/model")
    await bench.play(["say", "hi"])
    shown = await bench.run("/model")
    assert "→ gpt-5.5" in shown
    assert "gpt-6.1-sol" in shown


async def test_model_and_effort_are_used_by_the_next_turn(bench: Bench) -> None:
    await bench.run("/model gpt-5.6-sol high")
    await bench.play(["say", "hi"])
    request = bench.model.requests[-1]
    assert (request["model"], request["reasoning"]["effort"]) == ("gpt-5.6-sol", "high")
    await bench.run("/effort low")
    await bench.play(["say", "hi"])
    assert bench.model.requests[-1]["reasoning"]["effort"] == "low"


async def test_an_effort_that_the_new_model_lacks_becomes_its_default(bench: Bench) -> None:
    await bench.run("/model gpt-6-sol ultra")
    assert "no effort 'ultra'" in await bench.run("/model gpt-5.5")
    assert bench.session.settings.effort == "medium"


async def test_unknown_models_and_efforts_name_the_closest(bench: Bench) -> None:
    with pytest.raises(BadArgument, match=r"Did you mean `gpt-6-luna`\?.*/set model=gpt-6-lunar"):
        await bench.run("/model gpt-6-lunar")
    with pytest.raises(BadArgument, match=r"Did you mean `high`\?"):
        await bench.run("/effort hihg")
    with pytest.raises(BadArgument, match=r"as effort.*Did you mean `xhigh`\?"):
        await bench.run("/model gpt-5.5 xxhigh")
    assert bench.session.settings.model is None


async def test_effort_lists_those_of_the_model(bench: Bench) -> None:
    await bench.run("/model gpt-5.5 low")
    shown = await bench.run("/effort")
    assert "→ low" in shown
    assert "ultra" not in shown


async def test_sandbox_and_approvals_are_validated_and_used(bench: Bench) -> None:
    assert "→ workspace-write" in await bench.run("/sandbox")
    assert "→ on-request" in await bench.run("/approvals")
    with pytest.raises(BadArgument, match=r"Did you mean `read-only`\?"):
        await bench.run("/sandbox readonly")
    with pytest.raises(BadArgument, match="does not take 'now'"):
        await bench.run("/approvals never now")
    await bench.run("/sandbox read-only\n/approvals never")
    turn = await bench.play(["run", "touch here"], ["say", "tried"])
    assert not (bench.workspace / "here").exists()
    assert turn.data["settings"]["sandbox"] == "read-only"
    assert turn.data["settings"]["approval_policy"] == "never"


async def test_cd_moves_commands_and_refuses_what_is_no_folder(bench: Bench) -> None:
    (bench.workspace / "my data").mkdir()
    await bench.run("/cd my data")
    await bench.play(["run", "touch here"], ["say", "ok"])
    assert (bench.workspace / "my data" / "here").exists()
    assert "my data" in await bench.run("/cd")
    await bench.run('/cd ".."')
    assert bench.session.settings.cwd == str(bench.workspace)
    with pytest.raises(BadArgument, match="no folder"):
        await bench.run("/cd nowhere")
    with pytest.raises(BadArgument, match="quotes"):
        await bench.run('/cd "nowhere')


async def test_env_reaches_commands_from_the_next_turn_on_and_is_never_shown(bench: Bench) -> None:
    await bench.run("/env FIRST=one")
    first = await bench.play(["run", "echo $FIRST"], ["say", "ok"])
    assert "one\n" in first.data["items"][0]["output"]
    session = bench.session.id
    said = await bench.run("/env SECOND=secret value")
    assert "secret" not in said
    assert "SECOND" in said
    second = await bench.play(["run", "echo $FIRST-$SECOND"], ["say", "ok"])
    assert "one-secret value\n" in second.data["items"][0]["output"]
    assert bench.session.id == session
    assert await bench.run("/env") == "Commands get: FIRST, SECOND. Values are never shown."
    await bench.run("/env SECOND=")
    third = await bench.play(["run", "echo $FIRST-$SECOND"], ["say", "ok"])
    assert "one-\n" in third.data["items"][0]["output"]


async def test_the_value_of_a_variable_is_written_nowhere(bench: Bench) -> None:
    await bench.play(["say", "hi"])
    await bench.run("/env TOKEN=topsecret-0123")
    await bench.play(["run", "true"], ["say", "ok"])
    await bench.run("/status")
    await bench.run("!true")
    assert "topsecret" not in "".join(each["text/html"] for each in bench.said)
    assert "topsecret" not in "".join(str(request) for request in bench.model.requests)
    await bench.session.aclose()
    for folder in (bench.home, bench.session.log.settings.folder):
        written = [file for file in folder.rglob("*") if file.is_file()]
        assert written
        assert not [file for file in written if b"topsecret" in file.read_bytes()]


async def test_env_leaves_an_open_session_alone_while_commands_run_in_it(bench: Bench) -> None:
    await bench.play(["run", "sleep 60", {"yield_time_ms": 250}], ["say", "started"])
    assert "when the session is opened again" in await bench.run("/env NAME=value")
    assert "sleep 60" in await bench.run("/stop")


async def test_env_asks_for_a_value_without_echo(bench: Bench) -> None:
    bench.typed = ["hidden"]
    said = await bench.run("/env TOKEN")
    assert bench.asked == [("Value of TOKEN: ", True)]
    assert "hidden" not in said
    assert bench.session.settings.env == {"TOKEN": "hidden"}
    with pytest.raises(BadArgument, match="Nobody can be asked"):
        await bench.run("/env OTHER")
    with pytest.raises(BadArgument) as refused:
        await bench.run("/env not a name=topsecret")
    assert "topsecret" not in str(refused.value)


async def test_set_reads_values_by_the_type_of_the_field(bench: Bench) -> None:
    await bench.run("/set max_minutes=2.5\n/set network_access = on\n/set fail_on=declined, patch")
    settings = bench.session.settings
    assert (settings.max_minutes, settings.network_access) == (2.5, True)
    assert settings.fail_on == ("declined", "patch")
    await bench.run("/set max_minutes=")
    assert bench.session.settings.max_minutes is None
    assert "/new" in await bench.run("/set effort=")
    shown = await bench.run("/set")
    assert "network_access   true" in shown
    assert await bench.run("/set on_restart") == "on_restart  resume"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("max_minutes=soon", "a number above 0"),
        ("max_minutes=0", "a number above 0"),
        ("max_minutes=nan", "a number above 0"),
        ("max_turns=1.5", "a whole number above 0"),
        ("network_access=maybe", "true or false"),
        ("on_restart=newer", "Did you mean `new`"),
        ("fail_on=patches", "Did you mean `patch`"),
        ("max_minute=3", "Did you mean `max_minutes`"),
        ("env={}", "There is no setting"),
    ],
)
async def test_set_refuses_what_a_field_does_not_take(
    bench: Bench, given: str, message: str
) -> None:
    before = bench.session.settings
    with pytest.raises(BadArgument, match=message):
        await bench.run(f"/set {given}")
    assert bench.session.settings == before


async def test_instructions_are_for_sessions_that_begin_later(bench: Bench) -> None:
    await bench.play(["say", "one"])
    assert "/new" in await bench.run("/set instructions=Speak like a pirate.")
    await bench.play(["say", "two"])
    assert "Speak like a pirate." not in bench.sent()
    await bench.run("/new")
    await bench.play(["say", "three"])
    assert "Speak like a pirate." in bench.sent()


def test_every_field_shows_a_value_that_reads_as_itself(tmp_path: Path) -> None:
    settings = SessionSettings(
        model="m",
        effort="low",
        network_access=True,
        writable_roots=(str(tmp_path),),
        max_minutes=0.5,
        max_turns=3,
        max_tokens=10_000,
        fail_on=("declined", "patch"),
        isolated=True,
        instructions="Be brief.",
    )
    for name in FIELDS:
        assert read_field(name, show_field(settings, name)) == getattr(settings, name)
        assert read_field(name, "") == getattr(SessionSettings(), name)


async def test_a_name_that_is_no_setting_is_a_variable_of_prompts(bench: Bench) -> None:
    said = await bench.run("/set dataset=my data.csv")
    assert "{dataset} in a prompt stands for: my data.csv" in said
    assert bench.session.settings.variables == {"dataset": "my data.csv"}
    assert "{dataset}" in await bench.run("/set")
    assert "my data.csv" in await bench.run("/set dataset")
    await bench.run('/set dataset="two\\nlines"')
    assert bench.session.settings.variables == {"dataset": "two\nlines"}
    await bench.run("/set dataset=")
    assert bench.session.settings.variables == {}


async def test_what_was_set_of_a_setting_stands_in_prompts_too(bench: Bench) -> None:
    await bench.run('/set fail_on=["declined", "command"]')
    await bench.run("/set max_turns=4")
    assert bench.session.settings.fail_on == ("declined", "command")
    assert bench.session.settings.variables["max_turns"] == "4"
