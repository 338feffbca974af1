"""What an archive of an R package says of itself. Archives come from strangers: every byte is read with limits."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from sandbox_server.domain import tar
from sandbox_server.domain.catalogue import Need
from sandbox_server.domain.description import needs_of, parse_dcf
from sandbox_server.domain.versions import same
from sandbox_server.errors import BadBundle
from sandbox_server.repositories.trouble import NotHad

MIB = 1024 * 1024
LARGEST_DESCRIPTION = 4 * MIB
UNPACKED_FOR_PACKED = 12
"""R packages grow by three or four; what grows more than this, beyond `SMALL`, is made to fill disks."""
SMALL = 256 * MIB
MOST_FILES = 100_000


@dataclass(frozen=True)
class Member:
    path: str
    size: int
    executable: bool
    body: tar.Body


@dataclass(frozen=True)
class Says:
    """What a package's DESCRIPTION says."""

    name: str
    version: str
    needs: tuple[Need, ...] = ()
    built: str = ""
    system: str = ""
    md5: str = ""
    """Of the archive it was read from."""


def read_package(archive: Path) -> Says:
    """One folder with a DESCRIPTION of that name, regular files only. Raises `NotHad`."""
    return replace(_says(read_fields(archive)), md5=md5_of(archive))


def read_fields(archive: Path) -> dict[str, str]:
    """The fields of a package's DESCRIPTION. Raises `NotHad` as `read_package` does."""
    tops, text = set[str](), b""
    for member in members(archive):
        top, _, rest = member.path.partition("/")
        tops.add(top)
        if rest == "DESCRIPTION":
            text = read_all(member.body)
    if len(tops) != 1 or not text:
        raise NotHad("is no R package: it is not one folder with a DESCRIPTION")
    fields = parse_dcf(_text(text))
    name = _says(fields).name
    if tops != {name}:
        raise NotHad(f"is no R package: {name} is in a folder '{tops.pop()[:60]}'")
    return fields


def md5_of(archive: Path) -> str:
    """As repositories tell it in their indexes; no promise of safety."""
    with archive.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def read_description(data: bytes) -> Says:
    """Raises `NotHad`."""
    return _says(parse_dcf(_text(data)))


def check_asked(says: Says, name: str, version: str) -> None:
    """Raises `NotHad` if it is another package, or another version of it; `version` empty: any."""
    if says.name != name or (version and not same(says.version, version)):
        raise NotHad(f"holds {says.name} {says.version} instead")


def members(archive: Path, *, leave_links: bool = False) -> Iterator[Member]:
    """Each file of an archive, in its order. Raises `NotHad` for what is not acceptable."""
    most = max(SMALL, archive.stat().st_size * UNPACKED_FOR_PACKED)
    total = count = 0
    try:
        with archive.open("rb") as file:
            for entry, body in tar.entries(file, leave_links=leave_links):
                total, count = total + entry.size, count + 1
                if total > most or count > MOST_FILES:
                    raise NotHad("unpacks to far more than an R package has")
                if not entry.folder:
                    yield Member(_clean(entry.name), entry.size, entry.executable, _told(body))
    except BadBundle as error:
        raise _unusable(error) from None


def read_all(body: tar.Body, most: int = LARGEST_DESCRIPTION) -> bytes:
    data = b""
    for part in body:
        data += part
        if len(data) > most:
            raise NotHad("has a DESCRIPTION that is far too long")
    return data


def _says(fields: Mapping[str, str]) -> Says:
    name, version = fields.get("Package", ""), fields.get("Version", "")
    if not name or not version:
        raise NotHad("is no R package: its DESCRIPTION has no Package or no Version")
    built = fields.get("Built", "").removeprefix("R ").partition(";")[0].strip()
    return Says(name, version, tuple(needs_of(fields)), built, fields.get("SystemRequirements", ""))


def _told(body: tar.Body) -> tar.Body:
    """What is wrong inside a file shows while it is read."""
    try:
        yield from body
    except BadBundle as error:
        raise _unusable(error) from None


def _unusable(error: BadBundle) -> NotHad:
    return NotHad(f"is not a usable archive: {_small(error.message)}")


def _clean(name: str) -> str:
    path = name.removeprefix("./")
    if not path or {"", ".", ".."} & set(path.split("/")):
        raise BadBundle(f"The name {name[:120]!r} leads out of the package.")
    return path


def _text(data: bytes) -> str:
    """DESCRIPTION files older than UTF-8 are in Latin-1; the fields that matter here are ASCII."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _small(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:].rstrip(".")
