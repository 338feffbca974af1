"""Logs that outlive their containers: files of JSON lines, by app and deployment."""

import json
import os
from collections import deque
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import IO, BinaryIO

from sandbox_server.wire import LogLine

_SPAN = 16 * 1024
"""Bytes at a file's end in which its last line is looked for first."""


class Logs:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def build(self, app: str, number: int) -> Path:
        return self._folder / app / f"d{number}" / "build.jsonl"

    def run(self, app: str, number: int, instance: str) -> Path:
        return self._folder / app / f"d{number}" / f"run-{instance}.jsonl"

    def saved_runs(self, app: str, number: int, scope: str | None = None) -> list[Path]:
        """Oldest first; of both scopes, or of one."""
        paths = (self._folder / app / f"d{number}").glob(f"run-{scope or '*'}-*.jsonl")
        return sorted(paths, key=lambda path: int(path.stem.rsplit("-", 1)[1]))

    def open_build(self, app: str, number: int) -> IO[str]:
        path = self.build(app, number)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("a", encoding="utf-8", buffering=1)

    def save(self, path: Path, lines: Iterable[LogLine]) -> None:
        """Add lines to what is there, durably."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.writelines(line.model_dump_json() + "\n" for line in lines)
            file.flush()
            os.fsync(file.fileno())


def line(at: datetime, stream: str, text: str) -> str:
    return json.dumps({"time": at.isoformat(), "stream": stream, "text": text}) + "\n"


def read(path: Path, tail: int | None = None) -> list[LogLine]:
    """The file's whole lines; a last one that is still being written is left out."""
    return read_on(path, 0, tail)[0]


def read_on(path: Path, begin: int, tail: int | None = None) -> tuple[list[LogLine], int]:
    """The last `tail` of the whole lines from byte `begin` on, and the byte to go on from."""
    if not path.exists():
        return [], begin
    lines: deque[bytes] = deque(maxlen=tail)
    with path.open("rb") as file:
        file.seek(begin)
        for text in file:
            if text.endswith(b"\n"):
                lines.append(text)
                begin += len(text)
    return [LogLine.model_validate_json(text) for text in lines], begin


def last_time(path: Path) -> datetime | None:
    """When the newest saved line was said. Reads no more than the file's end."""
    if not path.exists():
        return None
    with path.open("rb") as file:
        last = _last_line(file)
    return LogLine.model_validate_json(last).time if last else None


def _last_line(file: BinaryIO) -> bytes:
    """The last whole line, without its newline."""
    size, span = file.seek(0, os.SEEK_END), _SPAN
    while True:
        file.seek(max(size - span, 0))
        _, found, last = file.read().rpartition(b"\n")[0].rpartition(b"\n")
        if found or span >= size:
            return last
        span *= 2
