"""Quiet: nothing of the platform runs until the next start, which brings everything back."""

import asyncio

from sandbox_server.domain.instance import InstanceState
from sandbox_server.operations.parts import Parts
from sandbox_server.store import instances


async def stop_all(parts: Parts) -> None:
    """Stop the edge and all instances. Only while no server runs: it would start them again."""
    async with parts.store.write() as tx:
        # Said beforehand, so that the next start does not take them for crashed.
        for row in await instances.live(tx):
            row.state = InstanceState.stopping
            tx.add(row)
    await parts.router.shutdown()
    containers = await parts.runtime.containers()
    await asyncio.gather(*(parts.runtime.stop(container.name) for container in containers))
