"""What can be told of a name: type, signature, documentation, source, statistics of a frame.

Attributes are looked up where they stand, so that no property and no `__getattr__` runs.
"""

from __future__ import annotations

import inspect
import sys
import types
from collections.abc import Mapping
from typing import Any

from codex_kernel.errors import ToolRefused
from codex_kernel.tools import values
from codex_kernel.tools.names import is_secret, namespace_of, plain_type, type_name
from codex_kernel.tools.tool import cut

DOC_CHARS, SOURCE_CHARS = 4_000, 8_000
DESCRIBED_ROWS = 1_000_000
"""Statistics of more rows would keep Codex and a core waiting; they are of the first ones."""

_SOURCED = (types.FunctionType, types.MethodType)
_FUNCTIONS = (*_SOURCED, types.BuiltinFunctionType)


def find(namespace: Mapping[str, Any], path: str) -> Any:
    """The value of `name` or `name.attribute...`; raises `ToolRefused`."""
    first, *rest = path.split(".")
    if first not in namespace:
        raise ToolRefused(f"There is no name {first!r}; python_variables lists what there is.")
    value = namespace[first]
    for name in rest:
        value = _attribute(value, name, path)
    return value


def _attribute(value: Any, name: str, path: str) -> Any:
    try:
        found = inspect.getattr_static(value, name)
    except AttributeError:
        raise ToolRefused(f"{path}: there is no attribute {name!r} without running code.") from None
    if type(found) in (staticmethod, classmethod):
        return found.__func__
    if issubclass(type(found), property):
        raise ToolRefused(f"{path}: {name!r} is a property; python_run can evaluate it.")
    return found


def report(path: str, value: Any) -> str:
    """Everything that can be told without running code of the value's."""
    kind = type_name(type(value))
    if any(is_secret(part) for part in path.split(".")):
        return f"{path}: {kind} (its name sounds like a secret, so the value is not shown)"
    lines = [f"{path}: {kind} {values.shape(value)}".rstrip()]
    size = values.size(value)
    if size is not None:
        lines.append(f"{size:,} bytes")
    shown = values.head(value)
    lines += ["", shown] if shown else []
    for title, text in (
        ("Signature", _signature(path, value)),
        ("Documentation", _documentation(value)),
        ("Source", _source(value)),
        ("Statistics", _statistics(value)),
    ):
        lines += ["", f"{title}:", text] if text else []
    return "\n".join(lines)


def _signature(path: str, value: Any) -> str:
    if plain_type(value) not in _FUNCTIONS and not _is_plain_class(value):
        return ""
    try:
        return path + _shown(inspect.signature(value))
    except (TypeError, ValueError):
        return ""


def _shown(signature: inspect.Signature) -> str:
    """The signature with defaults by their brief forms: a default has a `__repr__`, too."""
    parameters = [
        parameter.replace(default=_Brief(parameter.default), annotation=_named(parameter))
        if parameter.default is not inspect.Parameter.empty
        else parameter.replace(annotation=_named(parameter))
        for parameter in signature.parameters.values()
    ]
    return str(signature.replace(parameters=parameters, return_annotation=inspect.Signature.empty))


class _Brief:
    def __init__(self, value: Any) -> None:
        self._text = values.brief(value) or f"<{type_name(type(value))}>"

    def __repr__(self) -> str:
        return self._text


def _named(parameter: inspect.Parameter) -> Any:
    found = parameter.annotation
    if found is inspect.Parameter.empty or type(found) is str:
        return found
    return _Brief(found) if type(found) is not type else found


def _documentation(value: Any) -> str:
    # Never isinstance: it asks a value for its `__class__`.
    if type(value) is types.ModuleType:
        found = value.__dict__.get("__doc__")
    elif issubclass(type(value), type):
        found = namespace_of(value).get("__doc__")
    elif plain_type(value) in _FUNCTIONS:
        found = value.__doc__
    else:
        found = None  # that of its class is asked for by the class's name
    return cut(inspect.cleandoc(found), DOC_CHARS) if type(found) is str else ""


def _source(value: Any) -> str:
    if plain_type(value) not in _SOURCED and not _is_plain_class(value):
        return ""
    try:
        return cut(inspect.getsource(value), SOURCE_CHARS)
    except (OSError, TypeError):
        return ""


def _is_plain_class(value: Any) -> bool:
    """Whether it is a class whose metaclass has no code of its own."""
    return type(value) is type


def _statistics(value: Any) -> str:
    """`describe()` of the numbers in a frame; objects in its cells are left alone."""
    pandas = sys.modules.get("pandas")
    if pandas is None or plain_type(value) not in (pandas.DataFrame, pandas.Series):
        return ""
    frame = value.to_frame() if type(value) is pandas.Series else value
    numbers = frame.iloc[:DESCRIBED_ROWS].select_dtypes("number")
    if numbers.shape[1] == 0 or numbers.shape[0] == 0:
        return ""
    numbers = numbers.iloc[:, : values.COLUMNS]
    text = numbers.describe().to_string()
    is_part = len(frame) > DESCRIBED_ROWS
    return f"(of the first {DESCRIBED_ROWS:,} rows)\n{text}" if is_part else text
