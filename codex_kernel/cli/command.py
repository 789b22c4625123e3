"""What every subcommand shares: configuration, settings, and the way from an error to an exit code.

It knows no subcommand.
"""

from __future__ import annotations

import logging
import sys
from io import TextIOWrapper
from typing import Any, ClassVar, NoReturn

from jupyter_core.application import JupyterApp, base_aliases, base_flags
from traitlets import TraitError, Unicode
from traitlets.config.application import catch_config_error
from traitlets.config.loader import ConfigLoaderError

from codex_kernel._version import __version__
from codex_kernel.config import CONFIG_NAME, CodexSettings, load_config, load_config_file
from codex_kernel.errors import CodexError
from codex_kernel.render.escape import printable
from codex_kernel.settings import Settings

ALIASES: dict[str, Any] = dict(base_aliases)
_CLASSES: list[Any] = [CodexSettings]
FLAGS: dict[str, Any] = dict(base_flags)


class Command(JupyterApp):
    """A (sub)command: subclasses give name, description, traits and `run`."""

    version = __version__
    classes = _CLASSES
    aliases: ClassVar[dict[str, Any]] = ALIASES
    flags: ClassVar[dict[str, Any]] = FLAGS
    config_file_name = Unicode(CONFIG_NAME, help="Name of the configuration file.").tag(config=True)
    usage_arguments: ClassVar[str] = ""
    """The positional arguments as the help shows them; none are taken when empty."""

    def run(self) -> None:
        """Do it; a CodexError becomes a sentence and exit code 1."""
        raise NotImplementedError

    def settings(self) -> Settings:
        """The settings that the files, the environment and the command line make."""
        return CodexSettings(parent=self).settings()

    @catch_config_error
    def initialize(self, argv: Any = None) -> None:
        """Parse the command line and load the configuration below it."""
        super().initialize(argv)
        if self.extra_args and not self.usage_arguments and not self._dispatching:
            # Not repeated: somebody may have typed a secret.
            self.fail("This subcommand takes no arguments; see --help.", code=2)

    def load_config_file(self, *_args: object, **_kwargs: object) -> None:
        """The configuration that kernel and server read too (JupyterApp reads others)."""
        try:
            config = load_config_file(self.config_file) if self.config_file else load_config()
        except ConfigLoaderError as error:
            self.fail(str(error))
        self.update_config(config)

    def start(self) -> None:
        """Run the subcommand, or this."""
        super().start()
        if isinstance(sys.stdout, TextIOWrapper):  # redirected on Windows it has 256 characters
            sys.stdout.reconfigure(errors="backslashreplace")
        try:
            self.run()
        except (CodexError, TraitError) as error:
            self.fail(str(error))
        except KeyboardInterrupt:
            self.exit(130)
        except BrokenPipeError:
            # The reader of our output (`| head`) has seen enough; closing must not complain again.
            sys.stdout = None  # type: ignore[assignment]  # as pythonw has it

    def fail(self, sentence: str, *, code: int = 1) -> NoReturn:
        """Say what is wrong and end. The words may be an app-server's."""
        print(f"{self.shown_name}: {printable(sentence)}", file=sys.stderr)
        raise SystemExit(code)

    @property
    def shown_name(self) -> str:
        """How a person typed it: `jupyter codex install`."""
        return self.name.replace("-", " ")

    def emit_description(self) -> Any:
        """The usage line, then the description."""
        yield f"Usage: {self.shown_name} {self.usage_arguments}".rstrip() + " [options]"
        yield ""
        yield from super().emit_description()

    def _log_level_default(self) -> int:
        return logging.WARNING

    def _find_subcommand(self, name: str) -> str:
        return ""  # ours are all in `subcommands`; none is searched on PATH
