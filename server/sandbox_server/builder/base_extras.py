"""What an administrator adds to every base: files over its root (drivers, fonts, settings), and certificates."""

import hashlib
import io
import os
import re
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docker import APIClient

from sandbox_server.builder import recipe
from sandbox_server.builder.engine import Engine
from sandbox_server.builder.installation import Installation
from sandbox_server.builder.narrator import Narrator
from sandbox_server.errors import BadRequest, BuildFailed, Unavailable

_SCRIPT = f"/{recipe.OURS}/extras.sh"
_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----\n?", re.DOTALL)
TRUSTED = "usr/local/share/ca-certificates"


@dataclass(frozen=True)
class Extras:
    overlay: Path | None = None
    """A folder whose files are laid over the base's root."""
    ca_bundle: Path | None = None
    """A PEM file with certificates to trust."""

    def __bool__(self) -> bool:
        return self.overlay is not None or self.ca_bundle is not None


NONE = Extras()


def check_extras(extras: Extras) -> None:
    """Say early what is not there. Raises `BadRequest`."""
    if extras.overlay is not None and not extras.overlay.is_dir():
        raise BadRequest(
            f"{extras.overlay} is not a folder.", "Name one that looks like the root of a system."
        )
    if extras.ca_bundle is not None and not certificates(extras.ca_bundle):
        raise BadRequest(f"{extras.ca_bundle} has no certificate.", "Set SANDBOX_CA_BUNDLE to a PEM file.")


def digest(extras: Extras) -> str:
    """Tells extras from others; empty for none. Raises `BadRequest`."""
    if not extras:
        return ""
    told = hashlib.sha256()
    for path, name in _overlaid(extras):
        mode = path.lstat().st_mode
        told.update(f"{name}\0{mode & 0o777 if path.is_file() else mode:o}\0".encode())
        told.update(os.fsencode(path.readlink()) if path.is_symlink() else _content(path))
    told.update("\0".join(certificates(extras.ca_bundle)).encode())
    return told.hexdigest()[:16]


async def add_extras(engine: Engine, image: str, extras: Extras) -> str:
    """The image with the extras as one more layer; returns its Id. The labels stay. Raises `Unavailable`."""
    request = recipe.installer("", image, recipe.BASE_LIMITS, "none") | {
        "Cmd": ["/bin/sh", _SCRIPT],
        "Entrypoint": [],
        "Labels": {recipe.ROLE: recipe.BASE_BUILDER},
    }

    def fill(client: APIClient, container: str) -> None:
        with tempfile.TemporaryFile() as archive:
            _pack(archive, extras)
            archive.seek(0)
            client.put_archive(container, "/", archive)

    try:
        async with Installation(engine, request, recipe.BASE_LIMITS, Narrator(_Unheard()), fill) as adding:
            await adding.run()
            return await adding.take(lambda client, container: _commit(client, container, image))
    except BuildFailed as error:
        raise Unavailable(
            f"The overlay could not be added to the base image: {error.message}", detail=error.detail
        ) from error


def certificates(bundle: Path | None) -> list[str]:
    """The PEM text of each; none for no bundle. Raises `BadRequest` if it cannot be read."""
    if bundle is None:
        return []
    try:
        return _CERTIFICATE.findall(bundle.read_text("utf-8", "replace"))
    except OSError as error:
        raise BadRequest(f"{bundle} cannot be read: {error.strerror}.", "Set SANDBOX_CA_BUNDLE.") from None


def _commit(client: APIClient, container: str, image: str) -> str:
    inspect: Callable[[str], dict[str, Any]] = client.inspect_image
    labels: dict[str, str] = inspect(image)["Config"]["Labels"] or {}
    made: dict[str, Any] = client.commit(container, conf={"Cmd": ["true"], "Labels": labels})
    identity: str = made["Id"]
    return identity


def _pack(archive: Any, extras: Extras) -> None:
    with tarfile.open(fileobj=archive, mode="w", dereference=False) as tar:
        for path, name in _overlaid(extras):
            tar.add(path, name, filter=_of_root)
        for number, text in enumerate(certificates(extras.ca_bundle)):
            _file(tar, f"{TRUSTED}/sandbox-{number}.crt", text.encode())
        _file(tar, _SCRIPT.lstrip("/"), recipe.read("extras.sh").encode())


def _overlaid(extras: Extras) -> Iterator[tuple[Path, str]]:
    """Each file, and its path from the root."""
    if extras.overlay is not None:
        # Folders stay out: the base's own keep their modes, new ones are made by the engine.
        for path in sorted(extras.overlay.rglob("*")):
            if path.is_symlink() or not path.is_dir():
                yield path, path.relative_to(extras.overlay).as_posix()


def _content(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def _of_root(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = "root"
    entry.mode |= 0o444
    return entry


class _Unheard:
    """Nobody listens: what is printed matters only if it fails."""

    def line(self, text: str) -> None:
        pass

    def step(self, words: str) -> None:
        pass


def _file(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), 0o644
    tar.addfile(entry, io.BytesIO(content))
