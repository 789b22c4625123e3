"""Two users of a real JupyterHub: each has sessions of their own, and nobody else sees them."""

from __future__ import annotations

import pytest

from codex_kernel.scripted_model import ScriptedModel

from ..end_to_end import notebook
from ..end_to_end.place import Place
from ..end_to_end.script import cell, say
from .hub import hub_in, proxy_command


@pytest.mark.timeout(400)
def test_two_users_of_a_hub_see_their_own_sessions_only(place: Place, model: ScriptedModel):
    proxy = proxy_command()
    if proxy is None:
        pytest.skip("JupyterHub's proxy comes from npm, and there is none")
    with hub_in(place, proxy) as hub:
        tokens = {user: hub.token(user) for user in ("ada", "bob")}
        turns = {}
        for user, token in tokens.items():
            (hub.home(user) / ".codex").mkdir()
            model.write_config(hub.home(user) / ".codex", "gpt-5.5")
            notebook.write(hub.home(user) / "test.ipynb", "a-cell")
            with hub.kernel(user, token) as kernel:
                turns[user] = kernel.run(cell(say(f"For {user}.")), cell_id="a-cell").bundle
        for user, token in tokens.items():
            [session] = hub.api("GET", user, "sessions", token).json["sessions"]
            assert session["session_id"] == turns[user]["session_id"]
            [turn] = hub.api("GET", user, "turns?notebook=test.ipynb", token).json["turns"]
            assert turn["turn_id"] == turns[user]["turn_id"]
            assert (hub.home(user) / ".local/share/jupyter/codex_kernel/turns.sqlite").exists()
        for method, path in (("GET", "sessions"), ("POST", f"turns/{turns['ada']['turn_id']}/x")):
            for token in (tokens["bob"], "wrong", None):
                answer = hub.api(method, "ada", path, token)
                assert answer.status in (403, 404)
                assert turns["ada"]["session_id"] not in str(answer.json)
        assert hub.api("GET", "ada", "sessions", tokens["bob"]).status == 403
        assert (
            hub.api("GET", "bob", f"turns/{turns['ada']['turn_id']}", tokens["bob"]).status == 404
        )
