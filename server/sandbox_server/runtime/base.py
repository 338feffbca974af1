"""The seam to whatever runs containers.

A runtime knows containers by the names that the platform gave them. It decides nothing: which instances
should exist is in the database, and `operations.reconcile` compares.
"""

from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network
from typing import Protocol


@dataclass(frozen=True)
class ContainerSpec:
    """All that a container is made from. Nothing else reaches the engine."""

    name: str
    image: str
    """The engine's image Id."""
    address: IPv4Address
    environment: Mapping[str, str]
    """Holds secrets: never log it."""
    memory: int
    """Bytes; swap is not added to it."""
    cpus: float
    spec_hash: str
    labels: Mapping[str, str] = field(default_factory=dict)
    waits: int | None = None
    """Of a container that is made ahead and waits to be claimed: the bytes that it may use until then. Its temporary
    folders have the sizes that `memory` asks for from the beginning, since they cannot be changed."""
    volume: str = ""
    """Name of the volume that keeps the app's bookmarks; empty: it has none. Made if absent; outlives the container."""

    def __repr__(self) -> str:
        return f"ContainerSpec({self.name!r}, {self.image[:19]!r}, {self.address})"


class ContainerState(StrEnum):
    created = "created"
    running = "running"
    exited = "exited"


@dataclass(frozen=True)
class Container:
    """A container of ours as the engine shows it."""

    name: str
    state: ContainerState
    spec_hash: str
    image: str
    address: IPv4Address | None
    exit_code: int | None = None
    out_of_memory: bool = False


@dataclass(frozen=True)
class LogLine:
    """One line of an app's output; `stream` is "stdout" or "stderr"."""

    at: datetime
    stream: str
    text: str


@dataclass(frozen=True)
class Room:
    """Memory of the machine on which containers run, in bytes."""

    total: int
    free: int


@dataclass(frozen=True)
class RuntimeFacts:
    """What `doctor` wants to know."""

    name: str
    version: str
    healthy: bool
    notes: tuple[str, ...] = ()
    """Sentences about what is wrong, such as a missing firewall rule."""


class Runtime(Protocol):
    """Runs hardened containers on a network of our own.

    Every method may be called twice; what is absent already counts as removed. All raise `RuntimeUnavailable`
    when the engine cannot be asked (may be tried again), and touch only containers that carry our platform's
    label.
    """

    async def prepare(self) -> IPv4Network:
        """Make the network and the firewall rule in front of the host, and return the network's subnet.

        Called at every start of the platform and whenever the engine came back, before any traffic, and once a
        minute: others may flush the host's rules.
        """
        ...

    async def start(self, spec: ContainerSpec) -> None:
        """Create the container if it is absent, and start it if it does not run.

        Returns when the engine has started the process, not when the app answers. An existing container with
        the same spec hash and address is adopted; one with another is replaced. Raises `ImageMissing` and, if
        the image has nothing that can be started, `StartFailed` (both final); `RuntimeUnavailable` while
        another container runs at the address; `ValueError` for a spec without limits.
        """
        ...

    async def waits(self, name: str, address: IPv4Address) -> bool:
        """Whether this container, which was started with `waits`, has loaded everything and can be claimed.

        Takes a second at most. False also if there is no such container.
        """
        ...

    async def claim(self, name: str, spec: ContainerSpec, code: bytes) -> None:
        """Make a container that waits the one of `spec`: its name and limits first, then `code` to its process.

        It keeps the address and the processors that it was made with, so `spec` asks for the same. `code` holds
        secrets: it goes to the process alone, and nothing of it, nor of `spec.environment`, to the engine's notes.
        The container keeps its old spec hash, so that `start` of `spec` replaces it. Not to be called twice; after
        `RuntimeUnavailable` it is not known how far it came: remove it by both names.
        """
        ...

    async def stop(self, name: str, grace: float = 5) -> None:
        """End the process: politely, after `grace` seconds for good. The container and its log stay."""
        ...

    async def remove(self, name: str) -> None:
        """Remove the container, running or not, with its log."""
        ...

    async def containers(self) -> list[Container]:
        """All containers of this platform's instances, running or not."""
        ...

    async def probe(self, name: str, address: IPv4Address) -> int | None:
        """The HTTP status of `GET /` of the app in this container; None while nothing answers.

        Takes 5 s at most.
        """
        ...

    async def ask(
        self, name: str, address: IPv4Address, method: str, path: str, *, secret: str, body: bytes = b"",
        most: int = 4096, patience: float = 2,
    ) -> bytes | None:  # fmt: skip
        """What the runner in this container answers, at most `most` bytes of it, to its `X-Sandbox-Secret`.

        The app shares the runner's process: trust nothing in the answer. None for any status but 200 or 204 (a
        redirect is not followed), and if the whole answer is not there after `patience` seconds. Never raises.
        """
        ...

    def logs(
        self, name: str, *, tail: int | None = None, since: datetime | None = None, follow: bool = False
    ) -> AsyncIterator[LogLine]:
        """The container's output, oldest first; `since` excludes lines at or before it.

        With `follow` it goes on until the container ends. Of an absent container there are no lines.
        """
        ...

    def take(self, name: str, path: str) -> AsyncGenerator[bytes, None]:
        """A tar archive of the folder at `path` of a running container, under the folder's own name.

        It was written by the app: trust nothing in it, and stop reading when it is too large or takes too long.
        Raises `TimeoutError` if the app holds it up, `RuntimeUnavailable` also if the container does not run, or
        has no such folder.
        """
        ...

    async def give(self, name: str, path: str, chunks: AsyncIterable[bytes]) -> None:
        """Put back what `take` of the same path gave: the folder, and when it is whole the empty file `path`.whole.

        Raises `RuntimeUnavailable` also if the container does not run, or has no room.
        """
        ...

    async def volume_names(self) -> list[str]:
        """This platform's volumes, without a look into them."""
        ...

    async def volumes(self) -> dict[str, int]:
        """This platform's volumes by name, and the bytes in each. May take seconds."""
        ...

    async def remove_volume(self, name: str) -> None:
        """Remove a volume with all that is in it. Raises `RuntimeUnavailable` also while a container has it."""
        ...

    async def memory(self, name: str) -> int | None:
        """Bytes in use without the page cache; None if the container does not run."""
        ...

    async def room(self) -> Room | None:
        """How much memory there is for further containers; None if that cannot be told. Never raises."""
        ...

    def deaths(self) -> AsyncGenerator[str, None]:
        """The names of our instances' containers as their processes end, until closed.

        An ear for haste only: what ended while nobody listened is found by `containers`.
        """
        ...

    async def facts(self) -> RuntimeFacts:
        """Never raises: an engine that cannot be asked is a fact too."""
        ...

    async def destroy(self) -> None:
        """Remove all that is this platform's: containers in any role, the network, the firewall's rules."""
        ...

    async def close(self) -> None:
        """Let go of connections; containers go on."""
        ...
