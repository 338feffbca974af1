"""The indexes of repositories: asked for, kept for a while, and used from before when a repository is away."""

import json
import time
import zlib
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from anyio import to_thread

from sandbox_server.domain.catalogue import Index, Unreachable
from sandbox_server.domain.repository_urls import CONTRIB
from sandbox_server.repositories.archives import Archives
from sandbox_server.repositories.records import Records
from sandbox_server.repositories.trouble import NotHad
from sandbox_server.repositories.web import Ask, Web, bounded

LARGEST_INDEX = 64 * 1024 * 1024
"""Bytes, unpacked; CRAN's has 5 MiB."""
FRESH = 10 * 60
USABLE = 24 * 3600
"""Seconds for which an index from before serves while its repository does not answer."""
_FILES = ("PACKAGES.gz", "PACKAGES")
_GZIP = b"\x1f\x8b"


@dataclass(frozen=True)
class _Kept:
    """An index from before: when the repository last said that it is so, and the words to ask again with."""

    data: bytes
    asked: float
    file: str
    etag: str = ""
    modified: str = ""

    @property
    def age(self) -> float:
        return time.time() - self.asked


class Indexes:
    def __init__(self, web: Web, archives: Archives, timeout: float) -> None:
        self._web, self._archives, self._timeout = web, archives, timeout

    async def get(self, url: str, r: str) -> Index | Unreachable:
        began = time.monotonic()
        kept = None
        try:
            if url.startswith("file:"):
                return await to_thread.run_sync(_index, url, _read_folder(url), r)
            kept = self._kept(url)
            if kept is None or kept.age > FRESH:
                kept = await self._ask(url, r, kept)
                self._keep(url, kept)
            return await to_thread.run_sync(_index, url, kept.data, r)
        except NotHad as error:
            spent = time.monotonic() - began
            if kept is not None and kept.age < USABLE:
                notice = (
                    f"{url} is away ({error.reason}); its index of {kept.age / 3600:.1f} hours ago serves."
                )
                return await to_thread.run_sync(_index, url, kept.data, r, notice)
            return Unreachable(url, error.reason, spent)

    async def _ask(self, url: str, r: str, kept: _Kept | None) -> _Kept:
        files = (kept.file,) if kept else ()
        for file in dict.fromkeys((*files, *_FILES)):
            try:
                got = await self._ask_file(url, file, r, kept if kept and kept.file == file else None)
            except NotHad as error:
                if not error.missing:
                    raise
            else:
                # What cannot be read must not replace what can.
                await to_thread.run_sync(_index, url, got.data, r)
                return got
        raise NotHad("has no package index at src/contrib/PACKAGES")

    async def _ask_file(self, url: str, file: str, r: str, kept: _Kept | None) -> _Kept:
        headers = {"If-None-Match": kept.etag, "If-Modified-Since": kept.modified} if kept else {}
        ask = Ask(
            f"{url}/{CONTRIB}/{file}", r, headers={name: text for name, text in headers.items() if text}
        )
        async with self._web.get(ask, within=4 * self._timeout) as answer:
            if answer.status_code == 304:
                if kept is None:
                    raise NotHad("says that nothing changed, and was not asked that")
                return _Kept(kept.data, time.time(), file, kept.etag, kept.modified)
            data = await bounded(answer, LARGEST_INDEX)
            said = answer.headers
            return _Kept(data, time.time(), file, said.get("etag", ""), said.get("last-modified", ""))

    def _kept(self, url: str) -> _Kept | None:
        try:
            head, _, data = self._archives.index(url).read_bytes().partition(b"\n")
            return _Kept(data=data, **json.loads(head))
        except (FileNotFoundError, ValueError, TypeError):
            return None

    def _keep(self, url: str, kept: _Kept) -> None:
        head = {"asked": kept.asked, "file": kept.file, "etag": kept.etag, "modified": kept.modified}
        self._archives.write(self._archives.index(url), json.dumps(head).encode() + b"\n" + kept.data)


def folder_of(url: str) -> Path:
    """Of a `file:` URL."""
    return Path(unquote(urlsplit(url).path))


def _read_folder(url: str) -> bytes:
    for file in _FILES:
        try:
            return (folder_of(url) / CONTRIB / file).read_bytes()
        except FileNotFoundError:
            continue
        except OSError as error:
            raise NotHad(f"cannot be read: {error.strerror}") from None
    raise NotHad("has no package index at src/contrib/PACKAGES")


def _index(url: str, data: bytes, r: str, notice: str = "") -> Index:
    """By what it is, not by its name: some servers unpack what they send."""
    text = _unpacked(data) if data.startswith(_GZIP) else data
    return Index(url, Records(text.decode("utf-8", errors="replace"), r), notice)


def _unpacked(data: bytes) -> bytes:
    inflate = zlib.decompressobj(wbits=31)
    try:
        text = inflate.decompress(data, LARGEST_INDEX)
    except zlib.error:
        raise NotHad("is not a package index: it is damaged") from None
    if not inflate.eof:
        raise NotHad("has an index that is cut short or far too large")
    return text
