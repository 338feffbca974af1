"""Pool: containers that have R and a library loaded wait for the next push on it. It fills up when nobody waits."""

import hashlib
import json
import logging
from collections import Counter
from collections.abc import Collection
from contextlib import suppress
from datetime import timedelta
from ipaddress import IPv4Address

from sqlmodel.ext.asyncio.session import AsyncSession

from sandbox_server.domain import config
from sandbox_server.domain.instance import InstanceState, Scope
from sandbox_server.domain.kind import Kind
from sandbox_server.domain.waiting import MEMORY, Shape, packages_of, wanted_shapes
from sandbox_server.errors import ImageMissing, RuntimeUnavailable, SandboxError, StartFailed
from sandbox_server.operations.parts import Parts
from sandbox_server.runtime.base import ContainerSpec, ContainerState
from sandbox_server.store import deployments, instances, jobs, warm
from sandbox_server.store.failpoints import failpoint
from sandbox_server.store.tables import Deployment, Warm

log = logging.getLogger(__name__)

EVERY = 0.5
"""Seconds between two rounds."""
_LOOK_AGAIN = 60.0
"""Seconds after which is looked again though nothing was written: uses end, containers die."""
_LATER = 600.0
"""Seconds for which nothing is tried again that did not come up."""
_NEWEST = 100
"""Pushes that are looked at."""
_FIRST = {"deploy", "switch", "refresh", "render", "wake", "start"}
"""Jobs for which somebody waits, and which build or start something."""


async def keep(parts: Parts) -> None:
    """One round: what nobody wants goes, what has loaded is ready, and at most one more begins to load."""
    if not _is_due(parts):
        return
    commits, ahead = parts.store.commits, set(parts.pool.ahead)
    async with parts.store.read() as tx:
        rows, pushed = await warm.every(tx), await _pushed(parts, tx)
        starting = {row.id for row in await instances.live(tx) if row.state == InstanceState.starting}
    _forget(parts, ahead - starting)
    wanted = wanted_shapes(pushed, parts.settings.warm, parts.settings.warm_total, parts.settings.warm_memory)
    await _know_images(parts, wanted)
    rows = await _remove_unwanted(parts, rows, wanted)
    loading = await _welcome(parts, rows)
    if loading or await _add_one(parts, rows, wanted):
        return
    parts.pool.looked = (commits, parts.monotonic())


async def empty(parts: Parts) -> None:
    """The platform stops: nobody claims any more."""
    async with parts.store.read() as tx:
        rows = await warm.every(tx)
    for row in rows:
        with suppress(SandboxError):
            await _remove(parts, row)


def _is_due(parts: Parts) -> bool:
    looked = parts.pool.looked
    if looked is None or looked[0] != parts.store.commits:
        return True
    return parts.monotonic() - looked[1] > _LOOK_AGAIN


def _forget(parts: Parts, over: Collection[int]) -> None:
    """Instances that got one ahead and start no more, and what may be tried again."""
    parts.pool.ahead.difference_update(over)
    for shape in [one for one, until in parts.pool.not_before.items() if until <= parts.monotonic()]:
        del parts.pool.not_before[shape]


async def _pushed(parts: Parts, tx: AsyncSession) -> list[Shape]:
    """What was pushed on libraries in recent use would claim, newest first."""
    since = parts.clock() - timedelta(seconds=parts.settings.warm_for)
    return [_shape(row) for row in await deployments.pushed_since(tx, since, _NEWEST)]


def _shape(deployment: Deployment) -> Shape:
    limits = config.instances(config.stored(deployment.config), Scope.sandbox)
    packages = packages_of(Kind(deployment.kind), deployment.packages)
    return Shape(deployment.library, packages, limits.memory or 0, limits.cpus or 0)


async def _know_images(parts: Parts, wanted: Collection[Shape]) -> None:
    """From what they are started. A library that is gone has none, and neither do its shapes from then on."""
    libraries = {shape.library for shape in wanted}
    for library in libraries - parts.pool.images.keys():
        with suppress(RuntimeUnavailable):
            parts.pool.images[library] = await parts.builder.warm(library)
    for library in parts.pool.images.keys() - libraries:
        del parts.pool.images[library]


async def _remove_unwanted(parts: Parts, rows: list[Warm], wanted: list[Shape]) -> list[Warm]:
    """What stays: of every shape as many as are wanted, of today's image, alive, and not on the way to an instance."""
    states = await _states(parts) if rows else {}
    left, stay = Counter(wanted), []
    for row in rows:
        shape, state = warm.shape_of(row), states.get(row.name)
        if row.name in parts.pool.claiming:
            continue
        # Without a container is one that a kill left before it had one.
        alive = state is ContainerState.running or (
            row.state == "starting" and state is ContainerState.exited
        )
        usable = alive and row.state in ("starting", "ready")
        if usable and left[shape] and row.image == parts.pool.images.get(row.library):
            left[shape] -= 1
            stay.append(row)
        else:
            await _remove(parts, row)
    return stay


async def _states(parts: Parts) -> dict[str, ContainerState]:
    return {container.name: container.state for container in await parts.runtime.containers()}


async def _welcome(parts: Parts, rows: list[Warm]) -> bool:
    """True while one still loads."""
    loading = False
    for row in (row for row in rows if row.state == "starting"):
        if await parts.runtime.waits(row.name, IPv4Address(row.address)):
            async with parts.store.write() as tx:
                await warm.move(tx, row, "ready")
        elif await _ended(parts, row) or _took_too_long(parts, row):
            log.warning("R did not load %s; it is left out for a while", ", ".join(row.packages))
            parts.pool.not_before[warm.shape_of(row)] = parts.monotonic() + _LATER
            await _remove(parts, row)
        else:
            loading = True
    return loading


async def _ended(parts: Parts, row: Warm) -> bool:
    return (await _states(parts)).get(row.name) is not ContainerState.running


def _took_too_long(parts: Parts, row: Warm) -> bool:
    return parts.clock() - row.created_at > timedelta(seconds=parts.settings.start_timeout)


async def _add_one(parts: Parts, rows: list[Warm], wanted: list[Shape]) -> bool:
    """False if there are enough, or if somebody waits for the machine."""
    lacking = Counter(wanted) - Counter(warm.shape_of(row) for row in rows)
    now = parts.monotonic()
    shape = next(
        (
            one for one in wanted
            if lacking[one] and one.library in parts.pool.images and parts.pool.not_before.get(one, 0) <= now
        ),
        None,
    )  # fmt: skip
    if shape is None or parts.subnet is None:
        return False
    async with parts.store.write() as tx:
        if any(job.kind in _FIRST and job.run_after <= parts.clock() for job in await jobs.open_jobs(tx)):
            return False
        row = await warm.add(
            tx, shape, parts.pool.images[shape.library], platform=parts.platform, subnet=parts.subnet,
            now=parts.clock(),
        )  # fmt: skip
    failpoint("pool.added")
    await _start(parts, row)
    return True


async def _start(parts: Parts, row: Warm) -> None:
    try:
        await parts.runtime.start(_container(parts, row))
    except (ImageMissing, StartFailed):
        parts.pool.images.pop(row.library, None)
        parts.pool.not_before[warm.shape_of(row)] = parts.monotonic() + _LATER
        await _remove(parts, row)
        raise
    failpoint("pool.started")


def _container(parts: Parts, row: Warm) -> ContainerSpec:
    said = [row.image, row.packages, row.memory, row.cpus]
    return ContainerSpec(
        name=row.name, image=row.image, address=IPv4Address(row.address), memory=row.memory, cpus=row.cpus,
        waits=min(MEMORY, row.memory), spec_hash=hashlib.sha256(json.dumps(said).encode()).hexdigest()[:16],
        environment={
            "SANDBOX_PACKAGES": ",".join(row.packages), "SANDBOX_CPUS": str(row.cpus),
            "TZ": parts.settings.timezone,
        },
    )  # fmt: skip


async def _remove(parts: Parts, row: Warm) -> None:
    """In an order in which a kill does no harm: nobody can claim it, it is gone, its address is free."""
    async with parts.store.write() as tx:
        if not await warm.move(tx, row, "leaving"):
            return
    await parts.runtime.remove(row.name)
    async with parts.store.write() as tx:
        await warm.forget(tx, row)
