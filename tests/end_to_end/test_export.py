"""Sessions as documents and notebooks: of this kernel, of any other Codex, of another machine."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

from codex_kernel.app_server.client import AppServer, Channel, thread_params, turn_params
from codex_kernel.render.bundle import MIME
from codex_kernel.scripted_model import ScriptedModel
from codex_kernel.settings import AppServerSettings, SessionSettings

from .place import Place, kernel_in, new_place, processes_of, scripted, wait_until
from .script import cell, say

PATCH = "*** Begin Patch\n*** Add File: a.txt\n+x\n*** End Patch"
PROMPTS = (
    cell([["think", "**Looking**\n\naround"], ["run", "echo hi"]], say("One."), prompt="First"),
    cell(["patch", PATCH], say("Two. ✓"), prompt="/second is no command"),
)


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    with new_place() as place:
        yield place
        wait_until(lambda: not processes_of(place), seconds=10)


@pytest.fixture(scope="module")
def model(place: Place) -> Iterator[ScriptedModel]:
    with scripted(place) as model:
        yield model


@pytest.fixture(scope="module")
def thread(place: Place, model: ScriptedModel) -> str:
    """The id of a session of two turns that another client than ours has had."""
    return asyncio.run(_converse(place))


async def _converse(place: Place) -> str:
    own = AppServerSettings(environ=place.environ())
    settings = SessionSettings(cwd=str(place.workspace))
    place.data.mkdir(exist_ok=True)
    async with await AppServer.start(own, data_folder=place.data, client_version="1") as server:
        answer = await server.request("thread/start", thread_params(settings, own))
        thread_id = answer["thread"]["id"]
        channel = server.open_channel(thread_id)
        for number, prompt in enumerate(PROMPTS):
            content = [{"type": "text", "text": prompt}]
            params = turn_params(settings, thread_id, content, f"message-{number}")
            await server.request("turn/start", params)
            await _ended(channel)
    return thread_id


async def _ended(channel: Channel) -> None:
    while not any(each["method"] == "turn/completed" for each in await channel.batch()):
        continue


def codex(place: Place, *arguments: str | Path, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "codex_kernel", *map(str, arguments)],
        cwd=place.workspace,
        env=place.environ(**environ),
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def exported(place: Place, session: str, to: str, *options: str) -> str:
    done = codex(place, "export", session, "--to", to, *options)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def asked(model: ScriptedModel) -> str:
    """What the model was told with the last request."""
    return json.dumps(model.requests[-1])


def test_a_session_that_was_never_a_notebook_is_a_document(place: Place, thread: str):
    page = exported(place, thread, "html")
    for part in ("First", "$ echo hi", "One.", "Created", "a.txt", "Two.", thread, "gpt-5.5"):
        assert part in page
    assert "<em" in page
    assert "<em" not in exported(place, thread, "html", "--no-reasoning")
    short = exported(place, thread, "markdown", "--compact")
    assert "$ echo hi" not in short
    assert "Two." in short


def test_standard_output_is_utf8_as_the_document_says(place: Place, thread: str):
    done = codex(place, "export", thread, "--to", "json", PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stderr
    assert "Two. ✓" in done.stdout


def test_it_becomes_a_notebook_that_goes_on(place: Place, model: ScriptedModel, thread: str):
    path = place.workspace / "taken-over.ipynb"
    done = codex(place, "export", thread, "--to", "ipynb", "--output", path)
    assert done.returncode == 0, done.stderr
    assert f"goes on with the session {thread}" in done.stdout
    book = nbformat.read(path, as_version=4)
    nbformat.validate(book)
    _, first, second = book.cells
    assert [first.source, second.source] == [PROMPTS[0], f"\\{PROMPTS[1]}"]
    assert first.outputs[0].data[MIME]["state"] == "completed"
    with kernel_in(place, notebook="taken-over.ipynb") as kernel:
        result = kernel.run(cell(say("Three."), prompt="Third"), cell_id=second.id)
    assert result.bundle["session_id"] == thread
    assert "Continuing a session of 2 turns" in json.dumps(result.bundle["items"])
    for part in ("First", "/second is no command", "Third"):
        assert part in asked(model)
    page = exported(place, thread, "html")
    assert page.count("<article") == 3


def test_an_existing_file_is_not_replaced_unasked(place: Place, thread: str):
    path = place.workspace / "there.html"
    path.write_text("mine")
    refused = codex(place, "export", thread, "--output", path)
    assert refused.returncode == 1
    assert "--force replaces it" in refused.stderr
    assert path.read_text() == "mine"
    assert codex(place, "export", thread, "--output", path, "--force").returncode == 0
    assert "<!DOCTYPE html>" in path.read_text()


def test_a_recorded_session_shows_what_only_the_record_knows(place: Place, model: ScriptedModel):
    prompts = cell(["escalate", "touch /x", "May I?"], say("No then.")), "/compact"
    with kernel_in(place, notebook="own.ipynb") as kernel:
        session = kernel.run(prompts[0]).bundle["session_id"]
        kernel.run(prompts[1])
    assert "Declined by" in exported(place, session, "html")
    turns = json.loads(exported(place, session, "json"))["turns"]
    assert [turn["prompt"] for turn in turns] == list(prompts)
    book = json.loads(exported(place, session, "ipynb"))
    assert [each["source"] for each in book["cells"][1:]] == list(prompts)
    offline = codex(place, "export", session, CODEX_KERNEL_ENDPOINT="ws://127.0.0.1:9")
    assert offline.returncode == 0
    assert "This is what the record has." in offline.stderr
    assert "Declined by" in offline.stdout


def test_the_json_is_a_notebook_that_goes_on_elsewhere(place: Place, thread: str, tmp_path: Path):
    file = tmp_path / "session.json"
    file.write_text(exported(place, thread, "json"))
    with new_place() as other, scripted(other) as model:
        path = other.workspace / "imported.ipynb"
        done = codex(other, "import", file, "--output", path)
        assert done.returncode == 0, done.stderr
        with kernel_in(other, notebook="imported.ipynb") as kernel:
            result = kernel.run(cell(say("Here.")), cell_id="new-cell")
        assert result.bundle["session_id"] in done.stdout
        assert result.bundle["session_id"] != thread
        for part in ("First", "One.", "/second is no command", "Two."):
            assert part in asked(model)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is not JSON"),
        ("[]", "no exported session"),
        ('{"format": "codex-session", "version": 2}', "version 2"),
        ('{"format": "codex-session", "version": 1, "turns": [{}]}', "damaged"),
    ],
)
def test_what_cannot_be_imported_is_said(place: Place, tmp_path: Path, text: str, said: str):
    (tmp_path / "bad.json").write_text(text)
    done = codex(place, "import", tmp_path / "bad.json")
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "bad.ipynb").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("export",), 2, "one session"),
        (("export", "0199aaaa-0000-7000-8000-00000000000a"), 1, "Neither Codex nor the record"),
        (("export", "nonsense"), 1, "Neither Codex nor the record"),
        (("import", "nowhere.json"), 1, "cannot be read"),
    ],
)
def test_what_is_not_there_is_said(
    place: Place, model: ScriptedModel, arguments: tuple[str, ...], code: int, said: str
):
    done = codex(place, *arguments)
    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr
