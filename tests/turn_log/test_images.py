"""What files were before a turn."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from codex_kernel.settings import LogSettings
from codex_kernel.turn_log.images import BeforeImage, before_images, keep_before
from codex_kernel.turn_log.log import TurnLog

from .turns import running


@pytest.fixture
def settings(tmp_path: Path) -> LogSettings:
    """Small bounds."""
    return LogSettings(tmp_path / "codex_kernel", 60, image_bytes=100, image_bytes_per_turn=150)


async def test_first_image_of_a_file_is_kept(log: TurnLog, tmp_path: Path) -> None:
    record = await running(log)
    before = await log.turn(record.turn_id)
    script = tmp_path / "run.sh"
    script.write_bytes(b"after the patch")
    script.chmod(0o750)
    await keep_before(log, record.turn_id, str(script), b"first\xff")
    await keep_before(log, record.turn_id, str(script), b"second")
    digest = hashlib.sha256(b"first\xff").hexdigest()
    image = BeforeImage(str(script), True, 0o750, digest, b"first\xff", None)
    assert await before_images(log, record.turn_id) == [image]
    after = await log.turn(record.turn_id)
    assert before is not None
    assert after is not None
    assert after.bytes == before.bytes + len(b"first\xff")


async def test_file_that_did_not_exist_is_noted(log: TurnLog) -> None:
    record = await running(log)
    await keep_before(log, record.turn_id, "/workspace/new.py", None)
    [image] = await before_images(log, record.turn_id)
    assert (image.existed, image.content, image.why_missing) == (False, None, None)


async def test_empty_file_is_not_a_missing_file(log: TurnLog) -> None:
    record = await running(log)
    await keep_before(log, record.turn_id, "/workspace/empty", b"")
    [image] = await before_images(log, record.turn_id)
    assert (image.existed, image.content) == (True, b"")


async def test_unknown_content_is_not_a_missing_file(log: TurnLog) -> None:
    record = await running(log)
    await keep_before(log, record.turn_id, "/workspace/a", None, existed=True)
    [image] = await before_images(log, record.turn_id)
    assert image.existed
    assert image.why_missing is not None


async def test_images_are_bounded_each_and_per_turn(log: TurnLog) -> None:
    record, another = await running(log), await running(log)
    await keep_before(log, record.turn_id, "/a", b"a" * 101)
    await keep_before(log, record.turn_id, "/b", b"b" * 100)
    await keep_before(log, record.turn_id, "/c", b"c" * 51)
    await keep_before(log, record.turn_id, "/d", b"d" * 50)
    await keep_before(log, another.turn_id, "/e", b"e" * 120, max_bytes=120)
    images = {image.path: image for image in await before_images(log, record.turn_id)}
    assert [path for path in images if images[path].content is None] == ["/a", "/c"]
    assert all(images[path].why_missing and images[path].sha256 for path in ("/a", "/c"))
    [other] = await before_images(log, another.turn_id)
    assert other.content == b"e" * 120
