"""Where the log lies, and what that means for it."""

from __future__ import annotations

import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from codex_kernel.ids import log_path
from codex_kernel.settings import LogSettings
from codex_kernel.turn_log import storage
from codex_kernel.turn_log.log import TurnLog

from .turns import ended, running, text

MOUNTS = """\
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
40 22 0:40 / /home rw,relatime shared:2 - nfs4 server:/home rw
41 40 254:1 / /home/ada/my\\040disk rw - ext4 /dev/vdb rw
42 22 0:42 / /mnt/cloud rw - fuse.sshfs host:/ rw
43 22 0:43 / /mnt/covered rw - cifs //host/share rw
44 43 0:44 / /mnt/covered rw - tmpfs none rw
"""


@pytest.mark.parametrize(
    ("path", "name", "can_use_wal"),
    [
        ("/var/log", "ext4", True),
        ("/home/ada", "nfs4", False),
        ("/home/ada/my disk/x", "ext4", True),
        ("/homes", "ext4", True),
        ("/mnt/cloud", "fuse.sshfs", False),
        ("/mnt/covered/x", "tmpfs", True),
    ],
)
def test_file_system_is_that_of_the_nearest_mount(
    tmp_path: Path, path: str, name: str, can_use_wal: bool
) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTS)
    assert storage.file_system(Path(path), str(mounts)) == name
    assert storage.can_use_wal(name) is can_use_wal


def test_without_a_table_of_mounts_the_file_system_is_unknown(tmp_path: Path) -> None:
    assert storage.file_system(tmp_path, str(tmp_path / "none")) == "unknown"


async def test_local_log_uses_wal(log: TurnLog, settings: LogSettings) -> None:
    health = log.health()
    assert health["journal_mode"] == "wal"
    assert health["path"] == str(log_path(settings.folder))
    assert health["bytes"] > 0
    assert health["is_recorded"] is True
    assert (health["problem"], health["last_error"], health["warnings"]) == (None, None, [])


async def test_log_on_a_network_file_system_uses_a_journal_and_warns(
    settings: LogSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "file_system", lambda _path: "nfs4")
    async with TurnLog.open(settings) as log, log.tail() as tail:
        while await tail.changed(0):
            continue
        record = await ended(log)
        assert await tail.changed(30)
        assert len(await log.events(record.turn_id)) == record.transcript.seq
        assert log.health()["journal_mode"] == "truncate"
        assert "nfs4" in log.health()["warnings"][0]
    with closing(sqlite3.connect(log_path(settings.folder))) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() != ("wal",)


async def test_log_that_moved_to_a_network_file_system_is_still_read(
    settings: LogSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with TurnLog.open(settings) as log:
        record = await ended(log)
    monkeypatch.setattr(storage, "file_system", lambda _path: "nfs4")
    async with TurnLog.open(settings) as log:
        assert log.health()["journal_mode"] == "truncate"
        assert len(await log.events(record.turn_id)) == record.transcript.seq


@pytest.mark.parametrize(("others", "mode"), [((), 0o700), (("thesis.tex",), 0o755)])
async def test_only_a_folder_of_ours_is_closed_to_others(
    settings: LogSettings, others: tuple[str, ...], mode: int
) -> None:
    settings.folder.mkdir()
    settings.folder.chmod(0o755)
    for name in others:
        (settings.folder / name).write_text("")
    async with TurnLog.open(settings):
        assert stat.S_IMODE(settings.folder.stat().st_mode) == mode
        assert stat.S_IMODE(log_path(settings.folder).stat().st_mode) == 0o600


async def test_transaction_that_fails_leaves_nothing(log: TurnLog) -> None:
    record = await running(log)

    def write_and_fail(connection: sqlite3.Connection) -> None:
        connection.execute("DELETE FROM events")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await log.database.transaction(write_and_fail)
    await record.append([text("x")])
    assert len(await log.events(record.turn_id)) == 5
