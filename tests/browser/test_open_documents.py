"""Documents that are open while Codex changes their files, and images in prompts."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from playwright.sync_api import Browser, Locator, Route, expect
from playwright.sync_api import Request as PageRequest

from ..end_to_end.place import SECONDS, wait_until
from ..end_to_end.script import cell, png, say
from .lab import Lab, LabPage
from .test_panel import second_page


def patch(name: str, before: str, after: str) -> list[str]:
    text = f"*** Begin Patch\n*** Update File: {name}\n@@\n-{before}\n+{after}\n*** End Patch"
    return ["patch", text]


def open_file(page: LabPage, name: str) -> Locator:
    """A text file in a tab of its own beside the notebook."""
    page.page.evaluate(
        """name => window.jupyterapp.commands.execute(
            'docmanager:open', {path: name, options: {mode: 'split-right'}})""",
        name,
    )
    editor = page.page.locator(".jp-FileEditor .cm-content")
    expect(editor).to_be_visible()
    return editor


def open_patched(lab: Lab, page: LabPage, name: str, *then: Any) -> tuple[Path, Locator]:
    """A text file, in a tab beside a notebook whose turn changes it and goes on with `then`."""
    file = lab.place.workspace / f"{name}.txt"
    file.write_text("old\n")
    lab.write(name, cell([patch(file.name, "old", "of Codex"), *then], say("Done.")))
    page.open(name)
    return file, open_file(page, file.name)


def hold_first(
    page: LabPage, name: str, is_wanted: Callable[[PageRequest], bool]
) -> Callable[[], Route]:
    """Hold the first such request for a file's content; waits for it and returns it."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        if is_wanted(route.request) and not held:
            held.append(route)
        else:
            route.continue_()

    def wait() -> Route:
        deadline = time.monotonic() + SECONDS
        while not held and time.monotonic() < deadline:
            page.page.wait_for_timeout(20)
        return held[0]

    page.page.route(f"**/api/contents/{name}*", hold)
    return wait


def test_an_unchanged_document_follows_a_patch_at_once(lab: Lab, page: LabPage):
    file = lab.place.workspace / "clean.txt"
    file.write_text("first\nold\nlast\n")
    lab.write("clean", cell([patch("clean.txt", "old", "new")], [["wait", "clean"], say("Done.")]))
    page.open("clean")
    editor = open_file(page, "clean.txt")
    expect(editor).to_contain_text("old")
    page.run_in("clean", 0)
    expect(editor).to_contain_text("new")
    assert "new" in file.read_text()
    lab.model.release("clean")
    expect(page.notebook_prompt).to_have_text("[1]:")


def test_a_document_follows_what_a_command_wrote(lab: Lab, page: LabPage):
    (lab.place.workspace / "shell.txt").write_text("before\n")
    lab.write("shell", cell(["run", "echo by the shell > shell.txt"], say("Done.")))
    page.open("shell")
    editor = open_file(page, "shell.txt")
    page.run_in("shell", 0)
    expect(editor).to_contain_text("by the shell")


def test_a_document_follows_a_turn_that_ended_while_the_page_was_offline(lab: Lab, page: LabPage):
    (lab.place.workspace / "away.txt").write_text("before\n")
    write = ["run", "echo meanwhile > away.txt"]
    lab.write("away", cell([say("Going."), ["wait", "away"], write], say("All done.")))
    page.open("away")
    editor = open_file(page, "away.txt")
    page.run_in("away", 0)
    expect(page.output(0)).to_contain_text("Going.")
    page.page.context.set_offline(True)
    expect(page.output(0)).to_contain_text("reconnecting")
    lab.model.release("away")
    wait_until(lambda: "All done." in lab.text_of("away.ipynb"))
    page.page.context.set_offline(False)
    expect(editor).to_contain_text("meanwhile")
    page.forgive_connections()


def test_a_document_with_changes_is_left_alone_and_the_user_chooses(lab: Lab, page: LabPage):
    for choice in ("Keep mine", "Take theirs"):
        name = choice.split()[0].lower()
        file = lab.place.workspace / f"{name}.txt"
        file.write_text("first\nold\nlast\n")
        lab.write(name, cell([patch(file.name, "old", "of Codex")], say("Done.")))
        page.open(name)
        editor = open_file(page, file.name)
        editor.click()
        page.page.keyboard.press("Control+End")
        page.page.keyboard.type("typed here")
        page.run_in(name, 0)
        notice = page.page.locator(".jp-CodexNotice")
        expect(notice).to_contain_text("not saved")
        expect(editor).to_contain_text("typed here")
        expect(editor).not_to_contain_text("of Codex")
        notice.get_by_role("button", name="Show changes").click()
        expect(notice.locator(".jp-mod-added", has_text="of Codex")).to_be_visible()
        notice.get_by_role("button", name=choice).click()
        expect(notice).to_have_count(0)
        is_kept = choice == "Keep mine"
        expect(editor).to_contain_text("typed here" if is_kept else "of Codex")
        wait_until(lambda f=file, k=is_kept: ("typed here" in f.read_text()) is k)


def test_what_is_typed_while_mine_is_kept_is_kept_too(lab: Lab, page: LabPage):
    file, editor = open_patched(lab, page, "slow", ["wait", "slow"])
    editor.click()
    page.page.keyboard.type("first ")
    page.run_in("slow", 0)
    notice = page.page.locator(".jp-CodexNotice")
    saving = hold_first(page, "slow.txt", lambda request: request.method == "PUT")
    notice.get_by_role("button", name="Keep mine").click()
    saved = saving()
    # The end of the turn brings no second question while the answer to the first is carried out.
    lab.model.release("slow")
    expect(page.output(0)).to_contain_text("Completed")
    page.page.wait_for_timeout(500)
    editor.click()
    page.page.keyboard.type("second ")
    saved.continue_()
    expect(notice).to_have_count(0)
    expect(editor).to_contain_text("first")
    expect(editor).to_contain_text("second")
    assert "second" in file.read_text()


def test_what_is_typed_while_a_document_is_read_again_is_not_lost(lab: Lab, page: LabPage):
    _, editor = open_patched(lab, page, "late")
    expect(editor).to_contain_text("old")
    reading = hold_first(page, "late.txt", lambda request: "content=1" in request.url)
    page.run_in("late", 0)
    read = reading()
    editor.click()
    page.page.keyboard.type("typed here ")
    read.continue_()
    notice = page.page.locator(".jp-CodexNotice")
    expect(notice).to_contain_text("not saved")
    expect(editor).to_contain_text("typed here")
    notice.get_by_role("button", name="Show changes").click()
    expect(notice.locator(".jp-mod-added", has_text="of Codex")).to_be_visible()


def test_another_open_notebook_that_codex_writes_to_can_be_had_back(
    lab: Lab, page: LabPage, browser: Browser
):
    other = lab.write_python("other", "precious = 1")
    edit = ["run", "sed -i s/precious/changed/ other.ipynb; sleep 0.3"]
    lab.write("writer", cell(edit, say("Edited.")))
    page.open("writer")
    with second_page(browser, lab) as elsewhere:
        elsewhere.open("other")
        elsewhere.save()
        before = other.read_bytes()
        page.run(0)
        expect(page.output(0)).to_contain_text("Codex wrote to other.ipynb while it is open")
        expect(elsewhere.cell(0)).to_contain_text("changed = 1")
    [turn] = lab.request("GET", "codex-kernel/api/turns?notebook=writer.ipynb")["turns"]
    show = [sys.executable, "-m", "codex_kernel", "show", turn["turn_id"]]
    data = str(lab.place.root / "jupyter-data")
    subprocess.run(
        [*show, "--restore", "other.ipynb"],
        env=lab.place.environ(JUPYTER_DATA_DIR=data),
        check=True,
    )
    [copy] = lab.place.workspace.glob("other.before-*.ipynb")
    assert copy.read_bytes() == before


def test_the_open_notebook_is_never_read_again(lab: Lab, page: LabPage):
    command = "sed -i s/Precious/Gone/ own.ipynb; sleep 0.3"
    lab.write("own", cell(["run", command], say("Changed it.")), "Precious")
    page.open("own")
    page.run(0)
    notice = page.page.locator(".jp-CodexNotice")
    expect(notice).to_contain_text("What you see is untouched")
    expect(notice.locator("code")).to_contain_text("--restore own.ipynb")
    expect(page.cell(1).locator(".cm-content")).to_have_text("Precious")
    assert "Gone" in (lab.place.workspace / "own.ipynb").read_text()


def paste_image(page: LabPage, number: int) -> None:
    page.cell(number).locator(".cm-content").click()
    page.page.keyboard.press("Control+End")
    page.page.evaluate(
        """data => {
            const bytes = Uint8Array.from(atob(data), char => char.charCodeAt(0));
            const clipboardData = new DataTransfer();
            clipboardData.items.add(new File([bytes], 'image.png', {type: 'image/png'}));
            const options = {clipboardData, bubbles: true, cancelable: true};
            document.activeElement.dispatchEvent(new ClipboardEvent('paste', options));
        }""",
        base64.b64encode(png()).decode(),
    )


def test_a_pasted_image_is_saved_beside_the_notebook_and_sent(lab: Lab, page: LabPage):
    script = json.dumps([[say("Red.")]])
    lab.write("pasted", "Which colour? ")
    page.open("pasted")
    paste_image(page, 0)
    prompt = page.cell(0).locator(".cm-content")
    expect(prompt).to_contain_text("@pasted.assets/pasted-")
    [image] = (lab.place.workspace / "pasted.assets").iterdir()
    assert image.read_bytes() == png()
    page.page.keyboard.press("Control+End")
    page.page.keyboard.insert_text(f"@@ {script}")
    page.page.keyboard.press("Control+Enter")
    expect(page.prompt(0)).to_have_text("[1]:")
    assert "data:image/png;base64" in json.dumps(lab.model.requests[-1])

    page.page.evaluate(
        """() => window.jupyterapp.shell.currentWidget.content.widgets[0]
            .model.sharedModel.setSource('without')"""
    )
    page.save()
    page.command("application:close")
    wait_until(lambda: not image.parent.exists())


def test_a_dropped_image_goes_into_the_prompt_it_was_dropped_on(lab: Lab, page: LabPage):
    picture = lab.place.root / "picture.png"
    picture.write_bytes(png())
    lab.write("dropped", "First", "Which colour? ")
    page.open("dropped")
    prompt = page.cell(1).locator(".cm-content")
    box = prompt.bounding_box()
    assert box is not None
    dragged = {"items": [], "files": [str(picture)], "dragOperationsMask": 1}
    where = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
    client = page.page.context.new_cdp_session(page.page)
    for kind in ("dragEnter", "dragOver", "drop"):
        client.send("Input.dispatchDragEvent", {"type": kind, **where, "data": dragged})
    expect(prompt).to_contain_text("@dropped.assets/pasted-")
    expect(page.cell(0).locator(".cm-content")).to_have_text("First")
    [image] = (lab.place.workspace / "dropped.assets").iterdir()
    assert image.read_bytes() == png()


def test_a_prompt_is_shown_as_markdown(lab: Lab, page: LabPage):
    lab.write("markdown", "# Title\n\nSome **bold** words and `code`.")
    page.open("markdown")
    styled = page.cell(0).locator(".cm-line span")
    expect(styled.filter(has_text=re.compile("bold")).first).to_be_visible()
    weight = styled.filter(has_text=re.compile("bold")).first.evaluate(
        "span => getComputedStyle(span).fontWeight"
    )
    assert int(weight) >= 600


def test_tab_completes_numbers_of_cells(lab: Lab, page: LabPage):
    lab.write("numbers", cell(say("It is 42.")), "")
    page.open("numbers")
    page.run(0)
    expect(page.prompt(0)).to_have_text("[1]:")
    page.type(1, "Double @ou")
    page.page.keyboard.press("Tab")
    expect(page.page.locator(".jp-Completer")).to_contain_text("@out[1]")
    page.page.keyboard.press("Enter")
    expect(page.cell(1).locator(".cm-content")).to_have_text("Double @out[1]")


def ask(lab: Lab, path: str, operation: dict[str, Any]) -> dict[str, Any]:
    """Have the page do something, as a tool of Codex does."""
    body = json.dumps({"path": path, "operation": operation}).encode()
    request = Request(f"{lab.url}codex-kernel/api/operations", data=body, method="POST")
    with urlopen(request, timeout=SECONDS) as answer:
        return json.load(answer)["outcome"]["result"]


def test_an_open_notebook_is_read_changed_and_run_in_the_page(lab: Lab, page: LabPage):
    lab.write_python("tools", "x = 6")
    page.open("tools")
    path = "tools.ipynb"

    read = ask(lab, path, {"verb": "read"})
    assert [each["source"] for each in read["cells"]] == ["x = 6"]
    assert (read["total"], read["kernel"]) == (1, "python3")
    first = read["cells"][0]["id"]

    code = {"verb": "insert", "kind": "code", "source": "x * 7", "anchor": first}
    new = ask(lab, path, code)
    assert new["index"] == 1
    expect(page.cell(1).locator(".cm-content")).to_have_text("x * 7")
    for cell_id, was in ((first, "x = 6"), (new["cell_id"], "x * 7")):
        ran = ask(lab, path, {"verb": "run", "cell_id": cell_id, "was": was})
        assert ran["state"] == "completed"
    assert ran["cell"]["outputs"][0]["data"]["text/plain"] == "42"
    expect(page.output(1)).to_contain_text("42")

    other = {"verb": "replace", "cell_id": first, "was": "x = 6", "source": "x = 7"}
    ask(lab, path, other)
    expect(page.cell(0).locator(".cm-content")).to_have_text("x = 7")
    page.cell(0).locator(".cm-content").click()
    page.page.keyboard.press("Control+z")
    expect(page.cell(0).locator(".cm-content")).to_have_text("x = 6")

    page.page.keyboard.press("Escape")
    page.command("notebook:undo-cell-action")
    expect(page.page.locator(".jp-Notebook .jp-Cell")).to_have_count(1)
    page.command("notebook:redo-cell-action")
    expect(page.page.locator(".jp-Notebook .jp-Cell")).to_have_count(2)
    ask(lab, path, {"verb": "delete", "cell_id": new["cell_id"], "was": "x * 7"})
    expect(page.page.locator(".jp-Notebook .jp-Cell")).to_have_count(1)


def test_a_turn_writes_into_the_notebook_in_which_it_runs(lab: Lab, page: LabPage):
    new = {"kind": "markdown", "source": "# Written by Codex"}
    insert = ["mcp", "codex_kernel", "notebook_insert", new]
    lab.write("writes", cell(insert, say("Written.")), "below")
    page.open("writes")
    page.run(0)
    expect(page.prompt(0)).to_have_text("[1]:")
    expect(page.output(0)).to_contain_text("Written.")
    expect(page.cell(1)).to_contain_text("Written by Codex")
    expect(page.cell(2)).to_contain_text("below")
    page.save()
    written = page.document("writes").cells[1]
    assert written.source == "# Written by Codex"
    assert written.metadata["codex"]["turn_id"]
    page.command("notebook:undo-cell-action")
    expect(page.page.locator(".jp-Notebook .jp-Cell")).to_have_count(2)
