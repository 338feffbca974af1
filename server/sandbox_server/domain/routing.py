"""The edge that the rows ask for: a pure function of what is in the database."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address

from sandbox_server.domain import names
from sandbox_server.domain.edge import WAKER, Backend, Edge, Mode, Server
from sandbox_server.domain.instance import InstanceState, Scope, label


@dataclass(frozen=True)
class ReleasedSpec:
    deployment: int
    spec_hash: str


@dataclass(frozen=True)
class Lease:
    """A live instance and the place it holds."""

    app: str
    branch_label: str
    deployment: int
    scope: Scope
    spec_hash: str
    slot: int
    server: int
    address: str
    worker: str
    state: InstanceState
    visited: bool = False
    """A real session came up on it."""
    visit_pin: str = ""
    each: int | None = None
    """Sessions that one instance serves well, if visitors are to wait when all are full."""
    most: int = 1
    """Instances of its spec that there may be."""
    held: int = 0
    """Sessions that the edge counts and that take nobody's place: those of a draining one. Negative: there are so many
    that the edge does not count."""

    @property
    def place(self) -> Server:
        return Server(f"slot{self.slot}", self.server)

    @property
    def pin(self) -> str:
        return label(self.deployment, self.spec_hash)

    @property
    def spec(self) -> ReleasedSpec:
        return ReleasedSpec(self.deployment, self.spec_hash)

    @property
    def answers(self) -> bool:
        return self.state in (InstanceState.up, InstanceState.draining)


@dataclass(frozen=True)
class Candidate:
    """A part of the visitors gets it."""

    spec: ReleasedSpec
    percent: int
    each: bool = False
    """Requests are drawn, not visitors: an API has none who could be remembered."""


@dataclass(frozen=True)
class Place:
    """An app with its branches' and deployments' hosts, and what they should show."""

    app: str
    release: ReleasedSpec | None
    branches: dict[str, int | None]
    """Branch label → the deployment that its URL shows."""
    deployments: Sequence[int]
    """Those whose permanent URL says something."""
    released: frozenset[ReleasedSpec] = frozenset()
    """What is or was its release: only these may be asked for on the release's host."""
    candidate: Candidate | None = None


def wanted_edge(apps: Iterable[Place], leases: Sequence[Lease], domain: str) -> Edge:
    """Every host of every app, and the way to every live instance. Leases come oldest first."""
    edge = Edge()
    own: defaultdict[str, list[Lease]] = defaultdict(list)
    for lease in leases:
        own[lease.app].append(lease)
    released: dict[str, frozenset[ReleasedSpec]] = {}
    for place in apps:
        released[place.app] = place.released
        _route_app(edge, place, own[place.app], domain)
    for lease in leases:
        if lease.answers or lease.visit_pin:
            _serve(edge, lease, domain, _pinned(lease, released.get(lease.app, frozenset())))
    edge.limits.update(_limits(leases))
    return edge


def _pinned(lease: Lease, released: frozenset[ReleasedSpec]) -> bool:
    """May a browser that has the pin of this instance ask for it? A candidate's pin would show what is not released."""
    return lease.answers and (lease.scope is Scope.sandbox or lease.spec in released)


def _route_app(edge: Edge, place: Place, leases: Sequence[Lease], domain: str) -> None:
    host = names.release_host(place.app, domain)
    edge.routes[host] = _slot(_of(place.release, leases))
    if place.candidate and any(lease.visited for lease in _up(_of(place.candidate.spec, leases))):
        edge.shares[host] = _share(place.candidate, _slot(_of(place.candidate.spec, leases)))
    tried = [lease for lease in leases if lease.scope is Scope.sandbox]
    for branch, shown in place.branches.items():
        own = [lease for lease in tried if lease.deployment == shown]
        edge.routes[names.sandbox_host(place.app, branch, domain)] = _slot(own)
    for number in place.deployments:
        own = [lease for lease in tried if lease.deployment == number]
        edge.routes[names.deployment_host(place.app, number, domain)] = _slot(own)


def _slot(leases: Sequence[Lease]) -> str:
    """The newest one on which a session came up, else the newest that answers, else the waker."""
    up = _up(leases)
    best = [lease for lease in up if lease.visited] or up
    return best[-1].place.slot if best else WAKER


def _up(leases: Sequence[Lease]) -> list[Lease]:
    return [lease for lease in leases if lease.state is InstanceState.up]


def _of(spec: ReleasedSpec | None, leases: Sequence[Lease]) -> list[Lease]:
    """Of a released spec: its instances in the release scope."""
    return [lease for lease in leases if lease.scope is Scope.release and lease.spec == spec]


def _share(candidate: Candidate, slot: str) -> str:
    return f"{candidate.percent}:{slot}" + (":each" if candidate.each else "")


def _serve(edge: Edge, lease: Lease, domain: str, pinned: bool) -> None:
    slot = lease.place.slot
    mode = Mode.drain if lease.state is InstanceState.draining else Mode.up
    edge.servers[lease.place] = Backend(IPv4Address(lease.address), mode)
    edge.labels[slot] = lease.pin
    for host in _hosts(lease, domain):
        edge.workers[f"{host}|{lease.worker}"] = str(lease.place)
        if pinned:
            edge.pins[f"{host}|{lease.pin}"] = slot
        if lease.visit_pin:
            edge.pins[f"{host}|{lease.visit_pin}"] = slot


def _limits(leases: Sequence[Lease]) -> dict[str, str]:
    """By slot, the sessions with which it is full, counting one instance that comes before the others are."""
    alike: defaultdict[str, list[Lease]] = defaultdict(list)
    held: Counter[str] = Counter()
    for lease in leases:
        if lease.each is not None and lease.state is InstanceState.up:
            alike[lease.place.slot].append(lease)
        held[lease.place.slot] += lease.held
    return {
        slot: str(max((own[0].each or 0) * max(len(own), min(own[0].most, len(own) + 1)) + held[slot], 0))
        for slot, own in alike.items()
    }


def _hosts(lease: Lease, domain: str) -> list[str]:
    if lease.scope is Scope.release:
        return [names.release_host(lease.app, domain)]
    return [
        names.sandbox_host(lease.app, lease.branch_label, domain),
        names.deployment_host(lease.app, lease.deployment, domain),
    ]
