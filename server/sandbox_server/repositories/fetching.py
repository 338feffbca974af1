"""Gets one source package, from wherever it is, and looks at what came."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

from anyio import to_thread

from sandbox_server.domain.catalogue import Fetch, Fetched
from sandbox_server.domain.r_version import minor
from sandbox_server.domain.repository_urls import CONTRIB
from sandbox_server.domain.requirement import Remote
from sandbox_server.repositories import remotes
from sandbox_server.repositories.archives import Archives, Kept
from sandbox_server.repositories.indexes import folder_of
from sandbox_server.repositories.mirrored import remote_in
from sandbox_server.repositories.packing import pack_folder, take_file
from sandbox_server.repositories.reading import Says, check_asked, read_package
from sandbox_server.repositories.room import Room
from sandbox_server.repositories.trouble import NotHad
from sandbox_server.repositories.web import Ask, Web, bounded

WHOLE = 20
"""An archive may take so many times the seconds that may pass without a byte."""
LARGEST_ANSWER = 4 * 1024 * 1024


class Fetching:
    """`folders`: the configured repositories that are folders on this machine. `limit`: bytes of one archive."""

    def __init__(
        self, web: Web, archives: Archives, *, timeout: float, limit: int, folders: tuple[Path, ...]
    ) -> None:
        self._web, self._archives = web, archives
        self._timeout, self._limit, self._folders = timeout, limit, folders

    async def get(self, fetch: Fetch, bundle: Path, r: str, room: Room) -> Fetched:
        """Raises `NotHad` and `StorageFull`."""
        room.check()
        if fetch.remote:
            return await self._from_remote(fetch, fetch.remote, room)
        if fetch.path:
            return await to_thread.run_sync(self._from_bundle, fetch, bundle)
        return await self._from_repositories(fetch, r, room)

    async def file(self, url: str, room: Room) -> Kept:
        """Any archive, such as a program's; as it is. Raises `NotHad` and `StorageFull`."""
        if url.startswith("file:"):
            raise NotHad(f"{url} is no way to fetch: http or https")
        if kept := self._archives.find(url):
            return kept
        with self._archives.arriving() as arriving:
            await self._download(Ask(url), arriving, room)
            return await to_thread.run_sync(self._archives.keep, arriving, url, Says("", ""))

    async def _from_repositories(self, fetch: Fetch, r: str, room: Room) -> Fetched:
        troubles: list[NotHad] = []
        for url in fetch.urls:
            try:
                return await self._from_url(fetch, url, r, room)
            except NotHad as error:
                troubles.append(error)
        others = [error for error in troubles if not error.missing]
        if others:
            raise others[0]
        places = dict.fromkeys(url.partition(f"/{CONTRIB}")[0] for url in fetch.urls)
        raise NotHad(f"not at {', '.join(places)}" if places else "in no repository", missing=True)

    async def _from_url(self, fetch: Fetch, url: str, r: str, room: Room) -> Fetched:
        if url.startswith("file:"):
            return await to_thread.run_sync(self._from_folder, fetch, url)
        for place in (url, _place(url, r)):
            if kept := self._archives.find(place):
                return _fetched(fetch, kept, url)
        with self._archives.arriving() as arriving:
            await self._download(Ask(url, r), arriving, room)
            return await to_thread.run_sync(self._accept, fetch, arriving, url, r)

    async def _download(self, ask: Ask, target: Path, room: Room) -> None:
        async with self._web.get(ask, within=WHOLE * self._timeout) as answer:
            said = answer.headers.get("content-length", "")
            if said.isdigit() and int(said) > self._limit:
                raise NotHad(self._too_large())
            with target.open("xb") as file:
                size = 0
                async for part in answer.aiter_raw():
                    size += len(part)
                    if size > self._limit:
                        raise NotHad(self._too_large())
                    room.take(len(part))
                    await to_thread.run_sync(file.write, part)

    def _too_large(self) -> str:
        return f"its archive is larger than {self._limit:,} bytes (SANDBOX_ARCHIVE_LIMIT)"

    def _accept(self, fetch: Fetch, arrived: Path, url: str, r: str) -> Fetched:
        says = _read(arrived, fetch, url)
        place = _place(url, r) if says.built else url
        return _fetched(fetch, self._archives.keep(arrived, place, says), url)

    def _from_folder(self, fetch: Fetch, url: str) -> Fetched:
        """Whatever a lock says: only from the folders that the administrator named."""
        source = folder_of(url).resolve()
        if not any(source.is_relative_to(folder) for folder in self._folders):
            raise NotHad(f"{url} is no repository of this server's settings")
        try:
            found = source.stat()
            # A folder has no promise that a file never changes.
            place = f"{url} of {found.st_size} at {found.st_mtime_ns}"
            if kept := self._archives.find(place):
                return _fetched(fetch, kept, url)
            if found.st_size > self._limit:
                raise NotHad(self._too_large())
            with self._archives.arriving() as arriving:
                shutil.copyfile(source, arriving)
                says = _read(arriving, fetch, url)
                return _fetched(fetch, self._archives.keep(arriving, place, says), url)
        except FileNotFoundError:
            raise NotHad(f"not at {url}", missing=True) from None
        except (PermissionError, IsADirectoryError) as error:
            raise NotHad(f"{url} cannot be read: {error.strerror}") from None

    def _from_bundle(self, fetch: Fetch, bundle: Path) -> Fetched:
        with self._archives.arriving() as arriving:
            if fetch.path.endswith((".tar.gz", ".tgz")):
                take_file(bundle, fetch.path, arriving)
            else:
                pack_folder(bundle, fetch.path, arriving, {})
            says = _read(arriving, fetch, fetch.path)
            return _fetched(fetch, self._archives.keep(arriving, "", says))

    async def _from_remote(self, fetch: Fetch, remote: Remote, room: Room) -> Fetched:
        remotes.check(remote)
        for folder in self._folders if remotes.is_hash(remote.commit) else ():
            if (mirrored := remote_in(folder, fetch.name, remote.commit)).is_file():
                return await to_thread.run_sync(self._from_folder, fetch, mirrored.as_uri())
        commit = remote.commit if remotes.is_commit(remote.commit) else await self._commit(remote)
        fixed = replace(remote, commit=commit)
        place = remotes.place_of(fixed)
        if kept := self._archives.find(place):
            return _fetched(fetch, kept)
        try:
            with self._archives.arriving() as arriving:
                url = remotes.archive_url(fixed, login=self._web.has_login(remotes.commit_url(fixed)))
                await self._download(Ask(url, token=True), arriving, room)
                return await to_thread.run_sync(self._accept_remote, fetch, remote, commit, arriving)
        except NotHad as error:
            raise _of_remote(error, remote) from None

    def _accept_remote(self, fetch: Fetch, remote: Remote, commit: str, arrived: Path) -> Fetched:
        with self._archives.arriving() as packed:
            fields = remotes.fields_of(remote, commit)
            pack_folder(arrived, remote.folder, packed, fields, below_top=True)
            says = _read(packed, fetch, str(remote))
            place = remotes.place_of(replace(remote, commit=commit))
            return _fetched(fetch, self._archives.keep(packed, place, says))

    async def _commit(self, remote: Remote) -> str:
        """Of a branch or tag."""
        try:
            async with self._web.get(
                Ask(remotes.commit_url(remote), token=True), within=2 * self._timeout
            ) as answer:
                said = json.loads(await bounded(answer, LARGEST_ANSWER))
                commit = said.get("sha") or said.get("id") or ""
        except NotHad as error:
            raise _of_remote(error, remote) from None
        except (ValueError, AttributeError):
            commit = ""
        if not remotes.is_commit(commit):
            raise NotHad(f"{remote.host} does not say which commit {remote} is")
        return str(commit)


def _read(archive: Path, fetch: Fetch, source: str) -> Says:
    """Checked before it is kept: what is refused leaves nothing behind."""
    try:
        says = read_package(archive)
        check_asked(says, fetch.name, fetch.version)
    except NotHad as error:
        raise NotHad(f"what {source} sent {error.reason}") from None
    _check_sum(fetch, source, says)
    return says


def _check_sum(fetch: Fetch, url: str, says: Says) -> None:
    """The sum is that of the first repository's source archive."""
    first = fetch.urls[0].partition(f"/{CONTRIB}")[0] if fetch.urls else ""
    known = fetch.md5 and url.startswith(f"{first}/") and not says.built
    if known and says.md5 != fetch.md5.lower():
        raise NotHad(f"its checksum differs: {fetch.md5} is expected, {url} has {says.md5}")


def _fetched(fetch: Fetch, kept: Kept, url: str = "") -> Fetched:
    """What was kept before may have been asked for with other words."""
    says = kept.says
    check_asked(says, fetch.name, fetch.version)
    _check_sum(fetch, url, says)
    return Fetched(
        fetch=fetch,
        path=str(kept.path),
        sha256=kept.sha256,
        name=says.name,
        version=says.version,
        needs=says.needs,
        built=says.built,
        system=says.system,
        url=url,
    )


def _place(url: str, r: str) -> str:
    """A binary serves one R only, and the same URL has another one for the next."""
    return f"{url} for R {minor(r)}"


def _of_remote(error: NotHad, remote: Remote) -> NotHad:
    if not error.missing:
        return error
    return NotHad(f"{remote} is not there, or is private: {error.reason}", missing=True)
