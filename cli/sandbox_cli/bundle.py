"""Packs the chosen files. The same files give the same bytes, and so the same digest."""

import gzip
import hashlib
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

from sandbox_cli.errors import Failure
from sandbox_cli.selection import Member, Selection

LFS = b"version https://git-lfs.github.com/spec/"
LFS_SIZE = 1024
"""A pointer of Git LFS is smaller than this."""
IN_MEMORY = 32 * 1024 * 1024
MOMENT = 315_532_800
"""1980-01-01: the time that every file in a bundle has, since a checkout's times mean nothing."""


@dataclass(frozen=True)
class Bundle:
    file: IO[bytes]
    digest: str
    size: int


@contextmanager
def packed(selection: Selection) -> Iterator[Bundle]:
    """A gzipped tar archive, in memory or in a temporary file that is gone afterwards."""
    with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY) as file:
        digest = _write(selection, file)
        size = file.tell()
        file.seek(0)
        yield Bundle(file, digest, size)


def _write(selection: Selection, file: IO[bytes]) -> str:
    sink = _Hashing(file)
    with (
        gzip.GzipFile("", "wb", compresslevel=1, fileobj=sink, mtime=0) as stream,
        tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for member, content in zip(selection.members, selection.opened(), strict=True):
            _add(archive, member, content)
    return sink.digest.hexdigest()


class _Hashing:
    """A file to write to that hashes what passes."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file
        self.digest = hashlib.sha256()

    def write(self, data: bytes) -> int:
        self.digest.update(data)
        return self.file.write(data)

    def flush(self) -> None:
        self.file.flush()


def _add(archive: tarfile.TarFile, member: Member, content: IO[bytes]) -> None:
    if member.size < LFS_SIZE:
        content = _no_pointer(member, content)
    about = tarfile.TarInfo(member.path)
    about.size = member.size
    about.mtime = MOMENT
    about.mode = 0o755 if member.executable else 0o644
    try:
        archive.addfile(about, content)
    except OSError as error:
        if error.errno is not None:
            raise
        raise Failure(
            f"{member.path} changed while it was packed.", "Run it again.", code="bad_file"
        ) from error


def _no_pointer(member: Member, content: IO[bytes]) -> IO[bytes]:
    import io

    data = content.read(member.size)
    if data.startswith(LFS):
        raise Failure(
            f"{member.path} is a Git LFS pointer, not the file itself.",
            "Fetch the files: `git lfs pull`.",
            code="lfs_pointer",
        )
    return io.BytesIO(data)
