"""Which R packages an image has, and where each came from."""

import io
import json
import tarfile
from collections.abc import Iterable, Mapping
from typing import Any

from docker import APIClient
from docker.errors import NotFound

from sandbox_server.builder import recipe
from sandbox_server.builder.base import Base, Installed
from sandbox_server.builder.engine import create, discard
from sandbox_server.domain.catalogue import DebianPackage
from sandbox_server.errors import BaseMissing

_OURS = "/usr/local/lib/R/site-library"
_FILES = ("base.json", "library.json", "stock", "debian")
_FIELDS = ("r", "suite", "packages", "needs", "debian", "build")


def read_files(client: APIClient, platform: str, image: str) -> dict[str, str]:
    """The small files about packages that an image of ours has, by name."""
    container = create(client, recipe.idle(platform, image))
    try:
        found: dict[str, str] = {}
        for name in _FILES:
            try:
                chunks, _ = client.get_archive(container, f"/{recipe.OURS}/{name}")
            except NotFound:
                continue
            found[name] = _only_file(chunks)
        return found
    finally:
        discard(client, container)


def base_of(image: str, name: str, files: Mapping[str, str]) -> Base:
    """Raises `BaseMissing` for what is no base, or one that an earlier version made."""
    if "base.json" not in files:
        raise BaseMissing(f"The image {name} does not stand on one that `sandboxd base build` made.")
    said = json.loads(files["base.json"])
    if any(field not in said for field in _FIELDS):
        raise BaseMissing(
            f"The base image {name} was made by an earlier version of Sandbox.",
            "Make a new one on the server: `sandboxd base build`.",
        )
    return Base(
        image=image,
        r_version=said["r"],
        installed=said["packages"],
        available={name: DebianPackage(one["name"], one["version"]) for name, one in said["debian"].items()},
        build_needs={name: tuple(needs) for name, needs in said["build"].items()},
        suite=said["suite"],
    )


def installed(files: Mapping[str, str]) -> list[Installed]:
    """Of each package the one that R would load, by name."""
    said = json.loads(files["base.json"])
    base: dict[str, str] = said["packages"]
    if "stock" not in files:
        return [
            Installed(name, base[name], "base", needs=tuple(said["needs"].get(name, ())))
            for name in sorted(base)
        ]
    origins: dict[str, dict[str, str]] = json.loads(files["library.json"])
    debian = dict(_rows(files["debian"], 2))
    found: dict[str, Installed] = {}
    for folder, name, version, needs in _rows(files["stock"], 4):
        if name not in found:
            ours = origins.get(name) if folder == _OURS else None
            origin = ours["origin"] if ours else _origin(folder, name, version, base, debian)
            named = tuple(need for need in needs.split(",") if need and need != "R")
            found[name] = Installed(name, version, origin, ours["digest"] if ours else "", named)
    return [found[name] for name in sorted(found)]


def _origin(folder: str, name: str, version: str, base: Mapping[str, str], debian: Mapping[str, str]) -> str:
    if base.get(name) == version:
        return "base"
    if folder == _OURS:
        return "put there by another package's installation"
    for package in (f"r-cran-{name.lower()}", f"r-bioc-{name.lower()}"):
        if package in debian:
            return f"Debian {package} {debian[package]}"
    return "base"


def _rows(text: str, width: int) -> list[Any]:
    rows = (line.split("\t") for line in text.splitlines())
    return [row for row in rows if len(row) == width]


def _only_file(chunks: Iterable[bytes]) -> str:
    # Read to its end in any case: the engine does not let go of a container before.
    data = b"".join(chunks)
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        file = tar.extractfile(tar.getmembers()[0])
        return file.read().decode("utf-8", "replace") if file else ""
