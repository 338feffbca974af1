"""What an instance is made from, and the hash by which two of them are alike."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv4Network


class Scope(StrEnum):
    sandbox = "sandbox"
    release = "release"


class InstanceState(StrEnum):
    """`starting` has no traffic yet, `up` has, `draining` keeps only its sessions, `stopping` has none any more."""

    starting = "starting"
    up = "up"
    draining = "draining"
    stopping = "stopping"
    ended = "ended"


class Leaving(StrEnum):
    """Why an instance drains."""

    unneeded = ""
    surplus = "surplus"
    """Fewer are enough."""
    replaced = "replaced"
    """A fresh one has its place."""
    hung = "hung"
    """It does not answer."""
    asked = "asked"
    """Somebody wants its end."""


RETURNS = frozenset({Leaving.unneeded, Leaving.surplus})
"""What drains for these reasons comes back when it is needed again."""


@dataclass(frozen=True)
class Spec:
    """Equal specs make equal instances. Variables are known by the ids of their rows, not by their values."""

    image: str
    scope: Scope
    memory: int
    """Bytes."""
    cpus: float
    timezone: str
    variables: Mapping[str, int] = field(default_factory=dict)

    @property
    def hash(self) -> str:
        said = [self.image, self.scope, self.memory, self.cpus, self.timezone, sorted(self.variables.items())]
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:16]


def label(deployment: int, spec_hash: str) -> str:
    """How a slot's pages name it, in the pin cookie: `d42-0f3a9c1e`."""
    return f"d{deployment}-{spec_hash[:8]}"


def container_name(platform: str, app: str, deployment: int, scope: str, spec_hash: str, ordinal: int) -> str:
    return f"sbx-{platform}-{app}-d{deployment}-{scope}-{spec_hash[:8]}-{ordinal}"


def volume_name(platform: str, app: int, scope: Scope) -> str:
    """Of the bookmarks of one app's users in one scope, for all its deployments."""
    return f"sbx-{platform}-bookmarks-{app}-{scope}"


def volumes_of(platform: str, app: int) -> set[str]:
    return {volume_name(platform, app, scope) for scope in Scope}


def free_address(subnet: IPv4Network, taken: set[str], ordinal: int) -> str | None:
    """An address for the `ordinal`th instance; None if all are taken.

    They go round, so that none comes back soon: a dead instance's address must not lead to another app. The first
    one is the bridge's own; a bridge carries at most 1,000 instances.
    """
    hosts = range(2, min(subnet.num_addresses - 1, 1002))
    start = ordinal % len(hosts)
    ordered = [*hosts[start:], *hosts[:start]]
    return next((str(subnet[host]) for host in ordered if str(subnet[host]) not in taken), None)
