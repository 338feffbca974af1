"""Containers on a Docker engine."""

import asyncio
import math
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator
from contextlib import suppress
from datetime import datetime
from ipaddress import IPv4Address, IPv4Network
from typing import Any, Literal

import anyio
from docker import APIClient
from docker.errors import NotFound

from sandbox_server.errors import RuntimeUnavailable, SandboxError
from sandbox_server.runtime import firewall
from sandbox_server.runtime.asking import Asking
from sandbox_server.runtime.base import Container, ContainerSpec, LogLine, Room, RuntimeFacts
from sandbox_server.runtime.claiming import claim_container
from sandbox_server.runtime.container import read_container, read_running
from sandbox_server.runtime.deaths import Deaths
from sandbox_server.runtime.engine import Engine
from sandbox_server.runtime.engine_log import EngineLog
from sandbox_server.runtime.folders import TAKE_PATIENCE, Gift, Taken
from sandbox_server.runtime.following import follow as follow_source
from sandbox_server.runtime.network import ensure_network, find_network, remove_network
from sandbox_server.runtime.probe import listens, probe
from sandbox_server.runtime.request import (
    INSTANCE_ROLE,
    PLATFORM_LABEL,
    ROLE_LABEL,
    builders_network,
    network_name,
)
from sandbox_server.runtime.starting import remove_container, start_container
from sandbox_server.runtime.usage import read_memory, read_room
from sandbox_server.runtime.volumes import list_volumes, read_volumes, remove_volume

_READERS = 100
"""Logs that are read at once; each holds a thread. More readers wait."""


class DockerRuntime:
    """See `Runtime`."""

    def __init__(
        self,
        platform: str,
        engine: str = "",
        subnet: IPv4Network | None = None,
        firewall: Literal["own", "external"] = "own",
    ) -> None:
        self._platform = platform
        self._network = network_name(platform)
        self._networks = (self._network, builders_network(platform))
        self._subnet = subnet
        self._own_firewall = firewall == "own"
        self._engine = Engine(engine)
        self._readers = anyio.Semaphore(_READERS)
        self._asking = Asking()

    async def prepare(self) -> IPv4Network:
        # The rule first: it may name a bridge that is not there yet, so there is no moment without it.
        if self._own_firewall:
            for name in self._networks:
                await firewall.close_host(name)
        return await self._engine.call(self._prepare)

    async def start(self, spec: ContainerSpec) -> None:
        await self._engine.call(lambda client: start_container(client, spec, self._platform))

    async def waits(self, name: str, address: IPv4Address) -> bool:  # noqa: ARG002 the address says it all
        return await listens(address)

    async def claim(self, name: str, spec: ContainerSpec, code: bytes) -> None:
        def work(client: APIClient) -> None:
            container = self._ours(client, name)
            if container is None or not container["State"]["Running"] or not container["Config"]["OpenStdin"]:
                raise RuntimeUnavailable(f"The container {name} cannot be claimed.")
            claim_container(client, container["Id"], spec, code)

        await self._engine.call(work)

    async def stop(self, name: str, grace: float = 5) -> None:
        await self._engine.call(lambda client: self._stop(client, name, grace), slow=True)

    async def remove(self, name: str) -> None:
        def work(client: APIClient) -> None:
            container = self._ours(client, name)
            if container is not None:
                remove_container(client, container["Id"])

        await self._engine.call(work, slow=True)

    async def containers(self) -> list[Container]:
        return await self._engine.call(self._containers)

    async def probe(self, name: str, address: IPv4Address) -> int | None:  # noqa: ARG002 the address says it all
        return await probe(address)

    async def ask(
        self, name: str, address: IPv4Address, method: str, path: str, *, secret: str, body: bytes = b"",  # noqa: ARG002
        most: int = 4096, patience: float = 2,
    ) -> bytes | None:  # fmt: skip
        return await self._asking.ask(address, method, path, secret, body, most=most, patience=patience)

    async def logs(
        self, name: str, *, tail: int | None = None, since: datetime | None = None, follow: bool = False
    ) -> AsyncIterator[LogLine]:
        def open_log() -> EngineLog | None:
            client = self._engine.client()
            container = self._ours(client, name)
            if container is None:
                return None
            return EngineLog.of(client, container["Id"], tail, since, follow)

        await self._readers.acquire()
        lines = follow_source(open_log)
        try:
            async for line in lines:
                yield line
        finally:
            self._readers.release()
            await lines.aclose()

    async def take(self, name: str, path: str) -> AsyncGenerator[bytes, None]:
        archive = await self._engine.call(lambda client: Taken(client, self._required(client, name), path))
        try:
            while True:
                # Unlike anyio's, this one does not wait for the thread: closing the archive ends that.
                async with asyncio.timeout(TAKE_PATIENCE):
                    chunk = await self._engine.call(lambda _: archive.read(), slow=True)
                if not chunk:
                    return
                yield chunk
        finally:
            archive.close()

    async def give(self, name: str, path: str, chunks: AsyncIterable[bytes]) -> None:
        gift = await self._engine.call(lambda client: Gift(client, self._required(client, name), path))
        try:
            async for chunk in chunks:
                await self._engine.call(lambda _, chunk=chunk: gift.write(chunk), slow=True)  # type: ignore[misc]
            await self._engine.call(lambda _: gift.finish(), slow=True)
        finally:
            gift.close()

    async def volume_names(self) -> list[str]:
        return await self._engine.call(lambda client: list_volumes(client, self._platform))

    async def volumes(self) -> dict[str, int]:
        return await self._engine.call(lambda client: read_volumes(client, self._platform), slow=True)

    async def remove_volume(self, name: str) -> None:
        await self._engine.call(lambda client: remove_volume(client, self._platform, name), slow=True)

    async def memory(self, name: str) -> int | None:
        return await self._engine.call(lambda client: read_memory(client, name))

    async def room(self) -> Room | None:
        try:
            return await self._engine.call(read_room)
        except RuntimeUnavailable:
            return None

    def deaths(self) -> AsyncGenerator[str, None]:
        return follow_source(lambda: Deaths(self._engine.client(), self._platform))

    async def facts(self) -> RuntimeFacts:
        try:
            version, notes = await self._engine.call(self._look)
            if self._own_firewall and not all(
                [await firewall.host_is_closed(name) for name in self._networks]
            ):
                notes.append("The firewall rule that keeps apps from the host's ports is missing.")
        except SandboxError as error:
            return RuntimeFacts("docker", "", False, (f"{error.message} {error.hint}",))
        return RuntimeFacts("docker", version, not notes, tuple(notes))

    async def close(self) -> None:
        await self._asking.close()
        await self._engine.close()

    async def destroy(self) -> None:
        """Remove all that is this platform's: containers in any role, the network, the firewall's rules."""
        await self._engine.call(self._destroy, slow=True)
        if self._own_firewall:
            for name in self._networks:
                await firewall.forget(name)

    def _prepare(self, client: APIClient) -> IPv4Network:
        _, builders = self._networks
        ensure_network(client, self._platform, builders, None)
        return ensure_network(client, self._platform, self._network, self._subnet)

    def _ours(self, client: APIClient, name: str) -> dict[str, Any] | None:
        try:
            container: dict[str, Any] = client.inspect_container(name)
        except NotFound:
            return None
        labels = container["Config"]["Labels"] or {}
        return container if labels.get(PLATFORM_LABEL) == self._platform else None

    def _required(self, client: APIClient, name: str) -> str:
        container = self._ours(client, name)
        if container is None or not container["State"]["Running"]:
            raise RuntimeUnavailable(f"The container {name} does not run.")
        return str(container["Id"])

    def _stop(self, client: APIClient, name: str, grace: float) -> None:
        container = self._ours(client, name)
        if container is not None:
            with suppress(NotFound):
                client.stop(container["Id"], timeout=math.ceil(grace))

    def _containers(self, client: APIClient) -> list[Container]:
        labels = [f"{PLATFORM_LABEL}={self._platform}", f"{ROLE_LABEL}={INSTANCE_ROLE}"]
        found = []
        for row in client.containers(all=True, filters={"label": labels}):
            # Of those that run, the list says it all; only an end has more to tell.
            with suppress(NotFound):
                found.append(read_running(row) or read_container(client.inspect_container(row["Id"])))
        return found

    def _look(self, client: APIClient) -> tuple[str, list[str]]:
        notes = []
        if find_network(client, self._platform, self._network) is None:
            notes.append(f"The network {self._network} is missing.")
        info = client.info()
        if info.get("BridgeNfIptables") is False:
            notes.append("The kernel does not filter traffic within a bridge: apps can reach each other.")
        return str(info["ServerVersion"]), notes

    def _destroy(self, client: APIClient) -> None:
        for row in client.containers(all=True, filters={"label": f"{PLATFORM_LABEL}={self._platform}"}):
            remove_container(client, row["Id"])
        for name in list_volumes(client, self._platform):
            remove_volume(client, self._platform, name)
        for name in self._networks:
            remove_network(client, self._platform, name)
