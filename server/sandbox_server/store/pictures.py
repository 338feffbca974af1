"""Pictures of comments on disk, by digest. What has its final name is whole, and never changes."""

import errno
import hashlib
import os
import secrets
import shutil
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from anyio import to_thread

from sandbox_server.errors import NotFound, StorageFull
from sandbox_server.store.once import sync


class Pictures:
    """A folder of files whose names are their SHA-256."""

    def __init__(self, folder: Path, *, reserve: int) -> None:
        self._folder, self._reserve = folder, reserve

    def path(self, digest: str) -> Path:
        return self._folder / digest

    def has(self, digest: str) -> bool:
        return self.path(digest).exists()

    async def keep(self, data: bytes) -> str:
        """Keep it durably; its digest. Raises `StorageFull`."""
        return await to_thread.run_sync(self._keep, data)

    async def read(self, digest: str) -> bytes:
        """Raises `NotFound` if it is not kept any more."""
        try:
            return await to_thread.run_sync(self.path(digest).read_bytes)
        except FileNotFoundError:
            raise NotFound(
                "This picture is not kept any more.", "The comment itself is still there."
            ) from None

    async def size(self, digests: Collection[str]) -> int:
        """Bytes of all of them on disk."""
        return await to_thread.run_sync(self._size, digests)

    def remove_all_but(self, needed: Collection[str], younger_than: float) -> None:
        """Remove those that nobody needs, except what came after `younger_than` (seconds since the epoch): their row
        may be about to be written. What a kill left half-written goes too."""
        for path in self._folder.glob("*"):
            with suppress(FileNotFoundError):
                if path.name not in needed and path.stat().st_mtime < younger_than:
                    path.unlink()

    def _keep(self, data: bytes) -> str:
        digest = hashlib.sha256(data).hexdigest()
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with suppress(FileNotFoundError):
            # As new again: whoever gives it is about to write its row.
            os.utime(self.path(digest))
            return digest
        if shutil.disk_usage(self._folder).free < self._reserve:
            raise StorageFull(
                "The server's disk is nearly full; it keeps no pictures now.",
                "Send the comment without a picture, and tell whoever runs this server.",
            )
        try:
            self._write(data, digest)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise StorageFull("The server's disk is full.") from error
            raise
        return digest

    def _write(self, data: bytes, digest: str) -> None:
        draft = self._folder / f"{secrets.token_hex(8)}.draft"
        try:
            with draft.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(self.path(digest))
            sync(self._folder)
        finally:
            draft.unlink(missing_ok=True)

    def _size(self, digests: Collection[str]) -> int:
        size = 0
        for digest in digests:
            with suppress(FileNotFoundError):
                size += self.path(digest).stat().st_size
        return size
