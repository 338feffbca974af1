"""Look at engine and edge, for those who show or decide."""

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace

from sandbox_server.domain.edge import Server
from sandbox_server.errors import RouterUnavailable
from sandbox_server.operations.parts import Observed, Parts
from sandbox_server.runtime.base import Container, ContainerState
from sandbox_server.store.tables import Instance

_WEIGH_EVERY = 10.0
"""Seconds."""


async def observe(parts: Parts) -> Observed:
    """Raises `RuntimeUnavailable`; an edge that cannot be read leaves `sessions` unknown."""
    containers = {container.name: container for container in await parts.runtime.containers()}
    sessions: dict[Server, int] | None
    try:
        sessions, visits = await parts.router.sessions(), await parts.router.visits()
        left_over = await parts.router.left_over()
    except RouterUnavailable:
        sessions, visits, left_over = None, {}, {}
    memory = await _memory(parts, [name for name in containers if _runs(containers[name])])
    parts.observed = Observed(containers, sessions, visits, memory, left_over)
    return parts.observed


async def recount(parts: Parts) -> None:
    """Only the sessions, for those who are about to read them out."""
    with suppress(RouterUnavailable):
        sessions, visits = await parts.router.sessions(), await parts.router.visits()
        parts.observed = replace(parts.observed, sessions=sessions, visits=visits)


def sessions_of(observed: Observed, rows: Iterable[Instance]) -> int | None:
    """Connections on these instances; None if they could not be read."""
    if observed.sessions is None:
        return None
    return sum(
        observed.sessions.get(Server(f"slot{row.slot}", row.server or 0), 0)
        for row in rows
        if row.slot is not None
    )


def people_on(observed: Observed, rows: Iterable[Instance]) -> int | None:
    """The same without the platform's own visits, for those who look."""
    rows = list(rows)
    sessions = sessions_of(observed, rows)
    if sessions is None:
        return None
    visits = sum(observed.visits.get(slot, 0) for slot in {f"slot{row.slot}" for row in rows})
    return max(sessions - visits, 0)


def memory_of(observed: Observed, rows: Iterable[Instance]) -> int | None:
    """Bytes; None if nothing runs."""
    sizes = [observed.memory[row.name] for row in rows if row.name in observed.memory]
    return sum(sizes) if sizes else None


def _runs(container: Container) -> bool:
    return container.state is ContainerState.running


async def _memory(parts: Parts, running: Sequence[str]) -> dict[str, int]:
    """All are measured only now and then: each costs the engine a look."""
    known = parts.observed.memory
    if parts.ticks() - parts.weighed >= _WEIGH_EVERY:
        parts.weighed, known = parts.ticks(), {}
    fresh = [name for name in running if name not in known]
    sizes = await asyncio.gather(*(parts.runtime.memory(name) for name in fresh))
    measured = {name: size for name, size in zip(fresh, sizes, strict=True) if size is not None}
    return {name: known[name] for name in running if name in known} | measured
