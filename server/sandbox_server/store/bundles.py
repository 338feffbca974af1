"""Bundles on disk, by digest. What has its final name is whole."""

import errno
import hashlib
import os
import secrets
import shutil
from collections.abc import AsyncIterable, Callable
from contextlib import suppress
from pathlib import Path

from anyio import to_thread

from sandbox_server.errors import BadBundle, StorageFull, TooLarge
from sandbox_server.store.failpoints import failpoint
from sandbox_server.store.once import sync


class Bundles:
    """A folder of archives. Writing one is: temp file, hash while streaming, check, fsync, rename, fsync the folder."""

    def __init__(self, folder: Path, *, limit: int, reserve: int) -> None:
        self._folder, self._limit, self._reserve = folder, limit, reserve
        self._arriving = folder / "arriving"
        self._arriving.mkdir(parents=True, exist_ok=True, mode=0o700)

    def path(self, digest: str) -> Path:
        return self._folder / digest[:2] / f"{digest}.tar.gz"

    def measure_path(self, before: str, after: str) -> Path:
        """Where it is kept how much differs between two of them, once that was counted."""
        return self._folder / "differences" / f"{before}-{after}.json"

    def has(self, digest: str) -> bool:
        """Is it here? Whoever asks may be about to push it, so it counts as new again."""
        try:
            os.utime(self.path(digest))
        except FileNotFoundError:
            return False
        return True

    async def receive(
        self, digest: str, chunks: AsyncIterable[bytes], check: Callable[[Path], object]
    ) -> None:
        """Keep the stream if it has that digest and `check` accepts the file. Otherwise nothing of it stays.

        Raises `TooLarge`, `StorageFull`, `BadBundle`, and whatever `check` raises.
        """
        arriving = self._arriving / secrets.token_hex(8)
        try:
            await self._stream(arriving, digest, chunks)
            failpoint("upload.written")
            await to_thread.run_sync(check, arriving)
            await to_thread.run_sync(self._keep, arriving, digest)
            failpoint("upload.kept")
        except OSError as error:
            raise _full(error) from error
        finally:
            arriving.unlink(missing_ok=True)

    def tidy(self) -> None:
        """Remove what a kill left half-written. Called at start, before any upload."""
        for rest in self._arriving.iterdir():
            rest.unlink()

    def remove_all_but(self, needed: set[str], younger_than: float) -> None:
        """Remove bundles that nobody needs, except those that came after `younger_than` (seconds since the epoch):
        their deployment may be about to be made. What was counted of them goes with them."""
        for path in (*self._folder.glob("??/*.tar.gz"), *self._folder.glob("differences/*")):
            digest = path.name.partition(".")[0].rpartition("-")[2]
            with suppress(FileNotFoundError):
                if digest not in needed and path.stat().st_mtime < younger_than:
                    path.unlink()

    async def _stream(self, arriving: Path, digest: str, chunks: AsyncIterable[bytes]) -> None:
        if shutil.disk_usage(self._folder).free < self._reserve:
            raise StorageFull("The server's disk is nearly full; it takes no uploads now.")
        seen, size = hashlib.sha256(), 0
        with arriving.open("xb") as file:
            async for chunk in chunks:
                size += len(chunk)
                if size > self._limit:
                    raise TooLarge(f"The bundle is larger than {self._limit:,} bytes, this server's limit.")
                seen.update(chunk)
                await to_thread.run_sync(file.write, chunk)
            file.flush()
            await to_thread.run_sync(os.fsync, file.fileno())
        if seen.hexdigest() != digest:
            raise BadBundle("What arrived is not what was announced: the SHA-256 differs.", "Try again.")

    def _keep(self, arriving: Path, digest: str) -> None:
        final = self.path(digest)
        final.parent.mkdir(exist_ok=True)
        arriving.replace(final)
        for folder in (final.parent, self._folder):
            sync(folder)


def _full(error: OSError) -> OSError | StorageFull:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StorageFull("The server's disk is full.")
    return error
