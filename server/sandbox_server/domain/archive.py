"""Bundle archives (tar.gz): what is in one, is it acceptable, and the same files as we write them."""

import hashlib
import sys
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from tarfile import DIRTYPE, PAX_FORMAT, TarInfo
from typing import BinaryIO

from sandbox_server.domain import tar
from sandbox_server.errors import BadBundle, TooLarge

MIB = 1024 * 1024
LONGEST_PATH = 1024
"""Bytes."""
LONGEST_NAME = 255
"""Bytes, of one file or folder."""
DEEPEST = 40

_EARLIEST, _LATEST = 315_532_800, 4_102_444_800  # 1980 and 2100: what every tool can show


@dataclass(frozen=True)
class Unpacked:
    """A file or folder out of an archive."""

    path: str
    content: bytes = b""
    executable: bool = False
    modified: int = _EARLIEST
    """Seconds since 1970."""
    folder: bool = False


@dataclass(frozen=True)
class Limits:
    """Bytes packed, bytes unpacked, and the number of files and folders."""

    packed: int = 1024 * MIB
    unpacked: int = 4096 * MIB
    files: int = 20_000


_NONE = Limits(sys.maxsize, sys.maxsize, sys.maxsize)
"""For what was inspected before, perhaps under other settings."""


@dataclass(frozen=True)
class Member:
    """A regular file."""

    path: str
    size: int
    executable: bool


@dataclass(frozen=True)
class Contents:
    members: tuple[Member, ...]
    total: int
    """Bytes, unpacked."""


def inspect(path: Path, limits: Limits) -> Contents:
    """What is in an archive, read to its very end. Raises `BadBundle` or `TooLarge`, naming the member."""
    size = path.stat().st_size
    if size > limits.packed:
        raise TooLarge(f"The bundle has {_shown(size)} packed; {_shown(limits.packed)} are allowed.")
    members: list[Member] = []
    for member, _, body in _members(path, limits):
        members.extend([] if member is None else [member])
        for _ in body:
            pass
    if not members:
        raise BadBundle("The bundle has no files.", "Run `sandbox deploy` in the folder of the app.")
    return Contents(tuple(members), sum(member.size for member in members))


def read_text(
    path: Path, wanted: Collection[str], limit: int = MIB, together: int = sys.maxsize
) -> dict[str, str]:
    """The wanted files of an inspected archive that exist, in one pass; their first `limit` bytes at most.

    Bytes that are not UTF-8 are replaced; a byte order mark is left out. Files beyond so many bytes `together` are
    left out.
    """
    missing, found = set(wanted), dict[str, str]()
    for member, _, body in _members(path, _NONE) if missing else ():
        if member is not None and member.path in missing:
            missing.remove(member.path)
            together -= min(member.size, limit)
            if together < 0:
                break
            found[member.path] = _first(body, limit).decode("utf-8-sig", errors="replace")
            if not missing:
                break
    return found


def unpacked(path: Path) -> Iterator[Unpacked]:
    """What is in an inspected archive, each folder before what is in it."""
    folders = {""}
    for member, entry, body in _members(path, _NONE):
        name = _clean(entry.name)
        for folder in _new_folders(name if member is None else name.rpartition("/")[0], folders):
            yield Unpacked(folder, folder=True)
        if member is not None:
            yield Unpacked(name, b"".join(body), entry.executable, _shown_time(entry.mtime))


def digests(path: Path) -> dict[str, str]:
    """Path → SHA-256 of each file of an archive that was accepted before."""
    found: dict[str, str] = {}
    with path.open("rb") as file:
        for entry, body in tar.entries(file):
            seen = hashlib.sha256()
            for chunk in body:
                seen.update(chunk)
            if not entry.folder:
                found[_clean(entry.name)] = seen.hexdigest()
    return found


def repack(
    source: Path,
    target: BinaryIO,
    prefix: str = "",
    extra: Mapping[str, bytes] | None = None,
    owned: Mapping[str, int] | None = None,
) -> None:
    """Write an inspected archive's files, below the folder `prefix`, as a plain tar owned by root.

    `extra` are files of ours by their path from the tar's root, written last; `owned` are empty folders and the user
    that each belongs to. One pass, bounded memory.
    """
    writer = _Writer(target)
    writer.folder(prefix)
    for member, entry, body in _members(source, _NONE):
        path = "/".join(part for part in (prefix, _clean(entry.name)) if part)
        if member is None:
            writer.folder(path)
        else:
            writer.file(path, member, entry.mtime, body)
    for path, data in (extra or {}).items():
        writer.file(path, Member(path, len(data), executable=False), _EARLIEST, iter((data,)))
    for path, user in (owned or {}).items():
        writer.folder(path, user)
    writer.end()


def pack(files: Mapping[str, bytes]) -> bytes:
    """A plain tar of files of ours, by their path from the root, owned by root."""
    target = BytesIO()
    writer = _Writer(target)
    for path, data in files.items():
        writer.file(path, Member(path, len(data), executable=False), _EARLIEST, iter((data,)))
    writer.end()
    return target.getvalue()


def _new_folders(path: str, known: set[str]) -> list[str]:
    """This folder and those above it, from the top, as far as they are not known yet; now they are."""
    found = []
    while path not in known:
        known.add(path)
        found.append(path)
        path = path.rpartition("/")[0]
    return found[::-1]


def _shown_time(mtime: int) -> int:
    return min(max(mtime, _EARLIEST), _LATEST)


def _first(body: tar.Body, limit: int) -> bytes:
    start = b""
    while len(start) < limit and (part := next(body, b"")):
        start += part
    return start[:limit]


def _members(path: Path, limits: Limits) -> Iterator[tuple[Member | None, tar.Entry, tar.Body]]:
    """Every acceptable member; None for a folder."""
    tree, total = _Tree(limits.files), 0
    with path.open("rb") as file:
        for entry, body in tar.entries(file):
            name = _clean(entry.name)
            total += entry.size
            if total > limits.unpacked:
                raise TooLarge(f"With '{name}' the bundle has more than {_shown(limits.unpacked)} unpacked.")
            if entry.size > limits.packed:
                raise TooLarge(
                    f"'{name}' has {_shown(entry.size)}; a file may have {_shown(limits.packed)} at most."
                )
            tree.add(name, entry.folder)
            yield (None if entry.folder else Member(name, entry.size, entry.executable)), entry, body


class _Tree:
    """The names so far; a name is one thing only."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._seen: set[str] = set()
        self._files: set[str] = set()
        self._folders: set[str] = {""}

    def add(self, name: str, folder: bool) -> None:
        if not name and not folder:
            raise BadBundle("A file in the archive has no name.")
        if name in self._seen:
            raise BadBundle(f"'{name}' is in the archive twice.")
        if not folder and name in self._folders:
            raise BadBundle(f"'{name}' is a file and a folder in the archive.")
        self._seen.add(name)
        (self._folders if folder else self._files).add(name)
        self._add_parents(name)
        if len(self._files) + len(self._folders) - 1 > self._most:
            raise TooLarge(f"With '{name}' the bundle has more than {self._most:,} files and folders.")

    def _add_parents(self, name: str) -> None:
        parent = name.rpartition("/")[0]
        while parent not in self._folders:
            if parent in self._files:
                raise BadBundle(f"'{parent}' is a file and a folder in the archive.")
            self._folders.add(parent)
            parent = parent.rpartition("/")[0]


def _clean(name: str) -> str:
    """The path below the bundle's root, '' for the root itself. Raises `BadBundle`."""
    if not name:
        raise BadBundle("A file in the archive has no name.")
    path = unicodedata.normalize("NFC", name).removesuffix("/")
    while path.startswith("./"):
        path = path[2:]
    if path == ".":
        return ""
    problem = path_problem(path)
    if problem:
        raise BadBundle(
            f"The name {name[:120]!r} {problem}.", "Rename the file, or leave it out with .sandboxignore."
        )
    return path


def path_problem(path: str) -> str:
    """What is wrong with this path in an archive, as the end of a sentence; empty if nothing is."""
    parts = path.split("/")
    if path.startswith("/") or not path:
        return "is absolute"
    if ".." in parts:
        return "leads out of the folder with '..'"
    if "" in parts or "." in parts:
        return "has an empty part"
    if "\\" in path:
        return "has a backslash"
    if any(unicodedata.category(character) == "Cc" for character in path):
        return "has a control character"
    too_long = len(path.encode()) > LONGEST_PATH or any(len(part.encode()) > LONGEST_NAME for part in parts)
    return "is too long, or too deep in folders" if too_long or len(parts) > DEEPEST else ""


class _Writer:
    """A plain tar, each folder before what is in it."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._folders = {""}

    def folder(self, path: str, user: int = 0) -> None:
        if path in self._folders:
            return
        self.folder(path.rpartition("/")[0])
        self._folders.add(path)
        info = TarInfo(path)
        info.type, info.mode, info.mtime = DIRTYPE, 0o755, _EARLIEST
        info.uid = info.gid = user
        self._file.write(_header(info))

    def file(self, path: str, member: Member, mtime: int, body: tar.Body) -> None:
        self.folder(path.rpartition("/")[0])
        info = TarInfo(path)
        info.size, info.mode = member.size, 0o755 if member.executable else 0o644
        info.mtime = _shown_time(mtime)
        self._file.write(_header(info))
        for part in body:
            self._file.write(part)
        self._file.write(bytes(-member.size % tar.BLOCK))

    def end(self) -> None:
        self._file.write(bytes(2 * tar.BLOCK))


def _header(info: TarInfo) -> bytes:
    return info.tobuf(PAX_FORMAT, "utf-8", "strict")


def _shown(size: int) -> str:
    return f"{size / MIB:,.1f} MiB" if size >= MIB else f"{size:,} bytes"
