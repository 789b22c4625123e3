"""What `jupyter codex doctor` tries with Codex itself: binary, app-server, account, sandbox."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from codex_kernel._version import __version__
from codex_kernel.app_server import binary
from codex_kernel.app_server.client import AppServer, child_environ, codex_home
from codex_kernel.cli.checks import Check, folder_in
from codex_kernel.errors import CodexError
from codex_kernel.render.escape import printable
from codex_kernel.settings import Settings

_PROBE = "import sys; open(sys.argv[1], 'w').close()"
_SANDBOX_SECONDS = 20.0
_SANDBOX_STEP = (
    "Commands of Codex will fail here. In a container allow user namespaces (for Docker: "
    "`--security-opt seccomp=unconfined`), or let the container be the sandbox and set "
    "c.CodexSettings.sandbox = 'danger-full-access'."
)


async def all_of(settings: Settings) -> AsyncIterator[Check]:
    """Binary, app-server, account and sandbox, as far as each lets the next one be tried."""
    if settings.app_server.endpoint:
        yield Check("binary", "ok", f"not used: endpoint is {settings.app_server.endpoint}")
    else:
        yield await _binary(settings)
    try:
        server = await AppServer.start(
            settings.app_server, data_folder=settings.log.folder, client_version=__version__
        )
    except CodexError as error:
        yield Check.of_error("app-server", error)
        for name in ("account", "sandbox"):
            yield Check(name, "unknown", "Not tried: there is no app-server.")
        return
    async with server:
        yield _app_server(server)
        yield await _account(server)
        yield await _sandbox(server, settings)


async def _binary(settings: Settings) -> Check:
    try:
        environ = child_environ(settings.app_server)
        chosen = await binary.choose(
            settings.app_server.codex_bin,
            environ,
            data_dir=settings.log.folder,
            codex_home=codex_home(environ),
        )
        version = await binary.probe_version(chosen.path, environ)
        warning = binary.check_version(version)
    except CodexError as error:
        return Check.of_error("binary", error)
    tested = f"tested: {', '.join(each.version for each in binary.SUPPORTED)}"
    found = f"{chosen.path}, {version or 'unknown version'}, found by {chosen.source} ({tested})"
    if warning:
        step = "It is used; if something goes wrong, try the one that came with codex-kernel."
        return Check("binary", "warning", found, f"{warning} {step}")
    return Check("binary", "ok", found)


def _app_server(server: AppServer) -> Check:
    found = f"Codex {server.version} started, CODEX_HOME is {server.codex_home}"
    if server.warnings:
        said = printable(" ".join(server.warnings))
        return Check("app-server", "warning", found, f"It says: {said}")
    return Check("app-server", "ok", found)


async def _account(server: AppServer) -> Check:
    try:
        answer = await server.request("account/read", {})
    except CodexError as error:
        return Check.of_error("account", error)
    account = answer.get("account")
    if account is not None:
        return Check("account", "ok", f"logged in ({describe_account(account)})")
    if answer.get("requiresOpenaiAuth"):
        return Check("account", "broken", "Codex is not logged in.", "Run `jupyter codex login`.")
    return Check("account", "ok", "none needed by the configured model provider")


def describe_account(account: dict[str, Any]) -> str:
    """An account in a few words; never a secret."""
    if account.get("type") == "apiKey":
        return "API key"
    parts = (account.get("type"), account.get("email"), account.get("planType"))
    return ", ".join(printable(str(part)) for part in parts if part)


async def _sandbox(server: AppServer, settings: Settings) -> Check:
    """Let sandboxed commands write: allowed to, the command must; not allowed to, it must not."""
    if server.is_shared:
        return Check("sandbox", "unknown", "Not tried: the app-server may run elsewhere.")
    if settings.session.sandbox == "danger-full-access":
        return Check("sandbox", "unknown", "Not tried: the setting `sandbox` says to use none.")
    try:
        with folder_in(settings.log.folder) as folder:
            return await _try_sandbox(server, folder)
    except CodexError as error:
        return Check.of_error("sandbox", error)


async def _try_sandbox(server: AppServer, folder: Path) -> Check:
    allowed, refused = folder / "allowed", folder / "refused"
    # Without these roots, the writable folder would be that of the app-server, not `cwd`.
    workspace = {"type": "workspaceWrite", "writableRoots": [str(folder)], "networkAccess": False}
    result = await _write(server, allowed, workspace)
    if not allowed.exists():
        said = printable(result["stderr"].strip()) or f"exit code {result['exitCode']}"
        found = f"A command could not write into its folder: {said}"
        return Check("sandbox", "broken", found, _SANDBOX_STEP)
    await _write(server, refused, {"type": "readOnly", "networkAccess": False})
    if refused.exists():
        found = "A command could write where nothing may be written."
        return Check("sandbox", "broken", found, _SANDBOX_STEP)
    return Check(
        "sandbox", "ok", "a command could write with workspace-write and could not with read-only"
    )


async def _write(server: AppServer, file: Path, policy: dict[str, Any]) -> dict[str, Any]:
    command = [sys.executable, "-I", "-c", _PROBE, str(file)]
    params = {"command": command, "cwd": str(file.parent), "sandboxPolicy": policy}
    return await server.request("command/exec", params, timeout=_SANDBOX_SECONDS)
