"""Ahead: while a push's image is made, a container that waits becomes its instance already.

The bytes are the same. The image is what everything that starts later is made from.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from ipaddress import IPv4Address

from sandbox_server.domain.instance import InstanceState
from sandbox_server.domain.kind import Kind
from sandbox_server.errors import SandboxError
from sandbox_server.operations import claim, edge, start
from sandbox_server.operations.parts import Parts
from sandbox_server.runtime.base import ContainerSpec
from sandbox_server.store import deployments, instances, warm
from sandbox_server.store.tables import Deployment, Instance, Warm

log = logging.getLogger(__name__)


@asynccontextmanager
async def ahead(
    parts: Parts, deployment_id: int, library: str, asked: Collection[str]
) -> AsyncIterator[None]:
    """Around the making of the code layer on `library`, of an app that asks for these packages."""
    if library not in parts.pool.images:
        yield
        return
    made = asyncio.Event()
    going = asyncio.create_task(_ahead(parts, deployment_id, library, asked, made))
    try:
        yield
    finally:
        made.set()
        await asyncio.wait({going})


async def _ahead(
    parts: Parts, deployment_id: int, library: str, asked: Collection[str], made: asyncio.Event
) -> None:
    """Whatever goes wrong here, the instance starts cold."""
    try:
        taken = await _take(parts, deployment_id, library, asked)
        if taken is not None and await claim.become(parts, *taken):
            _, deployment, row, _ = taken
            parts.pool.ahead.add(row.id or 0)
            await _open(parts, deployment, row, made)
    except SandboxError as error:
        log.warning("nothing was claimed ahead: %s", error.message)
    except Exception:
        log.exception("claiming ahead failed")


async def _open(parts: Parts, deployment: Deployment, row: Instance, made: asyncio.Event) -> None:
    """Its permanent URL leads to it as soon as it answers, if that is before the image is made: else `start` waits."""
    while not made.is_set():
        status = await parts.runtime.probe(row.name, IPv4Address(row.address or ""))
        if start.is_up(Kind(deployment.kind), status):
            async with parts.store.write() as tx:
                fresh = await tx.get_one(Instance, row.id)
                if fresh.state != InstanceState.starting:
                    return
                fresh.state = InstanceState.up
                tx.add(fresh)
            parts.pool.ahead.discard(row.id or 0)
            await edge.apply(parts)
            return
        await asyncio.sleep(0.02)


async def _take(
    parts: Parts, deployment_id: int, library: str, asked: Collection[str]
) -> tuple[Warm, Deployment, Instance, ContainerSpec] | None:
    async with parts.store.read() as tx:
        waits = any((row.library, row.state) == (library, "ready") for row in await warm.every(tx))
        if not waits or await instances.live(tx, deployment_id):  # the latter of an earlier try
            return None
    async with parts.store.write() as tx:
        deployment = await deployments.by_id(tx, deployment_id)
        row, container = await start.plan_ahead(parts, tx, deployment)
        found = await claim.offer(parts, tx, deployment, library, asked, container)
        if found is not None and await claim.take(parts, tx, found, row):
            return found, deployment, row, container
        await tx.rollback()
    return None
