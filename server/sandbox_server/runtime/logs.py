"""The engine's log format, made into lines."""

import re
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from sandbox_server.runtime.base import LogLine

LONGEST_LINE = 16 * 1024
"""Bytes of a line that are kept; the rest is dropped and marked with an ellipsis."""

_HEADER = struct.Struct(">BxxxL")
_STREAMS = {1: "stdout", 2: "stderr"}
_STAMP = re.compile(rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z ?")


def log_lines(chunks: Iterable[bytes], since: datetime | None = None) -> Iterator[LogLine]:
    """Lines from the multiplexed stream, with those at or before `since` left out.

    The engine counts nanoseconds and a `datetime` microseconds: the comparison is made on what a caller can
    hold, so that the line whose time is passed back is not given twice.
    """
    for line in _joined(_frames(chunks)):
        if since is None or line.at > since:
            yield line


@dataclass
class _Open:
    """A line whose end has not come yet: the engine cuts lines at 16 KiB and stamps each piece."""

    at: datetime
    text: bytearray
    cut: bool = False

    def add(self, piece: bytes) -> None:
        room = LONGEST_LINE - len(self.text)
        self.text += piece[:room]
        self.cut = self.cut or len(piece) > room

    def line(self, stream: str) -> LogLine:
        text = self.text.decode(errors="replace").rstrip("\r") + ("…" if self.cut else "")
        return LogLine(self.at, stream, text)


def _frames(chunks: Iterable[bytes]) -> Iterator[tuple[str, bytes]]:
    held = bytearray()
    for chunk in chunks:
        held += chunk
        while len(held) >= _HEADER.size:
            stream, length = _HEADER.unpack_from(held)
            end = _HEADER.size + length
            if len(held) < end:
                break
            yield _STREAMS.get(stream, "stdout"), bytes(held[_HEADER.size : end])
            del held[:end]


def _joined(frames: Iterable[tuple[str, bytes]]) -> Iterator[LogLine]:
    pending: dict[str, _Open] = {}
    for stream, frame in frames:
        at, piece = _stamped(frame)
        line = pending.setdefault(stream, _Open(at, bytearray()))
        line.add(piece.removesuffix(b"\n"))
        if piece.endswith(b"\n"):
            yield pending.pop(stream).line(stream)
    for stream, line in pending.items():
        yield line.line(stream)


def _stamped(frame: bytes) -> tuple[datetime, bytes]:
    found = _STAMP.match(frame)
    if found is None:
        return datetime.now(UTC), frame
    second = datetime.strptime(found[1].decode() + "+0000", "%Y-%m-%dT%H:%M:%S%z")
    micros = int((found[2] or b"0").ljust(9, b"0")[:6])
    return second.replace(microsecond=micros, tzinfo=UTC), frame[found.end() :]
