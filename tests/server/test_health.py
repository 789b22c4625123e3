"""A server whose record cannot be read says why, everywhere, and runs all the same."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from websockets.exceptions import InvalidStatus

from codex_kernel.ids import log_path, new_turn_id
from codex_kernel.turn.events import turn_queued
from codex_kernel.turn_log import bindings
from codex_kernel.turn_log.log import TurnLog
from tests.end_to_end.place import wait_until
from tests.turn_log.turns import SESSION, beginning, ending, text

from .place import TOKEN, Server, frame, frames, jupyter_server


def _damaged(path: Path) -> None:
    path.write_bytes(b"this is no database " * 500)


def _too_new(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 1000")


def _a_folder(path: Path) -> None:
    path.mkdir()


def test_a_good_record_is_healthy(server: Server) -> None:
    health = server.get("health")
    assert (health["status"], health["problem"]) == ("ok", None)
    assert health["log"]["path"] == str(log_path(server.settings.folder))


@pytest.mark.parametrize("spoil", [_damaged, _too_new, _a_folder])
async def test_a_bad_record_is_told_with_what_to_do(
    tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    spoil(log_path(tmp_path))
    with jupyter_server(CODEX_KERNEL_DATA_DIR=str(tmp_path)) as server:
        health = server.get("health")
        assert health["status"] == "unavailable"
        assert health["problem"]
        assert health["next_step"]
        for path in ("sessions", "turns", "approvals", f"turns/{new_turn_id()}/events"):
            problem = server.get(path, status=503)
            assert problem["message"] == health["problem"]
            assert problem["next_step"] == health["next_step"]
        for path in (f"turns/{new_turn_id()}/stream", "feed"):
            with pytest.raises(InvalidStatus) as caught:
                async with server.socket(path):
                    pass
            assert caught.value.response.status_code == 503


def test_a_record_that_is_mended_is_found_without_a_restart(tmp_path: Path) -> None:
    _damaged(log_path(tmp_path))
    with jupyter_server(CODEX_KERNEL_DATA_DIR=str(tmp_path)) as server:
        assert server.get("health")["status"] == "unavailable"
        log_path(tmp_path).unlink()
        wait_until(lambda: server.get("health")["status"] == "ok")
        assert server.get("turns") == {"turns": [], "next": None}


def test_a_wrong_configuration_is_told_by_name(tmp_path: Path) -> None:
    (tmp_path / "jupyter_codex_config.py").write_text("c.CodexSettings.sandbox = 'sand castle'\n")
    with jupyter_server(JUPYTER_CONFIG_DIR=str(tmp_path)) as server:
        health = server.get("health")
        assert health["status"] == "unavailable"
        assert "sandbox" in health["problem"]
        assert server.get("sessions", status=503)["message"] == health["problem"]


def test_the_configuration_is_that_of_every_host_and_the_servers_own(tmp_path: Path) -> None:
    data = tmp_path / "elsewhere"
    (tmp_path / "jupyter_codex_config.py").write_text(f"c.CodexSettings.data_dir = {str(data)!r}\n")
    with jupyter_server(
        without=("CODEX_KERNEL_DATA_DIR",), JUPYTER_CONFIG_DIR=str(tmp_path)
    ) as server:
        assert server.get("health")["log"]["path"] == str(log_path(data))
        assert os.path.exists(log_path(data))


async def test_prompts_and_outputs_never_reach_the_servers_log() -> None:
    secret = "what-nobody-may-see"
    with jupyter_server() as server:
        async with TurnLog.open(server.settings) as log:
            await bindings.remember_session(log, SESSION)
            record, _ = await log.begin(new_turn_id(), turn_queued(secret, session_id=SESSION))
            await record.append([*beginning(), text(secret)])
            path = f"turns/{record.turn_id}"
            async with server.socket(f"{path}/stream") as stream, server.socket("feed") as feed:
                await record.append(ending(secret))
                assert secret in str(await frames(stream))
                await feed.send(secret)
                await frame(feed)
            for read in (path, f"{path}/events", f"sessions/{SESSION}/audit?format=csv"):
                assert secret.encode() in server.fetch(read).body
            await log.database.write("UPDATE turns SET state = ?", (secret,))
            assert server.get(path, status=500)["kind"] == "InternalServerError"
            await log.database.write("UPDATE events SET body = '{' || ? || body", (secret,))
            assert server.get(f"{path}/events", status=500)["kind"] == "InternalServerError"
        for method in ("POST", "PATCH", "DELETE"):
            server.fetch(path, method=method, body={secret: secret}, token=TOKEN)
        assert f"/{path}/stream" in server.output
        assert "Traceback" in server.output
        assert secret not in server.output
