"""`ask`: Codex from any Python program, notebook or loop.

from codex_kernel import ask

result = ask("What is in data.csv?").wait()
print(result.text)

result = await ask("Now plot it", model="gpt-5.5")

class Summary(BaseModel):
    rows: int
    columns: list[str]

summary = ask("Describe data.csv", schema=Summary).wait().value
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeVar, get_args, overload

if TYPE_CHECKING:  # the engine is loaded by the first call
    from codex_kernel.magic.run import Run
    from codex_kernel.settings import Sandbox

T = TypeVar("T")

ContextKind = Literal["none", "cells", "vars"]


@overload
def ask(
    prompt: str,
    *,
    new: bool = ...,
    session: str | None = ...,
    model: str | None = ...,
    effort: str | None = ...,
    sandbox: Sandbox | None = ...,
    images: Sequence[Any] = ...,
    context: ContextKind = ...,
    schema: None = ...,
    quiet: bool | None = ...,
) -> Run[str]: ...
@overload
def ask(
    prompt: str,
    *,
    new: bool = ...,
    session: str | None = ...,
    model: str | None = ...,
    effort: str | None = ...,
    sandbox: Sandbox | None = ...,
    images: Sequence[Any] = ...,
    context: ContextKind = ...,
    schema: type[T],
    quiet: bool | None = ...,
) -> Run[T]: ...
@overload
def ask(
    prompt: str,
    *,
    new: bool = ...,
    session: str | None = ...,
    model: str | None = ...,
    effort: str | None = ...,
    sandbox: Sandbox | None = ...,
    images: Sequence[Any] = ...,
    context: ContextKind = ...,
    schema: Any,
    quiet: bool | None = ...,
) -> Run[Any]: ...
def ask(
    prompt: str,
    *,
    new: bool = False,
    session: str | None = None,
    model: str | None = None,
    effort: str | None = None,
    sandbox: Sandbox | None = None,
    images: Sequence[Any] = (),
    context: ContextKind = "none",
    schema: Any = None,
    quiet: bool | None = None,
) -> Run[Any]:
    """Begin a turn of Codex and return at once; `await` what comes back, or call its `wait()`.

    Calls go on with one session: in a notebook its own, else one of this process.

    prompt:  what to ask; may begin with commands (`"/status"`), and mention files (`@data.csv`)
    new:     begin a new session with this call
    session: go on with this session, by its id, the beginning of it or its title
    model, effort, sandbox: differ for this call only
    images:  paths, bytes, matplotlib figures, PIL images
    context: send along the notebook's "cells" with their outputs, or its "vars" by name and type
    schema:  a pydantic model or another type, or a JSON schema: `result.value` is a valid one
    quiet:   show nothing; by default a notebook shows the turn, and a program does not

    Raises `BadArgument`; everything else is raised by `wait()` and `await`, as a `CodexError`.
    """
    from codex_kernel.engine.asks import Extras
    from codex_kernel.errors import BadArgument
    from codex_kernel.magic.caller import find_caller
    from codex_kernel.magic.host import current
    from codex_kernel.magic.images import as_image
    from codex_kernel.magic.run import Run, Wish
    from codex_kernel.magic.schema import shape_of
    from codex_kernel.settings import SANDBOXES

    host = current()
    changes = {"model": model, "effort": effort, "sandbox": sandbox}
    if sandbox is not None and sandbox not in SANDBOXES:
        raise BadArgument(f"There is no sandbox {sandbox!r}.", next_step=_one_of(SANDBOXES))
    if context not in get_args(ContextKind):
        raise BadArgument(
            f"There is no context {context!r}.", next_step=_one_of(get_args(ContextKind))
        )
    shape = None if schema is None else shape_of(schema)
    extras = Extras(
        images=tuple(map(as_image, images)),
        output_schema=None if shape is None else shape.schema,
        changes={name: value for name, value in changes.items() if value is not None},
    )
    is_quiet = host.shell is None if quiet is None else quiet
    wish = Wish(new, session, context, shape, extras, is_quiet)
    return Run(host, prompt, wish, find_caller(host.shell, host.stdin))


def _one_of(words: Sequence[str]) -> str:
    return f"There are {', '.join(words)}."
