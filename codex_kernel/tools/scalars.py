"""Dates, numbers, paths and members of enums by their value, without running code of the user's.

Only exact types of libraries that are loaded: a subclass may do anything. What such a value holds
of a type that is not known here, a time zone for example, is told by its type.
"""

from __future__ import annotations

import enum
import sys
from collections.abc import Callable
from typing import Any

from codex_kernel.tools.names import is_secret, plain_type, type_name

Element = Callable[[Any], str]
"""Tells a value that is part of another."""

CHARS = 200
"""A Decimal may have millions of digits."""


def brief(value: Any, element: Element) -> str:
    """The value in some words, or "" when it is none of these."""
    if _is_missing(value):
        return repr(value)
    tell = _member if type(type(value)) is enum.EnumMeta else _way(plain_type(value))
    try:
        told = "" if tell is None else tell(value, element)
    except (ValueError, OverflowError):  # a year that a date cannot have, for example
        return ""
    return told[:CHARS] if type(told) is str else ""


def _way(kind: type) -> Callable[[Any, Element], str] | None:
    for module, ways in _KNOWN.items():
        loaded = sys.modules.get(module)
        if loaded is not None:
            for name, tell in ways.items():
                if vars(loaded).get(name) is kind:
                    return tell
    numpy = sys.modules.get("numpy")
    is_scalar = numpy is not None and kind in vars(numpy).get("sctypeDict", {}).values()
    return _number if is_scalar else None


def _is_missing(value: Any) -> bool:
    """Whether it is what pandas has for a date or a value that is not there."""
    pandas = sys.modules.get("pandas")
    return pandas is not None and any(vars(pandas).get(name) is value for name in ("NaT", "NA"))


def _plain(value: Any, _element: Element) -> str:
    return str(value)


def _member(value: Any, element: Element) -> str:
    # By the descriptor of Enum's own: the class may have replaced `name` and `value`.
    facts = enum.Enum.__dict__["__dict__"].__get__(value)
    name = facts.get("_name_")
    if type(name) is not str:
        return ""
    held = "…" if is_secret(name) else element(facts.get("_value_"))
    return f"{type_name(type(value))}.{name}: {held}"


def _moment(value: Any, _element: Element) -> str:
    zone = type(value.tzinfo)
    if value.tzinfo is None or _way(plain_type(value.tzinfo)) is _zone:
        return value.isoformat()
    # Any other time zone would be asked for its offset; the fields are as they stand in it.
    date = f"{value.year:04}-{value.month:02}-{value.day:02}T" if hasattr(value, "year") else ""
    time = f"{value.hour:02}:{value.minute:02}:{value.second:02}"
    return f"{date}{time} <{type_name(zone)}>"


def _zone(value: Any, _element: Element) -> str:
    return str(value)


def _fraction(value: Any, element: Element) -> str:
    return f"{element(value.numerator)}/{element(value.denominator)}"


def _path(value: Any, element: Element) -> str:
    parts = getattr(value, "_raw_paths", ())  # from Python 3.12 on kept as they were given
    return element(str(value)) if all(type(part) is str for part in parts) else ""


def _interval(value: Any, element: Element) -> str:
    begin = "[" if value.closed_left else "("
    end = "]" if value.closed_right else ")"
    return f"{begin}{element(value.left)}, {element(value.right)}{end}"


def _number(value: Any, element: Element) -> str:
    kind = value.dtype.kind
    if kind == "V":  # a record may hold objects
        return ""
    held = value if kind in "Mm" else value.item()
    return str(value) if held is value or type(held) is type(value) else element(held)


_KNOWN: dict[str, dict[str, Callable[[Any, Element], str]]] = {
    "datetime": {
        "datetime": _moment,
        "time": _moment,
        "date": _plain,
        "timedelta": _plain,
        "timezone": _zone,
    },
    "zoneinfo": {"ZoneInfo": _zone},
    "decimal": {"Decimal": _plain},
    "fractions": {"Fraction": _fraction},
    "uuid": {"UUID": _plain},
    "pathlib": dict.fromkeys(
        ("PosixPath", "WindowsPath", "PurePosixPath", "PureWindowsPath"), _path
    ),
    "pandas": {
        "Timestamp": _moment,
        "Timedelta": _plain,
        "Period": _plain,
        "Interval": _interval,
    },
}
