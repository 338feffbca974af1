"""A builder without an engine: images are facts in a dictionary."""

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from sandbox_server.builder.base import Base, CodeLayer, Image, Installed, Library, Report
from sandbox_server.domain.catalogue import DebianPackage
from sandbox_server.errors import BaseMissing, BuildFailed, RuntimeUnavailable

BASE = Base(
    image="sha256:" + "ba5e" * 16,
    r_version="4.5.0",
    installed={"bslib": "0.9.0", "ggplot2": "3.5.2", "shiny": "1.10.0"},
    available={
        "xtable": DebianPackage("r-cran-xtable", "1.8-4"),
        "zoo": DebianPackage("r-cran-zoo", "1.8-14"),
    },
    build_needs={"curl": ("libcurl4-openssl-dev",)},
    suite="trixie",
)
OLDER = Base("sha256:" + "01de" * 16, "4.2.2", {"ggplot2": "3.4.1", "shiny": "1.7.4"}, suite="bookworm")


@dataclass
class MemoryBuilder:
    """Change its fields to bring about what an engine may do."""

    now: Base | None = BASE
    """The base in force; None: there is none."""
    others: dict[str, Base] = field(default_factory=dict)
    """Bases on the machine beside it, by R's version: "4.2"."""
    makeable: Mapping[str, Base] = field(default_factory=lambda: {"4.2": OLDER, "4.5": BASE})
    """What `make_base` can make."""
    away: bool = False
    """The engine does not answer."""
    broken: Collection[str] = ()
    """Packages, Debian's or R's, whose installation fails."""
    used: set[str] = field(default_factory=set)
    """Images that a container uses."""
    runner: str = "1"
    """Stands for our own files in every image: an upgrade changes them."""
    installations: int = 0
    """How often something was really installed."""
    _libraries: dict[str, list[Installed]] = field(default_factory=dict)
    _images: dict[str, Image] = field(default_factory=dict)
    _warm: dict[str, str] = field(default_factory=dict)
    """Image without a bundle → its library."""

    async def base(self, r: str = "") -> Base:
        self._ask()
        if self.now is not None and _has(self.now, r):
            return self.now
        if r in self.others:
            return self.others[r]
        if self.now is None and not r:
            raise BaseMissing("There is no base image on this machine.")
        raise BaseMissing(f"There is no base image with R {r} on this machine.")

    async def make_base(self, r: str, report: Report) -> Base:
        self._ask()
        if r not in {*self.others, *self.makeable} and not (self.now and _has(self.now, r)):
            raise BaseMissing(f"No source of base images has R {r}.")
        if self.now is None and r in self.makeable and _has(BASE, r):
            report.step(f"making a base image with R {r}")
            self.now = self.makeable[r]
        elif not (self.now and _has(self.now, r)) and r not in self.others:
            report.step(f"making a base image with R {r}")
            self.others[r] = self.makeable[r]
        return await self.base(r)

    async def library(self, base: Base, library: Library, report: Report) -> str:
        self._ask()
        if not library:
            return base.image
        image = _id(base.image, *sorted(library.items))
        if image not in self._libraries:
            self._libraries[image] = self._install(base, library, report)
        return image

    async def installed(self, image: str) -> list[Installed]:
        self._ask()
        for base in self._bases:
            if base.image == image:
                return _of_base(base)
        if image not in self._libraries:
            raise RuntimeUnavailable("The library went away.")
        return self._libraries[image]

    async def code(self, library: str, layer: CodeLayer) -> str:
        self._ask()
        if library not in {BASE.image, *self._libraries, *(base.image for base in self._bases)}:
            raise RuntimeUnavailable("The library went away.")
        size = layer.files.stat().st_size
        start = json.dumps(dict(layer.start), sort_keys=True)
        image = Image(_id(library, layer.digest, start), layer.digest, library, size)
        return self._images.setdefault(image.id, image).id

    async def warm(self, library: str) -> str:
        self._ask()
        if library not in {*self._libraries, *(base.image for base in self._bases)}:
            raise RuntimeUnavailable("The library went away.")
        image = _id(library, "warm", self.runner)
        self._warm[image] = library
        return image

    async def images(self) -> list[Image]:
        self._ask()
        return list(self._images.values())

    async def has(self, image: str) -> bool:
        self._ask()
        return image in {*self._images, *self._libraries, *self._warm, *(base.image for base in self._bases)}

    async def remove(self, image: str) -> None:
        self._ask()
        if image not in self.used:
            self._images.pop(image, None)

    async def remove_libraries(self) -> None:
        self._ask()
        needed = {image.library for image in self._images.values()}
        self._libraries = {image: parts for image, parts in self._libraries.items() if image in needed}
        self._warm = {
            image: library
            for image, library in self._warm.items()
            if image in self.used or (library in needed and image == _id(library, "warm", self.runner))
        }

    async def sweep(self) -> None:
        self._ask()

    async def destroy(self) -> None:
        self._ask()
        self._images.clear()
        self._warm.clear()
        self._libraries.clear()

    async def close(self) -> None:
        pass

    @property
    def _bases(self) -> list[Base]:
        return [*([self.now] if self.now else []), *self.others.values()]

    def _install(self, base: Base, library: Library, report: Report) -> list[Installed]:
        known = {**BASE.available, **base.available}
        offered = {one.name: name for name, one in known.items()}
        found = {one.name: one for one in _of_base(base)}
        for package in sorted(library.debian):
            report.line(f"installing {package}")
            if package in self.broken or (package.startswith("r-") and package not in offered):
                raise BuildFailed(
                    "Debian's packages could not be installed.",
                    detail=f"E: Unable to locate package {package}",
                )
            if package in offered:
                name = offered[package]
                version = known[name].version
                found[name] = Installed(name, version, f"Debian {package} {version}-1")
        for count, one in enumerate(library.sources, 1):
            report.step(f"installing {count} of {len(library.sources)} packages: {one.name}")
            if one.name in self.broken:
                raise BuildFailed(
                    f"Package {one.name} {one.version} could not be installed.",
                    detail=f"ERROR: compilation failed for package '{one.name}'",
                )
            found[one.name] = Installed(one.name, one.version, one.origin, one.digest)
        self.installations += 1
        return sorted(found.values(), key=lambda one: one.name)

    def _ask(self) -> None:
        if self.away:
            raise RuntimeUnavailable("The Docker engine does not answer.")


def _has(base: Base, r: str) -> bool:
    return not r or f"{base.r_version}.".startswith(f"{r}.")


def _of_base(base: Base) -> list[Installed]:
    return [Installed(name, version, "base") for name, version in sorted(base.installed.items())]


def _id(*parts: str) -> str:
    return "sha256:" + hashlib.sha256("\0".join(parts).encode()).hexdigest()
