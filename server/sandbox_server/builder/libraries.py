"""Libraries: made once in a builder container, each on top of the one that has most of it already."""

import asyncio
import logging
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

import anyio.to_thread
from docker import APIClient
from docker.errors import DockerException

from sandbox_server.builder import recipe
from sandbox_server.builder.base import Base, Library, Report, SourcePackage
from sandbox_server.builder.base_extras import certificates
from sandbox_server.builder.engine import Engine
from sandbox_server.builder.fill import Missing, archive
from sandbox_server.builder.installation import Installation
from sandbox_server.builder.narrator import Narrator
from sandbox_server.builder.package_cache import PackageCache
from sandbox_server.builder.proxies import proxies
from sandbox_server.builder.recipe import BuildLimits

DEEPEST = 20
"""Libraries on top of each other; beyond, a new one starts from the base again."""
_log = logging.getLogger(__name__)
_SITE = "/usr/local/lib/R/site-library"


@dataclass(frozen=True)
class _Start:
    """Where an installation begins."""

    image: str
    have: frozenset[str]
    depth: int


class Libraries:
    """The libraries of one platform on one engine."""

    def __init__(
        self,
        platform: str,
        engine: Engine,
        limits: BuildLimits,
        cache: PackageCache | None,
        ca_bundle: Path | None = None,
        network: str = "bridge",
    ) -> None:
        self._platform = platform
        self._engine = engine
        self._limits = limits
        self._cache = cache
        self._ca_bundle = ca_bundle
        self._network = network
        # Of the same library one at a time: two builds of it would make two images.
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def make(self, base: Base, library: Library, report: Report) -> str:
        recipe.checked(library)
        key = recipe.library_key(base.image, library)
        turn = self._turns.get(key) or self._turns.setdefault(key, asyncio.Lock())
        async with turn:
            libraries = await self._engine.call(self.find)
            found = next((image["Id"] for image in libraries if image["Labels"][recipe.KEY] == key), None)
            return found or await self._install(base, library, _nearest(base, library, libraries), report)

    def find(self, client: APIClient) -> list[Any]:
        """The oldest first."""
        labels = [f"{recipe.PLATFORM}={self._platform}", f"{recipe.ROLE}=library"]
        found = client.images(filters={"label": labels})
        return sorted(found, key=lambda image: (image["Created"], image["Id"]))

    async def _install(self, base: Base, library: Library, start: _Start, report: Report) -> str:
        missing = _missing(library, start.have)
        architecture = await self._engine.call(lambda client: _architecture(client, base.image))
        filling = _Filling(
            self._cache,
            base,
            architecture,
            library,
            missing,
            _environment(self._limits),
            certificates(self._ca_bundle),
        )
        narrator = Narrator(report)
        request = recipe.installer(self._platform, start.image, self._limits, self._network)
        labels = recipe.library_labels(self._platform, base, library, start.depth + 1)
        report.line(_summary(library, missing))
        async with Installation(self._engine, request, self._limits, narrator, filling.fill) as installation:
            if filling.cached:
                report.line(_from_cache(filling.cached))
            narrator.expect(len(filling.compiled))
            await installation.run()
            await installation.take(filling.keep)
            image = await installation.commit(recipe.repository(self._platform), labels)
        if self._cache is not None and filling.compiled:
            await anyio.to_thread.run_sync(self._cache.tidy)
        return image


class _Filling:
    """What goes into a builder container, and what of it is kept for the next one. Called in threads."""

    def __init__(
        self,
        cache: PackageCache | None,
        base: Base,
        architecture: str,
        library: Library,
        missing: Missing,
        environment: Mapping[str, str],
        trusted: Sequence[str],
    ) -> None:
        self._cache = cache
        self._base = base
        self._architecture = architecture
        self._library = library
        self._missing = missing
        self._environment = environment
        self._trusted = trusted
        self.cached: list[SourcePackage] = []
        self.compiled: list[SourcePackage] = []

    def fill(self, client: APIClient, container: str) -> None:
        for package in self._missing.sources:
            file = self._cache and self._cache.find(self._base, self._architecture, package)
            if file:
                with file:
                    client.put_archive(container, _SITE, file)
            (self.cached if file else self.compiled).append(package)
        todo = replace(self._missing, sources=self.compiled)
        client.put_archive(container, "/", archive(self._library, todo, self._environment, self._trusted))

    def keep(self, client: APIClient, container: str) -> None:
        for package in self.compiled:
            if self._cache is not None and package.shared:
                try:
                    chunks, _ = client.get_archive(container, f"{_SITE}/{package.name}")
                    self._cache.keep(self._base, self._architecture, package, chunks)
                except (OSError, DockerException) as problem:
                    # The build is done: without the cache the next one only takes longer.
                    _log.warning("The package cache could not take in %s: %s", package.name, problem)


def _nearest(base: Base, library: Library, libraries: Iterable[Any]) -> _Start:
    """The library with the largest subset."""
    choices = [_Start(base.image, frozenset(), 0)]
    for image in libraries:
        labels = image["Labels"]
        have, depth = frozenset(labels.get(recipe.ITEMS, "").split(",")), int(labels[recipe.DEPTH])
        if labels[recipe.BASE] == base.image and have < library.items and depth < DEEPEST:
            choices.append(_Start(image["Id"], have, depth))
    return max(choices, key=lambda choice: len(choice.have))


def _missing(library: Library, have: frozenset[str]) -> Missing:
    debian = sorted(name for name in library.debian if Library(frozenset({name})).items - have)
    sources = [one for one in library.sources if Library(sources=(one,)).items - have]
    python = library.python if Library(python=library.python).items - have else ""
    quarto = library.quarto if Library(quarto=library.quarto).items - have else None
    return Missing(debian, sources, python, quarto)


def _summary(library: Library, missing: Missing) -> str:
    count, total = len(missing.debian) + len(missing.sources), len(library.debian) + len(library.sources)
    if count == total:
        return f"installing {count} package{'s'[: count != 1]}"
    return f"installing {count} of {total} packages; the others are there already"


def _from_cache(cached: list[SourcePackage]) -> str:
    names = ", ".join(package.name for package in cached)
    return f"{len(cached)} package{'s'[: len(cached) != 1]} from the package cache: {names}"


def _environment(limits: BuildLimits) -> dict[str, str]:
    jobs = max(1, round(limits.cpus))
    return {**proxies(os.environ), "MAKEFLAGS": f"-j{jobs}", "PIP_CERT": "/etc/ssl/certs/ca-certificates.crt"}


def _architecture(client: APIClient, image: str) -> str:
    inspect: Callable[[str], dict[str, Any]] = client.inspect_image
    name: str = inspect(image)["Architecture"]
    return name
