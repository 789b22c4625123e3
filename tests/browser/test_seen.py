"""What a reader sees: mathematics in an answer, high contrast, that a turn runs or has ended."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import expect

from ..end_to_end.script import cell, say
from .gallery import ROOT
from .lab import Lab, LabPage
from .test_panel import panel

ARTIFACTS = ROOT / "artifacts/lab"


def test_mathematics_is_typeset(lab: Lab, page: LabPage):
    lab.write("mathematics", cell(say("So $e^{i\\pi} = -1$ and\n\n$$\\int_0^1 x^2 dx$$\n\nEnd.")))
    page.open("mathematics")
    page.run(0)
    expect(page.prompt(0)).to_have_text("[1]:")
    expect(page.output(0).locator("mjx-container, .MathJax")).to_have_count(2)
    shoot(page, "mathematics")


def test_links_of_an_answer_look_like_links(lab: Lab, page: LabPage):
    lab.write("links", cell(say("See [the docs](https://docs.python.org/3/) of `links.ipynb`.")))
    page.open("links")
    page.run(0)
    expect(page.prompt(0)).to_have_text("[1]:")
    link, file = page.output(0).get_by_role("link"), page.output(0).get_by_role("button", name="li")
    expect(link).to_have_css("text-decoration-line", "underline")
    for each in (link, file):
        expect(each).to_have_css("color", "rgb(13, 71, 161)")  # of JupyterLab Light
    shoot(page, "links")


def test_the_high_contrast_theme_shows_a_turn_and_the_panel(lab: Lab, page: LabPage):
    lab.write(
        "contrast",
        cell(
            [["think", "**Looking**\n\nWhat?"], ["run", "seq 3"], ["plan", [["Look", "pending"]]]],
            [["patch", "*** Begin Patch\n*** Add File: contrast.txt\n+new\n*** End Patch"]],
            ["escalate", "printf yes > ../contrast.txt", "Write beside it?"],
            say("Done."),
        ),
    )
    page.open("contrast")
    page.run(0)
    allow = page.output(0).get_by_role("button", name="Allow once")
    expect(allow).to_be_visible()
    panel(page)
    theme = "JupyterLab Dark High Contrast"
    page.command("apputils:change-theme", theme=theme)
    expect(page.page.locator("body")).to_have_attribute("data-jp-theme-name", theme)
    expect(page.page.locator("#jupyterlab-splash")).to_have_count(0)
    shoot(page, "dark-high-contrast")
    page.command("apputils:change-theme", theme="JupyterLab Light")
    allow.click()
    expect(page.prompt(0)).to_have_text("[1]:")


def test_a_turn_that_nobody_looks_at_is_told_of(lab: Lab, page: LabPage):
    for name in ("unseen", "looked-at"):
        lab.write(name, cell([say("Going."), ["wait", name]], say("Done.")))
    page.open("unseen")
    page.run(0)
    expect(page.output(0)).to_contain_text("Going.")
    row = page.page.locator(".jp-DirListing-item", has_text="unseen.ipynb")
    expect(row).to_have_class(re.compile("jp-mod-codexRunning"))
    expect(page.page).to_have_title(re.compile("^● "))
    shoot(page, "running")
    page.command("docmanager:open", path="looked-at.ipynb")
    expect(page.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")).to_have_count(1)
    expect(page.page).to_have_title(re.compile("looked-at"))
    lab.model.release("unseen")
    told = page.page.locator(".Toastify__toast", has_text="Codex has finished: unseen.ipynb")
    expect(told).to_be_visible()
    expect(row).not_to_have_class(re.compile("jp-mod-codexRunning"))
    shoot(page, "told")
    told.get_by_role("button", name="Show").click()
    expect(page.prompt(0)).to_have_text("[1]:")
    expect(page.page).to_have_title(re.compile("^unseen"))


def test_the_browser_tells_of_a_question_in_a_hidden_page(lab: Lab, page: LabPage):
    lab.write(
        "away", cell(["escalate", "printf yes > ../away.txt", "Write beside it?"], say("Ok."))
    )
    page.page.context.grant_permissions(["notifications"])
    page.open("away")
    set_notify(page, "browser")
    try:
        page.open("away")
        page.page.evaluate(
            """() => {
                window.told = [];
                const permission = 'granted';
                window.Notification = class {
                    static permission = permission;
                    constructor(title) { window.told.push(title); }
                };
                Object.defineProperty(document, 'hidden', {get: () => true, configurable: true});
            }"""
        )
        page.run(0)
        page.page.wait_for_function("() => window.told.length")
        told = page.page.evaluate("() => window.told")
        assert told == ["Codex asks you something: away.ipynb"]
        page.page.evaluate("() => { delete document.hidden }")
        page.output(0).get_by_role("button", name="Allow once").click()
        expect(page.prompt(0)).to_have_text("[1]:")
    finally:
        set_notify(page, "lab")


def set_notify(page: LabPage, how: str) -> None:
    page.page.evaluate(
        """how => window.jupyterapp.serviceManager.settings.save(
            'codex-kernel-labextension:plugin', JSON.stringify({notify: how}))""",
        how,
    )


def shoot(page: LabPage, name: str) -> Path:
    ARTIFACTS.mkdir(parents=True, exist_ok=True)
    path = ARTIFACTS / f"{name}.png"
    page.page.screenshot(path=path)
    return path
