"""Source packages made from plain folders: of a git repository at a commit, or in a bundle."""

import gzip
from collections.abc import Iterator, Mapping
from pathlib import Path
from tarfile import GNU_FORMAT, TarInfo
from typing import BinaryIO, cast

from sandbox_server.domain import tar
from sandbox_server.repositories.reading import Member, Says, members, read_all, read_description
from sandbox_server.repositories.trouble import NotHad

_TIME = 315_532_800
"""1980: the same files are the same package, whenever they were checked out."""


def pack_folder(
    source: Path, folder: str, target: Path, fields: Mapping[str, str], *, below_top: bool = False
) -> Says:
    """Write the package in `folder` of the archive `source` as a source package; `fields` join its DESCRIPTION.

    `below_top`: folders count from the one folder that holds everything. Raises `NotHad`.
    """
    description = _description(source, folder, below_top)
    says = read_description(description)
    with target.open("wb") as raw, gzip.GzipFile("", "wb", 6, raw, mtime=0) as packed:
        file = cast(BinaryIO, packed)
        for path, member in _below(source, folder, below_top):
            if path == "DESCRIPTION":
                _write(file, f"{says.name}/{path}", _with(description, fields), member.executable)
            elif not path.startswith(".git/"):
                _copy(file, f"{says.name}/{path}", member)
        file.write(bytes(2 * tar.BLOCK))
    return says


def take_file(source: Path, path: str, target: Path) -> None:
    """Write one file of an archive. Raises `NotHad` if it has none of that name."""
    for member in members(source, leave_links=True):
        if member.path == path:
            with target.open("wb") as file:
                for part in member.body:
                    file.write(part)
            return
    raise NotHad(f"{path} is not in the bundle", missing=True)


def _description(source: Path, folder: str, below_top: bool) -> bytes:
    for path, member in _below(source, folder, below_top):
        if path == "DESCRIPTION":
            return read_all(member.body)
    where = f"the folder '{folder}'" if folder else "its top"
    raise NotHad(f"is no R package: there is no DESCRIPTION in {where}", missing=True)


def _below(source: Path, folder: str, below_top: bool) -> Iterator[tuple[str, Member]]:
    prefix = f"{folder.strip('/')}/" if folder.strip("/.") else ""
    for member in members(source, leave_links=True):
        path = member.path.partition("/")[2] if below_top else member.path
        if path.startswith(prefix) and path != prefix:
            yield path.removeprefix(prefix), member


def _with(description: bytes, fields: Mapping[str, str]) -> bytes:
    lines = [line for line in description.splitlines() if line.strip()]
    names = tuple(f"{name}:".encode() for name in fields)
    kept = [line for line in lines if not line.startswith(names)]
    added = [f"{name}: {_one_line(value)}".encode() for name, value in fields.items() if value]
    return b"\n".join([*kept, *added]) + b"\n"


def _one_line(value: str) -> str:
    return " ".join(value.split())


def _write(file: BinaryIO, path: str, data: bytes, executable: bool) -> None:
    _copy(file, path, Member(path, len(data), executable, iter((data,))))


def _copy(file: BinaryIO, path: str, member: Member) -> None:
    info = TarInfo(path)
    info.size, info.mtime, info.mode = member.size, _TIME, 0o755 if member.executable else 0o644
    file.write(info.tobuf(GNU_FORMAT, "utf-8", "strict"))
    for part in member.body:
        file.write(part)
    file.write(bytes(-member.size % tar.BLOCK))
