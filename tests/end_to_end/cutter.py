"""A proxy between Codex and its model that breaks the line in the middle of a message."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager

MARK = b"<cut>"
"""The connection ends right after the event that contains this."""


class Cutter:
    """Listens on `port`; `cuts` is how often it still breaks the line."""

    def __init__(self, model_port: int) -> None:
        self.cuts = 0
        self._model_port = model_port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]

    @classmethod
    @contextmanager
    def before(cls, model_port: int) -> Iterator[Cutter]:
        """A running proxy before the model on this port."""
        cutter = cls(model_port)
        thread = threading.Thread(target=cutter._accept)
        thread.start()
        try:
            yield cutter
        finally:
            cutter._listener.shutdown(socket.SHUT_RDWR)
            cutter._listener.close()
            thread.join()

    def _accept(self) -> None:
        with closing(self._listener):
            while True:
                try:
                    codex, _ = self._listener.accept()
                except OSError:
                    return
                threading.Thread(target=self._serve, args=(codex,), daemon=True).start()

    def _serve(self, codex: socket.socket) -> None:
        model = socket.create_connection(("127.0.0.1", self._model_port))
        threading.Thread(target=_forward, args=(codex, model), daemon=True).start()
        with closing(codex), closing(model):
            before = b""
            while data := _receive(model):
                seen = before + data
                end = seen.find(b"\n\n", at) if (at := seen.find(MARK)) >= 0 else -1
                if self.cuts and end >= 0:
                    self.cuts -= 1
                    codex.sendall(seen[len(before) : end + 2])
                    return
                codex.sendall(data)
                before = seen[-4096:]


def _receive(connection: socket.socket) -> bytes:
    try:
        return connection.recv(65536)
    except OSError:
        return b""


def _forward(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := _receive(source):
            target.sendall(data)
    except OSError:
        return
