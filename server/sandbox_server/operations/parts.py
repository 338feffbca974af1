"""What every operation works with. `app.create_app` chooses the implementations."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import IPv4Network
from typing import Any

from sandbox_server.builder.base import Builder
from sandbox_server.domain.edge import Edge, Server
from sandbox_server.domain.report import Report
from sandbox_server.operations.bell import Bell
from sandbox_server.repositories import Repositories
from sandbox_server.router.base import Router
from sandbox_server.runtime.base import Container, Runtime
from sandbox_server.settings import Settings
from sandbox_server.store import Bundles, Inventories, Logs, Outputs, Sealer, Store
from sandbox_server.visitor.base import Visitor


@dataclass
class Observed:
    """What was last seen of engine and edge; nothing of value: a restart looks again."""

    containers: dict[str, Container] = field(default_factory=dict)
    sessions: dict[Server, int] | None = None
    """None: could not be read."""
    visits: dict[str, int] = field(default_factory=dict)
    memory: dict[str, int] = field(default_factory=dict)
    """Bytes, by container name."""


@dataclass
class Heard:
    """What an instance's runner last said of itself, and since when it says nothing."""

    report: Report | None = None
    at: float = 0
    """Monotonic seconds of that answer."""
    silent_since: float | None = None
    """Monotonic seconds of the first question in a row that got no answer."""


@dataclass
class Parts:
    settings: Settings
    platform: str
    """Six letters and digits that mark everything on the machine that is this platform's."""
    store: Store
    bundles: Bundles
    logs: Logs
    inventories: Inventories
    outputs: Outputs
    sealer: Sealer
    runtime: Runtime
    router: Router
    builder: Builder
    visitor: Visitor
    repositories: Repositories
    bell: Bell
    clock: Callable[[], datetime]
    proxies: Mapping[str, str] = field(default_factory=dict)
    """The server's own way out, as variables: apps get them too."""
    subnet: IPv4Network | None = None
    """Known once the runtime is prepared."""
    observed: Observed = field(default_factory=Observed)
    looked: tuple[int, Any] | None = None
    """What reconcile read in this round, and after how many commits."""
    heard: dict[str, Heard] = field(default_factory=dict)
    """By container name, of instances that live."""
    building: asyncio.Semaphore = field(init=False)
    """Places to build."""
    edge_lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    written: Edge | None = None
    """The edge that the router's files hold, if this process wrote them."""
    applied: Edge | None = None
    """The edge that the running proxy was last seen to do."""

    def __post_init__(self) -> None:
        self.building = asyncio.Semaphore(self.settings.builds_at_once)

    def base_url(self, host: str) -> str:
        return f"{self.settings.scheme}://{host}{self.settings.port_suffix}"

    def monotonic(self) -> float:
        return time.monotonic()
