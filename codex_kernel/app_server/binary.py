"""Which Codex binary is started, and whether its version will do.

Owns the order of the search, the table of tested versions and the record of the newest version
seen on each CODEX_HOME. That record is ours, in our data folder: what Codex keeps in CODEX_HOME
is private to it. Refuses to know how the binary is run as a server.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from codex_kernel.errors import BinaryNotFound, BinaryTooOld
from codex_kernel.rpc import processes

PROBE_SECONDS = 10.0
"""`codex --version` takes 10 ms; npm's wrapper has to start Node first."""
RECORD = "codex-versions.json"
DEVELOPMENT = "0.0.0"
"""What a Codex built from its sources calls itself; it says nothing of its age."""


class Source(StrEnum):
    """Where a binary was found, in words for messages."""

    SETTING = "setting codex_bin"
    VARIABLE = "CODEX_BIN"
    PATH = "PATH"
    WHEEL = "openai-codex-cli-bin"


@dataclass(frozen=True, slots=True)
class Binary:
    """A Codex binary and who named it."""

    path: Path
    source: Source

    @property
    def is_explicit(self) -> bool:
        """Whether the user named it, rather than we found it."""
        return self.source in (Source.SETTING, Source.VARIABLE)


@dataclass(frozen=True, slots=True)
class Tested:
    """A version that the tests ran against, and what is peculiar to it."""

    version: str
    notes: tuple[str, ...]


SUPPORTED = (
    Tested(
        "0.163.0",
        (
            "turn/interrupt of a turn that has just ended is answered only after the next turn",
            "an approved `untrusted` command that the sandbox denies may run again outside it",
            "tool calls of the client come one at a time, also in code mode",
        ),
    ),
    Tested(
        "0.169.0",
        (
            "turn/interrupt of a turn that has ended is refused: no active turn to interrupt",
            "items have startedAtMs, completedAtMs and moderation",
            "in code mode several tool calls of the client can be open at once",
        ),
    ),
    Tested(
        "0.171.0",
        (
            "currentTime/read is not asked of the client any more",
            "bioPolicy is one more code of errors",
        ),
    ),
)
"""The one table of versions, oldest first: the first is the minimum, the last the newest tested."""

MINIMUM = SUPPORTED[0].version
NEWEST_TESTED = SUPPORTED[-1].version

VersionKey = tuple[int, int, int, bool, tuple[tuple[int, int, str], ...]]
_VERSION = re.compile(r"(\d+)\.(\d+)\.(\d+)(?:-([0-9A-Za-z.-]+))?")


def find_binary(codex_bin: str | None, env: Mapping[str, str]) -> Binary:
    """The binary to start: the setting, CODEX_BIN, `codex` on PATH, else the wheel's.

    Raises BinaryNotFound when there is none, or when the one the user named is not there.
    """
    return _candidates(codex_bin, env)[0]


async def choose(
    codex_bin: str | None, env: Mapping[str, str], *, data_dir: Path, codex_home: Path
) -> Binary:
    """Like `find_binary`, but never one that is too old: for us, or for what `codex_home` has seen.

    So an old `codex` on PATH, or a program that only has its name, gives way to the wheel's.
    A binary that the user named is taken as it is. Raises BinaryNotFound, BinaryTooOld.
    """
    candidates = _candidates(codex_bin, env)
    if candidates[0].is_explicit:
        return candidates[0]
    newest = newest_seen(data_dir, codex_home)
    needed = MINIMUM if newest is None or is_older(newest, MINIMUM) else newest
    looked_at: list[str] = []
    for binary in candidates:
        version = await probe_version(binary.path, env)
        if version is not None and not is_older(version, needed):
            return binary
        looked_at.append(f"{binary.path} is {version or 'of unknown version'}")
    why = f"{codex_home} was last used by Codex {newest}"
    if needed != newest:
        why = f"The oldest Codex that works here is {MINIMUM}"
    raise BinaryTooOld(
        f"{why}, but {' and '.join(looked_at)}.",
        next_step="Update it (`pip install -U openai-codex-cli-bin`), or set CODEX_BIN "
        "to the binary that you want in spite of this.",
    )


async def probe_version(path: Path, env: Mapping[str, str]) -> str | None:
    """What `path --version` says, or None when that is no version."""
    try:
        process = await asyncio.create_subprocess_exec(
            path,
            "--version",
            env=env,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            **processes.spawn_options(),
        )
    except OSError:
        return None
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            output, _ = await process.communicate()
    except TimeoutError:
        return None
    finally:
        if process.returncode is None:
            processes.kill_group(process.pid)
            await process.wait()
    match = _VERSION.search(output.decode(errors="replace"))
    return match[0] if match else None


def parse_user_agent_version(user_agent: str) -> str | None:
    """The binary's version in the `userAgent` that `initialize` answers: `client/0.163.0 (..)`."""
    match = re.search(rf"/({_VERSION.pattern})", user_agent)
    return match[1] if match else None


def check_version(version: str | None) -> str | None:
    """A warning in a sentence when `version` is not one that was tested, else None.

    Raises BinaryTooOld below the minimum.
    """
    key = version_key(version)
    if key is None or version == DEVELOPMENT:
        return f"This Codex does not tell its version; tested are {MINIMUM} to {NEWEST_TESTED}."
    if is_older(version, MINIMUM):
        raise BinaryTooOld(
            f"This Codex is {version}; the oldest that works here is {MINIMUM}.",
            next_step="Update it, or unset CODEX_BIN to use the one that came with codex-kernel.",
        )
    if is_older(NEWEST_TESTED, version):
        return f"This Codex is {version}, newer than {NEWEST_TESTED}, the newest tested."
    return None


def version_key(version: str | None) -> VersionKey | None:
    """What orders versions as semantic versioning does, or None for what is no version."""
    match = _VERSION.fullmatch(version or "")
    if match is None:
        return None
    stage = tuple(
        (0, int(part), "") if part.isdecimal() else (1, 0, part)
        for part in (match[4] or "").split(".")
        if part
    )
    return (int(match[1]), int(match[2]), int(match[3]), not stage, stage)


def is_older(version: str | None, other: str | None) -> bool:
    """Whether `version` is certainly older than `other`; a development build never is."""
    key, other_key = version_key(version), version_key(other)
    if key is None or other_key is None or DEVELOPMENT in (version, other):
        return False
    return key < other_key


def newest_seen(data_dir: Path, codex_home: Path) -> str | None:
    """The newest version that was seen on `codex_home`."""
    version = _read_record(data_dir).get(_key(codex_home))
    return version if version_key(version) else None


def remember_version(data_dir: Path, codex_home: Path, version: str | None) -> None:
    """Record that `version` has used `codex_home`.

    It comes from `initialize` or from a thread's `cliVersion`, which tells what others used there.
    """
    if version_key(version) is None or version == DEVELOPMENT:
        return
    seen = newest_seen(data_dir, codex_home)
    if seen is None or is_older(seen, version):
        record = {**_read_record(data_dir), _key(codex_home): version}
        with suppress(OSError):  # a turn is not refused because this cannot be kept
            _write_record(data_dir, record)


def _candidates(codex_bin: str | None, env: Mapping[str, str]) -> list[Binary]:
    named = [(codex_bin, Source.SETTING), (env.get("CODEX_BIN"), Source.VARIABLE)]
    for name, source in named:
        if name:
            return [Binary(_named(name, source, env), source)]
    on_path = shutil.which("codex", path=env.get("PATH", os.defpath))
    found = [Binary(Path(on_path), Source.PATH)] if on_path else []
    if wheel := _wheel():
        found.append(Binary(wheel, Source.WHEEL))
    if not found:
        raise BinaryNotFound("No Codex is installed.")
    return found


def _named(name: str, source: Source, env: Mapping[str, str]) -> Path:
    program = shutil.which(os.path.expanduser(name), path=env.get("PATH", os.defpath))
    if program is None:
        raise BinaryNotFound(
            f"{name} ({source}) is no program that can be run.",
            next_step="Correct it, or unset it to use the one that came with codex-kernel.",
        )
    return Path(os.path.abspath(program))


def _wheel() -> Path | None:
    try:
        from codex_cli_bin import bundled_codex_path

        return bundled_codex_path()
    except (ImportError, FileNotFoundError):
        return None


def _key(codex_home: Path) -> str:
    return os.path.realpath(codex_home)


def _read_record(data_dir: Path) -> dict[str, str]:
    try:
        record = json.loads((data_dir / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(record, dict):
        return {}
    return {home: version for home, version in record.items() if isinstance(version, str)}


def _write_record(data_dir: Path, record: dict[str, str]) -> None:
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=data_dir, prefix=f".{RECORD}.")
    try:
        with open(descriptor, "w", encoding="utf-8") as file:
            json.dump(record, file, indent=2, sort_keys=True)
        os.replace(name, data_dir / RECORD)
    except OSError:
        os.unlink(name)
        raise
