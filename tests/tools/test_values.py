"""A namespace may hold anything: looking at it runs none of it, ends, and tells no secret."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pandas as pd
import pytest

from codex_kernel.errors import ToolRefused
from codex_kernel.tools import inspection, values
from codex_kernel.tools.python import listing


class Rude:
    """A look at it fails, or hangs."""

    def __repr__(self) -> str:
        raise RuntimeError("looked at")

    __str__ = __format__ = __repr__  # type: ignore[assignment]

    def __len__(self) -> int:
        time.sleep(3600)
        return 0

    @property
    def shape(self) -> Any:
        raise RuntimeError("asked for its shape")

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("compared")

    def __hash__(self) -> int:
        raise RuntimeError("hashed")


class Hostile(Rude):
    """It cannot even be asked for its class."""

    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError(f"asked for {name}")


class Meta(type):
    """A class whose name is a trap."""

    def __getattribute__(cls, name: str) -> Any:
        raise RuntimeError(f"asked for {name}")


class Trapped(metaclass=Meta):
    pass


class LyingList(list[Any]):
    def __iter__(self) -> Any:
        raise RuntimeError("walked over")


def own_tail() -> list[Any]:
    """A list that holds itself."""
    made: list[Any] = [1]
    made.append(made)
    return made


def test_nothing_hostile_is_run() -> None:
    table = pd.DataFrame({"n": [1, 2], "bad": [Rude(), Rude()]})
    names = {
        "hostile": Hostile(),
        "trapped": Trapped(),
        "kind": Trapped,
        "lying": LyingList([1]),
        "nested": {"a": [Hostile()], "b": own_tail()},
        "tail": own_tail(),
        "array": np.array([Rude(), 2], dtype=object),
        "table": table,
        "big": 10**100_000,
        "text": "x" * 10_000_000,
    }
    lines = listing(names, "*", 100).splitlines()
    told = {line.partition(":")[0]: line for line in lines}
    assert told["hostile"].endswith("Hostile")
    assert told["trapped"].endswith("Trapped")
    assert told["lying"].endswith("LyingList")
    assert "Hostile" in told["nested"]
    assert "an integer of" in told["big"]
    assert len(told["text"]) < 300
    assert "2x2" in told["table"]
    for name, value in names.items():
        assert inspection.report(name, value)


def test_a_list_that_holds_itself_ends() -> None:
    assert values.brief(own_tail()) == "[1, [1, [1, …]]]"


def test_arrays_and_frames_are_told_by_shape_type_and_head() -> None:
    frame = pd.DataFrame({"city": ["Rome", "Oslo"], "heat": [31.5, 19.0]})
    names = {"a": np.arange(12.0).reshape(3, 4), "frame": frame, "heat": frame["heat"]}
    text = listing(names, "*", 10)
    assert "a: numpy.ndarray, 3x4 float64, 96 bytes = [0.0, 1.0, 2.0, 3.0, 4.0, …]" in text
    assert "frame: pandas.DataFrame, 2x2" in text
    assert "city | heat" in text
    assert "'Rome' | 31.5" in text
    assert "heat: pandas.Series, 2 float64" in text
    assert "mean" in inspection.report("frame", frame)


SECRETS = ["API_KEY", "aws_secret_access_key", "githubToken", "PASSWORD", "db_password", "token"]


@pytest.mark.parametrize("name", SECRETS)
def test_what_sounds_like_a_secret_is_told_by_its_type_alone(name: str) -> None:
    secret = "hunter2" * 3
    assert "hunter2" not in listing({name: secret}, "*", 10)
    assert "hunter2" not in inspection.report(name, secret)
    assert "hunter2" not in listing({"settings": {name: secret}}, "*", 10)
    assert "hunter2" not in listing({"t": pd.DataFrame({name: [secret]})}, "*", 10)
    assert "str" in listing({name: secret}, "*", 10)


@pytest.mark.parametrize("name", ["monkey", "keyboard", "tokens_per_second_", "author", "compass"])
def test_what_only_looks_a_little_like_it_is_shown(name: str) -> None:
    assert values.is_secret(name) is (name == "tokens_per_second_")


def test_a_function_is_told_with_its_signature_and_source() -> None:
    told = inspection.report("own_tail", own_tail)
    assert "own_tail()" in told
    assert "A list that holds itself." in told
    assert "made.append(made)" in told


def test_a_property_is_not_evaluated() -> None:
    class Thing:
        @property
        def cost(self) -> int:
            raise RuntimeError("evaluated")

    names = {"thing": Thing(), "pd": pd}
    with pytest.raises(ToolRefused, match="is a property"):
        inspection.find(names, "thing.cost")
    with pytest.raises(ToolRefused, match="no name 'nothing'"):
        inspection.find(names, "nothing")
    assert inspection.find(names, "pd.merge") is pd.merge


def test_names_are_chosen_by_pattern_and_bounded() -> None:
    names = {f"x{number}": number for number in range(500)}
    assert listing(names, "x1?", 100).count("\n") == 9
    assert "and 490 more" in listing(names, "*", 10)
    assert listing(names, "y*", 10) == "There are no such variables."
