"""Images made by a Docker engine: create, put files in or install, commit. There is no Dockerfile."""

import contextlib
import tempfile
import time
from collections import OrderedDict
from pathlib import Path
from typing import Any

import anyio
from docker import APIClient
from docker.errors import APIError, ImageNotFound

from sandbox_server.builder import recipe, stock
from sandbox_server.builder.base import Base, CodeLayer, Image, Installed, Library, Report
from sandbox_server.builder.base_image import base_tag
from sandbox_server.builder.base_sources import BaseSources
from sandbox_server.builder.bases import list_bases
from sandbox_server.builder.engine import Engine, commit, create, discard, image_id
from sandbox_server.builder.libraries import Libraries
from sandbox_server.builder.package_cache import PackageCache
from sandbox_server.builder.recipe import BuildLimits, Labels
from sandbox_server.domain.archive import pack, repack
from sandbox_server.errors import BaseMissing

_REMEMBERED = 32
"""Images whose package lists are kept at hand."""
_GRACE = 600


class DockerBuilder:
    def __init__(
        self,
        platform: str,
        *,
        engine: Engine | None = None,
        base: str = "",
        suite: str = "trixie",
        limits: BuildLimits | None = None,
        packages: Path | None = None,
        sources: BaseSources | None = None,
        network: str = "bridge",
    ) -> None:
        """`base` names an image to stand on; by default the one that `make_base` made of `suite`.

        `packages` is the folder of the package cache, None for none. `sources` says where other bases come from.
        `network` is the engine's network in which packages are installed.
        """
        self._platform = platform
        self._engine = engine or Engine()
        self._base_name = base or base_tag(suite)
        limits = limits or BuildLimits()
        cache = PackageCache(packages, limits.cache) if packages else None
        self._sources = sources or BaseSources()
        self._made = Libraries(platform, self._engine, limits, cache, self._sources.ca_bundle, network)
        self._notes: OrderedDict[str, dict[str, str]] = OrderedDict()
        # One at a time: two builds of the same thing would make two images of it.
        self._base_lock = anyio.Lock()
        self._code_lock = anyio.Lock()

    async def base(self, r: str = "") -> Base:
        usual = await self._usual()
        if not r:
            if usual is None:
                raise BaseMissing(f"There is no base image {self._base_name} on this machine.")
            return await self._describe(usual, self._base_name)
        for image, name in [(usual, self._base_name), *await self._others()]:
            if image is not None:
                with contextlib.suppress(BaseMissing):
                    base = await self._describe(image, name)
                    if f"{base.r_version}.".startswith(f"{r}."):
                        return base
        raise BaseMissing(
            f"There is no base image with R {r} on this machine.", f"Make one: `sandboxd base build --r {r}`."
        )

    async def make_base(self, r: str, report: Report) -> Base:
        async with self._base_lock:
            try:
                return await self.base(r)
            except BaseMissing:
                image = await self._sources.make(self._engine, r, report)
            return await self._describe(image, f"with R {r}")

    async def library(self, base: Base, library: Library, report: Report) -> str:
        return await self._made.make(base, library, report) if library else base.image

    async def installed(self, image: str) -> list[Installed]:
        return stock.installed(await self._read(image))

    async def code(self, library: str, layer: CodeLayer) -> str:
        labels = recipe.code_labels(self._platform, library, layer)
        async with self._code_lock:
            found = await self._engine.call(lambda client: self._find(client, labels))
            if found:
                return found
            return await self._engine.call(lambda client: self._add_code(client, library, layer, labels))

    async def warm(self, library: str) -> str:
        labels = recipe.warm_labels(self._platform, library)
        async with self._code_lock:
            found = await self._engine.call(lambda client: self._find(client, labels))
            if found:
                return found
            return await self._engine.call(lambda client: self._add_waiting(client, library, labels))

    async def images(self) -> list[Image]:
        found = await self._engine.call(lambda client: self._ours(client, "code"))
        return [
            Image(image["Id"], image["Labels"][recipe.BUNDLE], image["Labels"][recipe.LIBRARY], image["Size"])
            for image in found
        ]

    async def has(self, image: str) -> bool:
        return await self._engine.call(lambda client: image_id(client, image)) is not None

    async def remove(self, image: str) -> None:
        async with self._code_lock:
            await self._engine.call(lambda client: self._remove(client, image))

    async def remove_libraries(self) -> None:
        async with self._code_lock:
            await self._engine.call(self._remove_libraries)

    async def sweep(self) -> None:
        await self._engine.call(self._sweep)

    async def destroy(self) -> None:
        await self.sweep()
        await self._engine.call(self._remove_all)

    async def close(self) -> None:
        await self._engine.close()

    async def _usual(self) -> str | None:
        return await self._engine.call(lambda client: image_id(client, self._base_name))

    async def _others(self) -> list[tuple[str, str]]:
        """The newest first."""
        return [(base.id, base.tag) for base in await list_bases(self._engine) if base.tag]

    async def _describe(self, image: str, name: str) -> Base:
        return stock.base_of(image, name, await self._read(image))

    async def _read(self, image: str) -> dict[str, str]:
        # An image never changes.
        files = self._notes.get(image)
        if files is None:
            files = await self._engine.call(lambda client: stock.read_files(client, self._platform, image))
            self._notes[image] = files
        self._notes.move_to_end(image)
        if len(self._notes) > _REMEMBERED:
            self._notes.popitem(last=False)
        return files

    def _add_code(self, client: APIClient, library: str, layer: CodeLayer, labels: Labels) -> str:
        container = create(client, recipe.idle(self._platform, library))
        try:
            # Without a name: whatever ends this process, the file goes with it.
            with tempfile.TemporaryFile(dir=layer.files.parent) as files:
                repack(layer.files, files, recipe.APP, recipe.starting(layer), recipe.OWNED)
                files.seek(0)
                client.put_archive(container, "/", files)
            return commit(client, container, recipe.repository(self._platform), recipe.code_config(labels))
        finally:
            discard(client, container)

    def _add_waiting(self, client: APIClient, library: str, labels: Labels) -> str:
        container = create(client, recipe.idle(self._platform, library))
        try:
            client.put_archive(container, "/", pack(recipe.waiting()))
            return commit(client, container, recipe.repository(self._platform), recipe.code_config(labels))
        finally:
            discard(client, container)

    def _find(self, client: APIClient, labels: Labels) -> str | None:
        return next((i["Id"] for i in self._ours(client, labels[recipe.ROLE], labels[recipe.KEY])), None)

    def _ours(self, client: APIClient, role: str, key: str = "") -> list[Any]:
        labels = [f"{recipe.PLATFORM}={self._platform}", f"{recipe.ROLE}={role}"]
        found = client.images(filters={"label": labels + ([f"{recipe.KEY}={key}"] if key else [])})
        return sorted(found, key=lambda image: (image["Created"], image["Id"]))

    def _remove(self, client: APIClient, image: str) -> None:
        for found in self._ours(client, "code"):
            if found["Id"] == image:
                _remove_unused(client, found)

    def _remove_libraries(self, client: APIClient) -> None:
        libraries = self._made.find(client)
        needed = {image["Labels"][recipe.LIBRARY] for image in self._ours(client, "code")}
        for image in self._ours(client, recipe.WARM):
            library = image["Labels"][recipe.LIBRARY]
            if (
                library not in needed
                or _key(image) != recipe.warm_labels(self._platform, library)[recipe.KEY]
            ):
                _remove_unused(client, image)
        # Newest first: an image that another one stands on is older, and cannot go before it.
        for image in reversed(libraries):
            if image["Id"] in needed:
                needed.add(image["ParentId"])
            else:
                _remove_unused(client, image)

    def _remove_all(self, client: APIClient) -> None:
        for role in ("code", recipe.WARM, "library"):
            # Newest first: an image that another one stands on cannot go before it.
            for image in reversed(self._ours(client, role)):
                for name in image["RepoTags"] or [image["Id"]]:
                    with contextlib.suppress(ImageNotFound):
                        client.remove_image(name, noprune=True)

    def _sweep(self, client: APIClient) -> None:
        labels = [f"{recipe.PLATFORM}={self._platform}", f"{recipe.ROLE}=builder"]
        for container in client.containers(all=True, filters={"label": labels}):
            discard(client, container["Id"])
        # Bases are everybody's on this machine: another program may be making one just now.
        labels = [f"{recipe.ROLE}={recipe.BASE_BUILDER}"]
        for container in client.containers(all=True, filters={"label": labels}):
            if container["Created"] < time.time() - recipe.BASE_LIMITS.timeout - _GRACE:
                discard(client, container["Id"])


def _key(image: Any) -> str:
    return str(image["Labels"][recipe.KEY])


def _remove_unused(client: APIClient, image: Any) -> None:
    for name in image["RepoTags"] or [image["Id"]]:
        try:
            client.remove_image(name, noprune=True)
        except APIError as error:
            if error.status_code not in {404, 409}:  # gone already, or a container uses it
                raise
