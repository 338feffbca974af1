"""Claim: a container that waits with the library loaded becomes an instance's; where none fits, one is started cold.

Whatever goes wrong with one that waits is no reason for a push to fail: what it has become is removed, and the cold
start tells what there is to tell.
"""

import logging
from collections.abc import Collection
from dataclasses import dataclass, replace
from ipaddress import IPv4Address

from anyio import to_thread
from sqlmodel.ext.asyncio.session import AsyncSession

from sandbox_server.domain import archive
from sandbox_server.domain.instance import InstanceState
from sandbox_server.domain.kind import Kind
from sandbox_server.domain.waiting import (
    LARGEST_BUNDLE,
    Shape,
    handed_over,
    may_hand_over,
    may_set_late,
    packages_of,
)
from sandbox_server.errors import SandboxError
from sandbox_server.operations.parts import Parts
from sandbox_server.runtime.base import ContainerSpec, ContainerState
from sandbox_server.store import deployments, warm
from sandbox_server.store.crashes import crash_times
from sandbox_server.store.failpoints import failpoint
from sandbox_server.store.tables import App, Deployment, Instance, Warm

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Started:
    """A container that runs for this row."""

    row: Instance
    claimed: bool


async def start(parts: Parts, row: Instance, container: ContainerSpec) -> Started:
    """From the pool or cold. Raises what `Runtime.start` raises."""
    if row.state == InstanceState.starting:
        claimed = _claimed_ahead(parts, row) or await _claim(parts, row, container)
        if claimed:
            return Started(claimed, claimed=True)
    await start_cold(parts, row, container)
    return Started(row, claimed=False)


async def start_cold(parts: Parts, row: Instance, container: ContainerSpec) -> None:
    """From the image; a container that was claimed for this row is replaced, unless people come to it by now."""
    if await _serves(parts, row):
        return
    await parts.runtime.start(replace(container, address=IPv4Address(row.address or "")))


async def offer(
    parts: Parts, tx: AsyncSession, deployment: Deployment, library: str, asked: Collection[str],
    container: ContainerSpec,
) -> Warm | None:  # fmt: skip
    """One that waits and suits this deployment, which asks for these packages. Nobody has it yet: `take` it."""
    names = container.environment.keys() - parts.proxies.keys() - {"TZ"}
    if not may_set_late([name for name in names if not name.startswith("SANDBOX_")]):
        return None
    if container.volume or deployment.bundle_size > LARGEST_BUNDLE:
        return None
    packages = packages_of(Kind(deployment.kind), asked)
    wanted = Shape(library, packages, container.memory, container.cpus)
    known = [row for row in await warm.every(tx) if parts.pool.images.get(row.library) == row.image]
    best = warm.best(known, wanted) if packages else None
    return None if best is None or await _crashed(parts, tx, deployment) else best


async def take(parts: Parts, tx: AsyncSession, found: Warm, row: Instance) -> bool:
    """The instance has its place from now on: let it `become` one. False if somebody else was faster."""
    if not await warm.move(tx, found, "claimed"):
        return False
    parts.pool.claiming.add(found.name)
    row.address = found.address
    tx.add(row)
    return True


async def become(
    parts: Parts, found: Warm, deployment: Deployment, row: Instance, container: ContainerSpec
) -> bool:
    """What was taken gets name, limits, code and variables. False if it did not: then it is gone."""
    failpoint("claim.taken")
    try:
        if not await _handed(parts, found, deployment, container):
            await _let_go(parts, found, row)
            return False
        async with parts.store.write() as tx:
            await warm.forget(tx, found)
    finally:
        parts.pool.claiming.discard(found.name)
    return True


async def _handed(parts: Parts, found: Warm, deployment: Deployment, container: ContainerSpec) -> bool:
    try:
        code = await to_thread.run_sync(_code, parts, deployment, container)
        if code is None:
            return False
        await parts.runtime.claim(found.name, replace(container, address=IPv4Address(found.address)), code)
    except SandboxError as error:
        log.warning("%s was not claimed, %s starts cold: %s", found.name, container.name, error.message)
        return False
    failpoint("claim.handed")
    return True


async def _serves(parts: Parts, row: Instance) -> bool:
    async with parts.store.read() as tx:
        fresh = await tx.get_one(Instance, row.id)
    if fresh.state not in (InstanceState.up, InstanceState.draining):
        return False
    there = {container.name: container.state for container in await parts.runtime.containers()}
    return there.get(row.name) is ContainerState.running


def _claimed_ahead(parts: Parts, row: Instance) -> Instance | None:
    """While the image was made."""
    if row.id not in parts.pool.ahead:
        return None
    parts.pool.ahead.discard(row.id)
    return row


async def _claim(parts: Parts, row: Instance, container: ContainerSpec) -> Instance | None:
    await _tidy(parts, row)
    async with parts.store.read() as tx:
        deployment = await deployments.by_id(tx, row.deployment_id)
        library, asked = deployment.library, deployment.packages
        found = await offer(parts, tx, deployment, library, asked, container) if library else None
    if found is None:
        return None
    async with parts.store.write() as tx:
        fresh = await tx.get_one(Instance, row.id)
        if fresh.state != InstanceState.starting or not await take(parts, tx, found, fresh):
            return None
    row.address = fresh.address
    return row if await become(parts, found, deployment, fresh, container) else None


async def _tidy(parts: Parts, row: Instance) -> None:
    """A claim that a kill interrupted: what it left may stand in the way."""
    async with parts.store.read() as tx:
        left = await warm.claimed_at(tx, row.address or "")
    if left is not None:
        await _let_go(parts, left, row)


async def _let_go(parts: Parts, found: Warm, row: Instance) -> None:
    for name in (found.name, row.name):
        await parts.runtime.remove(name)
    async with parts.store.write() as tx:
        await warm.forget(tx, found)


def _code(parts: Parts, deployment: Deployment, container: ContainerSpec) -> bytes | None:
    """None if these files are better off in a process that begins with them."""
    files = list(archive.unpacked(parts.bundles.path(deployment.bundle)))
    if not may_hand_over(files):
        return None
    return handed_over(Kind(deployment.kind), deployment.entry, container.environment, files)


async def _crashed(parts: Parts, tx: AsyncSession, deployment: Deployment) -> bool:
    """In the last minutes: then it shall come up as it would anywhere."""
    app = await tx.get_one(App, deployment.app_id)
    return bool(await crash_times(tx, app, deployment, None, parts.clock()))
