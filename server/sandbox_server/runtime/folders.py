"""Folders in and out of a running container. They lie in its memory, where the engine's own copying does not
look, so `tar` runs inside of it, as the app's user: the app can hold it, or end it, at any time."""

import socket
import struct
import threading
import time
from contextlib import suppress
from pathlib import PurePosixPath
from typing import Any, BinaryIO

from docker import APIClient

from sandbox_server.errors import RuntimeUnavailable
from sandbox_server.runtime.request import USER

TAKE_PATIENCE = 60.0
"""Seconds in which some more of a folder has to come out."""
_PATIENCE = 60
"""Seconds that a write, or the end of a command, may take."""
_PAUSE = 0.02
_HEAD = struct.Struct(">BxxxL")
"""Before each piece of what a command says: its stream, and the piece's bytes."""
_OUT = 1


def whole_mark(path: str) -> str:
    """The empty file beside a folder that was given: all of it is there."""
    return f"{path}.whole"


class Taken:
    """An archive on its way out of a container: `read` until nothing comes. Both block, but for `close`."""

    def __init__(self, client: APIClient, container: str, path: str) -> None:
        folder = PurePosixPath(path)
        self._client, self._path = client, path
        words = ["tar", "-c", "-f", "-", "-C", str(folder.parent), folder.name]
        self._command = _command(client, container, words)
        self._way = _Way(client, self._command)
        self._said = b""

    def read(self) -> bytes:
        """Some of its bytes; none once it is whole. Waits for the instance without end: `close` ends that."""
        while frame := self._way.frame():
            stream, chunk = frame
            if stream == _OUT and chunk:
                return chunk
            self._said = (self._said + chunk)[-500:]
        _check(self._client, self._command, f"did not hand out {self._path}", self._way.closed, self._said)
        return b""

    def close(self) -> None:
        """From any thread; one that reads comes back at once."""
        self._way.close()


class Gift:
    """An archive on its way into a container; `write` its bytes, then `finish`. All block."""

    def __init__(self, client: APIClient, container: str, path: str) -> None:
        self._client, self._container, self._path = client, container, path
        words = ["tar", "-x", "-f", "-", "-C", str(PurePosixPath(path).parent)]
        self._command = _command(client, container, words, stdin=True)
        self._way = _Way(client, self._command)
        self._way.socket.settimeout(_PATIENCE)

    def write(self, chunk: bytes) -> None:
        self._way.socket.sendall(chunk)

    def finish(self) -> None:
        """Returns once the folder is whole, and says so inside."""
        self._way.socket.shutdown(socket.SHUT_WR)
        self._check(self._command)
        mark = _command(self._client, self._container, ["touch", whole_mark(self._path)])
        # Detached, since nothing but a deadline ends the SDK's waiting for a command that the app holds.
        self._client.exec_start(mark, detach=True)
        self._check(mark)

    def close(self) -> None:
        """From any thread; one that writes comes back at once."""
        self._way.close()

    def _check(self, command: str) -> None:
        _check(self._client, command, f"did not take {self._path}", self._way.closed)


class _Way:
    """The connection to a command in a container."""

    def __init__(self, client: APIClient, command: str) -> None:
        # Of the SDK's file-like wrapper only the socket itself can be half closed. What comes is read where the
        # answer's head was read: its first bytes may have come along with that.
        holder: Any = client.exec_start(command, socket=True)
        self._holder = holder
        self.socket: socket.socket = getattr(holder, "_sock", holder)
        self._reader: BinaryIO = holder._response.raw._fp.fp
        self.socket.settimeout(None)
        self.closed = threading.Event()

    def frame(self) -> tuple[int, bytes] | None:
        """What the command said next, and on which stream; None at its end."""
        head = self._reader.read(_HEAD.size)
        if len(head) < _HEAD.size:
            return None
        stream, size = _HEAD.unpack(head)
        return stream, self._reader.read(size)

    def close(self) -> None:
        self.closed.set()
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self._holder.close()


def _command(client: APIClient, container: str, words: list[str], *, stdin: bool = False) -> str:
    made: dict[str, str] = client.exec_create(container, words, stdin=stdin, user=f"{USER}:{USER}")
    return made["Id"]


def _check(client: APIClient, command: str, what: str, closed: threading.Event, said: bytes = b"") -> None:
    """Wait for the command's end, and see that it was a good one."""
    deadline = time.monotonic() + _PATIENCE
    while (found := client.exec_inspect(command))["Running"]:
        if closed.wait(_PAUSE) or time.monotonic() > deadline:
            raise RuntimeUnavailable("A command in the instance does not end.")
    if found["ExitCode"] != 0:
        raise RuntimeUnavailable(f"The instance {what}.", detail=said.decode(errors="replace"))
