"""What a reader sees: mathematics in an answer, a turn and the panel in high contrast."""

from __future__ import annotations

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


def shoot(page: LabPage, name: str) -> Path:
    ARTIFACTS.mkdir(parents=True, exist_ok=True)
    path = ARTIFACTS / f"{name}.png"
    page.page.screenshot(path=path)
    return path
