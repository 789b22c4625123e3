"""The side panel: questions of all notebooks, turns, sessions, the account."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Locator, Route, expect

from ..end_to_end.place import wait_until
from ..end_to_end.script import cell, say
from .lab import Lab, LabPage
from .test_controls import ran, turns

NOTEBOOK_7_SAYS = ("Cannot read properties of undefined (reading 'schema')", "Command 'filebrowser")
"""Errors of Notebook 7.6 itself, which it has without any extension."""


def panel(page: LabPage) -> Locator:
    """The panel, opened."""
    page.command("codex:show-panel")
    shown = page.page.locator(".jp-CodexPanel")
    expect(shown).to_be_visible()
    return shown


@contextmanager
def second_page(browser: Browser, lab: Lab) -> Iterator[LabPage]:
    """Another browser of the same user."""
    with browser.new_context(viewport={"width": 1280, "height": 1000}) as context:
        page = LabPage(context.new_page(), lab)
        yield page
        assert not page.errors


def session_menu(page: LabPage, title: str, action: str) -> None:
    """Do something with a session of the list, by its menu."""
    page.page.get_by_role("button", name=f"What can be done with “{title}”").click()
    page.page.locator(".lm-Menu-item", has_text=action).click()


def asking(lab: Lab, name: str) -> str:
    command = f"printf yes > ../{name}.txt"
    assert not (lab.place.root / f"{name}.txt").exists()
    return cell(["escalate", command, "Write beside it?"], say("Said and done."))


def test_a_question_is_answered_from_another_notebook_and_only_once(
    browser: Browser, lab: Lab, page: LabPage
):
    lab.write("asks", asking(lab, "panel"), cell(say("Next.")))
    lab.write("elsewhere", cell(say("One.")))
    page.open("asks")
    page.run(0)
    page.run(1)
    expect(page.page.locator(".jp-CodexPanel-tab.jp-mod-waiting")).to_have_attribute(
        "data-codex-count", "1"
    )
    with second_page(browser, lab) as other:
        other.open("elsewhere")
        shown = panel(other)
        question = shown.locator(".jp-CodexPanel-question")
        expect(question).to_contain_text("> ../panel.txt")
        expect(question.get_by_role("button", name="asks.ipynb")).to_be_visible()
        expect(shown.locator("li", has_text="Queued")).to_have_count(1)
        # The focus stays where the user is; a shortcut brings it to the question.
        other.page.evaluate("() => document.activeElement?.blur()")
        other.page.keyboard.press("Alt+Shift+Q")
        allow = question.get_by_role("button", name="Allow once")
        expect(allow).to_be_focused()
        # Both have the question before either answers.
        mine = panel(page).get_by_role("button", name="Decline", exact=False).first
        expect(mine).to_be_visible()
        with page.page.expect_response("**/approvals/**"):
            page.page.route("**/approvals/**", lambda route: _after(route, other))
            mine.click()
        expect(page.page.locator(".jp-CodexPanel-question")).to_have_count(0)
        expect(question).to_have_count(0)
        expect(shown).to_contain_text("No turn runs.")
    # Chromium itself says so of every answer that is a refusal.
    assert all("status of 4" in error for error in page.errors)
    page.errors.clear()
    assert (lab.place.root / "panel.txt").read_text() == "yes"
    expect(page.prompt(1)).to_have_text("[2]:")


def _after(route: Route, other: LabPage) -> None:
    """Let an answer out when another page's has been taken."""
    with other.page.expect_response("**/approvals/**"):
        other.page.keyboard.press("Enter")
    answer = route.fetch()
    assert answer.status in (409, 410)
    assert "first" in answer.text() or "ended" in answer.text()
    route.fulfill(response=answer)


def test_turns_are_stopped_and_taken_back_from_the_panel(lab: Lab, page: LabPage):
    lab.write("runs", cell([say("Begun"), ["wait", "panel"]], prompt="Long"), cell(say("Queued.")))
    page.open("runs")
    page.run(0)
    shown = panel(page)
    expect(shown.locator("li[data-state=running]")).to_contain_text("Long")
    page.run(1)
    queued = shown.locator("li[data-state=queued]")
    expect(queued).to_contain_text("runs.ipynb")
    queued.get_by_role("button", name="Take back").click()
    expect(queued).to_have_count(0)
    shown.locator("li[data-state=running]").get_by_role("button", name="runs.ipynb").click()
    assert page.page.evaluate(
        "() => window.jupyterapp.shell.currentWidget.content.activeCellIndex === 0"
    )
    shown.get_by_role("button", name="Stop this turn").click()
    expect(shown).to_contain_text("No turn runs.")
    assert {turn["state"] for turn in turns(lab, "runs")} == {"interrupted", "cancelled"}
    lab.model.release("panel")


def test_sessions_are_found_renamed_audited_and_forked(lab: Lab, page: LabPage):
    word = secrets.token_hex(4)
    lab.write("sessions", cell(say("One."), prompt=f"Count the {word}"), cell(say("Two.")))
    page.open("sessions")
    ran(page, 0, 1)
    shown = panel(page)
    shown.get_by_role("searchbox", name="Search sessions").fill(word)
    listed = shown.get_by_role("list", name="Sessions", exact=True).locator("li")
    expect(listed).to_have_count(1)
    title = turns(lab, "sessions")[0]["prompt"]
    expect(listed).to_have_attribute("aria-current", "true")
    session_menu(page, str(title), "Rename")
    box = page.page.locator(".jp-Dialog input")
    box.fill(f"Pears {word}")
    box.press("Enter")
    expect(listed).to_contain_text(f"Pears {word}")

    session_menu(page, f"Pears {word}", "Show What Was Done")
    audit = page.page.locator(".jp-CodexAudit")
    expect(audit).to_contain_text("turn.queued")
    with page.page.expect_download() as download:
        audit.get_by_text("Download as CSV").click()
    assert f"Count the {word}" in download.value.path().read_text()
    page.activate("sessions.ipynb")
    session_menu(page, f"Pears {word}", "Show What Was Done")
    expect(audit).to_be_visible()
    expect(audit).to_have_count(1)
    page.activate("sessions.ipynb")

    session_menu(page, f"Pears {word}", "Fork into")
    expect(listed).to_have_count(2)
    expect(listed.and_(shown.locator("[aria-current]"))).to_contain_text("0 turns")
    ran(page, 1, 2)
    first, second = turns(lab, "sessions")[1], turns(lab, "sessions")[0]
    assert first["session_id"] != second["session_id"]

    api = f"codex-kernel/api/sessions/{first['session_id']}"
    row = shown.locator("li:not([aria-current])", has_text="Pears")
    row.get_by_role("button").click()
    page.page.locator(".lm-Menu-item", has_text="Archive").click()
    wait_until(lambda: lab.request("GET", api)["archived"])
    expect(row).to_have_count(0)
    shown.get_by_label("Archived").check()
    expect(listed.first).to_contain_text(f"Pears {word}")
    session_menu(page, f"Pears {word}", "Delete")
    page.page.locator(".jp-Dialog").get_by_role("button", name="Delete").click()
    expect(shown).to_contain_text("There is no such session.")


def test_a_key_logs_in_and_is_kept_nowhere_but_by_codex(lab: Lab, page: LabPage):
    lab.write("account", cell(say("One.")))
    page.open("account")
    shown = panel(page)
    shown.get_by_text("Account", exact=True).click()
    field = shown.get_by_label("API key")
    expect(field).to_have_attribute("type", "password")
    field.fill("sk-of-the-panel-test")
    field.press("Enter")
    kept = lab.place.codex_home / "auth.json"
    wait_until(lambda: kept.exists() and "sk-of-the-panel-test" in kept.read_text())
    expect(field).to_have_value("")
    assert "sk-of-the-panel-test" not in page.page.content()
    assert b"sk-of-the-panel-test" not in (lab.place.data / "turns.sqlite").read_bytes()
    # The scripted model needs no account, so Codex shows none; it forgets this one all the same.
    lab.request("POST", "codex-kernel/api/account/logout")
    assert not kept.exists()


def test_a_login_by_code_that_cannot_begin_says_why(lab: Lab, page: LabPage):
    lab.write("code", cell(say("One.")))
    page.open("code")
    shown = panel(page)
    shown.get_by_text("Account", exact=True).click()
    shown.get_by_role("button", name="Log in with ChatGPT").click()
    expect(shown.get_by_role("alert")).to_contain_text("The login could not begin: ")
    expect(shown.get_by_role("alert")).to_contain_text("or log in with an API key.")
    expect(shown.get_by_role("button", name="Log in with ChatGPT")).to_be_enabled()
    page.errors = [error for error in page.errors if "409 (Conflict)" not in error]


def test_everything_is_reached_by_keyboard(lab: Lab, page: LabPage):
    lab.write("keys", cell(say("One.")))
    page.open("keys")
    ran(page, 0, 1)
    shown = panel(page)
    expect(
        shown.get_by_role("list", name="Sessions", exact=True).locator("li").first
    ).to_be_visible()
    reached: set[str] = set()
    shown.get_by_role("button", name="Begin a new session").focus()
    for _ in range(40):
        reached.add(
            page.page.evaluate(
                "() => document.activeElement.getAttribute('aria-label')"
                " ?? document.activeElement.textContent"
            )
        )
        page.page.keyboard.press("Tab")
    said = "\n".join(reached)
    for name in ("Read again", "Running", "Search sessions", "What can be done with", "Account"):
        assert name in said
    more = shown.get_by_role("button", name="What can be done with").first
    more.focus()
    page.page.keyboard.press("Enter")
    expect(page.page.locator(".lm-Menu")).to_be_visible()
    page.page.keyboard.press("Escape")
    expect(more).to_be_focused()
    sandbox = page.page.locator(".jp-CodexToolbar-item.jp-mod-sandbox button")
    sandbox.focus()
    page.page.keyboard.press("Enter")
    page.page.keyboard.press("ArrowUp")
    page.page.keyboard.press("Enter")
    expect(sandbox).to_have_text("Read only")
    # The toolbar itself decides which of its items has the focus.
    expect(page.page.locator(".jp-NotebookPanel-toolbar:focus-within")).to_have_count(1)


def test_without_the_server_extension_the_panel_says_what_to_do(lab: Lab, page: LabPage):
    lab.write("alone", cell(say("One.")))

    page.page.add_init_script(
        """const parse = JSON.parse;
        JSON.parse = (...args) => {
            const value = parse(...args);
            if (value?.codexKernel) { delete value.codexKernel; }
            return value;
        };"""
    )
    page.open("alone", is_announced=False)
    expect(panel(page)).to_contain_text("jupyter server extension enable codex_kernel")
    expect(page.page.locator(".jp-CodexToolbar-item:visible")).to_have_count(0)


def test_notebook_7_has_the_controls_and_the_panel(lab: Lab, page: LabPage):
    lab.write("classic", cell(say("One.")))
    page.page.goto(f"{lab.url}notebooks/classic.ipynb")
    expect(page.page.locator(".jp-CodexToolbar-item.jp-mod-sandbox")).to_be_visible()
    page.page.get_by_role("menuitem", name="View").click()
    page.page.locator(".lm-Menu-item", has_text="Show the Codex Panel").click()
    expect(page.page.locator(".jp-CodexPanel")).to_contain_text("No turn runs.")
    page.errors = [error for error in page.errors if not error.startswith(NOTEBOOK_7_SAYS)]
