"""Whether somebody logged in or out through another app-server.

An app-server reads the account when it starts and never again: after a login it goes on without,
after a logout it goes on with the old one (0.163, 0.169). So ours leave a mark for each other
beside the turn log. The account itself is Codex's alone.
"""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from codex_kernel.ids import account_mark_path


class AccountMark:
    """The mark for one CODEX_HOME, as it was when this was made or last changed here."""

    def __init__(self, data_folder: Path, codex_home: Path) -> None:
        """Make it before the app-server is started, or a change in between is missed."""
        self._path = account_mark_path(data_folder, codex_home)
        self._known = self._read()

    @property
    def is_known(self) -> bool:
        """Whether nobody else has changed the account since."""
        return self._read() == self._known

    def change(self) -> None:
        """The account was changed here: all others are to notice."""
        self._known = secrets.token_hex(8)
        new = self._path.with_name(f"{self._path.name}.{self._known}")
        with suppress(OSError):  # a read-only home has no others either
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            new.write_text(self._known, encoding="ascii")
            os.replace(new, self._path)

    def _read(self) -> str | None:
        try:
            return self._path.read_text(encoding="ascii")
        except OSError:
            return None
