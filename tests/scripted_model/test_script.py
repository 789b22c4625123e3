"""What is a script and what is not."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from codex_kernel.scripted_model import ScriptError
from codex_kernel.scripted_model import script as script_module
from codex_kernel.scripted_model.script import FORMS, Step, find_script, parse_script


def test_a_response_of_one_step_may_be_that_step_alone() -> None:
    assert parse_script([["say", "a"], [["say", "b"], ["pause", 0]]]) == (
        (Step("say", ("a",)),),
        (Step("say", ("b",)), Step("pause", (0,))),
    )


@pytest.mark.parametrize(
    ("prompt", "answer"),
    [
        ('@@ [["say", "x"]]', "x"),
        ('do @@ [["say", "x"]] and more', "x"),
        ('do\n@@\n[["say", "x @@ [y]"]]', "x @@ [y]"),
    ],
)
def test_a_script_is_found_in_a_prompt(prompt: str, answer: str) -> None:
    assert find_script(prompt) == ((Step("say", (answer,)),),)


@pytest.mark.parametrize(
    "prompt", ["", "no script", "a@@ [1]", "diff\n@@ -1,3 +1,3 @@\n one", "@@"]
)
def test_a_prompt_without_a_script_has_none(prompt: str) -> None:
    assert find_script(prompt) is None


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        ({}, "a list of responses"),
        (["say"], "Response 1 is not a list"),
        ([[["say", "x"], []]], "begins with its kind"),
        ([["say", "x"], ["sing"]], "response 2: there is no step 'sing'"),
        ([["say"]], "1 values are needed, 0 given"),
        ([["say", 1]], "1 is out of place"),
        ([["say", "x", "y"]], "at most 1 values, 2 given"),
        ([["say", "x", {"loud": 1}]], "no option 'loud'"),
        ([["say", "x", {"chunk": "5"}]], "option 'chunk'"),
        ([["pause", True]], "true is out of place"),
        ([["plan", [["a"]]]], "is not [step, status]"),
        ([["drop", {"times": "2"}]], "option 'times'"),
    ],
)
def test_a_malformed_script_is_refused_with_its_place(value: Any, complaint: str) -> None:
    with pytest.raises(ScriptError, match=re.escape(complaint)):
        parse_script(value)


def test_a_script_that_is_not_json_is_refused() -> None:
    with pytest.raises(ScriptError, match="is not JSON"):
        find_script('@@ [["say", "x"')


def test_the_body_of_a_failure_is_not_taken_for_its_options() -> None:
    [[plain, with_options, empty]] = parse_script(
        [[["fail", 500, {"error": 1}], ["fail", 500, {}, {"times": 2}], ["fail", 500, {}]]]
    )
    assert (plain.values, plain.options) == ((500, {"error": 1}), {})
    assert (with_options.values, with_options.options) == ((500, {}), {"times": 2})
    assert (empty.values, empty.options) == ((500, {}), {})


def test_a_limited_step_happens_in_the_first_attempts_only() -> None:
    step = Step("drop", (), {"times": 2})
    assert [step.is_active(attempt) for attempt in range(4)] == [True, True, False, False]
    assert Step("drop").is_active(99)


def test_the_documentation_lists_every_kind_of_step() -> None:
    assert script_module.__doc__ is not None
    documented = re.findall(r'^    \["(\w+)"', script_module.__doc__, re.MULTILINE)
    assert set(documented) == set(FORMS)


def test_the_example_of_the_documentation_is_a_script() -> None:
    assert script_module.__doc__ is not None
    [example] = re.findall(r"@@ (\[.+\])", script_module.__doc__)
    assert len(parse_script(json.loads(example))) == 2
