"""The twin without an engine: for fast tests, with handles to make things happen."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv4Network

import anyio

from sandbox_server.errors import ImageMissing, RuntimeUnavailable, SandboxError
from sandbox_server.runtime.base import Container, ContainerSpec, ContainerState, LogLine, Room, RuntimeFacts
from sandbox_server.runtime.request import create_request

DEFAULT_SUBNET = IPv4Network("10.231.0.0/22")
_IDLE_MEMORY = 90 * 1024 * 1024

Runner = Callable[[str, str, str, bytes], bytes | None]
"""What answers to method, path, secret and body."""


@dataclass
class _Instance:
    spec: ContainerSpec
    container: Container
    lines: list[LogLine] = field(default_factory=list)
    removed: bool = False
    folders: dict[str, bytes] = field(default_factory=dict)
    """Archives by path."""
    code: bytes = b""
    """What it was given when it was claimed."""
    changed: anyio.Event = field(default_factory=anyio.Event)

    def set(self, container: Container) -> None:
        self.container = container
        self.wake()

    def wake(self) -> None:
        self.changed.set()
        self.changed = anyio.Event()

    @property
    def runs(self) -> bool:
        return self.container.state is ContainerState.running and not self.removed


class MemoryRuntime:
    """See `Runtime`. With `images`, any other image is missing."""

    def __init__(
        self, platform: str = "memory", subnet: IPv4Network | None = None, images: set[str] | None = None
    ) -> None:
        self.images = images
        self.prepared = 0
        """How often `prepare` was called."""
        self.status: int | None = 200
        """What apps answer to `probe`; see also `answer`."""
        self.makes: Callable[[ContainerSpec, str], bytes | None] = lambda spec, path: None  # noqa: ARG005
        """The archive of a folder that an app made by itself; see also `put`."""
        self.loading: set[str] = set()
        """Containers that do not wait yet."""
        self.free: Room | None = None
        """Memory of the machine, if it can be told."""
        self._ears: set[asyncio.Queue[str]] = set()
        self._platform = platform
        self._subnet = subnet or DEFAULT_SUBNET
        self._instances: dict[str, _Instance] = {}
        self._volumes: dict[str, int] = {}
        self._answers: dict[str, int | None] = {}
        self._runners: dict[str, Runner] = {}
        self._failures: list[SandboxError] = []
        self._last = datetime.now(UTC)

    async def prepare(self) -> IPv4Network:
        self._fail_if_asked()
        self.prepared += 1
        return self._subnet

    async def start(self, spec: ContainerSpec) -> None:
        self._fail_if_asked()
        create_request(spec, self._platform)
        present = self._instances.get(spec.name)
        if present is not None and not _same(present.spec, spec):
            self._drop(spec.name)
            present = None
        if self.images is not None and present is None and spec.image not in self.images:
            raise ImageMissing(f"The image {spec.image[:19]} is not on this machine.")
        if present is None:
            present = self._instances[spec.name] = _Instance(spec, _created(spec))
            if spec.volume:
                self._volumes.setdefault(spec.volume, 0)
        if not present.runs:
            self._take_address(spec)
            present.folders.clear()
            present.set(replace(_created(spec), state=ContainerState.running))

    async def waits(self, name: str, address: IPv4Address) -> bool:
        instance = self._instances.get(name)
        if instance is None or not instance.runs or instance.spec.address != address:
            return False
        return instance.spec.waits is not None and name not in self.loading

    async def claim(self, name: str, spec: ContainerSpec, code: bytes) -> None:
        instance = self._running(name)
        if instance.spec.waits is None or spec.name in self._instances:
            raise RuntimeUnavailable(f"The container {name} cannot be claimed.")
        del self._instances[name]
        self._instances[spec.name] = instance
        instance.spec = replace(spec, spec_hash=instance.spec.spec_hash)
        instance.code = code
        instance.set(replace(instance.container, name=spec.name))

    async def stop(self, name: str, grace: float = 5) -> None:
        self._fail_if_asked()
        present = self._instances.get(name)
        if present is not None and present.runs:
            self.crash(name, 143 if grace else 137)

    async def remove(self, name: str) -> None:
        self._fail_if_asked()
        self._drop(name)

    async def containers(self) -> list[Container]:
        self._fail_if_asked()
        return [instance.container for instance in self._instances.values()]

    async def probe(self, name: str, address: IPv4Address) -> int | None:
        instance = self._instances.get(name)
        if instance is None or not instance.runs or instance.spec.address != address:
            return None
        return self._answers.get(name, self.status)

    async def ask(
        self, name: str, address: IPv4Address, method: str, path: str, *, secret: str, body: bytes = b"",
        most: int = 4096, patience: float = 2,  # noqa: ARG002
    ) -> bytes | None:  # fmt: skip
        instance = self._instances.get(name)
        if instance is None or not instance.runs or instance.spec.address != address:
            return None
        answer = self._runners.get(name, _idle)(method, path, secret, body)
        return None if answer is None else answer[:most]

    async def logs(
        self, name: str, *, tail: int | None = None, since: datetime | None = None, follow: bool = False
    ) -> AsyncIterator[LogLine]:
        self._fail_if_asked()
        instance = self._instances.get(name)
        if instance is None:
            return
        at = 0 if tail is None else max(0, len(instance.lines) - tail)
        while True:
            changed = instance.changed
            while at < len(instance.lines):
                at += 1
                if since is None or instance.lines[at - 1].at > since:
                    yield instance.lines[at - 1]
            if not (follow and instance.runs):
                return
            if instance.changed is changed:
                await changed.wait()

    async def take(self, name: str, path: str) -> AsyncGenerator[bytes, None]:
        instance = self._running(name)
        archive = instance.folders.get(path) or self.makes(instance.spec, path)
        if archive is None:
            raise RuntimeUnavailable(f"The instance did not hand out {path}.")
        yield archive

    async def give(self, name: str, path: str, chunks: AsyncIterable[bytes]) -> None:
        instance = self._running(name)
        instance.folders[path] = b"".join([chunk async for chunk in chunks])

    async def volume_names(self) -> list[str]:
        self._fail_if_asked()
        return list(self._volumes)

    async def volumes(self) -> dict[str, int]:
        self._fail_if_asked()
        return dict(self._volumes)

    async def remove_volume(self, name: str) -> None:
        self._fail_if_asked()
        if any(instance.spec.volume == name for instance in self._instances.values()):
            raise RuntimeUnavailable(f"The volume {name} is in use.")
        self._volumes.pop(name, None)

    async def memory(self, name: str) -> int | None:
        self._fail_if_asked()
        instance = self._instances.get(name)
        return _IDLE_MEMORY if instance is not None and instance.runs else None

    async def room(self) -> Room | None:
        return self.free

    async def deaths(self) -> AsyncGenerator[str, None]:
        ear: asyncio.Queue[str] = asyncio.Queue()
        self._ears.add(ear)
        try:
            while True:
                yield await ear.get()
        finally:
            self._ears.discard(ear)

    async def facts(self) -> RuntimeFacts:
        notes = () if self.prepared else ("The network is missing.",)
        return RuntimeFacts("memory", "1", bool(self.prepared), notes)

    async def close(self) -> None:
        """Nothing to let go of."""

    async def destroy(self) -> None:
        for name in list(self._instances):
            self._drop(name)
        self._volumes.clear()

    # Handles for tests.

    def fill(self, volume: str, size: int) -> None:
        """So many bytes are in it."""
        self._volumes[volume] = size

    def say(self, name: str, stream: str, text: str) -> None:
        """The app writes a line."""
        instance = self._instances[name]
        # No two lines at the same time, so that `since` divides them as it does on an engine.
        self._last = max(datetime.now(UTC), self._last + timedelta(microseconds=1))
        instance.lines.append(LogLine(self._last, stream, text))
        instance.wake()

    def answer(self, name: str, status: int | None) -> None:
        """From now on this app answers so; None: not at all."""
        self._answers[name] = status

    def run(self, name: str, runner: Runner) -> None:
        """From now on this runner answers to `ask`; see also `tests.server.runner`."""
        self._runners[name] = runner

    def put(self, name: str, path: str, archive: bytes) -> None:
        """The app has this folder now."""
        self._instances[name].folders[path] = archive

    def given(self, name: str, path: str) -> bytes | None:
        """The archive that was given, if one was."""
        return self._instances[name].folders.get(path)

    def code(self, name: str) -> bytes:
        """What a claimed container was given; nothing if it was started."""
        return self._instances[name].code

    def crash(self, name: str, exit_code: int = 1, out_of_memory: bool = False) -> None:
        """The app's process ends."""
        instance = self._instances[name]
        ended = replace(
            instance.container, state=ContainerState.exited, exit_code=exit_code, out_of_memory=out_of_memory
        )
        instance.set(ended)
        for ear in self._ears:
            ear.put_nowait(name)

    def fail_next(self, error: SandboxError | None = None, times: int = 1) -> None:
        """The next calls (`facts` aside) raise `error`, by default `RuntimeUnavailable`."""
        self._failures += [error or RuntimeUnavailable("The engine does not answer.")] * times

    def spec(self, name: str) -> ContainerSpec:
        """What a container was made from, its variables included."""
        return self._instances[name].spec

    def _running(self, name: str) -> _Instance:
        self._fail_if_asked()
        instance = self._instances.get(name)
        if instance is None or not instance.runs:
            raise RuntimeUnavailable(f"The container {name} does not run.")
        return instance

    def _fail_if_asked(self) -> None:
        if self._failures:
            raise self._failures.pop(0)

    def _drop(self, name: str) -> None:
        instance = self._instances.pop(name, None)
        if instance is not None:
            instance.removed = True
            instance.wake()

    def _take_address(self, spec: ContainerSpec) -> None:
        for name, other in self._instances.items():
            if name != spec.name and other.runs and other.spec.address == spec.address:
                raise RuntimeUnavailable(f"The address {spec.address} is held by another container.")


def _idle(method: str, path: str, secret: str, body: bytes) -> bytes:  # noqa: ARG001
    """A runner that nobody has visited."""
    return b'{"last": 0, "sessions": 0, "visits": 0, "uptime": 0, "busy": 0, "memory": 0, "events": []}'


def _same(one: ContainerSpec, other: ContainerSpec) -> bool:
    return (one.spec_hash, one.address) == (other.spec_hash, other.address)


def _created(spec: ContainerSpec) -> Container:
    return Container(spec.name, ContainerState.created, spec.spec_hash, spec.image, spec.address)
