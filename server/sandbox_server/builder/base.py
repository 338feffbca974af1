"""The seam to whatever makes images, which are known by the engine's Id. A user's Dockerfile is never run."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class Base:
    """An image with R and Debian's system below every app."""

    image: str
    r_version: str
    installed: frozenset[str]
    """R packages that it has."""
    available: Mapping[str, str] = field(default_factory=dict)
    """R packages that Debian has ready built and the base has not: R's name → Debian's package.

    The keys are in small letters, as Debian's names are: look up `name.lower()`."""


@dataclass(frozen=True)
class CodeLayer:
    """What a bundle adds to a library image."""

    files: Path
    """The bundle's archive, already accepted by `domain.archive`."""
    digest: str
    """Its SHA-256."""
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Image:
    """An image of this platform that was built from a bundle."""

    id: str
    bundle: str
    library: str
    size: int
    """Bytes, shared layers included."""


LogSink = Callable[[str], None]
"""Takes one line of build output, without its newline."""


class Builder(Protocol):
    """Makes images in steps that may each be repeated.

    All raise `RuntimeUnavailable` when the engine cannot be asked (may be tried again), `StorageFull` when
    its disk is, and `BuildFailed` when the same input fails again (final). A cancelled call ends its builder
    container; a kill in the middle leaves nothing that a second call, or `sweep`, does not tidy.
    """

    async def base(self) -> Base:
        """The base in force. Raises `BaseMissing`."""
        ...

    async def library(self, base: Base, packages: frozenset[str], log: LogSink) -> str:
        """The image with `base` and these Debian packages; installed once, then found again. Returns its Id.

        `packages` are Debian's names; with none it is the base itself.
        """
        ...

    async def code(self, library: str, layer: CodeLayer) -> str:
        """The image with the bundle's files on a library. The same bundle and library give the same Id."""
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
