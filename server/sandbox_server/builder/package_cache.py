"""R packages as they were installed once, on disk: what is in here is not compiled again."""

import contextlib
import hashlib
import os
import secrets
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from sandbox_server.builder.base import Base, SourcePackage

_HALF = ".tmp-"
_OLD = 3600
"""Seconds after which a half-written file is nobody's."""
_CHUNK = 1024 * 1024


class PackageCache:
    """A folder that any number of builds, and of programs, may use at once; a kill at any time does no harm.

    A file's name says what it was made from, and ends with the digest of what it holds: half a file, or a
    damaged one, is never taken for a whole one.
    """

    def __init__(self, folder: Path, limit: int) -> None:
        """`limit` in bytes: beyond it, those that were not used for longest go."""
        self._folder = folder
        self._limit = limit

    def find(self, base: Base, architecture: str, package: SourcePackage) -> BinaryIO | None:
        """The installed package as a tar archive, open at its beginning; None if it is not here."""
        if not base.suite:
            return None
        with contextlib.suppress(OSError):
            for path in sorted(self._room(base, architecture).glob(f"{_stem(package)}.*.tar")):
                if (file := _taken(path)) is not None:
                    return file
        return None

    def keep(self, base: Base, architecture: str, package: SourcePackage, archive: Iterable[bytes]) -> None:
        """Take in an installed package, which the tar archive has. Raises `OSError`, such as for a full disk."""
        if not base.suite:
            return
        folder = self._room(base, architecture)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        half = folder / f"{_HALF}{secrets.token_hex(8)}"
        try:
            digest = _write(half, archive)
            half.rename(folder / f"{_stem(package)}.{digest}.tar")
        finally:
            half.unlink(missing_ok=True)

    def tidy(self) -> None:
        """Remove what is beyond the limit, the longest unused first, and what kills have left."""
        found = list(_files(self._folder))
        left = sum(stat.st_size for _, stat in found) - self._limit
        for path, stat in sorted(found, key=lambda one: one[1].st_mtime):
            half = path.name.startswith(_HALF)
            if (left > 0 and not half) or (half and stat.st_mtime < time.time() - _OLD):
                with contextlib.suppress(OSError):
                    path.unlink(missing_ok=True)
                left -= stat.st_size

    def _room(self, base: Base, architecture: str) -> Path:
        return self._folder / f"{base.r_version}-{base.suite}-{architecture}"


def _stem(package: SourcePackage) -> str:
    return f"{package.name}_{package.version}_{package.digest[:16]}"


def _write(path: Path, archive: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    with path.open("xb") as file:
        for chunk in archive:
            digest.update(chunk)
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    return digest.hexdigest()[:16]


def _files(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    with contextlib.suppress(OSError):
        for path in folder.glob("*/*"):
            with contextlib.suppress(FileNotFoundError):  # another build has just renamed or removed it
                yield path, path.stat()


def _taken(path: Path) -> BinaryIO | None:
    """Open, and counted as used just now; None, and gone, if it is damaged."""
    with contextlib.suppress(OSError):
        if (file := _whole(path)) is not None:
            os.utime(path)
            return file
        path.unlink(missing_ok=True)
    return None


def _whole(path: Path) -> BinaryIO | None:
    digest = hashlib.sha256()
    file = path.open("rb")
    while chunk := file.read(_CHUNK):
        digest.update(chunk)
    if digest.hexdigest()[:16] != path.name.split(".")[-2]:
        file.close()
        return None
    file.seek(0)
    return file
