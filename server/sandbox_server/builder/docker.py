"""Images made by a Docker engine: create, put files in or install, commit. There is no Dockerfile."""

import contextlib
import io
import json
import tarfile
import tempfile
from typing import Any

import anyio
import anyio.to_thread
from docker import APIClient
from docker.errors import APIError, ImageNotFound, NotFound

from sandbox_server.builder import recipe
from sandbox_server.builder.base import Base, CodeLayer, Image, LogSink
from sandbox_server.builder.base_image import base_tag
from sandbox_server.builder.engine import Engine, commit, create, discard, image_id
from sandbox_server.builder.installation import Installation
from sandbox_server.builder.recipe import BuildLimits, Labels
from sandbox_server.domain.archive import repack
from sandbox_server.errors import BaseMissing

DEEPEST = 20
"""Libraries on top of each other; beyond, a new one starts from the base again."""


class DockerBuilder:
    def __init__(
        self,
        platform: str,
        *,
        engine: Engine | None = None,
        base: str = "",
        suite: str = "trixie",
        limits: BuildLimits | None = None,
    ) -> None:
        """`base` names an image to stand on; by default the one that `make_base` made of `suite`."""
        self._platform = platform
        self._engine = engine or Engine()
        self._base_name = base or base_tag(suite)
        self._limits = limits or BuildLimits()
        self._bases: dict[str, Base] = {}
        # One at a time: two builds of the same thing would make two images of it.
        self._library_lock = anyio.Lock()
        self._code_lock = anyio.Lock()

    async def base(self) -> Base:
        image = await self._engine.call(lambda client: image_id(client, self._base_name))
        if image is None:
            raise BaseMissing(f"There is no base image {self._base_name} on this machine.")
        if image not in self._bases:
            self._bases[image] = await self._engine.call(lambda client: self._describe(client, image))
        return self._bases[image]

    async def library(self, base: Base, packages: frozenset[str], log: LogSink) -> str:
        if not packages:
            return base.image
        async with self._library_lock:
            libraries = await self._engine.call(self._libraries)
            key = recipe.library_key(base.image, packages)
            found = next((image["Id"] for image in libraries if image["Labels"][recipe.KEY] == key), None)
            return found or await self._install(base, packages, libraries, log)

    async def code(self, library: str, layer: CodeLayer) -> str:
        labels = recipe.code_labels(self._platform, library, layer)
        async with self._code_lock:
            found = await self._engine.call(lambda client: self._find(client, labels))
            if found:
                return found
            return await self._engine.call(lambda client: self._add_code(client, library, layer, labels))

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
        async with self._library_lock, self._code_lock:
            await self._engine.call(self._remove_libraries)

    async def sweep(self) -> None:
        await self._engine.call(self._sweep)

    async def destroy(self) -> None:
        await self.sweep()
        await self._engine.call(self._remove_all)

    async def close(self) -> None:
        await self._engine.close()

    def _describe(self, client: APIClient, image: str) -> Base:
        container = create(client, recipe.idle(self._platform, image))
        try:
            chunks, _ = client.get_archive(container, f"/{recipe.OURS}/base.json")
            said = json.loads(_only_file(b"".join(chunks)))
        except NotFound as error:
            raise BaseMissing(
                f"The image {self._base_name} does not stand on one that `sandboxd base build` made."
            ) from error
        finally:
            discard(client, container)
        return Base(image, said["r"], frozenset(said["packages"]), said["debian"])

    async def _install(self, base: Base, packages: frozenset[str], libraries: list[Any], log: LogSink) -> str:
        below, have, depth = _nearest(base, packages, libraries)
        missing = packages - have
        log(
            f"installing {len(missing)} of {len(packages)} packages; the others are there already"
            if have
            else f"installing {len(missing)} packages"
        )
        request = recipe.installer(self._platform, below, missing, self._limits)
        labels = recipe.library_labels(self._platform, base, packages, depth + 1)
        async with Installation(self._engine, request, self._limits, log) as installation:
            await installation.run()
            return await installation.commit(recipe.repository(self._platform), labels)

    def _add_code(self, client: APIClient, library: str, layer: CodeLayer, labels: Labels) -> str:
        container = create(client, recipe.idle(self._platform, library))
        try:
            # Without a name: whatever ends this process, the file goes with it.
            with tempfile.TemporaryFile(dir=layer.files.parent) as files:
                ours = {f"{recipe.OURS}/runner.R": recipe.read("runner.R").encode()}
                repack(layer.files, files, recipe.APP, ours)
                files.seek(0)
                client.put_archive(container, "/", files)
            return commit(client, container, recipe.repository(self._platform), recipe.code_config(labels))
        finally:
            discard(client, container)

    def _libraries(self, client: APIClient) -> list[Any]:
        return self._ours(client, "library")

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
        libraries = self._libraries(client)
        needed = {image["Labels"][recipe.LIBRARY] for image in self._ours(client, "code")}
        # Newest first: an image that another one stands on is older, and cannot go before it.
        for image in reversed(libraries):
            if image["Id"] in needed:
                needed.add(image["ParentId"])
            else:
                _remove_unused(client, image)

    def _remove_all(self, client: APIClient) -> None:
        for role in ("code", "library"):
            # Newest first: an image that another one stands on cannot go before it.
            for image in reversed(self._ours(client, role)):
                for name in image["RepoTags"] or [image["Id"]]:
                    with contextlib.suppress(ImageNotFound):
                        client.remove_image(name, noprune=True)

    def _sweep(self, client: APIClient) -> None:
        labels = [f"{recipe.PLATFORM}={self._platform}", f"{recipe.ROLE}=builder"]
        for container in client.containers(all=True, filters={"label": labels}):
            discard(client, container["Id"])


def _remove_unused(client: APIClient, image: Any) -> None:
    for name in image["RepoTags"] or [image["Id"]]:
        try:
            client.remove_image(name, noprune=True)
        except APIError as error:
            if error.status_code not in {404, 409}:  # gone already, or a container uses it
                raise


def _nearest(base: Base, packages: frozenset[str], libraries: list[Any]) -> tuple[str, frozenset[str], int]:
    """Where to start: the library with the largest subset; its image, its packages, and how deep it is."""
    choices = [(base.image, frozenset[str](), 0)]
    for image in libraries:
        labels = image["Labels"]
        have = frozenset(labels[recipe.PACKAGES].split(","))
        if labels[recipe.BASE] == base.image and have < packages and int(labels[recipe.DEPTH]) < DEEPEST:
            choices.append((image["Id"], have, int(labels[recipe.DEPTH])))
    return max(choices, key=lambda choice: len(choice[1]))


def _only_file(data: bytes) -> bytes:
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        file = tar.extractfile(tar.getmembers()[0])
        return file.read() if file else b"{}"
