"""What every operation works with. `app.create_app` chooses the implementations."""

import asyncio
import math
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import IPv4Network
from typing import Any
from weakref import WeakValueDictionary

from sandbox_server.builder.base import Builder
from sandbox_server.domain.edge import Edge, Server
from sandbox_server.domain.keeping import Run
from sandbox_server.domain.report import Report
from sandbox_server.domain.stopwatch import Stopwatch
from sandbox_server.domain.waiting import Shape
from sandbox_server.operations.bell import Bell
from sandbox_server.post import Post, Way
from sandbox_server.repositories import Repositories
from sandbox_server.router.base import Router
from sandbox_server.runtime.base import Container, Runtime
from sandbox_server.settings import Settings
from sandbox_server.store import Bundles, Inventories, Logs, Outputs, Pictures, Sealer, Store
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
    left_over: dict[Server, int] = field(default_factory=dict)
    """Of `sessions`, those in processes of the edge from before a reload."""


@dataclass
class Heard:
    """What an instance's runner last said of itself, and since when it says nothing."""

    report: Report | None = None
    at: float = 0
    """Monotonic seconds of that answer."""
    silent_since: float | None = None
    """Monotonic seconds of the first question in a row that got no answer."""
    asked: float = 0
    """Monotonic seconds of the last question."""


@dataclass
class Measured:
    """What was last measured at the edge, and when; a restart begins anew, so a few seconds' counts are lost."""

    requests: dict[str, tuple[int, int]] = field(default_factory=dict)
    """By slot: requests, and those that failed."""
    leased: dict[str, tuple[int, str]] = field(default_factory=dict)
    """By slot: deployment and scope that had it."""
    written: dict[tuple[int, str], datetime] = field(default_factory=dict)
    """By deployment and scope: the minute for which sessions and memory are in the figures."""


@dataclass
class Pool:
    """What this process knows of containers that wait; after a restart it finds out again."""

    images: dict[str, str] = field(default_factory=dict)
    """By library: from what containers that wait for its apps are started now."""
    claiming: set[str] = field(default_factory=set)
    """Names of those that are on their way to become an instance."""
    ahead: set[int] = field(default_factory=set)
    """Instances that got one while their image was made."""
    not_before: dict[Shape, float] = field(default_factory=dict)
    """Monotonic seconds until which nothing of this shape is tried again, since it did not come up."""
    looked: tuple[int, float] | None = None
    """After how many commits, and when, nothing was left to do."""


@dataclass
class Looking:
    """How the platform's own visits to releases go."""

    releases: int = 1
    """How many are visited."""
    not_before: float = 0
    """In ticks: there was no browser."""
    is_late: bool = False
    """It was said that a round takes too long."""


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
    pictures: Pictures
    sealer: Sealer
    runtime: Runtime
    router: Router
    builder: Builder
    visitor: Visitor
    repositories: Repositories
    bell: Bell
    clock: Callable[[], datetime]
    ways: Sequence[Way] = ()
    """To the owners of apps."""
    post: Post | None = None
    """For letters to reviewers; None: this server has no mail server."""
    proxies: Mapping[str, str] = field(default_factory=dict)
    """The server's own way out, as variables: apps get them too."""
    subnet: IPv4Network | None = None
    """Known once the runtime is prepared."""
    observed: Observed = field(default_factory=Observed)
    looked: tuple[int, Any] | None = None
    """What reconcile read in this round, and after how many commits."""
    nappers: tuple[int, Any] | None = None
    """Apps whose release may sleep, and after how many commits they were read."""
    requested: dict[str, int] = field(default_factory=dict)
    """How many requests there had been at the last round, by what might sleep."""
    ticks: Callable[[], float] = time.monotonic
    """Seconds of a clock that never jumps, for what must not be ended too soon."""
    stopwatch: Stopwatch = field(default_factory=Stopwatch)
    steps: Stopwatch = field(default_factory=Stopwatch)
    """Of canaries."""
    calm: dict[Run, float] = field(default_factory=dict)
    """Since when, in ticks, a run has had one instance too many."""
    cramped: set[tuple[int, str]] = field(default_factory=set)
    """Apps and keys of notices about runs that find no room for another instance."""
    has_looked_for_room: bool = False
    """Only then is it known who finds none."""
    starters: dict[int, asyncio.Task[Any]] = field(default_factory=dict)
    """Who starts and visits an instance, by its id; whoever has ended does not any more."""
    deaths: Bell = field(default_factory=Bell)
    """Rung when a container ended by itself."""
    weighed: float = -math.inf
    """When, in ticks, the memory of all instances was measured."""
    heard: dict[str, Heard] = field(default_factory=dict)
    """By container name, of instances that live."""
    measured: Measured = field(default_factory=Measured)
    pool: Pool = field(default_factory=Pool)
    looking: Looking = field(default_factory=Looking)
    expired: tuple[float, datetime] | None = None
    """When lifetimes were last looked at: in ticks, and by the clock."""
    up_since: float = field(init=False)
    """Ticks at which this process began."""
    briefed: dict[tuple[str, ...], dict[str, str]] = field(default_factory=dict)
    """What bundles say to reviewers, by bundle and paths: looking through a large one takes seconds."""
    behind: dict[str, Any] = field(default_factory=dict)
    """What was last found behind hosts at which somebody waits, by host."""
    behind_lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    watching: Counter[int] = field(default_factory=Counter)
    """Open pages of reviewers that hear of news, by the link's id."""
    newest_events: dict[str, tuple[int, int]] = field(default_factory=dict)
    """By app: the store's count of commits when it was last looked, and the id of the newest event then."""
    newest_events_lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    news_turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(2))
    """So many pages of reviewers are put together for news at a time: who asks for something waits behind two, not
    behind all of them."""
    sending: WeakValueDictionary[int, asyncio.Lock] = field(default_factory=WeakValueDictionary)
    """Held while a picture comes, by the link's id."""
    held: int = 0
    """Requests that wait for something to wake."""
    building: asyncio.Semaphore = field(init=False)
    """Places to build."""
    edge_lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    collected: tuple[int, float] | None = None
    """After how many commits, and when in ticks, garbage was last collected."""
    intended: tuple[int, Any, Any, Edge] | None = None
    """After how many commits what was read, and the edge that follows from it."""
    read_back: float = -math.inf
    """When, in ticks, the proxy was last seen to do what it should."""
    written: Edge | None = None
    """The edge that the router's files hold, if this process wrote them."""
    applied: Edge | None = None
    """The edge that the running proxy was last seen to do."""

    def __post_init__(self) -> None:
        self.up_since = self.ticks()
        self.building = asyncio.Semaphore(self.settings.builds_at_once)

    def base_url(self, host: str) -> str:
        return f"{self.settings.scheme}://{host}{self.settings.port_suffix}"

    def monotonic(self) -> float:
        return time.monotonic()
