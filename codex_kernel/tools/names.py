"""Types without asking them, and names that sound like a secret."""

from __future__ import annotations

import re
from abc import ABCMeta
from typing import Any

_SECRET = re.compile(
    r"(?:^|_)(?:KEY|KEYS|APIKEY|TOKENS?|SECRETS?|PASSWORDS?|PASSWD|PWD|PASSPHRASE|CREDENTIALS?|"
    r"AUTH|COOKIE|PRIVATE)(?:$|_)",
)


def is_secret(name: str) -> bool:
    """Whether a name sounds like a secret: API_KEY, githubToken, db_password, ..."""
    return bool(_SECRET.search(re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).upper()))


def type_name(kind: type) -> str:
    """The name of a type; a metaclass is not asked."""
    name = type.__dict__["__qualname__"].__get__(kind)
    module = type.__dict__["__module__"].__get__(kind)
    if type(module) is not str:
        return f"?.{name}"
    return name if module in ("builtins", "__main__") else f"{module.partition('.')[0]}.{name}"


def namespace_of(kind: type) -> dict[str, Any]:
    """The attributes of a class itself, as they stand in it."""
    return type.__dict__["__dict__"].__get__(kind)


def plain_type(value: Any) -> type:
    """The type of a value, or `object` when that has a metaclass of its own: looking such a type
    up among others would ask the metaclass."""
    kind = type(value)
    return kind if type(kind) is type or type(kind) is ABCMeta else object
