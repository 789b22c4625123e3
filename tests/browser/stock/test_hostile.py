"""What an agent writes is text: no script of it runs and nothing is fetched for it."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import expect

from ...end_to_end.script import cell, say
from ..lab import Lab, LabPage

CORPUS = Path(__file__).parents[2] / "fixtures/hostile.json"
HOSTILE: list[str] = json.loads(CORPUS.read_text())["texts"]
TEXT = "\n\n".join(HOSTILE) + "\n\nThe end."


def hostile_turn() -> str:
    """Hostile text in every kind of item."""
    added = "".join(f"+{line}\n" for line in TEXT.split("\n"))
    return cell(
        [
            ["think", f"**{HOSTILE[1]}**\n\n{TEXT}"],
            ["plan", [[text, "pending"] for text in HOSTILE]],
            ["run", f"cat <<'END'\n{TEXT}\nEND"],
        ],
        [["patch", f"*** Begin Patch\n*** Add File: <img src=x>.txt\n{added}*** End Patch"]],
        say(TEXT),
    )


def assert_harmless(page: LabPage, number: int = 0) -> None:
    shown = page.output(number).locator(".jp-OutputArea-output")
    expect(shown).to_contain_text("The end.")
    expect(shown).to_contain_text("<script>window.pwned = 'script'</script>")
    closed = shown.locator("details:not([open]) > summary")
    while closed.count():
        closed.first.click()
    for link in shown.locator("a", has_text="link").all():
        link.click()
    assert shown.locator("script, style, iframe, svg, object, embed, form").count() == 0
    assert shown.locator("[href^='java' i], [onerror], [onload], [ontoggle]").count() == 0
    images = shown.locator("img").evaluate_all("all => all.map(image => image.src)")
    assert all(source.startswith("data:image/") for source in images)
    assert page.page.evaluate("() => window.pwned") is None
    assert "\u202e" not in shown.locator("summary, ins, code").evaluate_all(
        "all => all.map(each => each.textContent).join('')"
    )


@pytest.mark.parametrize("trust", ["trusted", "untrusted"])
def test_no_script_of_an_agent_runs(lab: Lab, page: LabPage, trust: str):
    name = f"hostile-{trust}"
    lab.write(name, hostile_turn())
    page.open(name)
    page.run(0)
    expect(page.prompt(0)).to_have_text("[1]:")
    if trust == "untrusted":
        page.save()
        document = page.document(name)
        document.cells[0].source = "Not signed"
        nbformat.write(document, lab.place.workspace / f"{name}-copy.ipynb")
        page.open(f"{name}-copy")
        expect(page.output(0).locator(".jp-mod-trusted")).to_have_count(0)
    assert_harmless(page)
