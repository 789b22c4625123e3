"""The process that Codex starts as our MCP server: a pipe between its stdio and our socket.

Runs by its path in an isolated interpreter, so it imports nothing of the package and starts in
hundredths of a second. The socket and the token that opens it come in the environment.
"""

import os
import socket
import sys
import threading

CHUNK = 65536


def main() -> None:
    """Pass bytes both ways until either end closes."""
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(os.environ["CODEX_KERNEL_TOOLS_SOCKET"])
    connection.sendall(os.environ["CODEX_KERNEL_TOOLS_TOKEN"].encode() + b"\n")
    threading.Thread(target=_send, args=(connection,), daemon=True).start()
    while chunk := connection.recv(CHUNK):
        _write(chunk)


def _send(connection: socket.socket) -> None:
    try:
        while chunk := os.read(0, CHUNK):
            connection.sendall(chunk)
        connection.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # the kernel has gone: the other direction ends the process


def _write(chunk: bytes) -> None:
    while chunk:
        chunk = chunk[os.write(1, chunk) :]


if __name__ == "__main__":
    try:
        main()
    except (OSError, KeyError) as failure:
        sys.exit(f"The kernel's tools cannot be reached: {failure}")
