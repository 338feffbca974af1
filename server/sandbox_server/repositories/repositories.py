"""What packages there are, and their archives: all that is fetched for a build comes through here."""

import errno
import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import anyio
from anyio import to_thread

from sandbox_server.domain.catalogue import Fetch, Fetched, Index, NotFetched, Unreachable
from sandbox_server.errors import StorageFull, Unavailable
from sandbox_server.repositories.archives import Archives
from sandbox_server.repositories.bioconductor import release_for, repositories_of
from sandbox_server.repositories.fetching import Fetching
from sandbox_server.repositories.indexes import Indexes, folder_of
from sandbox_server.repositories.logins import Logins
from sandbox_server.repositories.room import Room
from sandbox_server.repositories.trouble import NotHad
from sandbox_server.repositories.web import Web

AT_ONCE = 4


class Repositories:
    """The configured repositories, and a folder of what came from them.

    `r`, where a call takes it, is the version of R in the base, such as "4.5.0": repositories with binaries for
    Linux then answer with those for it. Without it only sources come.
    """

    def __init__(
        self,
        folder: Path,
        *,
        cran: Sequence[str],
        bioconductor: str = "",
        netrc: Path | None = None,
        ca_bundle: Path | None = None,
        timeout: float = 30,
        archive_limit: int = 512 * 1024 * 1024,
        programs: Sequence[str] = (),
        reserve: int = 0,
        total: int = 8 * 1024 * 1024 * 1024,
    ) -> None:
        """`programs`: URLs that `program` is asked for. `reserve`: bytes that stay free on the disk; `total`: most
        that one `fetch` may bring.

        Raises `Unavailable` for a URL, netrc file or certificates that cannot be used.
        """
        for url in (*cran, bioconductor):
            _check_setting(url)
        self._cran = [url.rstrip("/") for url in cran]
        self._bioconductor = bioconductor.rstrip("/")
        self._archives = Archives(folder)
        self._folder, self._reserve, self._total = folder, reserve, total
        self._web = Web(
            logins=Logins(netrc),
            ca_bundle=ca_bundle,
            timeout=timeout,
            trusted=[url for url in (*self._cran, self._bioconductor, *programs) if url],
        )
        self._indexes = Indexes(self._web, self._archives, timeout)
        folders = (folder_of(url).resolve() for url in self._configured if url.startswith("file:"))
        self._fetching = Fetching(
            self._web, self._archives, timeout=timeout, limit=archive_limit, folders=tuple(folders)
        )

    async def indexes(
        self, extra: Sequence[str] = (), bioconductor: str = "", r: str = ""
    ) -> list[Index | Unreachable]:
        """Of the configured repositories, then of Bioconductor's, then of `extra`; all are asked at once.

        `bioconductor`: a release, such as "3.20"; empty: the one that belongs to `r`, if that is given.
        """
        urls = self.urls(extra, bioconductor or release_for(r))
        found: list[Index | Unreachable] = [Unreachable(url, "was not asked", 0) for url in urls]

        async def ask(number: int) -> None:
            found[number] = await self._index(urls[number], r)

        async with anyio.create_task_group() as tasks:
            for number in range(len(urls)):
                tasks.start_soon(ask, number)
        return found

    def urls(self, extra: Sequence[str], release: str) -> list[str]:
        """Every repository once, in the order in which they are asked."""
        bioconductor = repositories_of(self._bioconductor, release)
        return list(dict.fromkeys([*self._cran, *bioconductor, *(url.rstrip("/") for url in extra)]))

    def is_configured(self, url: str) -> bool:
        """Did this come from where the administrator said, and not from a repository that a lock brought along?"""
        return any(url.startswith(f"{known}/") for known in self._configured)

    async def fetch(
        self, wanted: Sequence[Fetch], bundle: Path, progress: Callable[[str], None], r: str = ""
    ) -> list[Fetched | NotFetched]:
        """In the order of `wanted`. `progress` hears after each which one it was, and how many of all are done.

        Raises `StorageFull`.
        """
        found: list[Fetched | NotFetched] = [NotFetched(one, "was not asked for") for one in wanted]
        done, room = 0, self._room()
        limit = anyio.CapacityLimiter(AT_ONCE)

        async def get(number: int) -> None:
            nonlocal done
            async with limit:
                found[number] = await self._fetch(wanted[number], bundle, r, room)
            done += 1
            progress(f"fetched {done} of {len(wanted)} archives: {wanted[number].name}")

        try:
            async with anyio.create_task_group() as tasks:
                for number in range(len(wanted)):
                    tasks.start_soon(get, number)
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from errors
        return found

    async def program(self, url: str) -> tuple[Path, str]:
        """An archive of a program: where it is kept, and its SHA-256. A path on this machine is taken as it is.

        Raises `Unavailable` and `StorageFull`.
        """
        if "://" not in url:
            return await to_thread.run_sync(_on_this_machine, Path(url))
        try:
            kept = await self._fetching.file(url, self._room())
        except NotHad as error:
            raise Unavailable(f"{url} could not be fetched: {error.reason}.") from None
        return kept.path, kept.sha256

    def tidy(self) -> None:
        """Remove what a kill left half-written. Called at start, before anything is fetched."""
        self._archives.tidy()

    def collect(self, keep_days: float) -> None:
        """Remove what nobody asked for in so many days, and the oldest of what is too much altogether."""
        self._archives.collect(keep_days)

    async def close(self) -> None:
        await self._web.close()

    @property
    def _configured(self) -> list[str]:
        return [url for url in (*self._cran, self._bioconductor) if url]

    def _room(self) -> Room:
        return Room(self._folder, self._reserve, self._total)

    async def _index(self, url: str, r: str) -> Index | Unreachable:
        local = urlsplit(url).scheme == "file"
        if local and not any(url.startswith(known) for known in self._configured):
            return Unreachable(url, "is a folder, and not one of this server's settings", 0)
        return await self._indexes.get(url, r)

    async def _fetch(self, fetch: Fetch, bundle: Path, r: str, room: Room) -> Fetched | NotFetched:
        try:
            return await self._fetching.get(fetch, bundle, r, room)
        except NotHad as error:
            return NotFetched(fetch, error.reason, error.missing)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise StorageFull("The server's disk is full: packages cannot be fetched.") from error
            raise


def _check_setting(url: str) -> None:
    """URLs are shown in logs and package lists: a password has no place in one."""
    parts = urlsplit(url)
    if url and parts.scheme not in ("http", "https", "file"):
        raise Unavailable(
            f"'{url[:80]}' is no address of a repository.",
            "Give http(s):// or file:/// addresses in SANDBOX_CRAN and SANDBOX_BIOCONDUCTOR.",
        )
    if "@" in parts.netloc:
        raise Unavailable(
            f"The address of {parts.hostname} has a login in it.",
            "Write it into the file that SANDBOX_NETRC names, and leave it out of the address.",
        )


def _on_this_machine(path: Path) -> tuple[Path, str]:
    try:
        with path.open("rb") as file:
            return path, hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise Unavailable(f"{path} cannot be read: {error.strerror}.") from None
