"""The seam to the proxy that carries the traffic.

A router holds six tables and some slots of servers. It decides nothing: `domain.edge.wanted_edge` says what
should be there, `domain.edge.changes` compares, and `operations.reconcile` applies the difference.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from sandbox_server.domain.edge import Change, Edge, Server


@dataclass(frozen=True)
class RouterFacts:
    """What `doctor` wants to know."""

    name: str
    version: str
    healthy: bool
    notes: tuple[str, ...] = ()


class Router(Protocol):
    """Routes hosts to slots.

    Every method may be called twice. All raise `RouterUnavailable` when the proxy cannot be asked (may be
    tried again). Values with separators, quotes or control characters, and slots or servers that are absent,
    are refused with `ValueError` before anything is changed.
    """

    async def prepare(self, wanted: Edge) -> None:
        """Make sure that the proxy runs, with the static part of its configuration up to date.

        Writes the files for `wanted` first, so that a proxy started here is a correct edge from its first
        connection. A proxy that runs already is kept as it is, to be brought to `wanted` by `execute`; if its
        static configuration differs, it is reloaded, and connections live on in the old process.
        """
        ...

    async def write(self, wanted: Edge) -> None:
        """Put `wanted` into the files, durably, so that a start from files alone is a correct edge."""
        ...

    async def read(self) -> Edge:
        """What the running proxy does now."""
        ...

    async def execute(self, changes: Iterable[Change]) -> None:
        """Apply changes to the running proxy, one by one and in this order; each is atomic for traffic."""
        ...

    async def sessions(self) -> dict[Server, int]:
        """Current connections by server, over all processes of the proxy, zeros left out.

        Raises `RouterUnavailable` if any of them cannot be read: an unknown count is not zero.
        """
        ...

    async def left_over(self) -> dict[Server, int]:
        """Of these, connections in processes from before a reload: what is full does not count them."""
        ...

    async def visits(self) -> dict[str, int]:
        """Of these, connections of the platform's own checking browser, by slot."""
        ...

    async def requests(self) -> dict[str, tuple[int, int]]:
        """Requests by slot, and how many of these were answered with 500 or above; without the platform's own visits
        and the page of those who wait until there is room.

        Counted since a process began, over all processes of the proxy: it falls when one of them ends. Slots
        without any are left out. Raises `RouterUnavailable` as `sessions` does.
        """
        ...

    async def facts(self) -> RouterFacts:
        """Never raises."""
        ...

    async def shutdown(self) -> None:
        """End the proxy for good, if it is ours; absent is success."""
        ...
