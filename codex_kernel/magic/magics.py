"""`%codex` and `%%codex`."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from typing import Any, TypeVar

from IPython.core.error import UsageError
from IPython.core.magic import Magics, line_cell_magic, magics_class, no_var_expand
from IPython.core.magic_arguments import argument, magic_arguments

from codex_kernel.errors import CodexError
from codex_kernel.magic.ask import ask
from codex_kernel.magic.line import split
from codex_kernel.settings import SANDBOXES


@magics_class
class CodexMagics(Magics):
    """The magics of one IPython."""

    @magic_arguments("codex")
    @argument(
        "-o",
        "--out",
        metavar="VAR",
        help="Put the result into a variable; with --background the handle, at once.",
    )
    @argument("--new", action="store_true", help="Begin a new session.")
    @argument("--session", metavar="ID", help="Go on with another session: its id or its title.")
    @argument("--model", help="The model for this prompt only.")
    @argument("--effort", help="How hard the model thinks about this prompt.")
    @argument(
        "--sandbox",
        metavar="SANDBOX",
        choices=SANDBOXES,
        help=f"What commands may do for this prompt: {', '.join(SANDBOXES)}.",
    )
    @argument(
        "--image",
        metavar="VAR_OR_PATH",
        action="append",
        default=[],
        help="Show Codex a matplotlib figure, a PIL image or a file. May be repeated.",
    )
    @argument(
        "--context",
        metavar="KIND",
        choices=("none", "cells", "vars"),
        default="none",
        help="Send along `cells`: those that ran since Codex was last told, with their text "
        "outputs; or `vars`: the names and types of the variables. `%%codex /context` shows what "
        "that would be. Default: `none`.",
    )
    @argument(
        "--schema",
        metavar="VAR",
        help="The answer has this shape: a pydantic model, another type or a JSON schema; "
        "`value` of the result is a valid one.",
    )
    @argument("--quiet", action="store_true", help="Show nothing; the result is returned.")
    @argument(
        "--background",
        action="store_true",
        help="Do not wait: return a handle with status, wait(), steer(), interrupt(), result.",
    )
    @no_var_expand
    @line_cell_magic
    def codex(self, line: str, cell: str | None = None) -> Any:
        """Ask Codex, in the notebook's session.

        %codex [options] PROMPT asks in one line; %%codex [options] takes the cell below it as
        the prompt, as it stands. What Codex does is shown below the cell while it runs; stopping
        the cell stops it. Commands go the same way: %codex /status, %codex /model gpt-5.5;
        %codex /help lists them. `@path` mentions a file, `%codex !ls` runs a command in the
        sandbox. Options stand in front, `--` ends them. In code: from codex_kernel import ask.
        """
        words, prompt = split(line, self.parser)
        options = self.parser.parse_args(words)
        if cell is not None:
            prompt = f"{prompt}\n{cell}" if prompt else cell
        try:
            return self._run(options, prompt if prompt.strip() else "/help")
        except (CodexError, KeyboardInterrupt) as failure:
            raise readable(failure) from None

    @property
    def parser(self) -> ArgumentParser:
        """The options."""
        return self.codex.parser  # type: ignore[attr-defined]  # magic_arguments puts it there

    def _run(self, options: Namespace, prompt: str) -> Any:
        if options.out is not None and not options.out.isidentifier():
            raise UsageError(f"{options.out!r} is not the name of a variable.")
        run = ask(
            prompt,
            new=options.new,
            session=options.session,
            model=options.model,
            effort=options.effort,
            sandbox=options.sandbox,
            images=[self._image(each) for each in options.image],
            context=options.context,
            schema=None if options.schema is None else self._schema(options.schema),
            quiet=options.quiet,
        )
        if options.background:
            self._keep(options.out, run)
            return None if options.out else run
        try:
            result = run.wait()
        except KeyboardInterrupt:
            run.interrupt()  # it may have come before the waiting began
            raise
        finally:
            self._keep(options.out, run.result)
        if not options.quiet:
            result.shown_in = self._shell.execution_count
        return None if options.out else result

    def _keep(self, name: str | None, value: Any) -> None:
        if name is not None:
            self._shell.push({name: value})

    def _image(self, named: str) -> Any:
        return self._shell.user_ns.get(named, named)

    def _schema(self, named: str) -> Any:
        if named in self._shell.user_ns:
            return self._shell.user_ns[named]
        try:
            return json.loads(named)
        except ValueError:
            raise UsageError(
                f"There is no variable {named!r} with a schema, and it is no JSON."
            ) from None

    @property
    def _shell(self) -> Any:
        return self.shell


Failure = TypeVar("Failure", bound=BaseException)


def readable(failure: Failure) -> Failure:
    """An error whose traceback in IPython is its sentence: our own frames help nobody."""
    lines = [f"{type(failure).__name__}: {failure}".rstrip(": ")]
    failure._render_traceback_ = lambda: lines  # type: ignore[attr-defined]  # IPython's hook
    return failure
