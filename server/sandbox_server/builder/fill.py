"""What a builder container is given before it starts: scripts, archives of packages, and what to do with them."""

import json
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sandbox_server.builder import recipe
from sandbox_server.builder.base import Library, Program, SourcePackage
from sandbox_server.builder.base_extras import TRUSTED
from sandbox_server.builder.proxies import exports

_CHUNK = 1024 * 1024
_BLOCK = tarfile.BLOCKSIZE


@dataclass(frozen=True)
class Missing:
    """What of a library is still to be installed."""

    debian: Sequence[str]
    sources: Sequence[SourcePackage]
    python: str
    quarto: Program | None = None


def archive(
    library: Library, missing: Missing, environment: Mapping[str, str], trusted: Sequence[str] = ()
) -> Iterator[bytes]:
    """A tar archive for the root folder, made as it is read: packages may be large, and are here already.

    `trusted` are certificates, as PEM text.
    """
    yield from _entries(_texts(library, missing, environment))
    for number, certificate in enumerate(trusted):
        yield from _entry(f"{TRUSTED}/sandbox-{number}.crt", certificate.encode())
    for package in missing.sources:
        yield from _copy(f"{recipe.WORK}/src/{_file_name(package)}", package.archive)
    if missing.quarto:
        yield from _copy(f"{recipe.WORK}/quarto.tar.gz", missing.quarto.archive)
    yield bytes(2 * _BLOCK)


def texts_archive(texts: Mapping[str, str]) -> Iterator[bytes]:
    """Small files for the work folder, as a tar archive for the root folder."""
    yield from _entries(texts)
    yield bytes(2 * _BLOCK)


def _entries(texts: Mapping[str, str]) -> Iterator[bytes]:
    for name, text in texts.items():
        yield from _entry(f"{recipe.WORK}/{name}", text.encode())


def _texts(library: Library, missing: Missing, environment: Mapping[str, str]) -> dict[str, str]:
    return {
        "install.sh": recipe.read("install.sh"),
        "Makevars": recipe.read("Makevars"),
        "environment": exports(environment),
        "debian": "".join(f"{name}\n" for name in missing.debian),
        "packages": "".join(f"{one.name}\t{one.version}\t{_file_name(one)}\n" for one in missing.sources),
        "requirements.txt": missing.python,
        "library.json": json.dumps(
            {one.name: {"origin": one.origin, "digest": one.digest} for one in library.sources}
        ),
    }


def _file_name(package: SourcePackage) -> str:
    return f"{package.name}_{package.version}.tar.gz"


def _entry(name: str, content: bytes) -> Iterator[bytes]:
    yield _header(name, len(content))
    yield content + _padding(len(content))


def _copy(name: str, path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        size = path.stat().st_size
        yield _header(name, size)
        while chunk := file.read(_CHUNK):
            yield chunk
        yield _padding(size)


def _header(name: str, size: int) -> bytes:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = size, 0o644
    return entry.tobuf(tarfile.PAX_FORMAT)


def _padding(size: int) -> bytes:
    return bytes(-size % _BLOCK)
