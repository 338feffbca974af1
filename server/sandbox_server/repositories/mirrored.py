"""A folder that serves as a CRAN-like repository, to R too: `install.packages(repos = "file:///…")`."""

import gzip
import os
import shutil
from collections.abc import Iterator
from functools import cmp_to_key
from pathlib import Path

from sandbox_server.domain.catalogue import Fetched
from sandbox_server.domain.repository_urls import CONTRIB
from sandbox_server.domain.versions import compare
from sandbox_server.errors import BadRequest
from sandbox_server.repositories.reading import md5_of, read_fields
from sandbox_server.repositories.trouble import NotHad

_FIELDS = (
    "Package", "Version", "Depends", "Imports", "LinkingTo", "Suggests", "Enhances", "License", "NeedsCompilation",
    "SystemRequirements",
)  # fmt: skip


def remote_in(folder: Path, name: str, commit: str) -> Path:
    """Where a mirror has a package at a commit; R itself does not look there."""
    return folder / "src" / "remotes" / f"{name}_{commit}.tar.gz"


def add(folder: Path, one: Fetched, commit: str = "") -> bool:
    """Put an archive in, or with a commit, a package at that commit. False: it was there already."""
    file = f"{one.name}_{one.version}.tar.gz"
    contrib = folder / CONTRIB
    target = remote_in(folder, one.name, commit) if commit else contrib / file
    if target.exists() or (not commit and (contrib / "Archive" / one.name / file).exists()):
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    arriving = target.with_name(f".{target.name}")
    shutil.copyfile(one.path, arriving)
    _settle(arriving, target)
    return True


def write_index(folder: Path) -> int:
    """PACKAGES and PACKAGES.gz for the newest version of each; older ones go to Archive. Returns how many.

    Raises `BadRequest` for an archive that is no package.
    """
    contrib = folder / CONTRIB
    contrib.mkdir(parents=True, exist_ok=True)
    for rest in contrib.glob(".*"):
        rest.unlink()
    entries = [_entry(path) for path in _newest(contrib)]
    text = "\n".join(entries).encode()
    # R reads the compressed one first: it comes last, when the other is there.
    for name, data in (("PACKAGES", text), ("PACKAGES.gz", gzip.compress(text, mtime=0))):
        arriving = contrib / f".{name}"
        arriving.write_bytes(data)
        _settle(arriving, contrib / name)
    return len(entries)


def _newest(contrib: Path) -> Iterator[Path]:
    by_name: dict[str, list[Path]] = {}
    for path in sorted(contrib.glob("*.tar.gz")):
        by_name.setdefault(path.name.partition("_")[0], []).append(path)
    for name, paths in sorted(by_name.items()):
        *older, newest = sorted(paths, key=cmp_to_key(_compare))
        for path in older:
            archive = contrib / "Archive" / name
            archive.mkdir(parents=True, exist_ok=True)
            path.replace(archive / path.name)
        yield newest


def _compare(one: Path, other: Path) -> int:
    return compare(_version(one), _version(other))


def _version(path: Path) -> str:
    return path.name.removesuffix(".tar.gz").partition("_")[2]


def _entry(path: Path) -> str:
    try:
        fields = read_fields(path)
    except NotHad as error:
        raise BadRequest(f"{path} {error.reason}.", "Remove it, then run the same command again.") from None
    told = {name: " ".join(fields[name].split()) for name in _FIELDS if name in fields} | {
        "MD5sum": md5_of(path)
    }
    return "".join(f"{name}: {value}\n" for name, value in told.items())


def _settle(arriving: Path, final: Path) -> None:
    with arriving.open("rb") as file:
        os.fsync(file.fileno())
    arriving.replace(final)
