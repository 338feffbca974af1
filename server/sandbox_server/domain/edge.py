"""What the proxy should do, as a value, and the way from one such value to another."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv4Address
from typing import NamedTuple

APP_PORT = 3838
"""Every instance listens on this port of its own address."""

WAKER = "waker"
"""The target of hosts that are known but have nothing running: the platform's own page answers."""


class Server(NamedTuple):
    """A place for one instance: the `number`th server (from 1) of a slot."""

    slot: str
    number: int

    def __str__(self) -> str:
        return f"{self.slot}/s{self.number}"


class Mode(StrEnum):
    """What a server gets: `up` new page loads and its own sessions, `drain` its own sessions only."""

    up = "up"
    drain = "drain"


class Backend(NamedTuple):
    """What stands at a server's place."""

    address: IPv4Address
    mode: Mode


@dataclass(frozen=True)
class Edge:
    """The whole of what the proxy does."""

    routes: dict[str, str] = field(default_factory=dict)
    """Host → slot name (or `WAKER`) for page loads and whatever says nothing of itself."""
    pins: dict[str, str] = field(default_factory=dict)
    """`host|pin` → slot name: assets of pages that came from a slot which is or was this host's."""
    workers: dict[str, str] = field(default_factory=dict)
    """`host|w` → `slot/sN`: sessions and downloads of one instance, draining ones included."""
    labels: dict[str, str] = field(default_factory=dict)
    """Slot name → `<pin>`; the pin cookie of that slot's pages; its first part is X-Sandbox-Deployment."""
    shares: dict[str, str] = field(default_factory=dict)
    """Host → `<percent>:<slot>`: so many of a hundred visitors get the candidate there. `<percent>:<slot>:each` for
    what has no visitors who could be remembered (an API): so many of a hundred requests."""
    limits: dict[str, str] = field(default_factory=dict)
    """Slot → connections at which it is full: page loads get a page that waits."""
    servers: dict[Server, Backend] = field(default_factory=dict)


class Table(StrEnum):
    routes = "routes"
    pins = "pins"
    workers = "workers"
    labels = "labels"
    shares = "shares"
    limits = "limits"


class SetEntry(NamedTuple):
    table: Table
    key: str
    value: str


class DeleteEntry(NamedTuple):
    table: Table
    key: str


class SetServer(NamedTuple):
    server: Server
    backend: Backend


class ClearServer(NamedTuple):
    server: Server


Change = SetEntry | DeleteEntry | SetServer | ClearServer


def changes(now: Edge, wanted: Edge) -> list[Change]:
    """The steps from `now` to `wanted`, in an order in which every step between is a correct edge.

    What is newly needed comes first (servers, then the tables that point at them, routes last); what nobody
    needs any more goes after that, in the opposite direction. Only the names of an instance whose place is
    given to another one go before everything else: a session must not reach a stranger.
    """
    evicted = [DeleteEntry(Table.workers, key) for key in sorted(_evicted(now, wanted))]
    pointing = (Table.limits, Table.labels, Table.workers, Table.pins)
    return [
        *evicted,
        *_set_servers(now, wanted, Mode.up),
        *(step for table in pointing for step in _set(table, now, wanted)),
        *_set(Table.routes, now, wanted),
        *_set(Table.shares, now, wanted),
        *_deleted(Table.shares, now, wanted),
        *_deleted(Table.routes, now, wanted),
        *_set_servers(now, wanted, Mode.drain),
        *(
            step
            for table in reversed(pointing)
            for step in _deleted(table, now, wanted)
            if step not in evicted
        ),
        *(ClearServer(server) for server in sorted(now.servers.keys() - wanted.servers.keys())),
    ]


def applied(edge: Edge, steps: Iterable[Change]) -> Edge:
    """What the proxy does after these steps."""
    after = Edge(
        **{table.value: dict(_entries(edge, table)) for table in Table},
        servers=dict(edge.servers),
    )
    for step in steps:
        match step:
            case SetEntry(table, key, value):
                _entries(after, table)[key] = value
            case DeleteEntry(table, key):
                _entries(after, table).pop(key, None)
            case SetServer(server, backend):
                after.servers[server] = backend
            case ClearServer(server):
                after.servers.pop(server, None)
    return after


def _evicted(now: Edge, wanted: Edge) -> set[str]:
    """Keys of workers whose server is about to be another instance."""
    moved = {
        str(server)
        for server, backend in wanted.servers.items()
        if server not in now.servers or now.servers[server].address != backend.address
    }
    return {key for key, place in now.workers.items() if place in moved and key not in wanted.workers}


def _set_servers(now: Edge, wanted: Edge, mode: Mode) -> Iterator[SetServer]:
    return (
        SetServer(server, backend)
        for server, backend in sorted(wanted.servers.items())
        if backend.mode is mode and now.servers.get(server) != backend
    )


def _set(table: Table, now: Edge, wanted: Edge) -> Iterator[SetEntry]:
    before, after = _entries(now, table), _entries(wanted, table)
    return (SetEntry(table, key, value) for key, value in sorted(after.items()) if before.get(key) != value)


def _deleted(table: Table, now: Edge, wanted: Edge) -> Iterator[DeleteEntry]:
    return (
        DeleteEntry(table, key)
        for key in sorted(_entries(now, table).keys() - _entries(wanted, table).keys())
    )


def _entries(edge: Edge, table: Table) -> dict[str, str]:
    entries: dict[str, str] = getattr(edge, table.value)
    return entries
