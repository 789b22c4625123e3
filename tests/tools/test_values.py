"""A namespace may hold anything: looking at it runs none of it, ends, and tells no secret."""

from __future__ import annotations

import datetime
import enum
import time
import uuid
from decimal import Decimal
from fractions import Fraction
from pathlib import PurePosixPath
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from codex_kernel.errors import ToolRefused
from codex_kernel.tools import inspection, values
from codex_kernel.tools.names import is_secret
from codex_kernel.tools.python import listing


class Rude:
    """A look at it fails, or hangs."""

    def __repr__(self) -> str:
        raise RuntimeError("looked at")

    __str__ = __format__ = __repr__  # type: ignore[assignment]  # refuses

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


class Unequal(type):
    """A class that cannot be looked up among others."""

    def __eq__(cls, other: object) -> bool:
        raise RuntimeError("compared")

    def __hash__(cls) -> int:
        raise RuntimeError("hashed")


class Unknown(metaclass=Unequal):
    pass


class LyingZone(datetime.tzinfo):
    is_armed = False

    def utcoffset(self, moment: Any) -> Any:
        if self.is_armed:
            raise RuntimeError("asked for its offset")
        return datetime.timedelta(0)


class LyingDate(datetime.date):
    def isoformat(self) -> str:
        raise RuntimeError("asked")

    __str__ = __repr__ = isoformat


class LyingFloat(np.float64):
    def item(self, *_args: Any) -> Any:
        raise RuntimeError("asked")

    __str__ = __repr__ = item


class Color(enum.Enum):
    RED = 1
    API_KEY = "hunter2"
    BAD = Unknown()

    @property
    def name(self) -> str:  # type: ignore[override]  # a trap
        raise RuntimeError("asked for its name")


class LyingList(list[Any]):
    def __iter__(self) -> Any:
        raise RuntimeError("walked over")


def own_tail() -> list[Any]:
    """A list that holds itself."""
    made: list[Any] = [1]
    made.append(made)
    return made


def test_nothing_hostile_is_run() -> None:
    zone = LyingZone()
    stamp = pd.Timestamp(2026, 3, 2, 8, tzinfo=zone)
    zone.is_armed = True
    table = pd.DataFrame({"n": [1, 2], "bad": [Rude(), Rude()]})
    names = {
        "hostile": Hostile(),
        "trapped": Trapped(),
        "kind": Trapped,
        "lying": LyingList([1]),
        "unknown": Unknown(),
        "date": LyingDate(2026, 3, 2),
        "moment": datetime.datetime(2026, 3, 2, 8, tzinfo=zone),
        "stamp": stamp,
        "number": LyingFloat(1.0),
        "color": Color.BAD,
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
    assert told["unknown"].endswith("Unknown")
    assert told["date"].endswith("LyingDate")
    assert "2026-03-02T08:00:00 <" in told["moment"]
    assert "2026-03-02T08:00:00 <" in told["stamp"]
    assert told["number"].endswith("LyingFloat")
    assert told["color"].endswith("Color.BAD: <tests.Unknown>")
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


BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (pd.Timestamp("2026-03-02 08:30"), "2026-03-02T08:30:00"),
        (pd.Timestamp("2026-03-02 08:30", tz=BERLIN), "2026-03-02T08:30:00+01:00"),
        (pd.Timedelta("1D 2h"), "1 days 02:00:00"),
        (pd.NaT, "NaT"),
        (pd.NA, "<NA>"),
        (pd.Period("2026-03", "M"), "2026-03"),
        (pd.Interval(0, 1), "(0, 1]"),
        (np.datetime64("2026-03-02"), "2026-03-02"),
        (np.timedelta64(3, "D"), "3 days"),
        (np.float64(1.5), "1.5"),
        (np.int8(7), "7"),
        (np.bool_(True), "True"),
        (np.str_("a"), "'a'"),
        (np.longdouble(2), "2.0"),
        (datetime.datetime(2026, 3, 2, 8, tzinfo=datetime.UTC), "2026-03-02T08:00:00+00:00"),
        (datetime.date(2026, 3, 2), "2026-03-02"),
        (datetime.time(8, 30), "08:30:00"),
        (datetime.timedelta(hours=1), "1:00:00"),
        (BERLIN, "Europe/Berlin"),
        (Decimal("1.10"), "1.10"),
        (Fraction(1, 3), "1/3"),
        (PurePosixPath("/data/x.csv"), "'/data/x.csv'"),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (Color.RED, "tests.Color.RED: 1"),
        (Color.API_KEY, "tests.Color.API_KEY: …"),
    ],
    ids=lambda value: None if type(value) is str else type(value).__name__,
)
def test_dates_numbers_paths_and_enums_are_told_by_value(value: Any, told: str) -> None:
    assert values.brief(value) == told
    assert values.brief([value]) == f"[{told}]"


def test_dates_in_frames_and_arrays_are_told_by_value() -> None:
    days = pd.date_range("2026-03-02", periods=2, tz=BERLIN)
    frame = pd.DataFrame({"day": days, "paid": [Decimal("1.10"), None]})
    head = values.head(frame)
    assert "2026-03-02T00:00:00+01:00 | 1.10" in head
    assert values.head(frame["day"]).startswith("[2026-03-02T00:00:00+01:00")
    gaps = np.array(["2026-03-02", "NaT"], dtype="datetime64[s]")
    assert values.head(gaps) == "[2026-03-02T00:00:00, NaT]"
    assert len(values.brief(Decimal("1" * 1_000_000))) < 300


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
    assert is_secret(name) is (name == "tokens_per_second_")


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
