"""A builder without an engine: images are facts in a dictionary."""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, field

from sandbox_server.builder.base import Base, CodeLayer, Image, LogSink
from sandbox_server.errors import BaseMissing, BuildFailed, RuntimeUnavailable

BASE = Base(
    image="sha256:" + "ba5e" * 16,
    r_version="4.5.0",
    installed=frozenset({"bslib", "ggplot2", "shiny"}),
    available={"xtable": "r-cran-xtable", "zoo": "r-cran-zoo"},
)


@dataclass
class MemoryBuilder:
    """Change its fields to bring about what an engine may do."""

    now: Base | None = BASE
    """The base in force; None: there is none."""
    away: bool = False
    """The engine does not answer."""
    broken: Collection[str] = ()
    """Debian packages whose installation fails."""
    used: set[str] = field(default_factory=set)
    """Images that a container uses."""
    installations: int = 0
    """How often something was really installed."""
    _libraries: set[str] = field(default_factory=set)
    _images: dict[str, Image] = field(default_factory=dict)

    async def base(self) -> Base:
        self._ask()
        if self.now is None:
            raise BaseMissing("There is no base image on this machine.")
        return self.now

    async def library(self, base: Base, packages: frozenset[str], log: LogSink) -> str:
        self._ask()
        if not packages:
            return base.image
        library = _id(base.image, *sorted(packages))
        if library not in self._libraries:
            self._install(packages, log)
            self._libraries.add(library)
        return library

    async def code(self, library: str, layer: CodeLayer) -> str:
        self._ask()
        if library not in {BASE.image, *self._libraries, *self._bases}:
            raise RuntimeUnavailable("The library went away.")
        size = layer.files.stat().st_size
        image = Image(_id(library, layer.digest), layer.digest, library, size)
        return self._images.setdefault(image.id, image).id

    async def images(self) -> list[Image]:
        self._ask()
        return list(self._images.values())

    async def has(self, image: str) -> bool:
        self._ask()
        return image in {*self._images, *self._libraries, *self._bases}

    async def remove(self, image: str) -> None:
        self._ask()
        if image not in self.used:
            self._images.pop(image, None)

    async def remove_libraries(self) -> None:
        self._ask()
        self._libraries &= {image.library for image in self._images.values()}

    async def sweep(self) -> None:
        self._ask()

    async def destroy(self) -> None:
        self._ask()
        self._images.clear()
        self._libraries.clear()

    async def close(self) -> None:
        pass

    @property
    def _bases(self) -> set[str]:
        return {self.now.image} if self.now else set()

    def _install(self, packages: frozenset[str], log: LogSink) -> None:
        offered = set(BASE.available.values()) | set(self.now.available.values() if self.now else ())
        for package in sorted(packages):
            log(f"installing {package}")
            if package in self.broken or package not in offered:
                raise BuildFailed(
                    "Packages could not be installed.", detail=f"E: Unable to locate package {package}"
                )
        self.installations += 1

    def _ask(self) -> None:
        if self.away:
            raise RuntimeUnavailable("The Docker engine does not answer.")


def _id(*parts: str) -> str:
    return "sha256:" + hashlib.sha256("\0".join(parts).encode()).hexdigest()
