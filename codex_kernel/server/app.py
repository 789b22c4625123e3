"""The extension's entry: Jupyter's server on one side, the `Service` on the other.

Owns configuration and the moments of starting and ending. `CodexServer` has the traits (as
`c.CodexServer...`); the extension itself is not configurable, so that no trait of Jupyter's
applications stands in the way.
"""

from __future__ import annotations

import os
from typing import Any

from jupyter_server.extension.application import ExtensionApp
from traitlets import Float, TraitError
from traitlets.config import Config
from traitlets.config.loader import ConfigLoaderError

from codex_kernel._version import __version__
from codex_kernel.config import CodexSettings, environment_name, load_config
from codex_kernel.errors import CodexError, LogUnavailable
from codex_kernel.server.recovery import Upkeep
from codex_kernel.server.service import Service
from codex_kernel.server.table import handlers


class CodexServer(CodexSettings):
    """How the server extension of Codex works."""

    heartbeat_seconds = Float(
        15.0,
        min=0.1,
        help="A WebSocket on which nothing happens says so this often; pages count as open.",
    ).tag(config=True)
    poll_seconds = Float(
        0.03,
        min=0.001,
        help="How often the turn log is looked at for commits, while somebody watches.",
    ).tag(config=True)
    clerk_seconds = Float(
        300.0,
        min=0.0,
        help="An app-server that this server started for itself ends when idle for so long.",
    ).tag(config=True)
    recovery_seconds = Float(
        5.0, min=0.1, help="How often it is looked whether a process that ran turns is gone."
    ).tag(config=True)


class CodexExtension(ExtensionApp):
    """Sessions and turns of Codex for every page."""

    name = "codex_kernel"
    load_other_extensions = True
    service: Service | None = None
    upkeep: Upkeep | None = None

    def load_config_file(self, suppress_errors: bool = True) -> None:
        """Nothing here: the files are those of `config.load_config`."""

    def initialize_settings(self) -> None:
        """Read the configuration; what is wrong with it is for `health` to say."""
        assert self.serverapp is not None
        configured, problem = self._configured()
        settings = configured.settings()
        # The kernels that this server starts write where it reads.
        if problem is None:
            os.environ[environment_name("data_dir")] = str(settings.log.folder)
        self.service = Service(
            settings,
            self.serverapp.root_dir,
            base_url=self.serverapp.base_url,
            poll_seconds=configured.poll_seconds,
            heartbeat_seconds=configured.heartbeat_seconds,
            clerk_seconds=configured.clerk_seconds,
            problem=problem,
        )
        self.upkeep = Upkeep(self.service, self.serverapp, configured.recovery_seconds)

    def initialize_handlers(self) -> None:
        """Everything in the table, and the log opened as soon as the loop runs."""
        assert self.serverapp is not None
        assert self.service is not None
        assert self.upkeep is not None
        self.handlers.extend(handlers(self.service))
        # Pages of a server without us ask for nothing, instead of for what is not found.
        page = self.serverapp.web_app.settings.setdefault("page_config_data", {})
        page["codexKernel"] = __version__
        self.serverapp.io_loop.add_callback(self.service.start)
        self.serverapp.io_loop.add_callback(self.upkeep.start)

    def current_activity(self) -> Any:
        """How many processes run turns now: a server is not shut down as idle under them."""
        return None if self.upkeep is None else self.upkeep.activity.owners or None

    async def stop_extension(self) -> None:
        """Sockets, tasks and the log end with the server."""
        if self.service is not None:
            await self.service.aclose()

    def _configured(self) -> tuple[CodexServer, CodexError | None]:
        assert self.serverapp is not None
        try:
            config = Config()
            config.merge(_ours(self.serverapp.config))
            config.merge(load_config())
            config.merge(_ours(self.serverapp.cli_config))
            return CodexServer(config=config), None
        except (ConfigLoaderError, TraitError) as error:
            problem = LogUnavailable(
                f"The configuration of Codex is wrong: {error}",
                next_step="Correct it and restart the Jupyter server.",
            )
            self.log.warning("Codex: %s", problem)
            return CodexServer(), problem


def _ours(config: Any) -> Config:
    return Config({name: section for name, section in config.items() if name.startswith("Codex")})
