"""The seam to whatever makes images, which are known by the engine's Id. A user's Dockerfile is never run."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from sandbox_server.domain.catalogue import DebianPackage


@dataclass(frozen=True)
class Base:
    """An image with R and Debian's system below every app."""

    image: str
    r_version: str
    installed: Mapping[str, str]
    """R packages that it has: name → version."""
    available: Mapping[str, DebianPackage] = field(default_factory=dict)
    """R packages that Debian has ready built and the base has not.

    The keys are in small letters, as Debian's names are: look up `name.lower()`."""
    build_needs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Debian packages (headers of system libraries) that an R package needs to be compiled; small letters too."""
    suite: str = ""
    """Debian's, such as "trixie"; empty: not known."""


@dataclass(frozen=True)
class SourcePackage:
    """An R package that a library gets from an archive on this machine, source or binary."""

    name: str
    version: str
    archive: Path
    digest: str
    """SHA-256 of the archive."""
    origin: str
    """Where it came from, for the package list: a repository's URL, "github.com/…@…", "the bundle"."""
    shared: bool = False
    """All of this library's packages come from configured repositories: what is compiled may serve other apps."""


@dataclass(frozen=True)
class Program:
    """A program that comes as one archive with one folder, a .tar.gz on this machine."""

    archive: Path
    digest: str
    """SHA-256 of the archive."""


@dataclass(frozen=True)
class Library:
    """What a library image has beyond its base."""

    debian: frozenset[str] = frozenset()
    """Debian's names of packages: R's, system libraries, add-ons."""
    sources: tuple[SourcePackage, ...] = ()
    """In the order of their installation; they come before Debian's and the base's of the same name."""
    python: str = ""
    """The text of requirements.txt, for a virtual environment at /opt/python; empty: none."""
    quarto: Program | None = None
    """Unpacked at /opt/quarto."""

    @property
    def items(self) -> frozenset[str]:
        """One word for each part: libraries are compared, and found again, by these."""
        parts = {f"deb:{name}" for name in self.debian}
        parts |= {f"src:{one.name}@{one.version}#{one.digest[:16]}" for one in self.sources}
        if self.python:
            parts.add(f"py:{hashlib.sha256(self.python.encode()).hexdigest()[:16]}")
        if self.quarto:
            parts.add(f"quarto:{self.quarto.digest[:16]}")
        return frozenset(parts)

    def __bool__(self) -> bool:
        return bool(self.items)


@dataclass(frozen=True)
class Installed:
    """An R package as it is in an image."""

    name: str
    version: str
    origin: str
    """"base", "Debian r-cran-zoo 1.8-14-1", or where its archive came from."""
    digest: str = ""
    """SHA-256 of the archive, for those that came from one."""
    needs: tuple[str, ...] = ()
    """Names of the packages that it needs."""


@dataclass(frozen=True)
class CodeLayer:
    """What a bundle adds to a library image."""

    files: Path
    """The bundle's archive, already accepted by `domain.archive`."""
    digest: str
    """Its SHA-256."""
    start: Mapping[str, str] = field(default_factory=dict)
    """What the runner starts: `kind` and `entry`; becomes /opt/sandbox/start.json, and part of the image's key."""
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Image:
    """An image of this platform that was built from a bundle."""

    id: str
    bundle: str
    library: str
    size: int
    """Bytes, shared layers included."""


class Report(Protocol):
    """Hears how a build goes; called in the event loop, and must return at once."""

    def line(self, text: str) -> None:
        """One line of output, without its newline."""
        ...

    def step(self, words: str) -> None:
        """What happens now: "installing 3 of 12 packages: zoo"."""
        ...


class Builder(Protocol):
    """Makes images in steps that may each be repeated.

    All raise `RuntimeUnavailable` when the engine cannot be asked (may be tried again), `StorageFull` when
    its disk is, and `BuildFailed` when the same input fails again (final). A cancelled call ends its builder
    container; a kill in the middle leaves nothing that a second call, or `sweep`, does not tidy.
    """

    async def base(self, r: str = "") -> Base:
        """The base in force; with `r`, such as "4.2", the newest one on this machine with that R.

        Raises `BaseMissing`.
        """
        ...

    async def make_base(self, r: str, report: Report) -> Base:
        """Make a base with this R (`MAJOR.MINOR`) on this machine, or return the one that is there.

        Takes minutes. Raises `BaseMissing` if no source of bases has that R.
        """
        ...

    async def library(self, base: Base, library: Library, report: Report) -> str:
        """The image with `library` on `base`; installed once, then found again. Returns its Id.

        An empty library is the base itself. Several may be made at the same time.
        """
        ...

    async def installed(self, image: str) -> list[Installed]:
        """Every R package of a base or library image, by name; of each the one that R would load."""
        ...

    async def code(self, library: str, layer: CodeLayer) -> str:
        """The image with the bundle's files on a library. The same bundle and library give the same Id."""
        ...

    async def warm(self, library: str) -> str:
        """The image with our own files on a library and no bundle, for containers that wait for code. Returns its Id.

        Other files of ours, as after an upgrade, give another one. `remove_libraries` takes it away with its library.
        """
        ...

    async def images(self) -> list[Image]:
        """What `code` made and nobody removed yet."""
        ...

    async def has(self, image: str) -> bool:
        """Is this image on the machine?"""
        ...

    async def remove(self, image: str) -> None:
        """Remove an image that `code` made; absent is success; one that a container still uses stays."""
        ...

    async def remove_libraries(self) -> None:
        """Remove libraries on which no code image stands any more. Called when no build is running."""
        ...

    async def sweep(self) -> None:
        """Remove builder containers that nobody waits for any more. Called when no build is running."""
        ...

    async def destroy(self) -> None:
        """Remove every image and builder container of this platform; bases stay."""
        ...

    async def close(self) -> None: ...
