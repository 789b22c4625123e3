"""A look at values without running any code of theirs: types, sizes, heads.

A `__repr__` may raise, hang or lie, a property may start a download. So values are looked at only
by their exact type, through the descriptors of types that we know; of everything else the type is
told and nothing more. Of a name that sounds like a secret only the type is told.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import Any

from codex_kernel.tools import scalars
from codex_kernel.tools.names import is_secret, plain_type, type_name

TEXT_CHARS = 80
ITEMS = 6
DEPTH = 2
ROWS, COLUMNS = 5, 8
INTEGER_BITS = 512
"""A longer integer is told by its length: writing it out takes quadratic time."""


def size(value: Any) -> int | None:
    """Bytes that the value's data take, as far as that is known without counting."""
    measure = _SIZES.get(plain_type(value)) or _array_way(value, "size")
    return measure(value) if measure else None


def shape(value: Any) -> str:
    """Length, shape and element type, or ""."""
    if plain_type(value) in _CONTAINERS:
        return f"len {len(value)}"
    tell = _array_way(value, "shape")
    return tell(value) if tell else ""


def brief(value: Any, depth: int = DEPTH) -> str:
    """The value in some words, or "" when its type is all that can be told."""
    tell = _BRIEF.get(plain_type(value))
    if tell is not None:
        return tell(value, depth)
    return scalars.brief(value, lambda part: _element(part, depth - 1))


def head(value: Any) -> str:
    """The first rows or elements of a frame or an array, or its brief form."""
    show = _array_way(value, "head")
    return show(value) if show else brief(value)


def _text(value: str, _depth: int) -> str:
    cut = value if len(value) <= TEXT_CHARS else value[:TEXT_CHARS] + "…"
    return repr(cut)


def _bytes(value: bytes, _depth: int) -> str:
    return repr(bytes(value[:TEXT_CHARS])) + ("…" if len(value) > TEXT_CHARS else "")


def _integer(value: int, _depth: int) -> str:
    bits = value.bit_length()
    return repr(value) if bits <= INTEGER_BITS else f"an integer of {bits:,} bits"


def _sequence(marks: str) -> Callable[[Any, int], str]:
    def tell(value: Any, depth: int) -> str:
        return _joined(marks, (_element(item, depth) for item in _first(value)), len(value))

    return tell


def _mapping(value: dict[Any, Any], depth: int) -> str:
    items = list(_first(value.items()))
    pairs = (_pair(key, item, depth) for key, item in items)
    return _joined("{}", pairs, len(value))


def _pair(key: Any, item: Any, depth: int) -> str:
    shown = "…" if type(key) is str and is_secret(key) else _element(item, depth)
    return f"{_element(key, depth)}: {shown}"


def _first(values: Iterable[Any]) -> list[Any]:
    found = []
    try:
        for item in values:
            found.append(item)
            if len(found) == ITEMS:
                break
    except RuntimeError:  # another thread changes it just now
        pass
    return found


def _joined(marks: str, parts: Iterable[str], length: int) -> str:
    more = ", …" if length > ITEMS else ""
    return f"{marks[:-1]}{', '.join(parts)}{more}{marks[-1]}"


def _element(value: Any, depth: int) -> str:
    """An item of a container: nothing that holds itself is followed for ever."""
    kind = plain_type(value)
    if depth <= 0 and kind in _CONTAINERS and kind not in (str, bytes):
        return "…"
    return brief(value, depth - 1) or f"<{type_name(type(value))}>"


_BRIEF: dict[type, Callable[[Any, int], str]] = {
    str: _text,
    bytes: _bytes,
    int: _integer,
    **dict.fromkeys((bool, float, complex, type(None)), lambda value, _depth: repr(value)),
    list: _sequence("[]"),
    tuple: _sequence("()"),
    set: _sequence("{}"),
    frozenset: _sequence("frozenset({})"),
    dict: _mapping,
}
_CONTAINERS = (str, bytes, bytearray, list, tuple, set, frozenset, dict)
_SIZES: dict[type, Callable[[Any], int]] = dict.fromkeys(
    (str, bytes, bytearray, list, tuple, set, frozenset, dict), sys.getsizeof
)


# Arrays and frames: only of libraries that are loaded, only of their own types


def _array_way(value: Any, way: str) -> Callable[[Any], Any] | None:
    for module, name, ways in _KNOWN:
        loaded = sys.modules.get(module)
        kind = None if loaded is None else vars(loaded).get(name)
        if kind is not None and type(value) is kind:
            return ways[way]
    return None


def _ndarray_shape(value: Any) -> str:
    return f"{'x'.join(map(str, value.shape)) or 'scalar'} {value.dtype}"


def _ndarray_head(value: Any) -> str:
    items = [_element(item, 0) for item in value.flat[:ROWS]]
    return f"[{', '.join(items)}{', …' if value.size > ROWS else ''}]"


def _frame_shape(value: Any) -> str:
    return "x".join(map(str, value.shape))


def _frame_head(value: Any) -> str:
    columns = list(value.columns[:COLUMNS])
    names = [_column(name) for name in columns]
    lines = [" | ".join(names)]
    lines.append(" | ".join(str(kind) for kind in value.dtypes.iloc[:COLUMNS]))
    for row in range(min(ROWS, value.shape[0])):
        cells = (value.iat[row, column] for column in range(len(columns)))
        shown = (
            "…" if is_secret(name) else _element(cell, 0)
            for name, cell in zip(names, cells, strict=True)
        )
        lines.append(" | ".join(shown))
    more = value.shape[1] - len(columns)
    return "\n".join(lines) + (f"\n({more} more columns)" if more > 0 else "")


def _column(name: Any) -> str:
    return name if type(name) is str else _element(name, 1)


def _series_head(value: Any) -> str:
    items = [_element(value.iat[row], 0) for row in range(min(ROWS, len(value)))]
    return f"[{', '.join(items)}{', …' if len(value) > ROWS else ''}]"


def _columns_bytes(value: Any) -> int:
    return int(value.memory_usage(index=False).sum())


_KNOWN: tuple[tuple[str, str, dict[str, Callable[[Any], Any]]], ...] = (
    (
        "numpy",
        "ndarray",
        {"shape": _ndarray_shape, "size": lambda value: value.nbytes, "head": _ndarray_head},
    ),
    (
        "pandas",
        "DataFrame",
        {"shape": _frame_shape, "size": _columns_bytes, "head": _frame_head},
    ),
    (
        "pandas",
        "Series",
        {
            "shape": lambda value: f"{len(value)} {value.dtype}",
            "size": lambda value: int(value.memory_usage(index=False)),
            "head": _series_head,
        },
    ),
)
