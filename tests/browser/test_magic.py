"""`%codex` in a Python notebook of JupyterLab: a turn is shown, asks and is stopped in its cell."""

from __future__ import annotations

from playwright.sync_api import Locator, expect

from ..end_to_end.script import cell, say
from .lab import Lab, LabPage

LOAD = "%load_ext codex_kernel"


def ask(name: str) -> str:
    """A turn that asks before it writes a file beside the workspace."""
    return cell(["escalate", f"printf yes > ../{name}.txt", "May I?"], say("Written."))


def question(page: LabPage, number: int) -> Locator:
    """The open question of a cell's turn."""
    return page.output(number).locator(".jp-Codex-question")


def loaded(page: LabPage, lab: Lab, name: str, *sources: str) -> None:
    """Open a Python notebook and have `%codex` there."""
    lab.write_python(name, LOAD, *sources)
    page.open(name)
    page.run(0)
    expect(page.prompt(0)).to_have_text("[1]:")


def test_a_question_of_a_turn_is_answered_in_its_cell(lab: Lab, page: LabPage):
    loaded(page, lab, "magic", f"%%codex -o result\n{ask('magic')}", "print(result.text)")
    page.run(1)
    question(page, 1).get_by_role("button", name="Allow once").click()
    expect(page.output(1)).to_contain_text("Written.")
    expect(page.prompt(1)).to_have_text("[2]:")
    assert (lab.place.root / "magic.txt").read_text() == "yes"
    expect(page.questions).to_have_count(0)
    page.run(2)
    expect(page.output(2)).to_contain_text("Written.")


def test_code_is_allowed_in_the_panel_and_its_figure_is_shown_once(lab: Lab, page: LabPage):
    code = "import matplotlib.pyplot as plt\nplt.plot([1, 2, 3]);"
    script = cell(["mcp", "codex_kernel", "python_run", {"code": code}], say("Drawn."))
    loaded(page, lab, "figure", f"%%codex\n{script}")
    page.run(1)
    expect(question(page, 1)).to_contain_text("plt.plot([1, 2, 3]);")
    page.command("codex:show-panel")
    asked = page.page.locator(".jp-CodexPanel-question")
    expect(asked).to_contain_text("plt.plot([1, 2, 3]);")
    asked.get_by_role("button", name="Allow once").click()
    expect(page.prompt(1)).to_have_text("[2]:")
    expect(page.output(1)).to_contain_text("Drawn.")
    expect(page.output(1).locator("img")).to_have_count(1)


def test_a_question_outlives_a_reload_and_the_turn_goes_on(lab: Lab, page: LabPage):
    loaded(page, lab, "reloaded", f"%%codex\n{ask('reloaded')}", "6 * 7")
    page.run(1)
    expect(question(page, 1)).to_be_visible()
    page.save()
    page.page.reload()
    question(page, 1).get_by_role("button", name="Allow once").click()
    expect(page.output(1)).to_contain_text("Written.")
    page.wait_for_status("idle")
    expect(page.output(1)).to_contain_text("Written.")
    page.run(2)
    expect(page.output(2)).to_contain_text("42")


def test_a_turn_is_stopped_in_its_cell(lab: Lab, page: LabPage):
    loaded(page, lab, "stopped", f"%%codex\n{cell([say('Begun'), ['wait', 'never']])}")
    page.run(1)
    expect(page.output(1)).to_contain_text("Begun")
    page.output(1).get_by_role("button", name="Stop").click()
    expect(page.prompt(1)).to_have_text("[2]:")
    expect(page.output(1)).to_contain_text("TurnInterrupted")
