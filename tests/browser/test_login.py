"""A login by code in the side panel, all the way."""

from __future__ import annotations

from playwright.sync_api import Browser, expect

from ..end_to_end.place import new_place, scripted
from ..end_to_end.script import cell, say
from ..issuer import ACCESS_TOKEN, CODE, EMAIL, issuer
from .lab import LabPage, lab_in
from .test_panel import panel
from .test_seen import shoot


def test_the_panel_logs_in_by_code_and_out_again(browser: Browser):
    with (
        new_place() as place,
        issuer() as gate,
        scripted(place, **gate.config) as model,
        lab_in(place, model, **gate.environ) as lab,
        browser.new_context(viewport={"width": 1280, "height": 1000}) as context,
    ):
        page = LabPage(context.new_page(), lab)
        lab.write("login", cell(say("Never said.")), cell(say("Hello, Ada.")))
        page.open("login")
        page.run(0)
        expect(page.output(0)).to_contain_text("not logged in")
        shown = panel(page)
        shown.get_by_text("Account", exact=True).click()
        expect(shown).to_contain_text("Codex needs an account to work.")
        shown.get_by_role("button", name="Log in with ChatGPT").click()
        expect(shown.get_by_text(CODE)).to_be_visible()
        shoot(page, "login")
        expect(shown.get_by_role("link", name=f"{gate.url}/codex/device")).to_be_visible()
        gate.is_entered.set()
        expect(shown).to_contain_text(EMAIL)
        shoot(page, "logged-in")
        page.run(1)
        expect(page.output(1)).to_contain_text("Hello, Ada.")
        assert ACCESS_TOKEN in (place.codex_home / "auth.json").read_text()
        assert ACCESS_TOKEN not in page.page.content()
        shown.get_by_role("button", name="Log out").click()
        page.page.get_by_role("dialog").get_by_role("button", name="Log out").click()
        expect(shown).to_contain_text("Codex needs an account to work.")
        assert not (place.codex_home / "auth.json").exists()
        assert not page.errors
        assert not page.strangers
        lab.end_kernels()
