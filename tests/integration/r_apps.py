"""Real R apps in real containers, made by the real builder and started by the real runtime."""

import hashlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path

import anyio
import httpx
from docker import APIClient
from playwright.async_api import Page, async_playwright, expect
from tests.building import Told, files_of, layer_of, remove_all_of
from tests.chromium import CHROMIUM, QUIET
from tests.integration.platform import PATIENCE

from sandbox_server.builder import BuildLimits, DockerBuilder, Library
from sandbox_server.runtime import Container, ContainerSpec, ContainerState, DockerRuntime

MIB = 1024 * 1024
WORKER = "0123456789abcdef"

expect.set_options(timeout=30_000)  # the first plot of a busy machine takes longer than a page does


@dataclass
class Instance:
    """One started app."""

    name: str
    url: str
    runtime: DockerRuntime

    async def answer(self) -> httpx.Response:
        """Its first answer."""
        async with httpx.AsyncClient() as client:
            with anyio.fail_after(PATIENCE):
                while True:
                    try:
                        return await client.get(self.url, timeout=PATIENCE)
                    except httpx.TransportError:
                        await anyio.sleep(0.05)

    async def ended(self) -> Container:
        with anyio.fail_after(PATIENCE):
            while True:
                [container] = await self.runtime.containers()
                if container.state is ContainerState.exited:
                    return container
                await anyio.sleep(0.05)

    async def log(self) -> str:
        return "\n".join([line.text async for line in self.runtime.logs(self.name)])

    async def said(self, words: str) -> str:
        """The log as soon as it has these words."""
        with anyio.fail_after(PATIENCE):
            while True:
                if words in (log := await self.log()):
                    return log
                await anyio.sleep(0.05)


class Apps:
    """Makes and starts apps on a platform of their own."""

    def __init__(self, platform: str, folder: Path) -> None:
        self._platform = platform
        self._folder = folder
        self._builder = DockerBuilder(platform, limits=BuildLimits(reserve=0))
        self._runtime = DockerRuntime(platform)
        self._subnet: IPv4Network | None = None

    async def start(
        self,
        app: str | Mapping[str, bytes],
        environment: Mapping[str, str] | None = None,
        memory: int = 1024 * MIB,
        packages: frozenset[str] = frozenset(),
        volume: str = "",
    ) -> Instance:
        """A small app by its name, or one with these files; one at a time has the name and the address."""
        files = files_of(app) if isinstance(app, str) else app
        base = await self._builder.base()
        library = await self._builder.library(base, Library(packages), Told())
        image = await self._builder.code(library, layer_of(files, self._folder))
        self._subnet = self._subnet or await self._runtime.prepare()
        name = f"sbx-{self._platform}-app-d1-sandbox-abcdef12-0"
        address = self._subnet[10]
        values = {"SANDBOX_WORKER": WORKER, **(environment or {})}
        made_from = f"{image} {volume} {values}"  # the next app takes the place of the one before
        spec_hash = hashlib.sha256(made_from.encode()).hexdigest()[:8]
        volume = volume and f"sbx-{self._platform}-{volume}"
        await self._runtime.start(
            ContainerSpec(name, image, address, values, memory, 1, spec_hash, volume=volume)
        )
        return Instance(name, f"http://{address}:3838/", self._runtime)

    async def close(self) -> None:
        await self._runtime.destroy()
        await self._runtime.close()
        await self._builder.close()
        client = APIClient(version="auto")
        remove_all_of(client, self._platform)
        client.close()


@asynccontextmanager
async def browser_page() -> AsyncIterator[Page]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        try:
            yield await browser.new_page()
        finally:
            await browser.close()
