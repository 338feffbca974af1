"""What was rendered from static documents: rows that are only added, and archives on disk, by digest."""

import errno
import gzip
import hashlib
import os
import secrets
import shutil
import zlib
from asyncio import Lock
from collections.abc import AsyncIterable, AsyncIterator, Collection
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import BinaryIO
from weakref import WeakValueDictionary

from anyio import to_thread
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from sandbox_server.domain import output, tar
from sandbox_server.errors import StorageFull, TooLarge
from sandbox_server.store import events
from sandbox_server.store.once import sync
from sandbox_server.store.tables import App, Deployment, Output, Release

_CHUNK = 256 * 1024
_MIB = 1024 * 1024
_GZIP = 31


class Outputs:
    """A folder of packed tar archives. What has its final name is whole, and never changes."""

    def __init__(self, folder: Path, *, limit: int, reserve: int) -> None:
        self._folder, self._limit, self._reserve = folder, limit, reserve
        self._locks = WeakValueDictionary[Path, Lock]()

    def path(self, digest: str) -> Path:
        return self._folder / f"{digest}.tar.gz"

    def has(self, digest: str) -> bool:
        return self.path(digest).exists()

    async def keep(self, archive: AsyncIterable[bytes]) -> tuple[str, int]:
        """Keep an app's tar archive durably; its digest and its size on disk, in bytes.

        Raises `TooLarge`, `StorageFull`, and `BadBundle` if it holds more than regular files and folders.
        """
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = self._folder / f"{secrets.token_hex(8)}.draft"
        try:
            with draft.open("xb") as file:
                digest = await self._pack(archive, file)
            await to_thread.run_sync(_check, draft)
            await to_thread.run_sync(self._finish, draft, digest)
            return digest, self.path(digest).stat().st_size
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise StorageFull("The server's disk is full.") from error
            raise
        finally:
            draft.unlink(missing_ok=True)

    async def archive(self, digest: str) -> AsyncIterator[bytes]:
        """The tar archive as it was taken, in parts."""
        with gzip.open(self.path(digest)) as file:
            while part := await to_thread.run_sync(file.read, _CHUNK):
                yield part

    def files(self, digest: str, most: int) -> dict[str, bytes]:
        """Files by their path in the output: pages whole, up to `most` bytes together, of all others a hash.

        Blocks. Raises `BadBundle` if the archive is not what `keep` accepts.
        """
        found: dict[str, bytes] = {}
        with self.path(digest).open("rb") as file:
            for path, entry, body in output.entries(file):
                if entry.folder:
                    continue
                whole = entry.name.lower().endswith((".html", ".htm")) and entry.size <= most
                most -= entry.size if whole else 0
                found[path] = b"".join(body) if whole else _hash(body)
        return found

    def difference_path(self, before: str, after: str) -> Path:
        """Where the text of how two of them differ is kept, once it was worked out."""
        return self._folder / f"{before}-{after[:32]}.diff"

    def alone(self, path: Path) -> Lock:
        """Whoever works out what is kept there holds this; others wait and then find it."""
        return self._locks.setdefault(path, Lock())

    def remove_all_but(self, needed: Collection[str], younger_than: float) -> None:
        """Remove archives that nobody needs, except those that came after `younger_than` (seconds since the epoch):
        their row may be about to be written. Differences and what a kill left half-written go too."""
        for path in self._folder.glob("*"):
            digest = path.name.partition(".")[0].partition("-")[0]
            with suppress(FileNotFoundError):
                if digest not in needed and path.stat().st_mtime < younger_than:
                    path.unlink()

    async def _pack(self, archive: AsyncIterable[bytes], file: BinaryIO) -> str:
        packer, seen, size, looked = zlib.compressobj(6, zlib.DEFLATED, _GZIP), hashlib.sha256(), 0, -_MIB
        async for chunk in archive:
            size += len(chunk)
            if size > self._limit:
                raise TooLarge(
                    f"The document's output is larger than {self._limit:,} bytes, this server's limit."
                )
            if size - looked >= _MIB:
                looked = size
                await to_thread.run_sync(self._check_room)
            seen.update(chunk)
            packed = await to_thread.run_sync(packer.compress, chunk)
            await to_thread.run_sync(file.write, packed)
        file.write(packer.flush())
        file.flush()
        await to_thread.run_sync(os.fsync, file.fileno())
        return seen.hexdigest()

    def _check_room(self) -> None:
        if shutil.disk_usage(self._folder).free < self._reserve:
            raise StorageFull(
                "The server's disk is nearly full; it keeps no outputs now.", "Free disk space on the server."
            )

    def _finish(self, draft: Path, digest: str) -> None:
        draft.replace(self.path(digest))
        sync(self._folder)


async def shown(tx: AsyncSession, deployment_id: int, scope: str, spec_hash: str) -> Output | None:
    """What instances of this spec show: the newest."""
    query = _newest_first(deployment_id).where(Output.scope == scope, Output.spec_hash == spec_hash)
    return (await tx.exec(query)).first()


async def latest(
    tx: AsyncSession, deployment_id: int, scope: str, until: datetime | None = None
) -> Output | None:
    """The newest of any spec, rendered no later than `until`."""
    query = _newest_first(deployment_id).where(Output.scope == scope)
    if until is not None:
        query = query.where(col(Output.created_at) <= until)
    return (await tx.exec(query)).first()


async def of_deployment(tx: AsyncSession, deployment_id: int) -> list[Output]:
    """Newest first."""
    return list(await tx.exec(_newest_first(deployment_id)))


async def of_releases(tx: AsyncSession, app_id: int) -> dict[int, Output]:
    """What was rendered for this app's releases, by id."""
    query = (
        select(Output).join(Release, col(Release.output_id) == col(Output.id)).where(Release.app_id == app_id)
    )
    return {row.id or 0: row for row in await tx.exec(query)}


async def add(tx: AsyncSession, output: Output) -> Output:
    """Returns the row with its id; writes history."""
    tx.add(output)
    await tx.flush()
    deployment = await tx.get_one(Deployment, output.deployment_id)
    app = await tx.get_one(App, deployment.app_id)
    said = ", ".join(f"{name}={value}" for name, value in sorted(output.parameters.items()))
    await events.record(
        tx, at=output.created_at, by=output.by, action="document.rendered", app=app.name,
        subject=f"d{deployment.number}", new=output.scope, reason=f"{output.digest[:12]} {said}"[:500].rstrip(),
    )  # fmt: skip
    return output


async def newest_digests(tx: AsyncSession, deployments: Collection[int | None], most: int) -> set[str]:
    """Of each of these deployments and each scope, the `most` newest."""
    count: dict[tuple[int, str], int] = {}
    kept = set()
    for row in await tx.exec(select(Output).order_by(col(Output.id).desc())):
        place = (row.deployment_id, row.scope)
        count[place] = count.get(place, 0) + 1
        if row.deployment_id in deployments and count[place] <= most:
            kept.add(row.digest)
    return kept


def _newest_first(deployment_id: int) -> SelectOfScalar[Output]:
    return select(Output).where(Output.deployment_id == deployment_id).order_by(col(Output.id).desc())


def _check(draft: Path) -> None:
    with draft.open("rb") as file:
        for _, _, body in output.entries(file):
            for _ in body:
                pass


def _hash(body: tar.Body) -> bytes:
    seen = hashlib.sha256()
    for part in body:
        seen.update(part)
    return seen.digest()
