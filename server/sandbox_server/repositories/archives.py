"""Archives on this machine, by their SHA-256. What has its final name is whole."""

import contextlib
import hashlib
import json
import os
import secrets
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from sandbox_server.domain.catalogue import Need
from sandbox_server.repositories.reading import Says

DAY = 24 * 3600
MOST = 20 * 1024 * 1024 * 1024
"""Bytes of all archives together."""


@dataclass(frozen=True)
class Kept:
    path: Path
    sha256: str
    says: Says


class Archives:
    """A folder: `arriving` (half-written), `source` (by digest), `known` (place → digest), `index`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        for name in ("arriving", "source", "known", "index"):
            (folder / name).mkdir(parents=True, exist_ok=True, mode=0o700)

    @contextlib.contextmanager
    def arriving(self) -> Iterator[Path]:
        """A name for a file that is being written; gone afterwards unless it was kept."""
        path = self._folder / "arriving" / secrets.token_hex(8)
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)

    def keep(self, arrived: Path, place: str, says: Says) -> Kept:
        """Give a whole file its final name, and note where it came from; `place` empty: nothing is noted."""
        digest = _sha256(arrived)
        final = self._path(digest)
        final.parent.mkdir(exist_ok=True, mode=0o700)
        _settle(arrived, final)
        if place:
            note = {"place": place, "sha256": digest, "says": asdict(says)}
            self.write(self._note(place), json.dumps(note).encode())
        return Kept(final, digest, says)

    def find(self, place: str) -> Kept | None:
        """What came from there before. Whoever asks needs it, so it counts as new again."""
        try:
            note = json.loads(self._note(place).read_bytes())
            needs = tuple(Need(**need) for need in note["says"]["needs"])
            says = Says(**{**note["says"], "needs": needs})
            path = self._path(note["sha256"])
            os.utime(path)
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None
        return Kept(path, note["sha256"], says)

    def index(self, url: str) -> Path:
        """Where the index of a repository is kept."""
        return self._folder / "index" / _word(url)

    def write(self, path: Path, data: bytes) -> None:
        """The whole of it, or what was there before."""
        with self.arriving() as arriving:
            arriving.write_bytes(data)
            _settle(arriving, path)

    def tidy(self) -> None:
        """Remove what a kill left half-written. Called at start, before anything is fetched."""
        for rest in (self._folder / "arriving").iterdir():
            rest.unlink(missing_ok=True)

    def collect(self, keep_days: float, most: int = MOST) -> None:
        """Remove archives that nobody asked for in so many days, the oldest of what is more than `most` bytes, and
        notes of what is gone. What was asked for in the last day may be in a build's hands, and stays.
        """
        before = time.time() - keep_days * DAY
        for path in (self._folder / "source").glob("??/*.tar.gz"):
            if path.stat().st_mtime < before:
                path.unlink(missing_ok=True)
        self._shrink(most)
        for note in (self._folder / "known").iterdir():
            with contextlib.suppress(FileNotFoundError, ValueError, KeyError):
                if self._path(json.loads(note.read_bytes())["sha256"]).exists():
                    continue
            note.unlink(missing_ok=True)
        for index in (self._folder / "index").iterdir():
            if index.stat().st_mtime < before:
                index.unlink(missing_ok=True)

    def _shrink(self, most: int) -> None:
        found = [(path.stat(), path) for path in (self._folder / "source").glob("??/*.tar.gz")]
        left = sum(stat.st_size for stat, _ in found)
        for stat, path in sorted(found, key=lambda one: one[0].st_mtime):
            if left <= most or stat.st_mtime > time.time() - DAY:
                return
            path.unlink(missing_ok=True)
            left -= stat.st_size

    def _path(self, digest: str) -> Path:
        return self._folder / "source" / digest[:2] / f"{digest}.tar.gz"

    def _note(self, place: str) -> Path:
        return self._folder / "known" / _word(place)


def _word(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:40]


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _settle(arrived: Path, final: Path) -> None:
    """On disk before it has its name; the folder after, so that the name stays."""
    _sync(arrived)
    arrived.replace(final)
    _sync(final.parent)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
