"""A door to the machine's engine that a test may shut, as the engine itself is not a test's to kill."""

import contextlib
import socket
import threading
from pathlib import Path

ENGINE = "/var/run/docker.sock"


class EngineDoor:
    """Passes bytes between a socket of its own and the engine's. Shut, it is what a dead engine looks like."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._listener: socket.socket | None = None
        self._connections: list[socket.socket] = []

    @property
    def url(self) -> str:
        return f"unix://{self._path}"

    def open(self) -> None:
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self._path))
        self._listener.listen(64)
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def shut(self) -> None:
        """Nobody gets in, and whoever is in is cut off."""
        if self._listener is None:
            return
        self._path.unlink()
        _end(self._listener)
        self._listener = None
        while self._connections:
            _end(self._connections.pop())

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                outer, _ = listener.accept()
                inner = socket.socket(socket.AF_UNIX)
                inner.connect(ENGINE)
                self._connections += [outer, inner]
                for source, target in ((outer, inner), (inner, outer)):
                    threading.Thread(target=_pump, args=(source, target), daemon=True).start()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def _end(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
