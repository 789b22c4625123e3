"""What a notebook's file asks for, and what of it holds."""

from __future__ import annotations

from typing import Any

import pytest

from codex_kernel.engine.carried import carried, refusals, trusted
from codex_kernel.settings import SessionSettings

OWN = SessionSettings()


def file(asked: Any) -> Any:
    return {"metadata": {"codex": asked}, "cells": []}


def test_a_file_carries_four_settings():
    asked = {"model": "m", "effort": "low", "sandbox": "read-only", "approval_policy": "untrusted"}
    assert carried(file({**asked, "cwd": "/", "env": ["TOKEN"]})) == asked


@pytest.mark.parametrize(
    "document",
    [None, "", [], {}, {"metadata": None}, file(None), file([]), file("x"), file({"model": 5})],
)
def test_what_is_not_understood_asks_for_nothing(document: Any):
    assert carried(document) == {}


def test_an_unknown_sandbox_is_left_out():
    assert carried(file({"sandbox": "none", "model": "x" * 300, "effort": "high"})) == {
        "effort": "high"
    }


def test_only_what_is_not_wider_than_the_users_own_holds():
    asked = {"model": "m", "sandbox": "danger-full-access", "approval_policy": "never"}
    assert trusted(asked, OWN) == {"model": "m"}
    sandbox, approvals = refusals(asked, OWN)
    assert "`danger-full-access`, which is wider than yours: `workspace-write` holds" in sandbox
    assert "`/approvals never` in a cell allows it here" in approvals
    strict = {"sandbox": "read-only", "approval_policy": "untrusted"}
    assert trusted(strict, OWN) == strict
    assert refusals(strict, OWN) == []
